"""A rate limit: never more than so many starts in any period of so many seconds, without spacing them out.

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
        """When the next start is allowed; ≤ now: at once."""
        return now if len(self.starts) < self.requests else self.starts[0] + self.seconds

    def start(self, now: float) -> None:
        """One starts now."""
        if len(self.starts) >= self.requests:
            self.starts.popleft()
        self.starts.append(now)
