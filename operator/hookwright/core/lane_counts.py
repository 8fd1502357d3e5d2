"""What is counted of one webhook's deliveries, and with it of all together. Must not: know when something is counted."""

from __future__ import annotations

from hookwright.core.lane_queue import Totals
from hookwright.core.shares import namespace_of


class LaneCounts:
    """Of one webhook (`namespace/name`), by the process that works on it."""

    __slots__ = (
        "_changes",
        "_totals",
        "dead",
        "in_flight",
        "key",
        "namespace",
        "owned",
        "waiting",
        "waiting_bytes",
    )

    def __init__(self, key: str, totals: Totals, *, owned: bool) -> None:
        self.key, self.namespace, self._totals = key, namespace_of(key), totals
        self.owned = owned
        """This process works on it. Else another does: nothing is begun here, and nothing counted."""
        self.in_flight = self._changes = 0
        self.waiting = self.waiting_bytes = self.dead = 0
        """Deliveries not finished, the bytes of their events, dead letters."""

    def _count(self, waiting: int, size: int, dead: int = 0) -> None:
        if not self.owned:
            return
        self.waiting += waiting
        self.waiting_bytes += size
        self.dead += dead
        self._changes += 1
        self._totals.waiting += waiting
        self._totals.dead += dead
        self._totals.touched.add(self.key)

    def _fly(self, attempts: int) -> None:
        self.in_flight += attempts
        self._totals.in_flight += attempts
        self._totals.touched.add(self.key)
