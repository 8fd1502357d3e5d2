"""What a lane asks of the store: everything that waits there is looked for in time, brought once, and counted right."""

from __future__ import annotations

from itertools import permutations

import pytest

from core.lane_builders import (
    NOW,
    POLICY,
    RETRY,
    attempt,
    configure,
    delivery,
    end,
    may_start,
    ms,
    nothing,
    put,
    running,
    start,
    start_all,
)
from hookwright.core.lane import Lane
from hookwright.core.lane_queue import Totals
from hookwright.core.lane_steps import Effects
from hookwright.core.records import Claimed, RouteCounts, StoredRoute, Wanted
from hookwright.limits import LANE_AGAIN_SECONDS


def wanted(lane: Lane, now: float = NOW) -> Wanted:
    """The claim that a lane asks for now."""
    ask = lane.settle(now).ask
    assert isinstance(ask, Wanted)
    return ask


def claiming(*, now: float = NOW) -> Lane:
    """A lane whose claim is under way."""
    lane = running()
    lane.reserve(2)
    lane.dead_at_once(2)
    lane.replayed(1, 2, now)
    wanted(lane, now)
    return lane


def test_a_delivery_that_is_to_be_tried_again_is_claimed_at_its_time() -> None:
    """The lane wakes then, not before and not later."""
    lane = running()
    put(lane, delivery(1))
    attempt(lane, RETRY)
    assert lane.settle(NOW) == Effects(wake_at=NOW + 5.001)
    assert lane.settle(NOW + 4.9) == Effects(wake_at=NOW + 5.001)
    wanted(lane, NOW + 5.001)
    lane.claimed(Claimed([delivery(1, due=ms(NOW + 5), attempts=1)], None))
    assert start(lane, NOW + 5).delivery.attempts == 1


@pytest.mark.parametrize("order", [*permutations(["timer", "written", "claimed"])])
def test_a_delivery_delayed_while_another_is_looked_for_has_a_time_of_its_own(order: tuple[str, ...]) -> None:
    """Whatever comes first: the timer of the one, the written result of the other, the answer to the claim."""
    lane = running()
    put(lane, delivery(1), delivery(3))
    attempt(lane, RETRY, NOW)
    other = start(lane, NOW)
    result = end(lane, other, RETRY, NOW + 4.99)
    asked: Wanted | None = None
    for step in [*order, "timer", "claimed"]:
        if step == "written" and result is not None:
            lane.written(other.delivery, result)
            result = None
        elif step == "claimed" and asked is not None:
            later = None if 3 in asked.exclude else ms(NOW + 9.99)
            lane.claimed(Claimed([delivery(1, due=ms(NOW + 5), attempts=1)], later))
            asked = None
        if step != "written":
            ask = lane.settle(NOW + 5.001).ask
            asked = ask if isinstance(ask, Wanted) else asked
    attempt(lane, now=NOW + 5)
    assert lane.settle(NOW + 5) == Effects(wake_at=NOW + 9.991)
    assert 3 not in wanted(lane, NOW + 9.991).exclude


def test_an_earlier_time_is_not_overwritten_by_a_later_one() -> None:
    """Deliveries due in an hour do not put off the one that is due in five seconds."""
    lane = running(max_in_flight=3)
    put(lane, delivery(1))
    attempt(lane, RETRY)
    lane.replayed(1, 2, NOW)
    wanted(lane)
    lane.claimed(Claimed([], ms(NOW + 3600)))
    assert lane.settle(NOW) == Effects(wake_at=NOW + 5.001)


def test_nothing_is_asked_before_the_store_agrees_that_it_is_due() -> None:
    """A store counts whole milliseconds: asked a moment too early it would only say the same time again."""
    for due in range(ms(NOW + 5), ms(NOW + 5) + 100):
        lane = running()
        lane.replayed(1, 2, NOW)
        wanted(lane)
        lane.claimed(Claimed([], due))
        wake_at = lane.settle(NOW).wake_at
        assert wake_at is not None
        assert lane.settle(wake_at - 0.000_001).ask is None
        wanted(lane, wake_at)
        assert due <= int(wake_at * 1000) <= due + 1


