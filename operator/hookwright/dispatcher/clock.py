"""Time of one process: the wall clock read once, then carried on by the monotonic one (SPEC 5, Time).

So a jump of the machine's clock while we run neither fires every retry nor stalls them. What others compare with
their own clocks (`webhook-timestamp`, times shown to people) is the wall clock as it is.
"""

from __future__ import annotations

import time


class Clock:
    """`now()` never jumps; `wall()` is what the machine says. Both are epoch seconds, `…_ms()` milliseconds."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    monotonic = staticmethod(time.monotonic)
    """Seconds, for timers of the process."""
    wall = staticmethod(time.time)
    spent = staticmethod(time.perf_counter)
    """Seconds, for what work took."""

    def now(self) -> float:
        return self._offset + time.monotonic()

    def now_ms(self) -> int:
        return int((self._offset + time.monotonic()) * 1000)

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000
