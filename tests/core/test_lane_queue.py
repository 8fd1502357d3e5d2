"""What lanes hold in memory, alone and all together."""

from __future__ import annotations

from hookwright.core.lane_queue import Queue, Totals
from hookwright.limits import LANE_QUEUE_BYTES, LANE_QUEUE_LEAST_BYTES, LANES_QUEUE_BYTES


def test_a_thousand_lanes_that_ask_at_once_ask_for_little_each() -> None:
    """After a restart all ask before the first answer comes; what may be answered counts as if it were there."""
    totals = Totals()
    queues = [Queue(totals) for _ in range(1_000)]
    asked = [queue.ask() for queue in queues]
    assert asked[0] == LANE_QUEUE_BYTES
    assert asked[-1] == LANE_QUEUE_LEAST_BYTES
    assert sum(each for each in asked if each > LANE_QUEUE_LEAST_BYTES) <= LANES_QUEUE_BYTES
    for queue in queues:
        queue.answered()
    assert totals.asked_bytes == 0
    assert queues[-1].ask() == LANE_QUEUE_BYTES
