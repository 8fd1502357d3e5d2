"""What of a lane waits in the store and not in memory, known by bounds, and what the store is asked about it.

`behind`: something may be due there now. `next_due`: whatever else waits there is not due before. `oldest`: nothing
that waits there was received before. One claim or burial is under way at a time; what is left to the store meanwhile
is looked for afterwards, so that no answer can be stale.

Times are epoch seconds unless a name ends in `_ms`. Must not: read a clock, know rules or states. Fields change here and
nowhere else.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from hookwright.core.records import DeadReason, Wanted
from hookwright.limits import LANE_AGAIN_SECONDS, LANE_EARLY_SECONDS


class Bury(NamedTuple):
    """A step of making dead letters of what waits in the store; see `store.port.Work.bury`."""

    reason: DeadReason
    message: str
    exclude: frozenset[int]
    received_before: int | None
    after: int = 0


class Backlog:
    """Of one lane; at first nothing waits."""

    __slots__ = (
        "_quiet_until",
        "_recalled",
        "_received",
        "asked",
        "behind",
        "next_due",
        "oldest",
        "swept_oldest",
    )

    def __init__(self) -> None:
        self.behind = False
        self.next_due = self.oldest = inf
        """Seconds; infinity: nothing is due, nothing waits."""
        self.swept_oldest = 0.0
        """When the oldest was received that waited when the store was last counted: for people, not for burials."""
        self._received = inf
        """The oldest that was told of since the store was asked: its answer may be older."""
        self.asked: Wanted | Bury | None = None
        """What the store has been asked and did not answer yet."""
        self._recalled = False
        self._quiet_until = 0.0

    # --- what is known of it ---------------------------------------------------------------------

    @property
    def takes_new(self) -> bool:
        """Whether what comes now may be queued: nothing older waits in the store, no answer is under way."""
        return not self.behind and self.asked is None

    def left(self) -> None:
        """Something that may go at once is left to the store."""
        self.behind = True

    def due(self, due_ms: int | None) -> None:
        """Something in the store is due then (0: at once; None: nothing is)."""
        if due_ms == 0:
            self.left()
        elif due_ms is not None:
            self.next_due = min(self.next_due, (due_ms + 1) / 1000)  # a store counts whole milliseconds

    def received(self, received_ms: int) -> None:
        """Something of that age waits, in the store or in the queue."""
        received = received_ms / 1000
        if received < self._received:
            self._received = received
        if received < self.oldest:
            self.oldest = received

    def swept(self, oldest_ms: int | None) -> None:
        """The store was counted: the oldest that waits was received then (None: none waits)."""
        self.swept_oldest = 0.0 if oldest_ms is None else oldest_ms / 1000

    def missed(self, next_due_ms: int) -> bool:
        """The store was found to hold something due then; whether it would not have been looked for in time."""
        known = -inf if self.behind else self.next_due
        self.due(next_due_ms)
        return next_due_ms / 1000 < known - LANE_EARLY_SECONDS

    # --- asking ----------------------------------------------------------------------------------

    def came_due(self) -> None:
        """What was to become due may be due now."""
        self.behind, self.next_due = True, inf

    def may_ask(self, now: float) -> bool:
        """Whether the store may be asked something."""
        return self.asked is None and self._quiet_until <= now

    def ask(self, asked: Wanted | Bury) -> None:
        """It is asked this."""
        self.asked, self._received, self._recalled = asked, inf, False
        if isinstance(asked, Wanted):
            self.behind = False
        elif asked.received_before is None:  # all of it
            self.behind, self.next_due = False, inf

    def answered(self, *, oldest_ms: int | None = None) -> None:
        """The answer is complete; that of a burial tells how old the oldest is that still waits."""
        if isinstance(self.asked, Bury):
            self.oldest = self._received if oldest_ms is None else min(self._received, oldest_ms / 1000)
            self.behind = self.behind or self.asked.received_before is not None  # what left the queue for it
        self.asked = None

    def recall(self) -> None:
        """What is being buried may be wanted again: no further step, and a new burial if it is not."""
        self._recalled = True

    def next_step(self, after: int) -> Bury | None:
        """The next step of the burial; None: there is none, what it did not come to waits as before."""
        if isinstance(self.asked, Bury) and not self._recalled:
            return self.asked._replace(after=after)
        self.asked, self.behind = None, True
        return None

    def unanswered(self, now: float) -> None:
        """It was not carried out: ask again after a pause."""
        self.asked, self.behind = None, True
        self._quiet_until = now + LANE_AGAIN_SECONDS

    def wake_at(self, now: float, end_at: float) -> float:
        """When to look again, as far as the store is concerned; `end_at`: when something is given up."""
        if self.asked is not None:
            return inf
        if self.behind and self._quiet_until > now:
            return self._quiet_until
        return max(min(self.next_due, end_at), self._quiet_until)
