"""Rate limits: never more than so many starts in any period, wherever it begins, and no fewer than may be."""

from __future__ import annotations

from heapq import heappop, heappush
from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st

from hookwright.core.rate import Bucket, Window
from hookwright.limits import RATE_ANSWERS, RATE_APART_SECONDS

PERIOD = 10.0 - RATE_APART_SECONDS
"""Of which the next begins ten seconds after a request was sent."""


def send(window: Window, now: float) -> None:
    """One starts and is sent at once."""
    window.start(0, now)
    window.sent(0, now)


def test_a_burst_goes_out_at_once_and_the_next_one_waits() -> None:
    """They are not spaced out."""
    window = Window(3, PERIOD)
    for now in (100.0, 100.0, 104.0):
        assert window.free_at(now) <= now
        send(window, now)
    assert window.free_at(104.0) == 110.0
    send(window, 110.0)
    assert window.free_at(110.0) == 110.0
    send(window, 110.0)
    assert window.free_at(110.0) == 114.0


def test_one_that_is_not_sent_keeps_its_place_and_no_other() -> None:
    """However long that takes: the others go on without it; all places taken like that, nothing starts."""
    window = Window(2, PERIOD)
    window.start(7, 100.0)
    for now in (100.0, 110.0, 120.0):
        assert window.free_at(now) <= now
        send(window, now)
        assert window.free_at(now) == now + 10.0
    window.start(8, 130.0)
    assert window.free_at(130.0) == inf
    window.ended(7, 130.0)
    assert window.free_at(130.0) == 130.0
    window.sent(8, 131.0)
    window.ended(8, 131.0)
    assert window.begun() == (2, 131.0 + RATE_APART_SECONDS)


def test_one_that_is_sent_twice_counts_twice() -> None:
    """As a refused token was fetched anew, for one."""
    window = Window(2, PERIOD)
    window.start(1, 100.0)
    window.sent(1, 100.0)
    window.sent(1, 104.0)
    assert window.free_at(104.0) == 110.0


def test_one_that_was_answered_late_may_have_come_late() -> None:
    """By as much as others were answered sooner, within bounds; until its own answer comes, as late as one of them."""
    window, now, answers = (
        Window(1, 10.0),
        0.0,
        ((0.1, 0.05, 0.05), (0.05, 0.05, 0.05), (0.2, 0.1, 0.2), (5.0, 0.2, 0.25)),
    )
    for took, before, after in (*answers, (0.06, 0.25, 0.06)):
        now += 100.0
        send(window, now)
        assert round(window.free_at(now) - now - 10.0, 2) == before
        window.ended(0, now + took)
        assert round(window.free_at(now) - now - 10.0, 2) == after
    for _ in range(RATE_ANSWERS):
        now += 100.0
        send(window, now)
        window.ended(0, now + 5.0)
    assert round(window.free_at(now) - now - 10.0, 2) == 0.05


def test_its_memory_is_bounded() -> None:
    """By the number of requests it grants."""
    window = Window(5, 1.0)
    for now in range(1000):
        send(window, float(now))
        window.ended(0, now + 0.5)
    assert (len(window._came), window._unsent, window._sent) == (5, {}, {})


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    requests=st.integers(1, 5),
    seconds=st.integers(1, 20),
    each=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 40)), max_size=60),
)
def test_no_period_has_more(requests: int, seconds: int, each: list[tuple[int, int]]) -> None:
    """Whatever the gaps between those who want to start, and however long after that each is sent; who waits may start."""
    window, now, sent, unsent = (
        Window(requests, float(seconds)),
        0.0,
        list[float](),
        list[tuple[float, int]](),
    )

    def pass_time(until: float) -> None:
        while unsent and unsent[0][0] <= until:
            at, key = heappop(unsent)
            window.sent(key, at)
            sent.append(at)

    for key, (gap, takes) in enumerate(each):
        now += gap
        pass_time(now)
        while (free_at := window.free_at(now)) > now:
            now = min(free_at, unsent[0][0] if unsent else inf)
            pass_time(now)
        window.start(key, now)
        heappush(unsent, (now + takes, key))
    pass_time(inf)
    for begin in sent:
        assert sum(begin <= one < begin + seconds for one in sent) <= requests


def test_who_goes_on_where_another_left_off_begins_nothing_too_early() -> None:
    """All that counted counts as begun with the last of them: later than it may be, never earlier."""
    window = Window(3, 10.0)
    window.resume(2, 100.0)
    assert window.free_at(101.0) == 101.0
    send(window, 101.0)
    assert window.free_at(102.0) == 110.0
    send(window, 110.0)
    assert window.free_at(110.5) == 110.0


def test_who_comes_back_forgets_nothing_of_its_own() -> None:
    """What was remembered last may be older than what it has sent since."""
    window = Window(3, PERIOD)
    for now in (100.0, 104.0):
        send(window, now)
    window.resume(1, 90.0)
    assert window.free_at(104.0) == 90.0 + PERIOD
    send(window, 104.0)
    assert window.free_at(104.0) == 110.0


def test_a_limit_that_changed_goes_on_with_what_is_known() -> None:
    """Of as many as it may send."""
    window = Window(3, PERIOD)
    for now in (100.0, 104.0, 105.0):
        send(window, now)
    fewer, more = Window(2, PERIOD, window), Window(4, PERIOD, window)
    assert fewer.free_at(106.0) == 114.0
    send(more, 106.0)
    assert more.free_at(106.0) == 110.0


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
