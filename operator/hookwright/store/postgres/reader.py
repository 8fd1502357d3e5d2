"""History read from the database: on connections of its own, each question at one moment and limited in time.

Must not: write, or wait for what writes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

import asyncpg

from hookwright.core.backlog_shares import BacklogShares
from hookwright.core.parts import EVERY_PART, Parts
from hookwright.core.records import AttemptRecord, DeadReason, RouteCounts, StoredRoute
from hookwright.core.shares import namespace_of
from hookwright.errors import StoreError
from hookwright.limits import (
    DEAD_PAGE_LOOKS,
    STORE_ANSWER_SECONDS,
    STORE_READ_LINKS,
    STORE_READ_SECONDS,
)
from hookwright.store.kept import message_alone
from hookwright.store.port import (
    EVERY_ATTEMPT,
    NO_SELECTOR,
    AttemptSelector,
    DeadGroup,
    DeadLetterRow,
    Recovered,
    ReplaySelector,
    StoredDelivery,
)
from hookwright.store.postgres.choosing import HIGHEST
from hookwright.store.postgres.failures import Failure, as_store_error, judge
from hookwright.store.postgres.health import Health
from hookwright.store.postgres.letters import dead_count, dead_horizon, dead_letters
from hookwright.store.postgres.searching import attempt_record, find_delivery, search
from hookwright.store.postgres.server import Connection, Link, Server
from hookwright.store.postgres.statements import load

T = TypeVar("T")


class PostgresHistory:
    """History, as the port says. `slot`: of the keys of this process; `seconds` limits each question but at a start; `looks`
    are the dead letters that a page looks at, one after the other, where no index leads to what fits.
    """

    def __init__(
        self,
        server: Server,
        health: Health,
        *,
        slot: int,
        seconds: float = STORE_READ_SECONDS,
        looks: int = DEAD_PAGE_LOOKS,
    ) -> None:
        schema = server.database.schema
        self._sql = load("reading.sql", schema) | load("searching.sql", schema)
        self._health, self._slot, self._seconds, self._looks = health, slot, seconds, looks
        self._server = server
        self._links = [Link(server, f"history-{number}") for number in range(STORE_READ_LINKS)]
        self._free: asyncio.Queue[Link] = asyncio.Queue()
        for link in self._links:
            self._free.put_nowait(link)
        self._closed = False

    async def close(self) -> None:
        self._closed = True
        for link in self._links:
            await link.close()

    async def recovered(self, came: Parts = EVERY_PART, own: Parts = EVERY_PART) -> Recovered:
        return await self._ask_at_start(lambda connection: self._recovered(connection, came, own))

    async def last_invocations(self, parts: Parts = EVERY_PART) -> dict[str, AttemptRecord]:
        sql = self._sql["last_invocations"]
        rows = await self._ask_at_start(lambda connection: connection.fetch(sql, sorted(parts)))
        return await asyncio.to_thread(_in_short, rows)

    async def counts(self, routes: Sequence[str]) -> dict[str, RouteCounts]:
        return {route: RouteCounts(*counts) for route, *counts in await self._rows("counts", list(routes))}

    async def invocations(
        self,
        selector: AttemptSelector = EVERY_ATTEMPT,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int,
        in_short: bool = False,
    ) -> list[tuple[int, AttemptRecord]]:
        return await self._ask(
            lambda connection: search(
                connection, self._sql, selector, before=before, after=after, limit=limit, in_short=in_short
            )
        )

    async def horizon(
        self, selector: AttemptSelector | ReplaySelector, *, before: int | None = None
    ) -> int | None:
        if isinstance(selector, AttemptSelector):
            return None  # a question that takes too long is refused
        return await self._ask(
            lambda connection: dead_horizon(connection, self._sql, selector, before, self._looks)
        )

    async def invocation(self, delivery_key: int, attempt: int | None) -> AttemptRecord | None:
        rows = await self._rows("invocation", delivery_key, attempt)
        return attempt_record(rows[0]) if rows else None

    async def delivery(self, key: int) -> StoredDelivery | None:
        return await self._ask(lambda connection: find_delivery(connection, self._sql, key))

    async def dead_letters(
        self,
        selector: ReplaySelector = NO_SELECTOR,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int,
    ) -> list[tuple[int, DeadLetterRow]]:
        rows = await self._ask(
            lambda connection: dead_letters(
                connection, self._sql, selector, before=before, after=after, limit=limit
            )
        )
        return [(row[0], _dead_letter(tuple(row))) for row in rows]

    async def dead_groups(
        self,
        *,
        route: str | None = None,
        reason: DeadReason | None = None,
        before: int | None = None,
        limit: int,
    ) -> list[tuple[int, DeadGroup]]:
        rows = await self._rows("groups", route, reason, HIGHEST if before is None else before, limit)
        return [(last, DeadGroup(of, DeadReason(why), *rest)) for last, of, why, *rest in rows]

    async def dead_count(self, selector: ReplaySelector) -> int:
        return await self._ask(lambda connection: dead_count(connection, self._sql, selector))

    async def _recovered(self, connection: Connection, came: Parts, own: Parts) -> Recovered:
        sql, parts = self._sql, sorted(came)
        await connection.execute(sql["settled"], parts)
        rows = await connection.fetch(sql["memory"], parts)
        memory = {
            row[0]: StoredRoute(*row[:6])._replace(begun=(row[6], row[7]) if row[6] else None) for row in rows
        }
        high_key = await connection.fetchval(sql["high_key"], self._slot)
        rows = await connection.fetch(sql["counts"], [*memory])
        counts = {route: RouteCounts(*each) for route, *each in rows}
        alone = await connection.fetch(sql["waiting_alone"], sorted(own))
        together = await connection.fetch(sql["waiting_together"], sorted(own))
        shares = await asyncio.to_thread(_shares, alone, together)
        return Recovered(counts, memory, high_key, shares, self._slot)

    async def _rows(self, name: str, *values: Any) -> list[Any]:
        return await self._ask(lambda connection: connection.fetch(self._sql[name], *values))

    async def _ask(self, ask: Callable[[Connection], Awaitable[T]]) -> T:
        """Ask on a free connection."""
        if self._closed:
            raise StoreError("The history is closed.")
        link = await self._free.get()
        try:
            async with asyncio.timeout(self._seconds), link.connection() as connection:
                return await _at_one_moment(connection, ask)
        except Exception as error:
            raise self._refused(error) from error
        finally:
            self._free.put_nowait(link)

    async def _ask_at_start(self, ask: Callable[[Connection], Awaitable[T]]) -> T:
        """Ask on a connection of its own, for as long as it takes."""
        try:
            connection = await self._server.connect("recovery", follows=False, seconds=None)
            try:
                return await _at_one_moment(connection, ask, readonly=False)
            finally:
                await connection.close(timeout=STORE_ANSWER_SECONDS)
        except Exception as error:
            raise self._refused(error) from error

    def _refused(self, error: Exception) -> StoreError:
        if isinstance(error, TimeoutError):
            return StoreError(f"Reading the history took longer than {self._seconds} s: ask for less.")
        if judge(error) is Failure.AWAY:
            self._health.failed(error)
            return as_store_error(error)
        if isinstance(error, asyncpg.PostgresError):
            return StoreError(
                f"The history cannot be read ({type(error).__name__}): see the log of the database."
            )
        return StoreError(f"The history cannot be asked for that ({type(error).__name__}).")


async def _at_one_moment(
    connection: Connection, ask: Callable[[Connection], Awaitable[T]], *, readonly: bool = True
) -> T:
    async with connection.transaction(isolation="repeatable_read", readonly=readonly):
        return await ask(connection)


def _shares(alone: Iterable[Any], together: Iterable[Any]) -> BacklogShares:
    """Of what waits. For a thread, as that may be much."""
    shares = BacklogShares()
    for route, count, size in alone:
        shares.came_alone(namespace_of(route), count, size)
    for key, group in groupby(together, key=itemgetter(0)):
        found = [*group]
        shares.came(key, found[0][2], {namespace: number for _, namespace, _, number in found})
    return shares


def _in_short(rows: Sequence[Any]) -> dict[str, AttemptRecord]:
    """By webhook. For a thread, as many webhooks take a while."""
    records = map(attempt_record, rows)
    return {record.route: record._replace(detail=message_alone(record.detail)) for record in records}


def _dead_letter(row: tuple[Any, ...]) -> DeadLetterRow:
    _, key, event_key, route, trigger, reason, message, attempts, at, received, _ = row
    return DeadLetterRow(key, event_key, route, trigger, DeadReason(reason), message, attempts, at, received)
