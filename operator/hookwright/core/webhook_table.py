"""The table of webhooks as somebody looks at it: what is searched, filtered, counted, sorted and cut into pages.

Rows hold only what that needs, so that 10,000 of them are gone through in a few milliseconds; whoever keeps them keeps
them in the order of their keys. A page ends with a mark, `<value>~<key>` of its last row (or only its key), and the next
begins behind it, whatever became of the rows in between.
Must not: know lanes, make what is shown of a webhook.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple

from hookwright.api.admin import WEBHOOK_SORTS, WEBHOOK_STATES
from hookwright.core.lifecycle import RouteState
from hookwright.core.shares import namespace_of

_BITS: Final = {state: 1 << number for number, state in enumerate(WEBHOOK_STATES)}
_ATTENTION: Final = ("held", "gone", "open", "failing", "dead")
"""Who needs attention, most urgent first; behind them those that need none."""


class Row(NamedTuple):
    """A webhook; `time` is that of its last attempt in epoch milliseconds (0: none), `result` what came of it."""

    key: str
    namespace: str
    text: str
    """What is searched."""
    bits: int
    """Its states."""
    attention: int
    host: str
    result: str
    time: int
    waiting: int
    dead: int


class Wanted(NamedTuple):
    """What is looked for. `query` is found anywhere in key, host and display name, whatever its case."""

    query: str = ""
    namespace: str | None = None
    state: str | None = None
    """One of WEBHOOK_STATES."""
    active: bool | None = None
    sort: str = "name"
    """One of WEBHOOK_SORTS."""
    descending: bool = False
    after: str | None = None
    """The mark of an earlier page."""
    limit: int = 50


class Found(NamedTuple):
    """A page. `total`: how many fit; `skipped`: how many of them stand before it; `next`, `previous`: the marks of the
    pages beside it (None: there is none; an empty one: the first page); `counts`: how many of those that fit all but
    the wanted state are in which state."""

    keys: list[str]
    total: int
    skipped: int
    next: str | None
    previous: str | None
    counts: dict[str, int]


_VALUES: Final[dict[str, Callable[[Row], Any]]] = {
    sort: attrgetter("key" if sort == "name" else sort) for sort in WEBHOOK_SORTS
}
_TEXTS: Final = frozenset({"host", "result"})
_MARK: Final = re.compile(r"([^~]{0,300})~([a-z0-9-]{1,63}/[a-z0-9-]{1,63})")


def row(
    key: str, *, display_name: str, host: str, active: bool, state: RouteState, circuit_open: bool, failing: bool,
    result: str, time: int, waiting: int, dead: int,
) -> Row:  # fmt: skip
    """A webhook's row."""
    bits = (
        failing * _BITS["failing"]
        | circuit_open * _BITS["open"]
        | (state is RouteState.HELD) * _BITS["held"]
        | (state is RouteState.GONE) * _BITS["gone"]
        | (dead > 0) * _BITS["dead"]
        | (not active) * _BITS["inactive"]
    )
    text = f"{key}\n{host}\n{display_name}".casefold()
    return Row(key, namespace_of(key), text, bits, _RANKS[bits], host, result, time, waiting, dead)


def _rank(bits: int) -> int:
    """A place by attention. An inactive one is meant to rest: it stands last, unless it is held or gone."""
    inactive = bits & _BITS["inactive"] > 0
    ranks = _ATTENTION[:2] if inactive else _ATTENTION
    return next((rank for rank, state in enumerate(ranks) if bits & _BITS[state]), len(_ATTENTION) + inactive)


_RANKS: Final = [_rank(bits) for bits in range(1 << len(_BITS))]


def find(rows: Collection[Row], wanted: Wanted) -> Found:
    """The page that is wanted of rows in the order of their keys. ValueError: `after` is no mark of this order."""
    mark = None if wanted.after is None else _marked(wanted.sort, wanted.after)
    fitting = _fitting(rows, wanted)
    counts = _counts(fitting)
    if wanted.state is not None:
        bit = _BITS[wanted.state]
        fitting = [each for each in fitting if each.bits & bit]
    ordered = sorted(fitting, key=_VALUES[wanted.sort], reverse=wanted.descending)  # equal ones stay by key
    skipped = 0 if mark is None else bisect_left(ordered, True, key=_behind(wanted, *mark))
    end = skipped + wanted.limit
    return Found(
        [each.key for each in ordered[skipped:end]],
        len(ordered),
        skipped,
        _mark(ordered[end - 1], wanted.sort) if end < len(ordered) else None,
        _previous(ordered, skipped, wanted),
        counts,
    )


def namespaces(rows: Collection[Row]) -> dict[str, int]:
    """How many webhooks each namespace has, by name."""
    return dict(sorted(Counter(each.namespace for each in rows).items()))


def _fitting(rows: Collection[Row], wanted: Wanted) -> Sequence[Row]:
    """Those that fit everything but the state."""
    found = list(rows)
    if wanted.namespace is not None:
        found = [each for each in found if each.namespace == wanted.namespace]
    if wanted.active is not None:
        bit = _BITS["inactive"]
        found = [each for each in found if bool(each.bits & bit) != wanted.active]
    query = wanted.query.strip().casefold()
    return [each for each in found if query in each.text] if query else found


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    """How many there are, and in which state."""
    seen = Counter(map(attrgetter("bits"), rows))
    of_each = {state: sum(n for bits, n in seen.items() if bits & bit) for state, bit in _BITS.items()}
    return {"all": len(rows)} | of_each


def _behind(wanted: Wanted, value: Any, key: str) -> Callable[[Row], bool]:
    """Whether a row stands behind that of a value and a key."""
    value_of = _VALUES[wanted.sort]

    def behind(row: Row) -> bool:
        its = value_of(row)
        return row.key > key if its == value else (its > value) != wanted.descending

    return behind


def _mark(row: Row, sort: str) -> str:
    return row.key if sort == "name" else f"{_VALUES[sort](row)}~{row.key}"


def _marked(sort: str, mark: str) -> tuple[int | str, str]:
    """Value and key of a mark."""
    if sort == "name":
        return mark, mark
    found = _MARK.fullmatch(mark)
    if found is None or (sort not in _TEXTS and not found[1].isdecimal()):
        raise ValueError("after is the next of an earlier page with the same sort.")
    return found[1] if sort in _TEXTS else int(found[1]), found[2]


def _previous(ordered: Sequence[Row], skipped: int, wanted: Wanted) -> str | None:
    """The mark of the page before one that begins behind so many rows."""
    if skipped == 0:
        return None
    begin = skipped - wanted.limit
    return _mark(ordered[begin - 1], wanted.sort) if begin > 0 else ""