def test_a_claim_that_answers_late_brings_nothing_twice() -> None:
    """What is in memory when it is asked is excluded, and nothing is queued beside it until it has answered."""
    lane = running(max_in_flight=1)
    put(lane, delivery(1), delivery(3))
    start(lane)
    lane.replayed(1, 2, NOW)
    assert wanted(lane).exclude == {1, 3}
    put(lane, delivery(5))
    lane.claimed(Claimed([delivery(5), delivery(7)], None))
    assert wanted(lane).exclude == {1, 3, 5, 7}
    lane.claimed(nothing())
    assert lane.settle(NOW).ask is None


def test_one_claim_is_under_way_at_a_time() -> None:
    """However often the lane is settled and whatever comes meanwhile."""
    lane = claiming()
    lane.replayed(2, 4, NOW)
    put(lane, delivery(1))
    assert lane.settle(NOW).ask is None
    assert lane.settle(NOW + 100).ask is None


@pytest.mark.parametrize("what", ["accepted", "replayed", "abandoned", "refused", "due at once"])
def test_what_is_left_to_the_store_during_a_claim_is_claimed_afterwards(what: str) -> None:
    """The answer is older than it, so it says nothing about it."""
    lane = running(max_in_flight=2)
    put(lane, delivery(1), delivery(3))
    one, other = start_all(lane)
    end(lane, other)
    lane.replayed(1, 2, NOW)
    wanted(lane)
    if what == "accepted":
        put(lane, delivery(5))
    elif what == "replayed":
        lane.replayed(1, 2, NOW)
    elif what == "abandoned":
        lane.abandoned(one.delivery, probe=False)
    elif what == "refused":
        lane.refused(other.delivery, NOW)
    lane.claimed(Claimed([], 0 if what == "due at once" else None))
    wanted(lane)


def test_nothing_is_asked_again_when_nothing_came_during_a_claim() -> None:
    """An answer that says that nothing waits is the end of it."""
    lane = claiming()
    lane.claimed(Claimed([delivery(1)], None))
    assert lane.settle(NOW) == Effects(turn=True)


def test_what_comes_while_older_ones_wait_in_the_store_goes_behind_them() -> None:
    """The order of arrival is kept as well as a store can."""
    lane = running()
    lane.replayed(1, 2, NOW)
    put(lane, delivery(9))
    assert not may_start(lane, NOW)
    wanted(lane)
    lane.claimed(Claimed([delivery(1), delivery(9)], None))
    assert [one.delivery.key for one in start_all(lane)] == [1, 9]


def test_a_claim_that_fails_is_asked_again_after_a_pause() -> None:
    """Not at once, as the store has just failed; not never."""
    lane = claiming()
    lane.unanswered(NOW)
    assert lane.settle(NOW) == Effects(wake_at=NOW + LANE_AGAIN_SECONDS)
    wanted(lane, NOW + LANE_AGAIN_SECONDS)


def test_what_is_queued_goes_on_while_claims_fail() -> None:
    """A store that cannot be read now does not stop what is in memory."""
    lane = running()
    put(lane, delivery(1))
    lane.replayed(1, 2, NOW)
    wanted(lane)
    lane.unanswered(NOW)
    assert lane.settle(NOW) == Effects(turn=True)


def test_a_restart_finds_what_waits() -> None:
    """What is due at once is claimed when the configuration is there, what is due later at its time."""
    lane = Lane("team/hook", Totals())
    lane.taken(StoredRoute("team/hook"), RouteCounts(2, 4, 1, oldest=ms(NOW), next_due=ms(NOW + 60)), NOW)
    configure(lane)
    assert (lane.waiting, lane.waiting_bytes, lane.dead) == (2, 4, 1)
    assert lane.settle(NOW) == Effects(wake_at=NOW + 60.001)
    wanted(lane, NOW + 60.001)


# --- sweeps ------------------------------------------------------------------------------------------


def test_a_stray_is_found_set_right_and_counted() -> None:
    """Deliveries in the store that the lane knows nothing of are told of once, and then claimed."""
    lane = running()
    assert lane.counted(RouteCounts(0, 0, 0)) == 0
    assert lane.counted(RouteCounts(3, 30, 1, oldest=ms(NOW), next_due=0)) == 3
    assert (lane.waiting, lane.waiting_bytes, lane.dead) == (3, 30, 1)
    wanted(lane)
    lane.claimed(nothing())
    assert lane.counted(RouteCounts(3, 30, 1, oldest=ms(NOW), next_due=0)) == 0


