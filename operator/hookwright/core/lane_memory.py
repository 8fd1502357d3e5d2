"""What of a webhook's lane goes on where another process, or this one before a restart, worked on it: its standing, its
circuit, its rate limit.

Must not: know deliveries, decide when one starts.
"""

from __future__ import annotations

from hookwright.core.circuit import Circuit
from hookwright.core.lane_counts import LaneCounts
from hookwright.core.lane_queue import Totals
from hookwright.core.rate import Window
from hookwright.core.records import RETRY_RESULTS, StoredRoute
from hookwright.core.standing import Standing


class LaneMemory(LaneCounts):
    """Of one webhook (`namespace/name`)."""

    __slots__ = ("_begun", "circuit", "paused_until", "standing", "window")

    def __init__(self, key: str, totals: Totals, *, owned: bool) -> None:
        super().__init__(key, totals, owned=owned)
        self.standing = Standing()
        self.circuit, self.paused_until = Circuit(), 0.0
        self.window: Window | None = None
        """Of its rate limit, if it has one."""
        self._begun: tuple[int, float] | None = None
        """What a rate limit goes on with, once there is one."""

    def remembered(self, stored: StoredRoute, now: float) -> None:
        """Go on with what the store holds; the standing knows the last invocation, if there is one.

        Failures that are remembered are of all kinds. If the last was no Retry, it closed the circuit.
        """
        self.standing.taken(stored)
        last = self.standing.last
        failures = stored.consecutive_failures if last is None or last.result in RETRY_RESULTS else 0
        self.circuit.resume(failures, min((stored.last_failure or 0) / 1000, now))
        if stored.begun is not None:
            count, last_ms = stored.begun
            self._begun = count, min(last_ms / 1000, now)  # the other's clock may be ahead
            self._resume()

    def _limit(self, rate: tuple[int, float] | None) -> None:
        """It may send so many requests in so many seconds (None: as many as it likes); those of before count."""
        if rate is None:
            self.window = None
        elif self.window is None or (self.window.requests, self.window.seconds) != rate:
            self.window = Window(*rate, self.window)
            self._resume()

    def _resume(self) -> None:
        if self.window is not None and self._begun is not None:
            self.window.resume(*self._begun)
            self._begun = None

    def sent(self, key: int, now: float) -> None:
        """The request of an attempt under way was just sent; needed of a lane with a `window` only."""
        if self.window is not None:
            self.window.sent(key, now)

    def save(self) -> StoredRoute:
        """What is to be remembered of it; `standing.unsave` if that fails."""
        saved = self.standing.save(self.key)
        begun = None if self.window is None else self.window.begun()
        return saved if begun is None else saved._replace(begun=(begun[0], int(begun[1] * 1000) + 1))
