"""Finding attempts and deliveries in the history, however many it holds: which index serves a question, and in what pieces.

Runs in a reader's thread, inside one moment of the database. Must not: open connections, limit time (`reader`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import Any, Final, NamedTuple

from hookwright.core.expectations import SUCCESSFUL
from hookwright.core.records import FAILURES, AttemptRecord, DeadReason
from hookwright.limits import HISTORY_DISORDER_MS
from hookwright.store.port import EVERY_ATTEMPT, AttemptSelector, StoredDelivery
from hookwright.store.sqlite import statements

_SQL = statements.load("searching.sql")
_NEWEST: Final = 2**63 - 1
_STATUSES: Final = (0, 999)
_FAILED_FROM: Final = 300
"""Statuses from here on are never those of a Delivered attempt."""
_KNOWN: Final = {
    "every": (),
    "of_route": ("route",),
    "of_result": ("result", "failed"),
    "of_route_and_result": ("route", "result", "failed"),
    "of_status": ("statuses",),
    "of_kind": ("kind",),
    "of_friendly_id": ("friendly_id",),
    "of_delivery": ("delivery",),
}
"""What of a selector each piece's index knows, beside times."""


class Piece(NamedTuple):
    """A statement that finds positions, the newest first, and the values that it takes."""

    name: str
    values: dict[str, Any]


def search(
    connection: sqlite3.Connection,
    selector: AttemptSelector,
    *,
    before: int | None,
    after: int | None,
    limit: int,
    in_short: bool,
) -> list[tuple[int, AttemptRecord]]:
    """See `store.port.History.invocations`."""
    values = _values(connection, selector, before, after)
    if values is None:
        return []
    found = (_positions(connection, piece) for piece in _pieces(selector, values | {"limit": limit}))
    positions = json.dumps([*islice(merge(*found, reverse=True), limit)])
    rows = connection.execute(_SQL["shown_in_short" if in_short else "shown"], (positions,))
    return [(row[0], attempt_record(row)) for row in rows]


def horizon(
    connection: sqlite3.Connection, selector: AttemptSelector, before: int | None, looks: int
) -> int | None:
    """See `store.port.History.horizon`."""
    if not any(_asks_more(selector, piece.name) for piece in _pieces(selector, {})):
        return None
    values = _values(connection, selector, before, None)
    pieces = [] if values is None else _pieces(selector, values | {"looks": looks})
    ends = (connection.execute(_SQL[f"end_{piece.name}"], piece.values).fetchone() for piece in pieces)
    return max((end for (end,) in filter(None, ends)), default=None)


def _asks_more(selector: AttemptSelector, piece: str) -> bool:
    """Whether a piece finds attempts that do not fit: its index knows less than was asked for."""
    known = dict.fromkeys(("since", "until", *_KNOWN[piece]))
    return selector._replace(**{name: getattr(EVERY_ATTEMPT, name) for name in known}) != EVERY_ATTEMPT


def attempt_record(row: tuple[Any, ...]) -> AttemptRecord:
    """A row of the view `invocations`."""
    return AttemptRecord(*row[1:14])


def one_attempt(
    connection: sqlite3.Connection, delivery_key: int, attempt: int | None
) -> AttemptRecord | None:
    """See `store.port.History.invocation`."""
    row = connection.execute(_SQL["invocation"], (delivery_key, attempt)).fetchone()
    return None if row is None else attempt_record(row)


def find_delivery(connection: sqlite3.Connection, key: int) -> StoredDelivery | None:
    """See `store.port.History.delivery`."""
    waits = connection.execute(_SQL["waiting_delivery"], (key,)).fetchone()
    if waits is not None:
        return StoredDelivery(*waits)
    dead = connection.execute(_SQL["dead_delivery"], (key,)).fetchone()
    if dead is None:
        return None
    route, event_key, trigger, raw, reason, message = dead
    return StoredDelivery(route, event_key, trigger, raw, None, DeadReason(reason), message)


def _route(connection: sqlite3.Connection, route: str | None) -> int | None:
    """The number of a webhook, 0 of all; None: it was never seen."""
    if route is None:
        return 0
    row = connection.execute(_SQL["route_number"], (route,)).fetchone()
    return None if row is None else row[0]


def _values(
    connection: sqlite3.Connection, selector: AttemptSelector, before: int | None, after: int | None
) -> dict[str, Any] | None:
    """What every piece takes; None: the webhook was never seen."""
    route = _route(connection, selector.route)
    if route is None:
        return None
    low, high = _between(connection, selector)
    return {
        "route": route, "result": selector.result or "", "kind": selector.kind or "",
        "friendly_id": selector.friendly_id or "", "delivery": selector.delivery, "failed": selector.failed,
        "since": selector.since or 0, "until": _NEWEST if selector.until is None else selector.until,
        "after": max(low, 0 if after is None else after), "before": min(high, _NEWEST if before is None else before),
    }  # fmt: skip


def _positions(connection: sqlite3.Connection, piece: Piece) -> Iterator[int]:
    return (position for (position,) in connection.execute(_SQL[piece.name], piece.values))


def _pieces(selector: AttemptSelector, values: dict[str, Any]) -> Iterator[Piece]:
    """What finds them together: more than one where each has its part of an index."""
    lowest, highest = selector.statuses or _STATUSES
    every = values | {"lowest": lowest, "highest": highest}
    result = selector.result
    if selector.delivery is not None:
        yield Piece("of_delivery", every)
    elif selector.friendly_id is not None:
        yield Piece("of_friendly_id", every)
    elif selector.kind not in (None, "Delivery"):
        yield Piece("of_kind", every)
    elif selector.route is None and lowest >= _FAILED_FROM:
        for status in range(lowest, highest + 1):
            yield Piece("of_status", every | {"lowest": status, "highest": status})
    elif result is None and (selector.failed or lowest >= _FAILED_FROM):
        for each in FAILURES if selector.failed else (*FAILURES, SUCCESSFUL):
            yield Piece(_of_result(selector), every | {"result": each})
    elif result not in (None, "Delivered"):
        yield Piece(_of_result(selector), every)
    else:
        yield Piece("every" if selector.route is None else "of_route", every)


def _of_result(selector: AttemptSelector) -> str:
    return "of_result" if selector.route is None else "of_route_and_result"


def _between(connection: sqlite3.Connection, selector: AttemptSelector) -> tuple[int, int]:
    """Positions between which all are that began in a time; there is no index by time, as positions nearly are one."""
    low, high = 0, _NEWEST
    if selector.since is not None:
        low = _first_since(connection, selector.since - HISTORY_DISORDER_MS) - 1
    if selector.until is not None:
        high = _first_since(connection, selector.until + HISTORY_DISORDER_MS)
    return low, high


def _first_since(connection: sqlite3.Connection, time: int) -> int:
    """By halves: a position of which all before it, but for some disorder, began before a time."""
    low, last = connection.execute(_SQL["kept_attempts"]).fetchone()
    high: int = last + 1
    while low < high:
        middle = (low + high) // 2
        position, began = connection.execute(_SQL["next_attempt"], (middle,)).fetchone()
        if began >= time:
            high = middle
        else:
            low = position + 1
    return high
