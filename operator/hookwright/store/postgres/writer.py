"""Durable work in PostgreSQL: the port's methods, on connections of their own for what is written, what is claimed, and
upkeep. Must not: block the event loop, hold a transaction while something else is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

from hookwright.core.parts import EVERY_PART, Moved, Parts
from hookwright.core.records import (
    Action,
    Buried,
    Claimed,
    DeadReason,
    Finish,
    Pruned,
    StoredRoute,
    StoreStats,
    Use,
    Wanted,
)
from hookwright.errors import StoreAway, StoreError
from hookwright.limits import KIB, STORE_UPKEEP_SECONDS
from hookwright.store.owner import Arrival, Told
from hookwright.store.port import Accepted, NewEvent, Replay, ReplaySelector, Retention
from hookwright.store.postgres import measuring, upkeep
from hookwright.store.postgres.accepting import Accepting
from hookwright.store.postgres.checks import check
from hookwright.store.postgres.claiming import claim
from hookwright.store.postgres.failures import as_store_error
from hookwright.store.postgres.groups import Group, Job
from hookwright.store.postgres.health import Health
from hookwright.store.postgres.migrating import refuse_copied
from hookwright.store.postgres.ownership import Ownership
from hookwright.store.postgres.routes import Routes
from hookwright.store.postgres.rows import columns, plain
from hookwright.store.postgres.runs import Runs
from hookwright.store.postgres.server import Connection, Link, Server
from hookwright.store.postgres.showing import Showing
from hookwright.store.postgres.statements import load
from hookwright.store.postgres.waking import Arrivals
from hookwright.store.postgres.writing import Writing

T = TypeVar("T")


class PostgresStore:
    """Work and Upkeep, as the port says. Made by `open`; used from one event loop."""

    def __init__(
        self, server: Server, health: Health, retention: Retention, broken: Callable[[StoreError], None]
    ) -> None:
        self.tag = ""
        self._server, self._health, self._retention, self._broken = server, health, retention, broken
        schema = self._schema = server.database.schema
        self._sql, self._routes = load("work.sql", schema), Routes(schema)
        self._links = {name: Link(server, name) for name in ("write", "claim", "change", "owner", "notices")}
        self._links["upkeep"] = Link(server, "upkeep", seconds=STORE_UPKEEP_SECONDS)
        self._ownership = Ownership(self._links["owner"], health, schema, server.holder)
        self._showing = Showing(schema, server.holder)
        self._runs = Runs(self._links["change"], schema, server.holder, self._failing)
        self._arrivals = Arrivals(
            self._links["claim"], self._links["notices"], self._routes, schema, moved=self._ownership.look.set
        )
        self._accepting = Accepting(self._routes, schema, self._ownership, seconds=retention.identity_seconds)
        self._writing = Writing(self._links["write"], self._accepting, self._routes, schema)
        self._writes = Group(
            self._writing.write, health, broken=broken, may_overtake=lambda job: not job.patient
        )
        self._remembering = Group(self._remember, health, broken=broken)
        self._asking = Group(self._stored, health, broken=broken)
        self._dropped = upkeep.NOTHING  # by pruning, and not told yet
        self._uses: dict[str, Use] = {}

    async def begin(self, connection: Connection, tag: str) -> None:
        """Own a slot, and read what is kept in memory beside the tables. Raises StoreLocked."""
        self.tag = tag
        await self._ownership.take(self._broken)
        await refuse_copied(connection, self._schema, tag)
        await self._routes.load(connection)
        await self._look(connection)
        self._uses = await measuring.uses(connection, self._schema, self._retention)

    @property
    def slot(self) -> int:
        """Of the keys of this process."""
        return self._ownership.slot

    async def _look(self, connection: Connection) -> None:
        """What the server is, which an operator may change, and what the window of identities holds."""
        allow = self._server.database.allow_unsafe
        self._health.looked(await check(connection, self._schema, allow_unsafe=allow))
        await self._accepting.measure(connection)

    # --- Work ------------------------------------------------------------------------------------

    async def accept(self, batch: Sequence[NewEvent]) -> list[Accepted]:
        weight = sum(1 + len(event.deliveries) + len(event.raw) // KIB for event in batch)
        return await self._writes.submit(batch, weight, wait=self._server.database.wait)  # type: ignore[no-any-return]

    async def stored(self, keys: Sequence[int]) -> set[int]:
        await self._writes.answered(all_of_them=True)
        return await self._asking.submit(keys, len(keys))  # type: ignore[no-any-return]

    async def _stored(self, jobs: Sequence[Job]) -> list[set[int]]:
        keys = [key for job in jobs for key in job.work]
        async with self._links["write"].connection() as connection:
            found = {key for (key,) in await connection.fetch(self._sql["stored"], keys)}
        return [found.intersection(job.work) for job in jobs]

    async def finish(self, results: Sequence[Finish]) -> None:
        await self._writes.submit(results, sum([result.weight for result in results]))

    async def claim(self, wanted: Mapping[str, Wanted], *, now: int) -> dict[str, Claimed]:
        with self._failing():
            async with self._links["claim"].connection() as connection:
                found = await claim(connection, self._routes, self._schema, wanted, now)
        await self._writes.answered()
        return found

    async def bury(
        self,
        route: str,
        reason: DeadReason,
        message: str,
        *,
        now: int,
        exclude: frozenset[int],
        received_before: int | None = None,
        after: int = 0,
    ) -> Buried:
        each = Finish(0, route, Action.BURY, reason=reason, message=message, at=now)
        return await self._change(
            lambda connection: upkeep.bury(
                connection, self._routes, self._schema, each, exclude, received_before, after
            )
        )

    async def replay(self, selector: ReplaySelector, *, now: int, limit: int) -> list[Replay]:
        return await self._change(
            lambda connection: upkeep.replay(
                connection, self._routes, self._arrivals, self._schema, selector, now, limit
            )
        )

    @property
    def processes(self) -> int:
        return self._ownership.processes

    @property
    def sure_until(self) -> float:
        return self._ownership.sure_until

    async def owned(self) -> AsyncIterator[Moved]:
        while True:
            yield await self._ownership.moves.get()

    async def retire(self) -> None:
        with self._failing():
            await self._ownership.retire()

    async def give(self, parts: Parts) -> None:
        with self._failing():
            await self._ownership.give(parts)

    @property
    def own(self) -> Parts:
        return self._arrivals.own

    @own.setter
    def own(self, parts: Parts) -> None:
        self._arrivals.work_on(parts)

    def woken(self) -> AsyncIterator[None]:
        return self._arrivals.woken()

    async def arrived(self) -> list[Arrival]:
        with self._failing():
            return await self._arrivals.taken()

    async def tell(self, arrival: Arrival) -> None:
        await self._change(lambda connection: self._tell(connection, arrival))

    async def _tell(self, connection: Connection, arrival: Arrival) -> None:
        await self._routes.know(connection, [arrival.route])
        wish = arrival.retried + arrival.forgiven
        row = (self._routes.numbers[arrival.route], arrival.waiting, arrival.size, arrival.dead, wish)
        await self._arrivals.tell(connection, [row])

    async def ping(self) -> str | None:
        """Really commits; who asks while the database is known to be away is not kept waiting for it."""
        if self._health.away is not None:
            raise StoreAway(str(self._health.away))
        with self._failing():
            await self._ownership.renew()
        return self._health.remark

    async def close(self) -> None:
        """Results that still wait for the database fail with StoreError: they are sent once more."""
        closed = StoreError("The store is closed.")
        groups = (self._writes, self._remembering, self._asking)
        await asyncio.gather(*(group.close(closed) for group in groups))
        await self._ownership.leave()
        await asyncio.gather(*(link.close() for link in self._links.values()))

    async def show(self, told: Told) -> None:
        await self._change(lambda connection: self._showing.show(connection, self.slot, told))

    async def shown(self) -> Told:
        return await self._change(lambda connection: self._showing.look(connection, self.slot, self.own))

    async def run_once(self, run_id: str, run: Callable[[], Awaitable[bytes]], *, seconds: float) -> bytes:
        return await self._runs.once(run_id, run, seconds)

    # --- Upkeep ----------------------------------------------------------------------------------

    async def remember(self, routes: Sequence[StoredRoute]) -> None:
        await self._remembering.submit(routes, len(routes))

    async def _remember(self, jobs: Sequence[Job]) -> list[None]:
        last: dict[str, StoredRoute] = {one.route: one for job in jobs for one in job.work}
        async with self._changing() as connection:
            await self._routes.know(connection, last)
            rows = [
                (self._routes.numbers[one.route], plain(one.gone), one.deleted_at, one.last_success, one.last_failure,
                 one.consecutive_failures, *(one.begun or (0, 0)))
                for one in last.values()
            ]  # fmt: skip
            await connection.execute(self._sql["remember"], *columns(rows, 8))
        return [None] * len(jobs)

    async def clamp(self, *, now: int, parts: Parts = EVERY_PART) -> int:
        sql = self._sql["clamp"]
        done = await self._change(lambda connection: connection.execute(sql, now, sorted(parts)))
        return int(done.rpartition(" ")[2])

    async def prune(self, *, now: int) -> Pruned:
        pruning = upkeep.Pruning(self._routes, self._arrivals, self._schema, self._retention, now)
        for step in pruning.steps:
            more = True
            while more:
                dropped, more = await self._change(step, "upkeep")
                self._dropped = upkeep.together(self._dropped, dropped)
        await self._change(self._look, "upkeep")
        self._uses = pruning.uses()
        told, self._dropped = self._dropped, upkeep.NOTHING
        return told

    def stats(self) -> StoreStats:
        groups, window = (self._writes, self._remembering), self._accepting
        slowest = max(group.slowest for group in groups)
        for group in groups:
            group.slowest = 0.0
        identities = Use(window.identity_bytes, self._retention.identity_bytes, {})
        return StoreStats(
            commits=sum(group.commits for group in groups),
            rows=window.rows + self._writing.results,
            commit_seconds=sum(group.seconds for group in groups),
            slowest_commit_seconds=slowest,
            away=self._health.away is not None,
            standby=self._health.standby,
            held=sum(group.waiting for group in groups),
            identities=window.identities,
            oldest_identity=window.oldest_identity,
            kept=self._uses | {"identities": identities},
        )

    # --- changes ---------------------------------------------------------------------------------

    async def _change(self, change: Callable[[Connection], Awaitable[T]], link: str = "change") -> T:
        """One transaction."""
        with self._failing():
            async with self._changing(link) as connection:
                return await change(connection)

    @asynccontextmanager
    async def _changing(self, link: str = "change") -> AsyncIterator[Connection]:
        async with self._links[link].connection() as connection, connection.transaction():
            await connection.execute(self._sql["durable"])
            yield connection

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Errors of the database become ours."""
        try:
            yield
        except Exception as error:
            self._health.failed(error)
            raise as_store_error(error) from error
