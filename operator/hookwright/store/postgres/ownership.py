"""Each process on the store owns a slot of keys and some parts of the webhooks: it says so every second, by the
clock of the database alone.

Whoever stops saying so loses them when the time is over. A slot that was free for longest is taken first: so a process
that slept through the end of its time makes no key that another makes, too. Must not: end the process itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from math import inf
from time import monotonic

from hookwright.core.parts import NO_PART, Held, Moved, Parts
from hookwright.errors import StoreError, StoreLocked
from hookwright.limits import KEY_SLOTS, STORE_LEASE_SECONDS, STORE_RENEW_SECONDS, STORE_SURE_SECONDS
from hookwright.store.postgres.failures import Failure, as_store_error, judge
from hookwright.store.postgres.health import Health
from hookwright.store.postgres.server import Connection, Link
from hookwright.store.postgres.statements import load

_AFTER_SECONDS = 0.01  # its time is surely over by then


class Ownership:
    """Of a slot and of parts, by `holder`."""

    def __init__(self, link: Link, health: Health, schema: str, holder: str) -> None:
        self._link, self._health, self._sql = link, health, load("work.sql", schema)
        self.holder, self.slot = holder, -1
        """The slot is known when it is taken."""
        self.sure_until = 0.0
        """See `store.port.Work`."""
        self.moves: asyncio.Queue[Moved] = asyncio.Queue()
        self._held = Held()
        self._channel = schema
        self.look = asyncio.Event()
        """Another process came, goes, or gave parts away: set, that is looked at now."""
        self.pause = STORE_RENEW_SECONDS
        """Seconds until that is said, and seen whose time is over, once more."""
        self._keeping: asyncio.Task[None] | None = None

    @property
    def processes(self) -> int:
        """See `store.port.Work`."""
        return self._held.processes

    async def take(self, lost: Callable[[StoreError], None]) -> None:
        """Become the owner of a slot and of the parts that are free for it, and stay it; `lost` is told if it cannot.

        Raises StoreLocked if there is none left.
        """
        async with self._link.connection() as connection, connection.transaction():
            await connection.execute(self._sql["durable"])
            await connection.execute(self._sql["taking"])
            if not self._link.pooled:
                await connection.execute(self._sql["bereave"], STORE_LEASE_SECONDS)
            self.slot = await self._free_slot(connection)
            await self._tell(connection)
        await self.renew()
        if self.moves.empty():  # others hold all of them yet
            self.moves.put_nowait(Moved(NO_PART, NO_PART, NO_PART))
        self._keeping = asyncio.create_task(self._keep(lost))

    async def _free_slot(self, connection: Connection) -> int:
        slot: int | None = await connection.fetchval(self._sql["own"], self.holder, STORE_LEASE_SECONDS)
        if slot is None:
            raise StoreLocked(
                f"The database is in use by {KEY_SLOTS} dispatchers, which is all it has room for: stop one, or name "
                "another schema (HOOKWRIGHT_STORE_POSTGRES_SCHEMA)."
            )
        return slot

    async def renew(self) -> None:
        """Really commits. Raises what the database raises, also if another process took the slot."""
        async with self._link.connection() as connection:
            wanted = self._held.wanted
            await self._lease(connection)
            if not self._held.wanted <= wanted:  # who had them is not there any more, or we are new
                await self._lease(connection)
        self._health.works()

    async def _lease(self, connection: Connection) -> None:
        asked, parts = monotonic(), sorted(self._held.parts | self._held.wanted)
        slots, held, next_end = await connection.fetchrow(
            self._sql["lease"], self.slot, self.holder, STORE_LEASE_SECONDS, parts
        )
        self.sure_until = asked + STORE_SURE_SECONDS
        ended = inf if next_end is None else max(next_end, 0.0) + _AFTER_SECONDS
        self.pause = min(STORE_RENEW_SECONDS, ended)
        moved = self._held.answered(self.slot, slots, frozenset(held))
        if any(moved):
            self.moves.put_nowait(moved)

    async def retire(self) -> None:
        """All parts are for others from now on, who may have them as they are given."""
        self._held.retired = True
        async with self._link.connection() as connection:
            await connection.execute(self._sql["retire"], self.slot, self.holder)
            await self._tell(connection)
        self.look.set()

    async def give(self, parts: Parts) -> None:
        """Others may have these from now on."""
        async with self._link.connection() as connection:
            await connection.execute(self._sql["give"], sorted(parts), self.holder)
            self._held.given(parts)
            await self._tell(connection)

    async def _tell(self, connection: Connection) -> None:
        await connection.execute(self._sql["moved"], self._channel)

    async def _keep(self, lost: Callable[[StoreError], None]) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.pause):
                    await self.look.wait()
            self.look.clear()
            self.pause = STORE_RENEW_SECONDS
            try:
                await self.renew()
            except Exception as error:
                self._health.failed(error)
                if judge(error) is Failure.BROKEN:
                    lost(as_store_error(error))
                    return

    async def leave(self) -> None:
        """Others may own all of it at once; those that cannot be told wait until the time is over."""
        if self._keeping is None:
            return
        self._keeping.cancel()
        await asyncio.gather(self._keeping, return_exceptions=True)
        with suppress(Exception):
            async with self._link.connection() as connection:
                await connection.execute(self._sql["leave"], self.slot, self.holder)
                await self._tell(connection)
