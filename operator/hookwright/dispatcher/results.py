"""Results of attempts on their way to the store: what waits while one group is written goes out as the next.

The store never loses a result (it waits for space), so a result handed in here is written once, in order.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from hookwright.dispatcher.lane import Lane
from hookwright.store.port import Delivery, Finish, Work

_GATHER_SECONDS = 0.004  # a result that nobody waits for may share the commit of the next event
_STUCK_SECONDS = 2.0  # far longer than a commit on a busy disk


@dataclass(slots=True)
class Result:
    """What is to be written of one delivery."""

    lane: Lane
    delivery: Delivery
    finish: Finish


class Results:
    """Writes results in groups; `written` is called with each after its commit."""

    def __init__(self, work: Work, written: Callable[[Result], None], resumed: Callable[[], None]) -> None:
        """`resumed` is called when results can be written again after they could not for a while."""
        self._work, self._written, self._resumed = work, written, resumed
        self._since: float | None = None
        self._waiting: list[Result] = []
        self._writing: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()

    @property
    def stuck(self) -> bool:
        """Results cannot be written now (no space): no new attempt should start, as its result would wait too."""
        return self._since is not None and monotonic() - self._since > _STUCK_SECONDS

    def write(self, result: Result) -> None:
        """Hand in a result."""
        result.lane.unwritten += 1
        self._waiting.append(result)
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write_all())
        if result.lane.target is None or result.lane.unwritten >= result.lane.target.route.max_in_flight:
            self._hurry.set()

    async def _write_all(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GATHER_SECONDS):
                await self._hurry.wait()
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                self._since = monotonic()
                await self._work.finish([result.finish for result in group])
                resumed, self._since = self.stuck, None
                for result in group:
                    result.lane.unwritten -= 1
                    self._written(result)
                if resumed:
                    self._resumed()
        finally:
            self._hurry.clear()
            self._writing = None

    async def flush(self) -> None:
        """Until everything handed in is written."""
        self._hurry.set()
        while self._writing is not None:
            await self._writing
