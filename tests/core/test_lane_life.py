"""What a lane does when its webhook changes, stops, goes and comes back: who waits, who is buried, what is remembered."""

from __future__ import annotations

import pytest

from core.lane_builders import (
    GONE,
    HOOK,
    NOW,
    POLICY,
    RETRY,
    attempt,
    configure,
    delivery,
    end,
    may_start,
    ms,
    put,
    running,
    start,
)
from hookwright.core.backlog import Bury
from hookwright.core.lane import Lane
from hookwright.core.lane_queue import Totals
from hookwright.core.lane_steps import Effects
from hookwright.core.lifecycle import RouteState
from hookwright.core.records import Buried, Claimed, DeadReason, RouteCounts, StoredRoute, Wanted
from hookwright.limits import CIRCUIT_FAILURES, DELETED_WEBHOOK_SECONDS, LANE_AGAIN_SECONDS

TEN_MINUTES = DELETED_WEBHOOK_SECONDS


def burial(lane: Lane, now: float) -> Bury:
    """The burial that a lane asks for now."""
    ask = lane.settle(now).ask
    assert isinstance(ask, Bury)
    return ask


def waiting(count: int, *, received: float = NOW) -> Lane:
    """A lane that begins with so many deliveries in the store."""
    lane = Lane(HOOK, Totals())
    lane.taken(None, RouteCounts(count, 2 * count, 0, oldest=ms(received), next_due=0), NOW)
    return lane


def test_a_webhook_that_cannot_be_sent_keeps_what_comes() -> None:
    """Nothing is started, asked or buried; when it can be sent again all of it goes out."""
    lane = running()
    put(lane, delivery(1))
    configure(lane, held="its Secret is away")
    put(lane, delivery(3))
    assert lane.settle(NOW) == Effects(wake_at=NOW + POLICY.max_age)
    assert lane.standing.message == "its Secret is away"
    configure(lane)
    assert lane.settle(NOW) == Effects(True, Wanted(999, 4 * 1024 * 1024, frozenset({1})))


def test_a_changed_configuration_gives_a_target_a_new_chance() -> None:
    """Its circuit closes and its pause ends; the same configuration given again changes nothing."""
    lane = running()
    for key in range(1, 1 + 2 * CIRCUIT_FAILURES, 2):
        put(lane, delivery(key))
        attempt(lane, RETRY)
    put(lane, delivery(99))
    configure(lane)
    assert not may_start(lane, NOW)
    configure(lane, "second")
    assert may_start(lane, NOW)


# --- gone ----------------------------------------------------------------------------------------------


def test_a_410_buries_what_waits_but_not_what_is_under_way() -> None:
    """In the queue and in the store; it is remembered in a hurry, as the next start must know it."""
    lane = running(max_in_flight=2)
    put(lane, delivery(1), delivery(3), delivery(5))
    first, second = start(lane), start(lane)
    lane.written(first.delivery, end(lane, first, GONE))
    assert lane.standing.state is RouteState.GONE
    assert lane.standing.hurry
    ask = burial(lane, NOW)
    assert (ask.reason, ask.exclude, ask.after) == (DeadReason.GONE, {second.delivery.key}, 0)
    assert lane.buried(Buried(1, 2, None, ms(NOW))) is None
    assert (lane.waiting, lane.dead) == (1, 2)
    assert lane.settle(NOW).ask is None


def test_what_is_to_be_tried_again_of_a_gone_webhook_is_buried_when_it_is_written() -> None:
    """Though it is not due yet."""
    lane = running()
    put(lane, delivery(1), delivery(3))
    first, second = start(lane), start(lane)
    lane.written(first.delivery, end(lane, first, GONE))
    lane.settle(NOW)
    lane.written(second.delivery, end(lane, second, RETRY))
    assert burial(lane, NOW).reason is DeadReason.GONE


def test_a_410_to_an_older_configuration_does_not_count() -> None:
    """What was changed meanwhile is not what the target refused."""
    lane = running()
    put(lane, delivery(1))
    one = start(lane)
    configure(lane, "second")
    end(lane, one, GONE, mark="first")
    assert lane.standing.state is RouteState.RUNNING


def test_leaving_gone_is_remembered_in_a_hurry() -> None:
    """Reverted later and started anew, the webhook is not gone again."""
    lane = running()
    lane.standing.gone("first")
    assert lane.standing.save(HOOK).gone == "first"
    assert not lane.standing.hurry
    configure(lane, "second")
    assert lane.standing.hurry
    assert lane.standing.save(HOOK).gone is None
    configure(lane, "first")
    assert lane.standing.state is RouteState.RUNNING


def test_a_gone_webhook_is_gone_after_a_restart() -> None:
    """Under the configuration that the target refused, and under no other."""
    for mark, state in (("first", RouteState.GONE), ("second", RouteState.RUNNING)):
        lane = Lane(HOOK, Totals())
        lane.taken(StoredRoute(HOOK, gone="first"), RouteCounts(1, 2, 0, oldest=ms(NOW), next_due=0), NOW)
        configure(lane, mark)
        assert lane.standing.state is state


