"""Keys of events and deliveries: 63-bit integers that grow with time and never come twice (decision 0002)."""

from __future__ import annotations

from collections.abc import Callable

from hookwright.limits import KEY_COUNTER_BITS


class Keys:
    """Hands out contiguous keys above all that were ever used. `now` gives epoch milliseconds."""

    def __init__(self, highest: int, now: Callable[[], int]) -> None:
        self._last = highest
        self._now = now

    def take(self, count: int) -> int:
        """The first of `count` contiguous new keys."""
        first = max(self._last + 1, self._now() << KEY_COUNTER_BITS)
        self._last = first + count - 1
        return first
