"""One process owns a slot: it says so every other second, by the clock of the database alone.

Whoever stops saying so loses it when its time is over, or at once when it is not connected any more. Must not: end the
process itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from hookwright.errors import StoreBroken, StoreError, StoreLocked
from hookwright.limits import STORE_LEASE_SECONDS, STORE_RENEW_SECONDS
from hookwright.store.postgres.failures import taken_over
from hookwright.store.postgres.health import Health
from hookwright.store.postgres.server import Connection, Link
from hookwright.store.postgres.statements import load


class Ownership:
    """Of a slot, by `holder`."""

    def __init__(self, link: Link, health: Health, schema: str, *, slot: int, holder: str) -> None:
        self._link, self._health, self._sql = link, health, load("work.sql", schema)
        self._slot, self._holder = slot, holder
        self._keeping: asyncio.Task[None] | None = None

    async def take(self, lost: Callable[[StoreError], None]) -> None:
        """Become the owner, and stay it; `lost` is told if it cannot. Raises StoreLocked if another process is."""
        async with self._link.connection() as connection:
            if not await self._ask("own", connection):
                raise StoreLocked(
                    "The database is in use by another dispatcher: stop that one, or name another schema "
                    "(HOOKWRIGHT_STORE_POSTGRES_SCHEMA)."
                )
        self._keeping = asyncio.create_task(self._keep(lost))

    async def renew(self) -> None:
        """Really commits. Raises StoreBroken if another process took it, and what the database raises."""
        async with self._link.connection() as connection:
            if not await self._ask("renew", connection):
                raise taken_over()
        self._health.works()

    async def _ask(self, name: str, connection: Connection) -> bool:
        async with connection.transaction():
            await connection.execute(self._sql["durable"])
            return bool(
                await connection.fetch(self._sql[name], self._slot, self._holder, STORE_LEASE_SECONDS)
            )

    async def _keep(self, lost: Callable[[StoreError], None]) -> None:
        while True:
            await asyncio.sleep(STORE_RENEW_SECONDS)
            try:
                await self.renew()
            except StoreBroken as error:
                lost(error)
                return
            except Exception as error:
                self._health.failed(error)

    async def leave(self) -> None:
        """Another may own it at once; one that cannot be told waits until the time is over."""
        if self._keeping is None:
            return
        self._keeping.cancel()
        await asyncio.gather(self._keeping, return_exceptions=True)
        with suppress(Exception):
            async with self._link.connection() as connection:
                await connection.execute(self._sql["leave"], self._slot, self._holder)
