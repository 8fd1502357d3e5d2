"""Results on their way to the store: each is written once, and one that is refused costs its record or a second attempt."""

from __future__ import annotations

import itertools
import json

from dispatcher.delivery.parts import HOOK, OTHER, RULES, Room, answered, passes, until
from hookwright.core.records import Finish
from hookwright.limits import HISTORY_BODY_BYTES, KIB, LANE_AGAIN_SECONDS, RESULTS_GROUP
from hookwright.outbound.port import Answer


async def begin(room: Room, count: int) -> None:
    """So many events wait and may all be under way at once."""
    await room.stored(count=count)
    await room.take()
    room.configure(rules=RULES._replace(max_in_flight=50))


async def test_what_waits_while_a_group_is_written_goes_out_together(room: Room) -> None:
    """One write for many results."""
    room.disk.space.clear()
    await begin(room, 30)
    await until(lambda: len(room.wire.sent) == 30)
    room.disk.space.set()
    await until(lambda: room.lanes.totals.waiting == 0)
    assert sum(map(len, room.disk.written)) == 30
    assert len(room.disk.written) <= 3


async def test_a_group_that_the_store_refuses_is_written_one_by_one(room: Room) -> None:
    """Only the one that it is about suffers."""
    await begin(room, 5)
    bad = room.keys.take(1) - 5
    room.disk.refused = lambda result: result.key == bad and result.record is not None
    await until(lambda: room.lanes.totals.waiting == 0)
    assert await room.waiting() == 0
    assert len(await room.results()) == 4
    assert len(room.wire.sent) == 5
    assert set(room.failed) == {"results"}
    assert sorted(key for group in room.disk.written for key in group) == sorted(
        {key for group in room.disk.written for key in group}
    )


async def test_a_result_that_is_refused_with_its_record_is_written_without_it(room: Room) -> None:
    """The delivery is done all the same, and not sent again."""
    room.disk.refused = lambda result: result.record is not None
    await begin(room, 1)
    await until(lambda: room.lanes.totals.waiting == 0)
    assert await room.waiting() == 0
    assert await room.results() == []
    assert len(room.wire.sent) == 1


async def test_a_result_that_is_refused_at_all_gives_the_delivery_back(room: Room) -> None:
    """It is tried again after a pause, and done when the store takes its result; no other webhook waits for that."""
    times: list[float] = []

    async def respond() -> Answer:
        times.append(room.clock.now())
        return answered()

    def refused(result: Finish) -> bool:
        return result.route == HOOK and len(times) < 3

    room.wire.respond = respond
    room.disk.refused = refused
    await begin(room, 1)
    await until(lambda: room.lanes.totals.waiting == 0)
    assert len(times) == 3
    assert times[1] - times[0] >= LANE_AGAIN_SECONDS
    room.configure(OTHER)
    await room.accepted(OTHER)
    await until(lambda: room.lanes.totals.waiting == 0)
    assert await room.results() == ["Delivered", "Delivered"]


async def test_a_single_result_shares_the_write_of_those_that_come_just_after(room: Room) -> None:
    """It waits a moment for company, and no longer."""
    room.configure()
    await room.accepted()
    await until(lambda: len(room.wire.sent) == 1)
    await room.accepted()
    await passes(0.1)
    assert [len(group) for group in room.disk.written] == [2]


async def test_many_results_are_written_in_several_groups(room: Room) -> None:
    """Accepted events get in between; each result is written once."""
    keys = [f"team/w{number}" for number in range(3 * RESULTS_GROUP)]
    room.disk.space.clear()
    room.configure(*keys, target=room.target(keys[0]))
    await room.accepted(*keys)
    await passes(1.0)
    assert len(room.wire.sent) == len(keys)
    room.disk.space.set()
    await until(lambda: room.lanes.totals.waiting == 0)
    assert max(map(len, room.disk.written)) == RESULTS_GROUP
    assert sum(map(len, room.disk.written)) == len({*itertools.chain(*room.disk.written)}) == len(keys)


async def test_large_results_are_written_a_few_at_a_time(room: Room) -> None:
    """As everybody's events wait for the commit: what is kept of requests and answers counts."""
    keys = [f"team/w{number}" for number in range(64)]
    room.disk.space.clear()
    room.configure(*keys, target=room.target(keys[0], body=json.dumps({"text": "x" * HISTORY_BODY_BYTES})))
    await room.accepted(*keys)
    await passes(1.0)
    room.disk.space.set()
    await until(lambda: room.lanes.totals.waiting == 0)
    assert max(map(len, room.disk.written)) <= 1 + RESULTS_GROUP * KIB // HISTORY_BODY_BYTES