def test_a_burial_ends_when_the_webhook_runs_again() -> None:
    """A changed spec between two steps: what is not buried yet is sent, and what has come meanwhile too."""
    lane = waiting(600)
    configure(lane)
    lane.standing.gone("first")
    burial(lane, NOW)
    configure(lane, "second")
    put(lane, delivery(9001))
    assert lane.buried(Buried(250, 500, 777, None)) is None
    assert isinstance(lane.settle(NOW).ask, Wanted)
    assert (lane.waiting, lane.dead) == (351, 250)


# --- deleted -------------------------------------------------------------------------------------------


def test_a_deleted_webhook_has_ten_minutes_to_come_back() -> None:
    """Then what waits is buried, in memory and in the store."""
    lane = running()
    put(lane, delivery(1))
    lane.standing.removed(NOW)
    assert lane.standing.hurry
    assert lane.settle(NOW) == Effects(wake_at=NOW + TEN_MINUTES)
    assert lane.settle(NOW + TEN_MINUTES - 0.1).ask is None
    ask = burial(lane, NOW + TEN_MINUTES)
    assert (ask.reason, ask.exclude) == (DeadReason.WEBHOOK_DELETED, frozenset())


def test_a_webhook_that_comes_back_in_time_loses_nothing() -> None:
    """It is sent what waited, and its next deletion counts from itself."""
    lane = running()
    put(lane, delivery(1))
    lane.standing.removed(NOW)
    configure(lane)
    assert lane.standing.deleted_at is None
    assert lane.settle(NOW + 599).turn
    lane.standing.removed(NOW + 599)
    assert lane.settle(NOW + 601).ask is None


def test_a_webhook_that_comes_back_while_it_is_buried_loses_nothing_more() -> None:
    """Steps that are not asked yet are not taken; what waits is claimed."""
    lane = waiting(600)
    lane.standing.removed(NOW)
    burial(lane, NOW + TEN_MINUTES)
    configure(lane)
    assert lane.buried(Buried(250, 500, 777, None)) is None
    assert isinstance(lane.settle(NOW + TEN_MINUTES).ask, Wanted)
    assert (lane.waiting, lane.dead) == (350, 250)


@pytest.mark.parametrize("what", ["deleted again", "replayed"])
def test_a_burial_ends_when_ten_minutes_begin_anew(what: str) -> None:
    """Between two of its steps the webhook comes back and is deleted again, or dead letters are replayed."""
    lane = waiting(600)
    lane.standing.removed(NOW)
    now = NOW + TEN_MINUTES
    burial(lane, now)
    if what == "replayed":
        lane.replayed(1, 2, now)
    else:
        configure(lane)
        lane.standing.removed(now)
    assert lane.buried(Buried(250, 500, 777, None)) is None
    assert lane.settle(now) == Effects(wake_at=now + TEN_MINUTES)


def test_ten_minutes_begin_anew_with_a_replay() -> None:
    """Dead letters of a deleted webhook wait for it as long as others did."""
    lane = waiting(1)
    lane.standing.removed(NOW)
    burial(lane, NOW + TEN_MINUTES)
    lane.buried(Buried(1, 2, None, None))
    lane.replayed(1, 2, NOW + 5000)
    assert lane.settle(NOW + 5000) == Effects(wake_at=NOW + 5000 + TEN_MINUTES)
    assert burial(lane, NOW + 5000 + TEN_MINUTES).reason is DeadReason.WEBHOOK_DELETED


def test_ten_minutes_go_on_over_a_restart() -> None:
    """They count from the deletion that is remembered."""
    lane = Lane(HOOK, Totals())
    lane.taken(StoredRoute(HOOK, deleted_at=ms(NOW)), RouteCounts(1, 2, 0, oldest=ms(NOW), next_due=0), NOW)
    lane.standing.removed(NOW + 400)
    assert lane.settle(NOW + 400) == Effects(wake_at=NOW + TEN_MINUTES)


def test_an_attempt_under_way_when_its_webhook_is_deleted_counts() -> None:
    """Delivered is delivered; to be tried again waits with the others."""
    lane = running()
    put(lane, delivery(1), delivery(3))
    first, second = start(lane), start(lane)
    lane.standing.removed(NOW)
    lane.written(first.delivery, end(lane, first))
    lane.written(second.delivery, end(lane, second, RETRY))
    assert (lane.waiting, lane.dead) == (1, 0)
    assert burial(lane, NOW + TEN_MINUTES).exclude == frozenset()


def test_nothing_is_left_of_a_deleted_webhook_when_all_of_it_is_done_and_remembered() -> None:
    """Until then its lane is needed."""
    lane = running()
    assert not lane.spent
    put(lane, delivery(1))
    lane.standing.removed(NOW)
    assert not lane.spent
    configure(lane)
    attempt(lane)
    lane.standing.removed(NOW)
    assert not lane.spent
    lane.standing.save(HOOK)
    assert lane.spent
    lane.reserve(2)
    lane.dead_at_once(2)
    assert not lane.spent


# --- burials -------------------------------------------------------------------------------------------


