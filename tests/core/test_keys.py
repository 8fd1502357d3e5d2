"""Keys grow with time, stay together, and are never those of another slot."""

from __future__ import annotations

import pytest

from hookwright.core.keys import Keys
from hookwright.limits import BATCH_DELIVERIES, KEY_COUNTER_BITS, KEY_SLOT_BITS, KEY_SLOTS

MADE = 1_700_000_000_000
ROOM = 1 << KEY_SLOT_BITS


def slot_of(key: int) -> int:
    """Whose key it is."""
    return (key >> KEY_SLOT_BITS) & (KEY_SLOTS - 1)


def test_a_key_says_when_it_was_made_and_in_which_slot() -> None:
    """Milliseconds, slot, counter; the first slot has the keys that the only owner of a store always had."""
    assert Keys(0, 0, lambda: MADE).take(1) == MADE << KEY_COUNTER_BITS
    key = Keys(31, 0, lambda: MADE).take(1)
    assert (key >> KEY_COUNTER_BITS, slot_of(key)) == (MADE, 31)


def test_slots_never_make_the_same_key() -> None:
    """Though all of them make as many as they can, in the same millisecond and beyond it."""
    taken: dict[int, int] = {}
    for slot in (0, 1, 2, 31):
        keys = Keys(slot, 0, lambda: MADE)
        for _ in range(20):
            first = keys.take(BATCH_DELIVERIES + 1)
            assert {slot_of(first), slot_of(first + BATCH_DELIVERIES)} == {slot}
            assert all(
                other + BATCH_DELIVERIES < first or first + BATCH_DELIVERIES < other for other in taken
            )
            taken[first] = slot


def test_keys_that_do_not_fit_begin_in_the_next_millisecond() -> None:
    """An event and its deliveries stay together."""
    keys = Keys(3, 0, lambda: MADE)
    first = keys.take(ROOM - 5)
    assert keys.take(5) == first + ROOM - 5
    assert keys.take(5) == first + (1 << KEY_COUNTER_BITS)


@pytest.mark.parametrize(
    "floor",
    [
        (MADE << KEY_COUNTER_BITS) + 77,
        (MADE << KEY_COUNTER_BITS) + ROOM - 1,
        (MADE << KEY_COUNTER_BITS) + 20 * ROOM,
        (MADE + 5_000) << KEY_COUNTER_BITS,
    ],
    ids=[
        "the same millisecond",
        "its last key",
        "a key from before there were slots",
        "a clock that was set back",
    ],
)
def test_keys_are_above_all_that_were_ever_used(floor: int) -> None:
    """Whatever the clock says, and however the highest one was made."""
    keys = Keys(0, floor, lambda: MADE)
    first, second = keys.take(2), keys.take(2)
    assert floor < first < first + 1 < second
    assert (slot_of(first), slot_of(second + 1)) == (0, 0)


def test_there_are_so_many_slots() -> None:
    """One that keys have no room for would make those of another."""
    with pytest.raises(ValueError, match="slot 32"):
        Keys(KEY_SLOTS, 0, lambda: MADE)
