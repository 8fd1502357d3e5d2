"""Results of attempts on their way to the store: what waits while one group is written goes out as the next.

No group is so large that accepted events would wait long for its commit. The store keeps a result until there is
space, so one handed in here is written once, in order; one that the store refuses for what it holds is written without
its record, or given back. Must not: decide about deliveries.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from hookwright.core.backlog_shares import BacklogShares
from hookwright.core.lane import Lane
from hookwright.core.records import Action, Delivery, Finish
from hookwright.dispatcher.background import Background
from hookwright.dispatcher.clock import Clock
from hookwright.limits import RESULTS_GATHER_SECONDS, RESULTS_GROUP, RESULTS_STUCK_SECONDS
from hookwright.store.port import Work

Result = tuple[Lane, Delivery, Finish]
"""What is to be written of one delivery."""


class Results:
    """Writes results in groups and tells their lanes; `settle` is called with each of these."""

    def __init__(
        self,
        work: Work,
        clock: Clock,
        background: Background,
        shares: BacklogShares,
        *,
        settle: Callable[[Lane], None],
        resumed: Callable[[], None],
    ) -> None:
        """`resumed` is called when results can be written again after they could not for a while."""
        self._work, self._clock, self._background, self._shares = work, clock, background, shares
        self._settle, self._resumed = settle, resumed
        self._since: float | None = None
        self._waiting: list[Result] = []
        self._writing: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()

    @property
    def stuck(self) -> bool:
        """Results cannot be written now (no space): no new attempt should start, as its result would wait too."""
        return self._since is not None and self._clock.now() - self._since > RESULTS_STUCK_SECONDS

    def write(self, result: Result, *, hurry: bool) -> None:
        """Hand in a result; in a hurry it does not wait for company."""
        self._waiting.append(result)
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write_all())
        if hurry:
            self._hurry.set()

    async def _write_all(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RESULTS_GATHER_SECONDS):
                await self._hurry.wait()
        try:
            while self._waiting:
                number = self._fitting()
                group, self._waiting = self._waiting[:number], self._waiting[number:]
                self._since = self._clock.now()
                try:
                    await self._write(group)
                finally:
                    resumed, self._since = self.stuck, None
                if resumed:
                    self._resumed()
        finally:
            self._hurry.clear()
            self._writing = None

    def _fitting(self) -> int:
        """How many of those that wait make a group."""
        weight = 0
        for number, (_, _, finish) in enumerate(self._waiting):
            if weight >= RESULTS_GROUP:
                return number
            weight += finish.weight
        return len(self._waiting)

    async def _write(self, group: Sequence[Result]) -> None:
        try:
            await self._work.finish([finish for _, _, finish in group])
        except Exception as error:
            await self._refused(group, error)
            return
        for lane, delivery, finish in group:
            lane.written(delivery, finish)
            if finish.action is not Action.DELAY:
                self._shares.went(lane.namespace, delivery.event_key, len(delivery.raw))
            # with each result: once for a group, a lane may never ask for what it left to the store
            self._settle(lane)

    async def _refused(self, group: Sequence[Result], error: Exception) -> None:
        """The store took none of a group: find the one it is; what it does not take without its record waits on."""
        if len(group) > 1:
            for result in group:
                await self._write([result])
            return
        lane, delivery, finish = group[0]
        self._background.failure("results", error)
        if finish.record is not None:
            await self._write([(lane, delivery, finish._replace(record=None))])
            return
        lane.refused(delivery, self._clock.now())
        self._settle(lane)

    async def flush(self, seconds: float) -> None:
        """Until everything handed in is written, at most so long."""
        self._hurry.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._writing is not None:
                    await asyncio.shield(self._writing)
