"""What the store in memory keeps of one webhook: its waiting deliveries, sorted by key and by due time.

And its dead letters in the order they died. Must not: know events, or other webhooks.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from heapq import merge
from itertools import islice

from hookwright.core.records import Claimed, Delivery, RouteCounts, StoredRoute, Wanted
from hookwright.limits import KEY_COUNTER_BITS, STORE_STEP_ROWS
from hookwright.store.claiming import claimed

HIGHEST_KEY = 2**63 - 1


class Waiting:
    """What waits of a webhook (`route`), and what is counted and remembered of it."""

    def __init__(self, route: str) -> None:
        self.stored = StoredRoute(route)
        self.waiting: dict[int, Delivery] = {}
        self.size = self.dead = self.dead_bytes = 0
        """Bytes of what waits; dead letters and the bytes of their events."""
        self.dying: list[tuple[int, int, int]] = []
        """Heap of dead letters by (at, position, key); some were replayed since."""
        self.waits: dict[int, int] = {}
        """Of those that wait for a time: how long that was when it was set."""
        self._at_once: list[int] = []  # keys, sorted
        self._delayed: list[tuple[int, int]] = []  # (due, key), sorted

    def add(self, delivery: Delivery, wait: int = 0) -> None:
        """It waits from now on."""
        key, due = delivery.key, delivery.due
        self.waiting[key] = delivery
        self.size += len(delivery.raw)
        if due:
            self.waits[key] = wait
            insort(self._delayed, (due, key))
        else:
            insort(self._at_once, key)

    def take(self, key: int) -> Delivery | None:
        """It waits no more; None if it did not."""
        delivery = self.waiting.pop(key, None)
        if delivery is None:
            return None
        self.size -= len(delivery.raw)
        if delivery.due:
            del self.waits[key]
            del self._delayed[bisect_left(self._delayed, (delivery.due, key))]
        else:
            del self._at_once[bisect_left(self._at_once, key)]
        return delivery

    def claim(self, wanted: Wanted, now: int) -> Claimed:
        """What is due."""
        waiting, exclude = self.waiting, wanted.exclude
        at_once = (waiting[key] for key in self._at_once if key not in exclude)
        delayed = (waiting[key] for _, key in self._delayed if key not in exclude)
        return claimed(at_once, delayed, wanted, now)

    def keys(self, after: int = 0, before: int = HIGHEST_KEY) -> list[int]:
        """The first keys between two that wait: as many as a step looks at."""
        low = bisect_right(self._at_once, after)
        high = min(bisect_left(self._at_once, before), low + STORE_STEP_ROWS)
        delayed = sorted(key for _, key in self._delayed if after < key < before)
        return list(islice(merge(self._at_once[low:high], delayed), STORE_STEP_ROWS))

    def oldest(self) -> int | None:
        """See `Buried`: by the first that wait, and the time of the last key among them if there are more."""
        keys = self.keys()
        received = [self.waiting[key].received for key in keys]
        if len(keys) == STORE_STEP_ROWS:
            received.append(keys[-1] >> KEY_COUNTER_BITS)
        return min(received, default=None)

    def counts(self) -> RouteCounts:
        """Of all that is waiting or dead."""
        next_due = 0 if self._at_once else self._delayed[0][0] if self._delayed else None
        oldest = min((one.received for one in self.waiting.values()), default=None)
        return RouteCounts(len(self.waiting), self.size, self.dead, oldest, next_due)

    def clamp(self, now: int) -> int:
        """Bring due times nearer that are further away than their own wait."""
        far = [key for due, key in self._delayed if due > now + self.waits[key]]
        for key in far:
            wait, delivery = self.waits[key], self.take(key)
            assert delivery is not None
            self.add(delivery._replace(due=now + wait), wait)
        return len(far)
