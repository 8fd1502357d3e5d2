"""What runs beside the events, and the one table of its errors.

    StoreBroken                 what is on disk is not known any more: the process ends
    StoreWaits                  waited out: said once, tried again, said when it is over
    anything else               told (log line, metric) and tried again

So nothing that runs here can stop deliveries, and nothing fails unseen. Must not: know what it runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

import structlog

from hookwright.errors import StoreBroken, StoreWaits

log = structlog.get_logger()


class Background:
    """Judges by the table. `failed` is called with the name of what failed, `end` with what ends the process."""

    def __init__(self, *, failed: Callable[[str], None], end: Callable[[BaseException], None]) -> None:
        self._failed, self._end = failed, end
        self._said: dict[str, str] = {}
        self._tasks: dict[asyncio.Task[None], None] = {}
        """In the order of their beginning, so that they end in the same order each time."""

    def failure(self, name: str, error: Exception) -> None:
        """Something by this name failed; what it was to do is tried again."""
        self._failed(name)
        if isinstance(error, StoreBroken):
            self._end(error)
        if self._said.get(name) == str(error):
            return
        self._said[name] = str(error)
        if isinstance(error, StoreWaits):
            log.warning("round.waits", round=name, reason=str(error))
        else:
            log.error("round.failed", round=name, reason=str(error) or repr(error), exc_info=error)

    def success(self, name: str) -> None:
        """It did what it was to do."""
        if self._said.pop(name, None) is not None:
            log.info("round.resumed", round=name)

    async def guard(self, name: str, work: Awaitable[object]) -> bool:
        """Do it once; False: it failed, which was told."""
        try:
            await work
        except Exception as error:
            self.failure(name, error)
            return False
        self.success(name)
        return True

    def spawn(self, name: str, work: Coroutine[Any, Any, object]) -> None:
        """Do it once in the background; that it succeeded is for itself to say."""
        task = asyncio.create_task(self._quietly(name, work), name=name)
        self._tasks[task] = None
        task.add_done_callback(partial(self._ended, work))

    def _ended(self, work: Coroutine[Any, Any, object], task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        work.close()  # it may have been cancelled before it began

    def every(self, name: str, seconds: float, what: Callable[[], Awaitable[object]]) -> None:
        """Do it in the background again and again, with a pause before each."""
        self.spawn(name, self._every(name, seconds, what))

    async def close(self) -> None:
        """End what is in the background; what was just begun has at least handed its work on."""
        await asyncio.sleep(0)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _quietly(self, name: str, work: Coroutine[Any, Any, object]) -> None:
        try:
            await work
        except Exception as error:
            self.failure(name, error)

    async def _every(self, name: str, seconds: float, what: Callable[[], Awaitable[object]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self.guard(name, what())
