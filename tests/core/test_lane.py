"""Which attempts a lane starts: in order, at most so many at once, never too fast, never at a target that is down."""

from __future__ import annotations

from core.lane_builders import (
    DELIVERED,
    HOOK,
    NOW,
    POLICY,
    REJECTED,
    RETRY,
    SLOW,
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
from hookwright.core.records import Action, Claimed, DeadReason, RouteCounts, Wanted
from hookwright.limits import (
    CIRCUIT_FAILURES,
    CIRCUIT_PROBE_MIN_SECONDS,
    LANE_AGAIN_SECONDS,
    LANE_QUEUE,
    LANE_QUEUE_BYTES,
    LANE_QUEUE_LEAST,
    LANES_QUEUE_BYTES,
    RATE_APART_SECONDS,
)

PERIOD = 10.0 - RATE_APART_SECONDS
"""Of a rate limit, so that the next period begins ten seconds after a request was sent."""


def test_nothing_is_done_before_the_configuration_is_known() -> None:
    """What a restart finds and what comes meanwhile waits, however late it is, until the webhook is configured or gone."""
    lane = Lane(HOOK, Totals())
    lane.taken(None, RouteCounts(3, 6, 0, oldest=0, next_due=0), NOW)
    put(lane, delivery(9))
    assert lane.settle(NOW) == Effects()
    assert not may_start(lane, NOW)
    configure(lane)
    assert isinstance(lane.settle(NOW).ask, tuple)


def test_what_is_accepted_starts_in_order() -> None:
    """First in, first out, without the store being asked."""
    lane = running(max_in_flight=3)
    put(lane, delivery(1), delivery(3), delivery(5))
    assert lane.settle(NOW) == Effects(turn=True)
    assert [one.delivery.key for one in start_all(lane)] == [1, 3, 5]
    assert lane.settle(NOW) == Effects()


def test_attempts_under_way_are_bounded() -> None:
    """A place is free when one ends, not before."""
    lane = running(max_in_flight=2)
    put(lane, *(delivery(key) for key in range(1, 5)))
    first, _ = start_all(lane)
    assert lane.in_flight == 2
    end(lane, first)
    assert len(start_all(lane)) == 1


def test_results_that_are_not_written_are_bounded() -> None:
    """A store that does not answer stops a lane at twice its limit, attempts and unwritten results together."""
    lane = running(max_in_flight=2)
    put(lane, *(delivery(key) for key in range(1, 10)))
    ended = []
    while started := start_all(lane):
        ended += [(one.delivery, end(lane, one)) for one in started]
    assert len(ended) == 4
    assert lane.is_crowded
    assert lane.settle(NOW) == Effects(wake_at=NOW + POLICY.max_age)
    lane.written(*ended[0])
    assert may_start(lane, NOW)


def test_results_are_written_at_once_when_attempts_may_have_to_wait_for_them() -> None:
    """A single result may wait for company."""
    lane = running(max_in_flight=2)
    put(lane, delivery(1), delivery(3))
    first, second = start_all(lane)
    end(lane, first)
    assert not lane.is_crowded
    end(lane, second)
    assert lane.is_crowded


def test_the_rate_limit_holds_and_is_waited_for() -> None:
    """Three in any ten seconds, wherever they begin; the lane wakes when the next may start."""
    lane = running(max_in_flight=9, rate=(3, PERIOD))
    put(lane, *(delivery(key) for key in range(1, 9)))
    start(lane, NOW)
    start(lane, NOW + 6)
    start(lane, NOW + 7)
    assert not may_start(lane, NOW + 7)
    assert lane.settle(NOW + 7) == Effects(wake_at=NOW + 10)
    assert len(start_all(lane, NOW + 10)) == 1
    assert lane.settle(NOW + 10).wake_at == NOW + 16


def test_what_is_not_sent_yet_is_waited_for() -> None:
    """Nobody knows when it comes to the target; one that ends unsent was never there."""
    lane = running(max_in_flight=9, rate=(2, PERIOD))
    put(lane, *(delivery(key) for key in range(1, 9)))
    first, second = lane.start(NOW), lane.start(NOW)
    assert not may_start(lane, NOW + 60)
    assert lane.settle(NOW + 60).wake_at == NOW + POLICY.max_age
    lane.sent(first.delivery.key, NOW + 60)
    assert lane.settle(NOW + 60).wake_at == NOW + 70
    end(lane, second, RETRY, NOW + 61)
    assert len(start_all(lane, NOW + 61)) == 1
    lane.sent(first.delivery.key, NOW + 62)
    assert not may_start(lane, NOW + 70)


def test_what_another_began_counts_whatever_its_clock_says() -> None:
    """It is as if all had begun with the last of them; a clock that is an hour ahead costs one period, and no hour."""
    lane = running(max_in_flight=9, rate=(3, 10.0))
    put(lane, *(delivery(key) for key in range(1, 9)))
    start_all(lane, NOW)
    saved = lane.save()
    assert saved.begun == (3, ms(NOW + RATE_APART_SECONDS) + 1)
    for ahead in (0, 3_600_000):
        following = running(max_in_flight=9, rate=(3, 10.0))
        put(following, delivery(1))
        following.taken(saved._replace(begun=(3, ms(NOW) + ahead)), None, NOW + 1)
        assert not may_start(following, NOW + 9.9)
        assert may_start(following, NOW + 11)


def test_the_same_rate_limit_goes_on_when_the_configuration_is_given_again() -> None:
    """A configuration that says the same grants nothing anew."""
    lane = running(max_in_flight=9, rate=(1, 10.0))
    put(lane, delivery(1), delivery(3))
    start(lane)
    configure(lane, "second", max_in_flight=9, rate=(1, 10.0))
    assert not may_start(lane, NOW + 9)
    assert may_start(lane, NOW + 10.1)


def test_a_target_that_asks_for_it_is_left_alone() -> None:
    """All of its deliveries wait as long as it said; the longest wait counts."""
    lane = running(max_in_flight=2)
    put(lane, delivery(1), delivery(3), delivery(5))
    first, second = start_all(lane)
    end(lane, first, SLOW)
    end(lane, second, DELIVERED)
    assert lane.paused_until == NOW + 20
    assert lane.settle(NOW) == Effects(wake_at=NOW + 20)
    assert not may_start(lane, NOW + 19.9)
    assert may_start(lane, NOW + 20)


def open_circuit(lane: Lane, now: float = NOW) -> None:
    """So many fail in a row that the circuit opens."""
    for key in range(1001, 1001 + 2 * CIRCUIT_FAILURES, 2):
        put(lane, delivery(key))
        attempt(lane, RETRY, now)
    assert lane.circuit.open


def test_an_open_circuit_lets_one_probe_through_at_its_time() -> None:
    """The queue waits, and a second one waits for the first."""
    lane = running(max_in_flight=2)
    open_circuit(lane)
    put(lane, delivery(1), delivery(3))
    probe_at = NOW + CIRCUIT_PROBE_MIN_SECONDS
    assert lane.settle(NOW).wake_at == probe_at
    (probe,) = start_all(lane, probe_at)
    assert probe.probe
    assert lane.settle(probe_at + 99).turn is False


def test_a_probe_that_is_taken_closes_the_circuit() -> None:
    """What waits starts at once, as many as the lane may."""
    lane = running(max_in_flight=2)
    open_circuit(lane)
    put(lane, delivery(1), delivery(3), delivery(5))
    probe_at = NOW + CIRCUIT_PROBE_MIN_SECONDS
    end(lane, start(lane, probe_at), DELIVERED, probe_at)
    assert lane.settle(probe_at).turn
    assert len(start_all(lane, probe_at)) == 2


def test_a_probe_that_ends_without_an_outcome_makes_room_for_another() -> None:
    """An aborted probe must not keep the circuit open for ever."""
    lane = running()
    open_circuit(lane)
    put(lane, delivery(1), delivery(3))
    probe_at = NOW + CIRCUIT_PROBE_MIN_SECONDS
    probe = start(lane, probe_at)
    lane.abandoned(probe.delivery, probe=probe.probe)
    assert may_start(lane, probe_at)


def test_a_probe_that_fails_uses_up_no_step_of_the_schedule() -> None:
    """A dead target costs a delivery its age, not its attempts."""
    lane = running()
    open_circuit(lane)
    put(lane, delivery(1))
    probe_at = NOW + CIRCUIT_PROBE_MIN_SECONDS
    result = end(lane, start(lane, probe_at), RETRY, probe_at)
    assert (result.action, result.steps, result.attempts) == (Action.DELAY, 0, 1)


def test_a_delivery_past_its_age_is_given_up_instead_of_started() -> None:
    """No request is made for it, and no place or rate is used."""
    lane = running(rate=(1, 10.0))
    put(lane, delivery(1, received=NOW - POLICY.max_age), delivery(3))
    _, _, given_up = lane.start(NOW)
    assert given_up is not None
    assert (given_up.action, given_up.reason) == (Action.BURY, DeadReason.EXHAUSTED)
    assert lane.in_flight == 0
    assert may_start(lane, NOW)
    lane.written(delivery(1), given_up)
    assert (lane.waiting, lane.dead) == (1, 1)


def test_counts_follow_every_delivery() -> None:
    """Reserved, stored or not, delivered, delayed, refused: lane and totals agree with what is left."""
    totals = Totals()
    lane, other = running(totals), running(totals, key="team/other")
    lane.reserve(10)
    other.reserve(5)
    assert (totals.waiting, lane.waiting, lane.waiting_bytes) == (2, 1, 10)
    other.release(5)
    lane.accepted(delivery(1, size=10))
    put(lane, delivery(3, size=7), delivery(5, size=1))
    lane.reserve(2)
    lane.dead_at_once(2)
    attempt(lane, RETRY)
    attempt(lane, REJECTED)
    assert (lane.waiting, lane.waiting_bytes, lane.dead) == (2, 11, 2)
    attempt(lane)
    assert (lane.waiting, lane.waiting_bytes, lane.dead) == (1, 10, 2)
    lane.pruned(2)
    assert lane.dead == 0
    assert (totals.waiting, totals.in_flight) == (1, 0)


def test_a_lane_pauses_and_goes_on_after_the_store_refused_a_result() -> None:
    """The delivery waits as before and is tried again, not at once."""
    lane = running()
    put(lane, delivery(1), delivery(3))
    first = start(lane)
    end(lane, first)
    lane.refused(first.delivery, NOW)
    assert not may_start(lane, NOW)
    effects = lane.settle(NOW)
    assert isinstance(effects.ask, Wanted)
    assert 1 not in effects.ask.exclude
    lane.claimed(Claimed([first.delivery], None))
    assert lane.settle(NOW).wake_at == NOW + LANE_AGAIN_SECONDS
    assert [one.delivery.key for one in start_all(lane, NOW + LANE_AGAIN_SECONDS)] == [3, 1]


def test_an_attempt_that_ended_without_an_outcome_is_made_again() -> None:
    """It is claimed anew and counts for nothing."""
    lane = running()
    put(lane, delivery(1))
    one = start(lane)
    lane.abandoned(one.delivery, probe=one.probe)
    assert (lane.in_flight, lane.waiting, lane.standing.consecutive_failures) == (0, 1, 0)
    assert lane.settle(NOW).ask == Wanted(LANE_QUEUE, LANE_QUEUE_BYTES)


def test_a_lane_holds_only_so_many_in_memory() -> None:
    """What does not fit is left to the store and claimed when the queue is half empty."""
    lane = running(max_in_flight=LANE_QUEUE)
    put(lane, *(delivery(key) for key in range(1, 2 * LANE_QUEUE + 41, 2)))
    assert lane.settle(NOW) == Effects(turn=True)
    started = [lane.start(NOW) for _ in range(LANE_QUEUE // 2)]
    ask = lane.settle(NOW).ask
    assert isinstance(ask, Wanted)
    assert ask.limit == LANE_QUEUE // 2
    assert {one.delivery.key for one in started} <= ask.exclude
    assert len(ask.exclude) == LANE_QUEUE


def test_a_lane_holds_only_so_many_bytes_in_memory() -> None:
    """Large events fill a queue sooner; no more is claimed while half of it is taken."""
    lane = running(max_in_flight=1)
    large = LANE_QUEUE_BYTES // 4
    put(lane, *(delivery(key, size=large) for key in range(1, 21, 2)))
    assert lane.settle(NOW) == Effects(turn=True)
    done = 0
    while (ask := lane.settle(NOW).ask) is None:
        attempt(lane)
        done += 1
    assert done == 2
    assert isinstance(ask, Wanted)
    assert ask.max_bytes <= LANE_QUEUE_BYTES


def test_while_all_lanes_together_hold_too_much_each_takes_only_a_few() -> None:
    """One that comes later still gets its share, and everything starts in the end."""
    totals = Totals()
    full = [
        running(totals, key=f"team/{number}") for number in range(LANES_QUEUE_BYTES // LANE_QUEUE_BYTES + 1)
    ]
    for lane in full:
        put(lane, *(delivery(key, size=LANE_QUEUE_BYTES // 4) for key in range(1, 9, 2)))
    assert totals.queue_bytes > LANES_QUEUE_BYTES
    late = running(totals)
    put(late, *(delivery(key) for key in range(1, 101, 2)))
    late.settle(NOW)
    started = []
    while may_start(late, NOW):
        one = late.start(NOW)
        started.append(one.delivery.key)
        late.written(one.delivery, end(late, one))
    assert started == list(range(1, 2 * LANE_QUEUE_LEAST + 1, 2))
    ask = late.settle(NOW).ask
    assert isinstance(ask, Wanted)
    assert ask.limit == LANE_QUEUE_LEAST


def test_the_bytes_held_in_memory_go_with_the_deliveries() -> None:
    """Whether they are started or buried, nothing is counted for ever."""
    totals = Totals()
    lane = running(totals)
    put(lane, delivery(1, size=100), delivery(3, size=50))
    assert totals.queue_bytes == 150
    start(lane)
    assert totals.queue_bytes == 50
    lane.standing.gone("first")
    lane.settle(NOW)
    assert totals.queue_bytes == 0


def test_a_lane_with_nothing_to_do_rests() -> None:
    """No turn, nothing asked, no timer."""
    lane = running()
    put(lane, delivery(1))
    attempt(lane)
    assert lane.settle(NOW + 100) == Effects()
    lane.claimed(nothing())
    assert lane.settle(NOW + 100) == Effects()
