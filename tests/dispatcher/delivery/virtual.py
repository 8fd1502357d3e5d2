"""An event loop whose time passes only when there is nothing else to do, and a clock that goes by it.

So a test of minutes takes milliseconds, and nothing in it depends on how busy the machine is. A loop that would wait for
ever says so.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import Any

from hookwright.dispatcher.clock import Clock

START = 1_700_000_000.0


class _Selector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise AssertionError("Nothing is left that could happen, and somebody waits.")
        self._loop.ahead += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """`ahead`: seconds that have passed in it."""

    def __init__(self) -> None:
        self.ahead = 0.0
        super().__init__(_Selector(self))

    def time(self) -> float:
        """Seconds since it was made."""
        return self.ahead


class VirtualClock(Clock):
    """Every time of the process by the running loop. `cost`: seconds that a look at `spent` takes itself."""

    def __init__(self, cost: float = 0.0) -> None:
        self._cost, self._spent = cost, 0.0
        self._time = asyncio.get_running_loop().time

    def monotonic(self) -> float:
        return self._time()

    def now(self) -> float:
        return START + self._time()

    def now_ms(self) -> int:
        return int(self.now() * 1000)

    def wall(self) -> float:
        return self.now()

    def wall_ms(self) -> int:
        return self.now_ms()

    def spent(self) -> float:
        self._spent += self._cost
        return self._spent
