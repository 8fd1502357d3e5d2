"""Attempts on the wire: each waits for its answer in one of few tasks, then stands in its lane's seat to be judged.

Must not: decide when one begins, or what its answer means.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from hookwright.core.lane import Lane
from hookwright.core.records import Delivery
from hookwright.core.request import Outgoing
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.attempt import Performed, Pipeline, Target
from hookwright.dispatcher.delivery.turns import Circle, Taker
from hookwright.limits import IDLE_ATTEMPTS


class Seat(Taker):
    """A lane's place among the others: what it sends with, what was answered, its timer. `do` is its step."""

    __slots__ = ("_do", "answers", "granted", "lane", "parked", "part", "target", "timer", "timer_at")

    def __init__(self, lane: Lane, part: int, circle: Circle, do: Callable[[Seat], bool]) -> None:
        super().__init__(circle)
        self.lane, self._do = lane, do
        self.part = part
        self.target: Target | None = None
        self.answers: deque[Answered] = deque()
        self.parked = False
        """It waits until an attempt may begin: for places, or for a suspect to end."""
        self.granted = 0
        """Places that it holds for the next attempt."""
        self.timer: asyncio.TimerHandle | None = None
        self.timer_at = 0.0

    def step(self) -> bool:
        return self._do(self)


class Attempt(NamedTuple):
    """Under way with so many `places` of all that attempts share."""

    seat: Seat
    target: Target
    delivery: Delivery
    probe: int
    outgoing: Outgoing
    places: int


Answered = tuple[Attempt, Performed, int]
"""An attempt came to something, which is still to be judged and told; when it began, by the wall clock."""


class Exchanges:
    """`answered` and `abandoned` are called with each attempt that ended, the latter when it was aborted; `sent`, where the
    webhook has a rate limit, with one whose request is on its way."""

    def __init__(
        self,
        pipeline: Pipeline,
        clock: Clock,
        answered: Callable[[Attempt, Performed, int], None],
        abandoned: Callable[[Attempt], None],
        sent: Callable[[Attempt], None],
    ) -> None:
        self._pipeline, self._clock = pipeline, clock
        self._answered, self._abandoned, self._sent = answered, abandoned, sent
        self._tasks: dict[asyncio.Task[None], None] = {}
        """In the order of their beginning, so that they are ended in the same order each time."""
        self._idle: list[asyncio.Future[Attempt | None]] = []
        """Tasks that have no attempt, by what they wait for."""
        self._stopping = False
        self._loop = asyncio.get_running_loop()

    def begin(self, attempt: Attempt) -> None:
        """Send it."""
        if self._idle:
            self._idle.pop().set_result(attempt)
            return
        task = self._loop.create_task(self._one_after_the_other(attempt))
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)

    async def _one_after_the_other(self, attempt: Attempt | None) -> None:
        """Attempts in one task: a task for each would cost more than judging its answer."""
        while attempt is not None:
            began = self._clock.wall_ms()
            # the loop writes what it was given when it has nothing else to do: soon after is not before that
            sent = (
                None
                if attempt.seat.lane.window is None
                else partial(self._loop.call_soon, self._sent, attempt)
            )
            try:
                performed = await self._pipeline.exchange(attempt.target, attempt.outgoing, sent)
            except asyncio.CancelledError:
                self._abandoned(attempt)
                raise
            self._answered(attempt, performed, began)
            if self._stopping or len(self._idle) >= IDLE_ATTEMPTS:
                return
            attempt = None  # lets go of its bytes
            del performed, sent
            waiter = self._loop.create_future()
            self._idle.append(waiter)
            attempt = await waiter

    def stop(self) -> None:
        """Nothing more is begun."""
        self._stopping = True
        while self._idle:
            self._idle.pop().set_result(None)

    def abort(self) -> None:
        """End those under way; `drain` goes on at once."""
        for task in list(self._tasks):
            task.cancel()

    async def drain(self, seconds: float) -> None:
        """Wait so long for those under way, then abort the rest."""
        if self._tasks and seconds > 0:
            await asyncio.wait(list(self._tasks), timeout=seconds)
        self.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)
