"""What came of a webhook's attempts in the last hour, in slots of two minutes: enough for a sparkline, small enough for
every webhook.

Must not: read a clock (callers pass epoch seconds of one that never jumps), outlive the process.
"""

from __future__ import annotations

from array import array
from typing import Final

from hookwright.limits import ACTIVITY_SECONDS, ACTIVITY_SLOTS

_NOTHING: Final = (0, 0)


class Activity:
    """Attempts that ended in each slot: delivered ones and others."""

    __slots__ = ("_counts", "_slot")

    def __init__(self) -> None:
        self._counts = array("I", bytes(8 * ACTIVITY_SLOTS))
        """A ring: of each slot the delivered ones, then the others."""
        self._slot = 0
        """The number of the latest slot, counted from the epoch."""

    def count(self, now: float, *, delivered: bool) -> None:
        """An attempt ended."""
        slot = int(now) // ACTIVITY_SECONDS
        if slot > self._slot:
            self._begin(slot)
        self._counts[self._slot % ACTIVITY_SLOTS * 2 + (not delivered)] += 1

    def _begin(self, slot: int) -> None:
        for begun in range(max(self._slot, slot - ACTIVITY_SLOTS) + 1, slot + 1):
            place = begun % ACTIVITY_SLOTS * 2
            self._counts[place] = self._counts[place + 1] = 0
        self._slot = slot

    def pairs(self, now: float) -> list[tuple[int, int]] | None:
        """Delivered and other attempts of each slot, the present one last; None: nothing happened."""
        counts, present = self._counts, int(now) // ACTIVITY_SECONDS
        begin = self._slot - ACTIVITY_SLOTS
        pairs = [
            (counts[slot % ACTIVITY_SLOTS * 2], counts[slot % ACTIVITY_SLOTS * 2 + 1])
            if begin < slot <= self._slot
            else _NOTHING
            for slot in range(present - ACTIVITY_SLOTS + 1, present + 1)
        ]
        return pairs if any(pair != _NOTHING for pair in pairs) else None
