"""Finding attempts and deliveries in the history, however many it holds: which index serves a question, and in what pieces.

Runs in a reader's thread, inside one moment of the database. Must not: open connections, limit time (`reader`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import Any, Final

from hookwright.core.records import AttemptRecord, DeadReason
from hookwright.limits import HISTORY_DISORDER_MS
from hookwright.store.choosing import STATUSES, pieces
from hookwright.store.port import EVERY_ATTEMPT, AttemptSelector, StoredDelivery
from hookwright.store.sqlite import statements

_SQL = statements.load("searching.sql")
_NEWEST: Final = 2**63 - 1
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
    asked = values | {"limit": limit}
    found = (_positions(connection, name, asked | _narrowed(one)) for name, one in pieces(selector))
    positions = json.dumps([*islice(merge(*found, reverse=True), limit)])
    rows = connection.execute(_SQL["shown_in_short" if in_short else "shown"], (positions,))
    return [(row[0], attempt_record(row)) for row in rows]


def horizon(
    connection: sqlite3.Connection, selector: AttemptSelector, before: int | None, looks: int
) -> int | None:
    """See `store.port.History.horizon`."""
    if not any(_asks_more(selector, name) for name, _ in pieces(selector)):
        return None
    values = _values(connection, selector, before, None)
    if values is None:
        return None
    asked = values | {"looks": looks}
    ends = (
        connection.execute(_SQL[f"end_{name}"], asked | _narrowed(one)).fetchone()
        for name, one in pieces(selector)
    )
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
    """What is the same for every piece; None: the webhook was never seen."""
    route = _route(connection, selector.route)
    if route is None:
        return None
    low, high = _between(connection, selector)
    return {
        "route": route, "kind": selector.kind or "", "friendly_id": selector.friendly_id or "",
        "delivery": selector.delivery, "failed": selector.failed,
        "since": selector.since or 0, "until": _NEWEST if selector.until is None else selector.until,
        "after": max(low, 0 if after is None else after), "before": min(high, _NEWEST if before is None else before),
    }  # fmt: skip


def _narrowed(selector: AttemptSelector) -> dict[str, Any]:
    """What is a piece's own."""
    lowest, highest = selector.statuses or STATUSES
    return {"result": selector.result or "", "lowest": lowest, "highest": highest}


def _positions(connection: sqlite3.Connection, name: str, values: dict[str, Any]) -> Iterator[int]:
    return (position for (position,) in connection.execute(_SQL[name], values))


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
