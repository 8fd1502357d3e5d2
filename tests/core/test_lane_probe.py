"""A probe that outlives the opening it was made for."""

from __future__ import annotations

from core.lane_builders import NOW, RETRY, configure, delivery, end, put, running, start
from core.test_lane import open_circuit


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
    assert not any(lane.may_start(NOW + seconds) for seconds in range(12, 100))


def test_a_webhook_that_is_tried_now_starts_one_delivery() -> None:
    """Neither the circuit's time nor a pause that the target asked for is waited for."""
    lane = running()
    open_circuit(lane)
    lane.paused_until = NOW + 60
    put(lane, delivery(1), delivery(3))
    assert not lane.may_start(NOW + 1)
    lane.retried(NOW + 1)
    assert lane.settle(NOW + 1).turn
    assert start(lane, NOW + 1).probe
    assert not lane.may_start(NOW + 1)
