"""Dead letters with a reason, of all webhooks, the newest first, however rare the reason is among them.

The index knows them by webhook and reason; webhooks are opened in the order of their newest letter, and only as far as a
page goes. Must not: open connections, limit time (`reader`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from heapq import heappop, heappush, heapreplace
from itertools import islice
from typing import Any

from hookwright.store.sqlite import statements

_SQL = statements.load("reading.sql")


def letters_of_reason(connection: sqlite3.Connection, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Rows of the view `dead_letters`; `values` as `reader` makes them."""
    positions = json.dumps([*islice(_newest_first(connection, values), values["limit"])])
    return connection.execute(_SQL["letters_at"], (positions,)).fetchall()


def _newest_first(connection: sqlite3.Connection, values: dict[str, Any]) -> Iterator[int]:
    """Positions of those that fit. A webhook is opened once nothing that is open has a newer one than it."""
    opened: list[tuple[int, sqlite3.Cursor]] = []
    for newest, route_id in connection.execute(_SQL["groups_of_reason"], values):
        yield from _down_to(opened, newest)
        letters = connection.execute(_SQL["positions_of_group"], values | {"route_id": route_id})
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
