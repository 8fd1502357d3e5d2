"""What a lane holds in memory: deliveries that may start, in order, bounded by count and bytes, alone and all together.

Must not: decide when one starts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from hookwright.core.records import Delivery
from hookwright.limits import (
    LANE_QUEUE,
    LANE_QUEUE_BYTES,
    LANE_QUEUE_LEAST,
    LANE_QUEUE_LEAST_BYTES,
    LANES_QUEUE_BYTES,
)


@dataclass(slots=True)
class Totals:
    """Sums over all lanes that share it, and who changed; lanes keep them."""

    waiting: int = 0
    """Deliveries not finished."""
    dead: int = 0
    in_flight: int = 0
    queue_bytes: int = 0
    """Events queued in memory."""
    asked_bytes: int = 0
    """What the store may answer to the claims under way."""
    touched: set[str] = field(default_factory=set)
    """Webhooks of which something that is shown may have changed, since somebody took them out."""


class Queue(deque[Delivery]):
    """First in, first out. While the queues of all lanes together are over their bound, each may hold only a few."""

    __slots__ = ("_asked", "_size", "_totals")

    def __init__(self, totals: Totals) -> None:
        super().__init__()
        self._size = self._asked = 0
        self._totals = totals

    def room(self) -> int:
        """How many more it takes."""
        most = LANE_QUEUE if self._totals.queue_bytes <= LANES_QUEUE_BYTES else LANE_QUEUE_LEAST
        return most - len(self) if self._size < LANE_QUEUE_BYTES else 0

    def is_low(self) -> bool:
        """Whether it is time to fetch more."""
        return self._size <= LANE_QUEUE_BYTES // 2 and self.room() >= len(self)

    def ask(self) -> int:
        """The store is asked for more: how many bytes at most. Little where all lanes together ask for much."""
        totals = self._totals
        taken = totals.queue_bytes + totals.asked_bytes
        self._asked = (
            LANE_QUEUE_BYTES if taken + LANE_QUEUE_BYTES <= LANES_QUEUE_BYTES else LANE_QUEUE_LEAST_BYTES
        )
        totals.asked_bytes += self._asked
        return self._asked

    def answered(self) -> None:
        """The store answered, or did not."""
        self._totals.asked_bytes -= self._asked
        self._asked = 0

    def push(self, delivery: Delivery) -> None:
        """Queue one that is to start after all others."""
        size = len(delivery.raw)
        self.append(delivery)
        self._size += size
        self._totals.queue_bytes += size

    def take(self) -> Delivery:
        """The next one to start."""
        delivery = self.popleft()
        size = len(delivery.raw)
        self._size -= size
        self._totals.queue_bytes -= size
        return delivery

    def next(self, fits: Callable[[int], bool] | None) -> Delivery | None:
        """The first, or the first whose key fits, brought to the front; None: there is none."""
        if fits is None:
            return self[0] if self else None
        for _ in range(len(self)):
            if fits(self[0].key):
                return self[0]
            self.rotate(-1)
        return None

    def drop(self, received_before: int | None) -> list[int]:
        """Let go of those received before a time (milliseconds; None: all); their keys."""
        dropped = []
        for _ in range(len(self)):
            delivery = self.take()
            if received_before is None or delivery.received < received_before:
                dropped.append(delivery.key)
            else:
                self.push(delivery)
        return dropped
