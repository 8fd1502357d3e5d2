"""Rate limits: never more than so many requests in any period of so many seconds, as their target counts them, without
spacing them out; and so many a second on average, by a bucket that several processes have parts of.

Must not: read the clock (callers pass seconds).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from math import inf

from hookwright.limits import RATE_ANSWERS, RATE_APART_SECONDS, RATE_LATE_SECONDS


class Window:
    """The requests of the last period, by when each came to its target at the latest.

    One that has not been sent may come at any time, so it keeps its place until it is sent or ended. One that was sent comes
    within RATE_APART_SECONDS; if its answer was late, so may it have been, and while there is none, it may be as late as
    others were. None comes before it starts: so when the last of a period's requests starts, the others have not all been
    there a period ago. Goes on with what is known of another window, `before` it.
    """

    __slots__ = ("_came", "_sent", "_took", "_unsent", "requests", "seconds")

    def __init__(self, requests: int, seconds: float, before: Window | None = None) -> None:
        self.requests, self.seconds = requests, seconds
        self._came: list[float] = [] if before is None else before._came[-requests:]
        """By when each of the last came, in order."""
        self._unsent: dict[int, float] = {} if before is None else before._unsent
        """When each that was not sent yet was started."""
        self._sent: dict[int, tuple[float, float]] = {} if before is None else before._sent
        """When each that was not answered yet was sent, and by when it came."""
        self._took: deque[float] = deque(() if before is None else before._took, RATE_ANSWERS)
        """How long the last answers took."""

    def resume(self, count: int, last: float) -> None:
        """Go on where another left off: with so many, none of which came after the last."""
        self._came = sorted([*self._came, *[last] * count])[-self.requests :]

    def begun(self) -> tuple[int, float] | None:
        """What another goes on with; None: with nothing."""
        if not (self._came or self._unsent):
            return None
        last = max(max(self._unsent.values(), default=0.0), self._came[-1] if self._came else 0.0)
        return min(len(self._came) + len(self._unsent), self.requests), last

    def free_at(self, now: float) -> float:
        """When the next may start; ≤ now: at once; infinity: not before one of those under way was sent or has ended."""
        first = len(self._came) + len(self._unsent) - self.requests
        if first < 0:
            return now
        return self._came[first] + self.seconds if first < len(self._came) else inf

    def start(self, key: int, now: float) -> None:
        """One starts now."""
        self._unsent[key] = now

    def sent(self, key: int, now: float) -> None:
        """It was just sent, or sent once more: then it counts once more."""
        self._unsent.pop(key, None)
        came = now + self._way(max(self._took, default=0.0))
        self._sent[key] = now, came
        insort(self._came, came)
        if len(self._came) > self.requests:
            del self._came[0]

    def ended(self, key: int, now: float) -> None:
        """It has ended. If it was never sent, its place is free: nothing came to the target."""
        self._unsent.pop(key, None)
        if key in self._sent:
            sent, came = self._sent.pop(key)
            took = now - sent
            self._took.append(took)
            self._move(came, sent + self._way(took))

    def _way(self, took: float) -> float:
        """How long one was on its way, of which the answer took so long."""
        late = took - min(self._took, default=0.0)
        return RATE_APART_SECONDS + min(late, RATE_LATE_SECONDS)

    def _move(self, came: float, to: float) -> None:
        at = bisect_left(self._came, came)
        if to != came and at < len(self._came) and self._came[at] == came:
            del self._came[at]
            insort(self._came, to)

    def dropped(self, key: int) -> None:
        """It has ended, and nobody knows how."""
        self._unsent.pop(key, None)
        self._sent.pop(key, None)


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
