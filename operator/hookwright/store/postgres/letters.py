"""Pages and counts of dead letters, however many there are and however few of them fit.

Positions nearly grow with time, so a time is looked up as a position between which and others a page goes down along an
index; what lies there and died at another time after all is passed over, so many for a page. Those of a webhook are found
reason by reason, as its index knows them. Must not: open connections, limit time (`reader`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from heapq import merge
from itertools import islice
from typing import Any

from hookwright.core.records import DeadReason
from hookwright.limits import DEAD_DISORDER_MS
from hookwright.store.choosing import to_count
from hookwright.store.port import ReplaySelector
from hookwright.store.postgres.choosing import HIGHEST, form
from hookwright.store.postgres.server import Connection


async def dead_letters(
    connection: Connection,
    sql: dict[str, str],
    selector: ReplaySelector,
    *,
    before: int | None,
    after: int | None,
    limit: int,
) -> list[Any]:
    """Rows of the view `dead_letters`, newest first; see `store.port.History.dead_letters`."""
    low, high = await _between(connection, sql, selector, before)
    await connection.fetchval(sql["unsorted"])
    found = []
    for one in _pieces(selector):
        name, values = form(one)
        rows = await connection.fetch(sql[f"letters_{name}"], *values, max(low, after or 0), high, limit)
        found.append([position for (position,) in rows])
    positions = [*islice(merge(*found, reverse=True), limit)]
    return list(await connection.fetch(sql["letters_shown"], positions))


async def dead_horizon(
    connection: Connection, sql: dict[str, str], selector: ReplaySelector, before: int | None, looks: int
) -> int | None:
    """See `store.port.History.horizon`."""
    if selector.since is None and selector.until is None:
        return None
    low, high = await _between(connection, sql, selector, before)
    await connection.fetchval(sql["unsorted"])
    ends = []
    for one in _pieces(selector):
        name, values = form(one)
        ends.append(await connection.fetchval(sql[f"end_{name}"], *values, low, high, looks))
    return max((end for end in ends if end is not None), default=None)


async def dead_count(connection: Connection, sql: dict[str, str], selector: ReplaySelector) -> int:
    """See `store.port.History.dead_count`."""

    async def count(selector: ReplaySelector) -> int:
        name, values = form(selector)
        return int(await connection.fetchval(sql[f"count_{name}"], *values))

    if selector.keys:
        return await count(selector)
    oldest, newest = await connection.fetchrow(sql["dead_times"])
    others, parts = to_count(selector, oldest, newest)
    number = sum([await count(part) for part in parts])
    if not others:
        return number
    return int(await connection.fetchval(sql["group_letters"], selector.route, selector.reason)) - number


def _pieces(selector: ReplaySelector) -> Iterator[ReplaySelector]:
    """What is looked for one after the other."""
    by_reason = selector.route is not None and selector.reason is None
    for reason in DeadReason if by_reason else (selector.reason,):
        yield replace(selector, reason=reason)


async def _between(
    connection: Connection, sql: dict[str, str], selector: ReplaySelector, before: int | None
) -> tuple[int, int]:
    """Positions between which all are that died in the selector's time, below `before`."""
    low, high = 0, HIGHEST if before is None else before
    if selector.since is not None:
        low = await connection.fetchval(sql["last_letter_before"], selector.since - DEAD_DISORDER_MS) or 0
    if selector.until is not None:
        end = await connection.fetchval(sql["first_letter_since"], selector.until + DEAD_DISORDER_MS)
        high = high if end is None else min(high, end)
    return low, high