def test_a_stray_beside_one_that_is_looked_for_later_is_found() -> None:
    """The lane's count is right and its timer is set, but for another delivery."""
    lane = running()
    put(lane, delivery(1))
    attempt(lane, RETRY)
    assert lane.counted(RouteCounts(1, 2, 0, oldest=ms(NOW), next_due=ms(NOW + 5))) == 0
    assert lane.counted(RouteCounts(1, 2, 0, oldest=ms(NOW), next_due=ms(NOW + 1))) == 1
    assert lane.settle(NOW).wake_at == NOW + 1.001


def test_what_waits_for_its_time_is_no_stray() -> None:
    """However often it is counted."""
    lane = running()
    put(lane, delivery(1))
    attempt(lane, RETRY)
    for _ in range(3):
        assert lane.counted(RouteCounts(1, 2, 0, oldest=ms(NOW), next_due=ms(NOW + 5))) == 0
    assert lane.settle(NOW) == Effects(wake_at=NOW + 5.001)


@pytest.mark.parametrize("what", ["accepted", "running", "claiming", "reserved"])
def test_a_lane_in_which_something_changes_is_not_compared(what: str) -> None:
    """A count of the store is older than what has changed since."""
    lane = claiming() if what == "claiming" else running()
    lane.counted(RouteCounts(lane.waiting, lane.waiting_bytes, lane.dead))
    if what in ("accepted", "running"):
        put(lane, delivery(1))
    if what == "running":
        start(lane)
        lane.counted(RouteCounts(9, 99, 9, oldest=0, next_due=0))
    if what == "reserved":
        lane.reserve(2)
        lane.counted(RouteCounts(9, 99, 9, oldest=0, next_due=0))
    assert lane.counted(RouteCounts(9, 99, 9, oldest=0, next_due=0)) == 0
    assert lane.dead == 0


def test_dead_letters_that_left_the_store_are_not_counted_for_ever() -> None:
    """A webhook of which the store has nothing more has no dead letters."""
    lane = running()
    lane.reserve(2)
    lane.dead_at_once(2)
    for _ in range(2):
        lane.counted(RouteCounts(0, 0, 0))
    assert lane.dead == 0


# --- time --------------------------------------------------------------------------------------------


def test_a_lane_wakes_when_the_oldest_that_waits_gets_too_old() -> None:
    """Though nothing of it is due before."""
    lane = running()
    put(lane, delivery(1, received=NOW - POLICY.max_age + 10))
    configure(lane, held="its Secret is away")
    assert lane.settle(NOW) == Effects(wake_at=NOW + 10)


@pytest.mark.parametrize("held", [None, "its Secret is away"])
@pytest.mark.parametrize("asked", ["nothing", "a claim", "a failed claim"])
def test_a_lane_in_which_something_waits_never_rests_without_a_cause(held: str | None, asked: str) -> None:
    """A turn, something asked of the store, or a time that is to come."""
    lane = running()
    put(lane, delivery(1))
    attempt(lane, RETRY)
    put(lane, delivery(3))
    if asked != "nothing":
        lane.replayed(1, 2, NOW)
        wanted(lane)
    if asked == "a failed claim":
        lane.unanswered(NOW)
    configure(lane, held=held)
    for now in (NOW, NOW + 0.5, NOW + 5, NOW + 100):
        turn, ask, wake_at = lane.settle(now)
        assert turn or ask is not None or asked == "a claim" or wake_at is not None
        assert wake_at is None or wake_at > now


@pytest.mark.parametrize("age", [86_400.0, 86_400.1, 86_400.3, 86_400.6])
@pytest.mark.parametrize("thousandth", [0, 123, 999])
def test_at_the_very_moment_of_its_end_a_delivery_is_given_up(age: float, thousandth: int) -> None:
    """No rounding leaves a lane with a time that has come and nothing to do about it."""
    policy = POLICY.__class__(POLICY.schedule, POLICY.retry_after_max, age)
    lane = running(retry=policy)
    put(lane, delivery(1, received=NOW + thousandth / 1000))
    configure(lane, held="its Secret is away", retry=policy)
    wake_at = lane.settle(NOW + 1).wake_at
    assert wake_at is not None
    effects = lane.settle(wake_at)
    assert effects.ask is not None or (effects.wake_at is not None and effects.wake_at > wake_at)
