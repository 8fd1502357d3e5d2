"""Rate limits: never more than so many starts in any period of so many seconds, without spacing them out; and so many a
second on average, by a bucket that several processes have parts of.

Must not: read the clock (callers pass seconds).
"""

from __future__ import annotations

from collections import deque


class Window:
    """The starts of the last period; memory is bounded by `requests`."""

    __slots__ = ("requests", "seconds", "starts")

    def __init__(self, requests: int, seconds: float) -> None:
        self.requests, self.seconds = requests, seconds
        self.starts: deque[float] = deque()

    def resume(self, starts: int, last: float) -> None:
        """Go on where another left off: with so many starts, none after the last."""
        self.starts = deque([last] * min(starts, self.requests))

    def free_at(self, now: float) -> float:
        """When the next start is allowed; ≤ now: at once. What a clock that was ahead began counts as begun now."""
        if self.starts and self.starts[-1] > now:
            self.resume(len(self.starts), now)
        return now if len(self.starts) < self.requests else self.starts[0] + self.seconds

    def start(self, now: float) -> None:
        """One starts now."""
        if len(self.starts) >= self.requests:
            self.starts.popleft()
        self.starts.append(now)


class Bucket:
    """Fills with `rate` a second, and holds one second's worth."""

    __slots__ = ("_at", "_held", "rate")

    def __init__(self, rate: int, now: float) -> None:
        self.rate, self._held, self._at = rate, float(rate), now

    def take(self, count: int, now: float, sharers: int) -> float:
        """Take so many; not 0: nothing was taken, and in so many seconds it can be. Each of `sharers` has an equal part.

        More than a second's worth is taken when the bucket is full, and has to be filled up again before the next.
        """
        rate = self.rate / sharers
        self._held = min(rate, self._held + (now - self._at) * rate)
        self._at = now
        missing = min(count, rate) - self._held
        if missing > 0:
            return missing / rate
        self._held -= count
        return 0.0