def test_a_burial_goes_on_step_by_step_from_where_the_last_one_ended() -> None:
    """Each step is counted when it is done; nothing else is asked meanwhile."""
    lane = waiting(600)
    lane.standing.removed(NOW)
    now = NOW + TEN_MINUTES
    first = burial(lane, now)
    second = lane.buried(Buried(250, 500, 777, None))
    assert second == first._replace(after=777)
    assert (lane.waiting, lane.waiting_bytes, lane.dead) == (350, 700, 250)
    assert lane.settle(now).ask is None
    third = lane.buried(Buried(250, 500, 888, None))
    assert third == first._replace(after=888)
    assert lane.buried(Buried(100, 200, None, None)) is None
    assert (lane.waiting, lane.waiting_bytes, lane.dead) == (0, 0, 600)
    assert lane.settle(now) == Effects()


def test_a_burial_that_fails_half_way_has_counted_what_it_did_and_goes_on_later() -> None:
    """Exactly: no step is counted twice, none is forgotten."""
    lane = waiting(600)
    lane.standing.removed(NOW)
    now = NOW + TEN_MINUTES
    burial(lane, now)
    lane.buried(Buried(250, 500, 777, None))
    lane.unanswered(now)
    assert (lane.waiting, lane.dead) == (350, 250)
    assert lane.settle(now) == Effects(wake_at=now + LANE_AGAIN_SECONDS)
    assert burial(lane, now + LANE_AGAIN_SECONDS).after == 0
    lane.buried(Buried(350, 700, None, None))
    assert (lane.waiting, lane.dead) == (0, 600)


@pytest.mark.parametrize("where", ["in the store", "in the queue"])
def test_what_waits_too_long_is_buried_though_nothing_is_sent(where: str) -> None:
    """A webhook that is held does not keep deliveries for ever; younger ones stay."""
    if where == "in the store":
        lane = waiting(2)
    else:
        lane = running()
        put(lane, delivery(1), delivery(3, received=NOW + 60))
    configure(lane, held="its Secret is away")
    now = NOW + POLICY.max_age
    assert lane.settle(now - 1).wake_at == now
    ask = burial(lane, now)
    assert ask.reason is DeadReason.EXHAUSTED
    assert ask.received_before is not None
    assert ms(NOW) < ask.received_before < ms(NOW + 60)
    lane.buried(Buried(1, 2, None, ms(NOW + 60)))
    assert (lane.waiting, lane.dead) == (1, 1)
    assert lane.settle(now).wake_at == now + 60


def test_what_is_under_way_when_it_gets_too_old_is_left_to_its_end() -> None:
    """Nothing buries it below its attempt, and nobody looks for it in a hot loop."""
    lane = running()
    put(lane, delivery(1))
    one = start(lane)
    now = NOW + POLICY.max_age
    put(lane, delivery(3, received=now - 1))
    configure(lane, held="its Secret is away")
    assert burial(lane, now).exclude == {1, 3}
    lane.buried(Buried(0, 0, None, ms(NOW)))
    effects = lane.settle(now)
    assert effects == Effects(wake_at=effects.wake_at)
    assert effects.wake_at == pytest.approx(now + LANE_AGAIN_SECONDS, abs=0.01)
    result = end(lane, one, RETRY, now)
    assert result.reason is DeadReason.EXHAUSTED


def test_younger_ones_left_in_the_store_by_a_burial_are_claimed_afterwards() -> None:
    """A running webhook with old and new ones."""
    lane = waiting(5)
    configure(lane)
    now = NOW + POLICY.max_age
    burial(lane, now)
    lane.buried(Buried(3, 6, None, ms(NOW + 60)))
    assert isinstance(lane.settle(now).ask, Wanted)


def test_what_is_left_to_the_store_during_a_burial_gets_old_as_well() -> None:
    """The answer was looked up before it came, and says that nothing waits."""
    lane = waiting(1)
    configure(lane, held="its Secret is away")
    now = NOW + POLICY.max_age
    burial(lane, now)
    put(lane, delivery(9, received=now))
    lane.buried(Buried(1, 2, None, None))
    assert lane.settle(now).wake_at == now + POLICY.max_age
    assert burial(lane, now + POLICY.max_age).reason is DeadReason.EXHAUSTED


def test_a_claimed_delivery_that_is_too_old_by_then_is_given_up() -> None:
    """Between the answer and the start its time has come."""
    lane = waiting(1)
    configure(lane)
    lane.settle(NOW)
    lane.claimed(Claimed([delivery(1)], None))
    assert lane.start(NOW + POLICY.max_age).given_up is not None


def test_what_is_stored_while_its_webhook_is_left_to_another_is_the_others() -> None:
    """Reserved before, stored afterwards: the store has it, and nothing of it is begun here when the webhook comes back."""
    lane = running()
    lane.reserve(2)
    lane.left()
    lane.accepted(delivery(1))
    assert lane.still
    lane.taken(None, None, NOW)
    assert not may_start(lane, NOW)
    assert lane.waiting == 0
    assert isinstance(lane.settle(NOW).ask, Wanted)
