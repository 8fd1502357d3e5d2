"""Finding attempts and deliveries in the history, however many it holds: which index serves a question, and in what pieces.

Must not: open connections, limit time (`reader`).
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import Any, Final

from hookwright.core.expectations import SUCCESSFUL
from hookwright.core.records import FAILURES, AttemptRecord, DeadReason
from hookwright.limits import HISTORY_DISORDER_MS
from hookwright.store.kept import message_alone
from hookwright.store.port import AttemptSelector, StoredDelivery
from hookwright.store.postgres.choosing import HIGHEST
from hookwright.store.postgres.rows import plain
from hookwright.store.postgres.server import Connection

_FAILED_FROM: Final = 300
"""Statuses from here on are never those of a Delivered attempt."""
_RESULT, _LOWEST, _HIGHEST = 5, 9, 10
"""Where these are among the values of a search."""


async def search(
    connection: Connection,
    sql: dict[str, str],
    selector: AttemptSelector,
    *,
    before: int | None,
    after: int | None,
    limit: int,
    in_short: bool,
) -> list[tuple[int, AttemptRecord]]:
    """See `store.port.History.invocations`."""
    route = None
    if selector.route is not None:
        route = await connection.fetchval(sql["route_number"], selector.route)
        if route is None:
            return []
    low, high = await _between(connection, sql, selector)
    lowest, highest = selector.statuses or (0, 999)
    values = [
        max(low, 0 if after is None else after), min(high, HIGHEST if before is None else before), selector.since or 0,
        HIGHEST if selector.until is None else selector.until, route, selector.result, selector.kind,
        plain(selector.friendly_id), selector.delivery, lowest, highest, selector.failed, limit,
    ]  # fmt: skip
    found = [
        [row[0] for row in await connection.fetch(sql[name], *each)]
        for name, each in _pieces(selector, values)
    ]
    positions = [*islice(merge(*found, reverse=True), limit)]
    rows = await connection.fetch(sql["shown_in_short" if in_short else "shown"], positions)
    found_records = ((row[0], attempt_record(row)) for row in rows)
    if not in_short:
        return [*found_records]
    return [(position, one._replace(detail=message_alone(one.detail))) for position, one in found_records]


def attempt_record(row: Any) -> AttemptRecord:
    """A row of the view `invocations`."""
    return AttemptRecord(*tuple(row)[1:14])


async def find_delivery(connection: Connection, sql: dict[str, str], key: int) -> StoredDelivery | None:
    """See `store.port.History.delivery`."""
    waits = await connection.fetchrow(sql["waiting_delivery"], key)
    if waits is not None:
        return StoredDelivery(*waits)
    dead = await connection.fetchrow(sql["dead_delivery"], key)
    if dead is None:
        return None
    route, event_key, trigger, raw, reason, message = dead
    return StoredDelivery(route, event_key, trigger, raw, None, DeadReason(reason), message)


def _pieces(selector: AttemptSelector, values: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """What finds them together: more than one where each has its part of an index."""
    lowest, highest = values[_LOWEST], values[_HIGHEST]
    result = selector.result
    if selector.delivery is not None:
        yield "of_delivery", values
    elif selector.friendly_id is not None:
        yield "of_friendly_id", values
    elif selector.kind not in (None, "Delivery"):
        yield "of_kind", values
    elif selector.route is None and lowest >= _FAILED_FROM:
        for status in range(lowest, highest + 1):
            yield "of_status", [*values[:_LOWEST], status, status, *values[_HIGHEST + 1 :]]
    elif result is None and (selector.failed or lowest >= _FAILED_FROM):
        for each in FAILURES if selector.failed else (*FAILURES, SUCCESSFUL):
            yield _of_result(selector), [*values[:_RESULT], each, *values[_RESULT + 1 :]]
    elif result not in (None, "Delivered"):
        yield _of_result(selector), values
    else:
        yield "every" if selector.route is None else "of_route", values


def _of_result(selector: AttemptSelector) -> str:
    return "of_result" if selector.route is None else "of_route_and_result"


async def _between(connection: Connection, sql: dict[str, str], selector: AttemptSelector) -> tuple[int, int]:
    """Positions between which all are that began in a time; there is no index by time, as positions nearly are one."""
    low, high = 0, HIGHEST
    if selector.since is not None:
        low = await connection.fetchval(sql["first_since"], selector.since - HISTORY_DISORDER_MS) - 1
    if selector.until is not None:
        high = await connection.fetchval(sql["first_since"], selector.until + HISTORY_DISORDER_MS)
    return low, high
