"""Runs of tests that several processes may be asked for by one id: one runs it, and leaves its answer for the others.

Must not: know what is run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, suppress

from hookwright.limits import RUN_LOOK_SECONDS
from hookwright.store.postgres.server import Link
from hookwright.store.postgres.statements import load


class Runs:
    """Of the process `holder`."""

    def __init__(
        self, link: Link, schema: str, holder: str, failing: Callable[[], AbstractContextManager[None]]
    ) -> None:
        """Within `failing` errors of the database become the store's."""
        self._link, self._sql, self._holder = link, load("runs.sql", schema), holder
        self._failing = failing

    async def once(self, run_id: str, run: Callable[[], Awaitable[bytes]], seconds: float) -> bytes:
        """See `store.owner.Owner.run_once`; raises StoreError as long as nothing was run, and what `run` raises."""
        while not await self._begin(run_id, seconds):
            result = await self._result(run_id)
            if result is not None:
                return result
            await asyncio.sleep(RUN_LOOK_SECONDS)
        try:
            result = await run()
        except BaseException:
            await asyncio.shield(self._end(run_id, None))
            raise
        await self._end(run_id, result)
        return result

    async def _begin(self, run_id: str, seconds: float) -> bool:
        """Whether this process is to run it."""
        with self._failing():
            async with self._link.connection() as connection:
                return (
                    await connection.fetchval(self._sql["begin"], run_id, self._holder, seconds) is not None
                )

    async def _result(self, run_id: str) -> bytes | None:
        with self._failing():
            async with self._link.connection() as connection:
                result: bytes | None = await connection.fetchval(self._sql["result"], run_id)
                return result

    async def _end(self, run_id: str, result: bytes | None) -> None:
        with suppress(
            Exception
        ):  # what was run is answered all the same; others run it again when its time is over
            async with self._link.connection() as connection:
                await connection.execute(self._sql["end"], run_id, self._holder, result)
