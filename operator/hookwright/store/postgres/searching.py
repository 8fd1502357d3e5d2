"""Finding attempts and deliveries in the history, however many it holds: which index serves a question, and in what pieces.

Must not: open connections, limit time (`reader`).
"""

from __future__ import annotations

from heapq import merge
from itertools import islice
from typing import Any

from hookwright.core.records import AttemptRecord, DeadReason
from hookwright.limits import HISTORY_DISORDER_MS
from hookwright.store.choosing import STATUSES, pieces
from hookwright.store.kept import message_alone
from hookwright.store.port import AttemptSelector, StoredDelivery
from hookwright.store.postgres.choosing import HIGHEST
from hookwright.store.postgres.rows import plain
from hookwright.store.postgres.server import Connection


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
    after, before = max(low, 0 if after is None else after), min(high, HIGHEST if before is None else before)
    found = []
    for name, one in pieces(selector):
        rows = await connection.fetch(
            sql[name], after, before, one.since or 0, HIGHEST if one.until is None else one.until, route, one.result,
            one.kind, plain(one.friendly_id), one.delivery, *(one.statuses or STATUSES), one.failed, limit,
        )  # fmt: skip
        found.append([row[0] for row in rows])
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


async def _between(connection: Connection, sql: dict[str, str], selector: AttemptSelector) -> tuple[int, int]:
    """Positions between which all are that began in a time; there is no index by time, as positions nearly are one."""
    low, high = 0, HIGHEST
    if selector.since is not None:
        low = await connection.fetchval(sql["first_since"], selector.since - HISTORY_DISORDER_MS) - 1
    if selector.until is not None:
        high = await connection.fetchval(sql["first_since"], selector.until + HISTORY_DISORDER_MS)
    return low, high
