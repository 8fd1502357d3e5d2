"""Rate limits: never more than so many starts in any period, wherever it begins, and no fewer than may be."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hookwright.core.rate import Bucket, Window


def test_a_burst_goes_out_at_once_and_the_next_one_waits() -> None:
    """They are not spaced out."""
    window = Window(3, 10.0)
    for now in (100.0, 100.0, 104.0):
        assert window.free_at(now) <= now
        window.start(now)
    assert window.free_at(104.0) == 110.0
    window.start(110.0)
    assert window.free_at(110.0) == 110.0
    window.start(110.0)
    assert window.free_at(110.0) == 114.0


def test_its_memory_is_bounded() -> None:
    """By the number of requests it grants."""
    window = Window(5, 1.0)
    for now in range(1000):
        window.start(float(now))
    assert len(window.starts) == 5


@settings(derandomize=True, deadline=None, max_examples=200)
@given(requests=st.integers(1, 5), seconds=st.integers(1, 20), gaps=st.lists(st.integers(0, 30), max_size=60))
def test_no_period_has_more(requests: int, seconds: int, gaps: list[int]) -> None:
    """Whatever the gaps between those who want to start; and who waits as told may start."""
    window, now, starts = Window(requests, float(seconds)), 0.0, []
    for gap in gaps:
        now = max(now + gap, window.free_at(now + gap))
        window.start(now)
        starts.append(now)
    for begin in starts:
        assert sum(begin <= one < begin + seconds for one in starts) <= requests


def test_who_goes_on_where_another_left_off_begins_nothing_too_early() -> None:
    """All that counted counts as begun with the last of them: later than it may be, never earlier."""
    window = Window(3, 10.0)
    window.resume(2, 100.0)
    assert window.free_at(101.0) == 101.0
    window.start(101.0)
    assert window.free_at(102.0) == 110.0
    window.start(110.0)
    assert window.free_at(110.5) == 110.0


def test_who_goes_on_where_a_clock_was_ahead_waits_for_its_period_and_no_longer() -> None:
    """What began later than now counts as begun now."""
    window = Window(2, 10.0)
    window.resume(2, 400.0)
    assert window.free_at(100.0) == 110.0
    assert window.free_at(105.0) == 110.0
    window.start(110.0)
    assert window.free_at(110.0) == 110.0
    window.start(110.0)
    assert window.free_at(111.0) == 120.0


def test_a_bucket_gives_one_seconds_worth_and_then_what_comes_in() -> None:
    """Who wants more than a second's worth takes it from a full one, and the next waits until that is made up for."""
    bucket = Bucket(4, 100.0)
    assert [bucket.take(1, 100.0, 1) for _ in range(5)] == [0, 0, 0, 0, 0.25]
    assert bucket.take(1, 100.25, 1) == 0
    assert bucket.take(8, 101.0, 1) == 0.25
    assert bucket.take(8, 101.25, 1) == 0
    assert bucket.take(1, 101.25, 1) == 1.25


def test_each_of_several_that_share_a_rate_takes_an_equal_part() -> None:
    """However many come or go: all together never take more than the rate, and one event passes even a small part."""
    buckets = [Bucket(6, 100.0) for _ in range(3)]
    taken = [sum(each.take(1, 100.0, 3) == 0 for _ in range(6)) for each in buckets]
    assert taken == [2, 2, 2]
    assert [buckets[0].take(6, 101.0, 1), buckets[0].take(1, 101.0, 1)] == [0, 1 / 6]
    small = Bucket(1, 100.0)
    assert [small.take(1, 100.0, 4), small.take(1, 100.0, 4), small.take(1, 104.0, 4)] == [0, 4.0, 0]
