"""What lanes ask of the store is carried out: many in one call, none forgotten when a call fails."""

from __future__ import annotations

import pytest

from dispatcher.delivery.parts import HOOK, RAW, Room, passes, until
from hookwright.core.records import DeadReason
from hookwright.errors import StoreBroken, StoreError, StoreFull
from hookwright.limits import CLAIM_BYTES, CLAIM_DELIVERIES, LANE_AGAIN_SECONDS, STORE_STEP_ROWS
from hookwright.store.port import ReplaySelector

HOOKS = [f"team/hook-{number}" for number in range(20)]


async def test_many_lanes_of_which_little_waits_are_claimed_for_in_one_call(room: Room) -> None:
    """Each could get a thousand, but what waits of it is known; no lane twice."""
    for key in HOOKS:
        await room.stored(key, 3)
    await room.take()
    room.configure(*HOOKS)
    await until(lambda: room.lanes.totals.waiting == 0)
    assert [sorted(call) for call in room.disk.claims] == [sorted(HOOKS)]
    assert len(room.wire.sent) == 60


@pytest.mark.parametrize(
    ("count", "raw"),
    [(CLAIM_DELIVERIES // 4, RAW), (32, RAW.ljust(CLAIM_BYTES // 4 // 32))],
    ids=["count", "bytes"],
)
async def test_no_call_brings_so_much_that_others_wait_for_it(room: Room, count: int, raw: bytes) -> None:
    """Of webhooks of which a quarter of what it may bring waits, four share one."""
    for key in HOOKS[:8]:
        await room.stored(key, count, raw=raw)
    await room.take()
    room.configure(*HOOKS[:8])
    await until(lambda: len(room.disk.claims) == 2)
    assert [len(call) for call in room.disk.claims] == [4, 4]


async def test_a_claim_that_fails_is_told_and_made_again(room: Room) -> None:
    """For every lane that shared it, after a pause."""
    for key in HOOKS[:3]:
        await room.stored(key)
    await room.take()
    room.disk.trouble = StoreError("Reading took longer than 2 s.")
    room.configure(*HOOKS[:3])
    await passes(0.5)
    assert room.wire.sent == []
    assert room.failed == ["claim"] * len(room.disk.claims)
    room.disk.trouble = None
    await passes(LANE_AGAIN_SECONDS)
    assert len(room.wire.sent) == 3


async def test_a_burial_goes_on_until_all_of_it_is_done(room: Room) -> None:
    """Step by step, and counted exactly."""
    count = 2 * STORE_STEP_ROWS + 7
    await room.stored(count=count)
    await room.take()
    room.lanes.remove(HOOK)
    await passes(602)
    assert await room.waiting() == 0
    assert await room.dead() == [DeadReason.WEBHOOK_DELETED] * count
    lane = room.lanes.lane(HOOK)
    assert (lane.waiting, lane.waiting_bytes, lane.dead) == (0, 0, count)


async def test_a_burial_on_a_full_disk_is_waited_out(room: Room) -> None:
    """It is done when there is space; counts are exact."""
    await room.stored(count=3)
    await room.take()
    room.lanes.remove(HOOK)
    room.disk.trouble = StoreFull("The disk is full.")
    await passes(620)
    assert await room.waiting() == 3
    room.disk.trouble = None
    await passes(2)
    assert (room.lanes.lane(HOOK).waiting, room.lanes.lane(HOOK).dead) == (0, 3)
    assert room.ended == []


async def test_a_store_that_is_broken_ends_the_process(room: Room) -> None:
    """What is on disk is not known any more."""
    await room.stored()
    await room.take()
    room.disk.trouble = StoreBroken("fsync failed")
    room.configure()
    await passes(0.1)
    assert isinstance(room.ended[0], StoreBroken)


async def test_a_replay_is_sent_again(room: Room) -> None:
    """Of any webhook, with its counts; what is no dead letter is left out."""
    await room.stored(count=2)
    await room.take()
    room.lanes.remove(HOOK)
    await passes(602)
    room.configure()
    replayed = await room.lanes.replay(ReplaySelector(), now=room.clock.now_ms(), limit=9)
    assert len(replayed) == 2
    await until(lambda: room.lanes.totals.waiting == 0)
    assert len(room.wire.sent) == 2
    assert room.lanes.lane(HOOK).dead == 0
    assert await room.lanes.replay(ReplaySelector(), now=room.clock.now_ms(), limit=9) == []
