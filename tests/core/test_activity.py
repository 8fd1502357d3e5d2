"""Attempts of the last hour in slots of two minutes, however long nothing happened in between."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hookwright.core.activity import Activity
from hookwright.limits import ACTIVITY_SECONDS, ACTIVITY_SLOTS

NOON = 1_800_000_000.0 // ACTIVITY_SECONDS * ACTIVITY_SECONDS


def test_the_present_slot_is_the_last_pair() -> None:
    """Delivered and other attempts are counted apart; older slots stand before."""
    activity = Activity()
    activity.count(NOON, delivered=True)
    activity.count(NOON + 119.9, delivered=False)
    activity.count(NOON + 240, delivered=True)
    activity.count(NOON + 241, delivered=True)
    pairs = activity.pairs(NOON + 300)
    assert pairs is not None
    assert len(pairs) == 30
    assert pairs[-3:] == [(1, 1), (0, 0), (2, 0)]


def test_what_is_older_than_an_hour_is_forgotten() -> None:
    """Also where nothing happened since, and then there is nothing to draw."""
    activity = Activity()
    activity.count(NOON, delivered=True)
    assert (activity.pairs(NOON + 29 * ACTIVITY_SECONDS) or [])[0] == (1, 0)
    assert activity.pairs(NOON + 30 * ACTIVITY_SECONDS) is None
    activity.count(NOON + 10_000, delivered=False)
    assert sum(map(sum, activity.pairs(NOON + 10_000) or [])) == 1


@given(st.lists(st.tuples(st.integers(0, 9_000), st.booleans()), max_size=60), st.integers(0, 5_000))
def test_pairs_are_the_attempts_of_each_slot(steps: list[tuple[int, bool]], later: int) -> None:
    """Whatever the times between attempts: each slot holds what ended in it."""
    activity, now = Activity(), NOON
    expected: Counter[tuple[int, bool]] = Counter()
    for seconds, delivered in steps:
        now += seconds
        activity.count(now, delivered=delivered)
        expected[int(now) // ACTIVITY_SECONDS, delivered] += 1
    last = int(now + later) // ACTIVITY_SECONDS
    slots = range(last - ACTIVITY_SLOTS + 1, last + 1)
    wanted = [(expected[slot, True], expected[slot, False]) for slot in slots]
    assert (activity.pairs(now + later) or [(0, 0)] * ACTIVITY_SLOTS) == wanted
