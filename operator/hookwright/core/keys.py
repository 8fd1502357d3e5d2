"""Keys of events and deliveries: 63-bit integers that grow with time and never come twice (decision 0002).

A key is the millisecond it was made in, the slot of the process that made it, and a counter. Two processes on one store
have different slots, so they never make the same key and need not ask each other. Must not: read a clock itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hookwright.limits import KEY_COUNTER_BITS, KEY_SLOT_BITS, KEY_SLOTS

_ROOM: Final = 1 << KEY_SLOT_BITS
"""Keys of one slot in a millisecond."""


class Keys:
    """Hands out contiguous keys of a slot above all that it ever used (`floor`). `now` gives epoch milliseconds."""

    def __init__(self, slot: int, floor: int, now: Callable[[], int]) -> None:
        if not 0 <= slot < KEY_SLOTS:
            raise ValueError(f"slot {slot} is not one of the {KEY_SLOTS} that keys have room for")
        self._offset = slot << KEY_SLOT_BITS
        self._last = floor
        self._now = now

    def take(self, count: int) -> int:
        """The first of `count` contiguous new keys, at most as many as a slot has in a millisecond.

        Those that do not fit into what is left of a millisecond begin in the next.
        """
        time = max(self._now(), self._last >> KEY_COUNTER_BITS)
        begin = (time << KEY_COUNTER_BITS) + self._offset
        first = max(begin, self._last + 1)
        if first + count > begin + _ROOM:
            first = begin + (1 << KEY_COUNTER_BITS)
        self._last = first + count - 1
        return first
