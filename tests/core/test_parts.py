"""Parts are shared out equally, the same everywhere, and few move when a process comes or goes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hookwright.core.parts import EVERY_PART, NO_PART, Held, Moved, part_of, shared_out
from hookwright.limits import KEY_SLOTS, STORE_PARTS

SLOTS = st.sets(st.integers(0, KEY_SLOTS - 1), min_size=1)


def test_a_webhook_stays_in_its_part() -> None:
    """Whatever the release: its neighbours must agree with it."""
    assert [part_of(route) for route in ("team/hook", "team/other", "elsewhere/hook")] == [33, 33, 45]


@given(SLOTS)
def test_every_part_is_for_one_and_all_have_equally_many(slots: set[int]) -> None:
    """But for one; in whatever order the slots are told."""
    chosen = shared_out(sorted(slots))
    numbers = [len(parts) for parts in chosen.values()]
    assert chosen.keys() == slots
    assert frozenset().union(*chosen.values()) == EVERY_PART
    assert sum(numbers) == STORE_PARTS
    assert max(numbers) - min(numbers) <= 1
    assert shared_out(sorted(slots, reverse=True)) == chosen


@given(st.sets(st.integers(0, KEY_SLOTS - 1), min_size=2, max_size=8), st.data())
def test_few_parts_move_when_one_comes_or_goes(slots: set[int], data: st.DataObject) -> None:
    """No more than half of them: those for it, and some because all are to have equally many."""
    one = data.draw(st.sampled_from(sorted(slots)))
    with_it, without = shared_out(slots), shared_out(slots - {one})
    assert sum(len(parts - with_it[slot]) for slot, parts in without.items()) <= STORE_PARTS // 2


def test_what_changed_is_told_once() -> None:
    """What another is to have is held until it is given away; what was lost and came again is both."""
    held = Held()
    assert held.answered(0, [0], NO_PART) == Moved(NO_PART, NO_PART, NO_PART)
    assert held.wanted == EVERY_PART
    assert held.answered(0, [0], EVERY_PART) == Moved(EVERY_PART, NO_PART, NO_PART)
    leaving = shared_out([0, 9])[9]
    assert held.answered(0, [0, 9], EVERY_PART) == Moved(NO_PART, leaving, NO_PART)
    assert held.answered(0, [0, 9], EVERY_PART) == Moved(NO_PART, NO_PART, NO_PART)
    held.given(leaving)
    assert held.answered(0, [0, 9], EVERY_PART - leaving) == Moved(NO_PART, NO_PART, NO_PART)
    assert held.answered(0, [0, 9], NO_PART) == Moved(NO_PART, NO_PART, EVERY_PART - leaving)
    assert held.answered(0, [0], EVERY_PART) == Moved(EVERY_PART, NO_PART, NO_PART)


def test_who_is_about_to_end_wants_nothing_any_more() -> None:
    """All that it holds is for others; its slot is not told any more."""
    held = Held()
    held.answered(0, [0], NO_PART)
    held.answered(0, [0], EVERY_PART)
    held.retired = True
    assert held.answered(0, [9], EVERY_PART) == Moved(NO_PART, EVERY_PART, NO_PART)
    assert held.wanted == NO_PART


def test_one_that_is_about_to_end_alone_is_still_one() -> None:
    """Whatever is shared out by how many there are."""
    held = Held()
    held.answered(1, (1, 2), NO_PART)
    assert held.processes == 2
    held.retired = True
    held.answered(1, (), NO_PART)
    assert held.processes == 1
