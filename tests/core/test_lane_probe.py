"""A probe that outlives the opening it was made for."""

from __future__ import annotations

import pytest

from core.lane_builders import HOOK, NOW, RETRY, configure, delivery, end, may_start, ms, put, running, start
from core.test_lane import open_circuit
from hookwright.core.records import LastInvocation, StoredRoute


def test_a_probe_from_before_the_configuration_changed_makes_no_room_beside_a_new_one() -> None:
    """The circuit that it probed is closed; the next one opened has a probe of its own."""
    lane = running(max_in_flight=40)
    open_circuit(lane)
    put(lane, delivery(1))
    old = start(lane, NOW + 5)
    assert old.probe
    configure(lane, "second", max_in_flight=40)
    open_circuit(lane, NOW + 6)
    put(lane, delivery(3), delivery(5), delivery(7))
    assert start(lane, NOW + 11).probe
    end(lane, old, RETRY, NOW + 12)
    assert not any(may_start(lane, NOW + seconds) for seconds in range(12, 100))


def test_a_webhook_that_is_tried_now_starts_one_delivery() -> None:
    """Neither the circuit's time nor a pause that the target asked for is waited for."""
    lane = running()
    open_circuit(lane)
    lane.paused_until = NOW + 60
    put(lane, delivery(1), delivery(3))
    assert not may_start(lane, NOW + 1)
    lane.retried(NOW + 1)
    assert lane.settle(NOW + 1).turn
    assert start(lane, NOW + 1).probe
    assert not may_start(lane, NOW + 1)


@pytest.mark.parametrize(
    ("result", "failures", "probes"),
    [
        ("Retrying", 10, True),
        ("Exhausted", 10, True),
        (None, 10, True),
        ("Retrying", 9, False),
        ("Rejected", 10, False),
        ("Gone", 10, False),
    ],
)
def test_who_takes_a_webhook_over_probes_a_target_that_was_dead(
    result: str | None, failures: int, probes: bool
) -> None:
    """As many failures in a row as open a circuit, of which the last was none that closes it."""
    lane = running()
    put(lane, delivery(1), delivery(3))
    if result is not None:
        lane.standing.recalled(LastInvocation(ms(NOW), result, "evt_1", None, 1, 500, 1.0, ""))
    lane.taken(StoredRoute(HOOK, last_failure=ms(NOW), consecutive_failures=failures), None, NOW + 1)
    assert may_start(lane, NOW + 1) != probes
    assert bool(start(lane, NOW + 5).probe) == probes
    assert may_start(lane, NOW + 5) != probes


def test_a_clock_that_was_ahead_puts_no_probe_off() -> None:
    """Another process may have had another time; a new circuit would probe after five seconds, and so does this one."""
    lane = running()
    put(lane, delivery(1))
    lane.taken(StoredRoute(HOOK, last_failure=ms(NOW + 3600), consecutive_failures=10), None, NOW)
    assert start(lane, NOW + 5).probe


def test_what_another_healed_is_healed_when_it_comes_back() -> None:
    """What this process last knew of a circuit does not count."""
    lane = running()
    open_circuit(lane)
    lane.left()
    lane.taken(StoredRoute(HOOK, last_success=ms(NOW + 60)), None, NOW + 60)
    put(lane, delivery(1))
    assert not start(lane, NOW + 60).probe
