"""What is shown of a webhook, from one process to another."""

from __future__ import annotations

import orjson

from core.lane_builders import NOW, RETRY, attempt, delivery, put, running
from hookwright.core.lifecycle import RouteState
from hookwright.core.records import LastInvocation
from hookwright.core.shown import Shown, decoded, encoded, shown
from hookwright.limits import CIRCUIT_FAILURES

LAST = LastInvocation(1_000, "Retrying", "evt_1", "RequestCreated", 2, 503, 12.5, "503 \0 unavailable.")


def test_another_process_reads_what_one_tells() -> None:
    """Of a webhook whose circuit is open, with everything that there is."""
    lane = running(max_in_flight=1)
    put(lane, *(delivery(number) for number in range(1, 2 * CIRCUIT_FAILURES, 2)))
    for _ in range(CIRCUIT_FAILURES):
        attempt(lane, RETRY)
    lane.standing.told(LAST)
    seen = shown(lane, NOW)
    assert seen.circuit_failures == CIRCUIT_FAILURES
    assert None not in (seen.last, seen.oldest, seen.activity)
    assert b"\0" not in encoded(seen)
    assert decoded(encoded(seen)) == seen


def test_a_neighbouring_release_is_understood_as_far_as_it_can_be() -> None:
    """Members that are not known are left out, and one that lacks has its default; a state that is not known is none."""
    seen = Shown(RouteState.RUNNING, "", waiting=3, last=LAST)
    fields = orjson.loads(encoded(seen))
    del fields["next_due"]
    assert decoded(orjson.dumps(fields | {"of_tomorrow": 1})) == seen
    assert decoded(orjson.dumps(fields | {"state": "asleep"})) is None
