"""Pages of dead letters, however many there are and however few of them fit.

Positions nearly grow with time, so a time is looked up as a position from which a page goes down. Of a reason of all
webhooks the index knows the letters by webhook; these are opened in the order of their newest letter, as far as a page
goes. Must not: open connections, limit time (`reader`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from heapq import heappop, heappush, heapreplace
from itertools import islice
from typing import Any, Final

from hookwright.limits import DEAD_DISORDER_MS
from hookwright.store.choosing import chosen
from hookwright.store.port import ReplaySelector
from hookwright.store.sqlite import statements
from hookwright.store.sqlite.choosing import values

_SQL = statements.load("reading.sql")
_NEWEST: Final = 2**63 - 1


def dead_letters(
    connection: sqlite3.Connection, selector: ReplaySelector, *, before: int | None, limit: int
) -> list[tuple[Any, ...]]:
    """Rows of the view `dead_letters`, newest first; see `store.port.History.dead_letters`."""
    page = {
        "before": min(_NEWEST if before is None else before, _ceiling(connection, selector.until)),
        "floor": 0 if selector.since is None else selector.since - DEAD_DISORDER_MS,
        "limit": limit,
    }
    asked, form = values(selector) | page, chosen(selector)
    if form == "of_reason":
        positions = json.dumps([*islice(_of_reason(connection, asked), limit)])
        return connection.execute(_SQL["letters_at"], (positions,)).fetchall()
    return connection.execute(_SQL[f"letters_{form}"], asked).fetchall()


def _ceiling(connection: sqlite3.Connection, until: int | None) -> int:
    """A position from which on all died at `until` (milliseconds) or later."""
    if until is None:
        return _NEWEST
    row = connection.execute(_SQL["first_letter_since"], (until + DEAD_DISORDER_MS,)).fetchone()
    return _NEWEST if row is None else row[0]


def _of_reason(connection: sqlite3.Connection, asked: dict[str, Any]) -> Iterator[int]:
    """Positions of those that fit. A webhook is opened once nothing that is open has a newer one than it."""
    opened: list[tuple[int, sqlite3.Cursor]] = []
    for newest, route_id in connection.execute(_SQL["groups_of_reason"], asked):
        yield from _down_to(opened, newest)
        letters = connection.execute(_SQL["positions_of_group"], asked | {"route_id": route_id})
        first = letters.fetchone()
        if first is not None:
            heappush(opened, (-first[0], letters))
    yield from _down_to(opened, 0)


def _down_to(opened: list[tuple[int, sqlite3.Cursor]], end: int) -> Iterator[int]:
    """Positions above `end` of all that are open: a heap, the newest of each negated before what has the others."""
    while opened and -opened[0][0] > end:
        newest, letters = opened[0]
        yield -newest
        following = letters.fetchone()
        if following is None:
            heappop(opened)
        else:
            heapreplace(opened, (-following[0], letters))
