"""Virtual time: an event loop without I/O that jumps to its next timer, and the clocks that go by it.

Time stands still while callbacks run, unless something says that it worked for a while (`Moment.work`), and is one
for all incarnations of a process. Must not: know what is simulated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class Moment:
    """What time it is. `now`: seconds since the beginning, for timers; `wall`: what a wall clock adds to it."""

    __slots__ = ("now", "wall")

    def __init__(self) -> None:
        self.now = 1_000.0
        self.wall = 1_800_000_000.0

    def work(self, seconds: float) -> None:
        """Something computed for so long."""
        self.now += seconds


class Stalled(Exception):  # noqa: N818 - not an error of a call
    """Nothing will ever happen again: no timer is set."""


class VirtualLoop(asyncio.BaseEventLoop):
    """asyncio's own loop over a selector that never waits: it moves the clock instead.

    `lag` says how many seconds what runs in a thread takes.
    """

    def __init__(self, moment: Moment, lag: Callable[[], float]) -> None:
        super().__init__()
        self._selector = self  # asked once a round: for I/O, and to wait until the next timer
        self._moment, self._lag = moment, lag

    def time(self) -> float:
        return self._moment.now

    def select(self, timeout: float | None) -> tuple[()]:
        """Wait: nothing comes from outside."""
        if timeout is None:
            raise Stalled
        if timeout > 0:
            self._moment.now += timeout
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

    def next_timer(self) -> float | None:
        """When the next timer fires."""
        return min((timer.when() for timer in self._scheduled if not timer.cancelled()), default=None)

    def run_until(self, when: float) -> None:
        """Until that time, or until somebody stops the loop."""
        timer = self.call_at(when, self.stop)
        self.run_forever()
        timer.cancel()
