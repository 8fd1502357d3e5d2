"""Virtual time: an event loop without I/O that jumps to its next timer, and the clocks that go by it.

Time stands still while callbacks run, unless something says that it worked for a while (`Moment.work`), and is one
for all incarnations of a process. Must not: know what is simulated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from hookwright.dispatcher.clock import Clock

ROUNDS = 100_000  # of the loop in one second: none is so busy without going in circles


class Moment:
    """What time it is. `now`: seconds since the beginning, for timers; `wall`: what a wall clock adds to it."""

    __slots__ = ("now", "wall")

    def __init__(self) -> None:
        self.now = 1_000.0
        self.wall = 1_800_000_000.0

    def work(self, seconds: float) -> None:
        """Something computed for so long."""
        self.now += seconds


class VirtualClock(Clock):
    """The dispatcher's clock over virtual time: the wall is read once. `spent`: what says what work took."""

    def __init__(self, moment: Moment, spent: Callable[[], float]) -> None:
        self._moment = moment
        self._offset = moment.wall
        self.spent = spent  # type: ignore[method-assign]

    def monotonic(self) -> float:
        return self._moment.now

    def now(self) -> float:
        return self._offset + self._moment.now

    def now_ms(self) -> int:
        return int((self._offset + self._moment.now) * 1000)

    def wall(self) -> float:
        return self._moment.wall + self._moment.now

    def wall_ms(self) -> int:
        return int((self._moment.wall + self._moment.now) * 1000)


class Stalled(Exception):  # noqa: N818 - not an error of a call
    """Nothing will ever happen again: no timer is set."""


class Circles(Exception):  # noqa: N818 - not an error of a call
    """Rounds of the loop without end, and no time passes."""


class VirtualLoop(asyncio.BaseEventLoop):
    """asyncio's own loop over a selector that never waits: it moves the clock instead.

    `lag` says how many seconds what runs in a thread takes.
    """

    def __init__(self, moment: Moment, lag: Callable[[], float]) -> None:
        super().__init__()
        self._selector = self  # asked once a round: for I/O, and to wait until the next timer
        self._moment, self._lag = moment, lag
        self._rounds, self._second = 0, moment.now
        self._begun: WeakKeyDictionary[asyncio.Task[Any], None] = WeakKeyDictionary()

    def create_task(self, *args: Any, **kwargs: Any) -> asyncio.Task[Any]:
        task = super().create_task(*args, **kwargs)
        self._begun[task] = None
        return task

    def unfinished(self) -> list[asyncio.Task[Any]]:
        """Tasks in the order of their beginning: asyncio's own set has them by their place in memory."""
        return [task for task in self._begun if not task.done()]

    def time(self) -> float:
        return self._moment.now

    def select(self, timeout: float | None) -> tuple[()]:
        """Wait: nothing comes from outside."""
        if timeout is None:
            raise Stalled
        moment = self._moment
        if timeout > 0:
            moment.now += timeout
        self._rounds += 1
        if moment.now > self._second + 1.0:
            self._rounds, self._second = 0, moment.now
        elif self._rounds > ROUNDS:
            raise Circles
        return ()

    def _process_events(self, event_list: tuple[()]) -> None:
        pass

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """Run it now, answer later."""
        future = self.create_future()
        try:
            answer, result = future.set_result, func(*args)
        except Exception as error:
            answer, result = future.set_exception, error
        self.call_later(self._lag(), lambda: future.done() or answer(result))
        return future

    def run_until(self, when: float) -> None:
        """Until that time, or until somebody stops the loop."""
        timer = self.call_at(when, self.stop)
        self.run_forever()
        timer.cancel()
