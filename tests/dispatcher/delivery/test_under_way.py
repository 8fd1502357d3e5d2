"""What was under way when the process ended without a word: counted, tried alone, then set aside."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from counting import lines
from dispatcher.delivery.parts import HOOK, OTHER, Room, answered, passes, until
from hookwright.core.records import DeadReason
from hookwright.dispatcher.delivery.under_way import UnderWay
from hookwright.limits import UNDER_WAY_SLOTS
from hookwright.outbound.port import Answer
from hookwright.store.port import ReplaySelector


def test_a_delivery_is_doomed_by_its_third_crash(tmp_path: Path) -> None:
    """What ended is not counted, what was left by our own will keeps its count."""
    file = tmp_path / "under-way"
    for crashes in range(3):
        marks = UnderWay(file)
        assert marks.crashes == ({7: crashes} if crashes else {})
        marks.begin(7, "team")
        marks.begin(8, "team")
        marks.end(8, "team")
    marks = UnderWay(file)
    assert (marks.crashes, marks.doomed) == ({7: 3}, {7})
    marks.leave(7)
    assert UnderWay(file).doomed == {7}
    marks.end(7, "team")
    assert UnderWay(file).crashes == {}


def test_an_attempt_that_is_left_by_our_own_will_is_no_crash(tmp_path: Path) -> None:
    """As a drain does; those before it count on."""
    file = tmp_path / "under-way"
    UnderWay(file).begin(7, "team")
    for _ in range(3):
        marks = UnderWay(file)
        marks.begin(7, "team")
        marks.leave(7)
        assert marks.crashes == {7: 1}


def test_one_more_crash_can_name_one_delivery_only(tmp_path: Path) -> None:
    """Of those that were under way in two, one may begin at a time in a namespace; whoever has fewer goes beside it."""
    file = tmp_path / "under-way"
    for _ in range(2):
        marks = UnderWay(file)
        for key in (7, 8):
            marks.begin(key, "team")
    marks = UnderWay(file)
    marks.begin(7, "team")
    assert [marks.may_begin(key, "team") for key in (8, 9)] == [False, True]
    assert marks.may_begin(8, "other")
    marks.end(7, "team")
    assert marks.may_begin(8, "team")


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"\xff" * (16 * UNDER_WAY_SLOTS)])
def test_a_damaged_file_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    """It loses counts, nothing else."""
    file = tmp_path / "under-way"
    file.write_bytes(content)
    marks = UnderWay(file)
    assert (marks.crashes, marks.doomed) == ({}, set())
    marks.begin(7, "team")
    assert UnderWay(file).crashes == {7: 1}


def test_without_a_disk_that_takes_it_nothing_is_counted(tmp_path: Path) -> None:
    """Deliveries go on."""
    marks = UnderWay(tmp_path / "away" / "under-way")
    marks.begin(7, "team")
    marks.end(7, "team")


def test_more_than_there_are_marks_for_are_not_marked(tmp_path: Path) -> None:
    """And a mark costs no more than a few lines, however many there are."""
    marks = UnderWay(tmp_path / "under-way")
    for key in range(1, UNDER_WAY_SLOTS + 10):
        marks.begin(key, "team")
    for key in range(1, UNDER_WAY_SLOTS + 10):
        marks.end(key, "team")
    assert lines(lambda: (marks.begin(1, "team"), marks.end(1, "team")), 60) < 60


def crashed(file: Path, times: int, *keys: int) -> UnderWay:
    """The marks after so many ends of the process in which these were under way."""
    for _ in range(times):
        marks = UnderWay(file)
        for key in keys:
            marks.begin(key, "team")
    return UnderWay(file)


async def begun(room: Room, marks: UnderWay) -> Room:
    """The next process over the same store."""
    await room.lanes.drain(0)
    following = Room(disk=room.disk, wire=room.wire, under_way=marks)
    await following.take()
    following.configure(HOOK, OTHER)
    return following


async def test_suspects_are_tried_one_at_a_time_beside_all_others(room: Room, tmp_path: Path) -> None:
    """Three were under way in two crashes, two more wait behind them: one of the three, and the two, are under way."""
    suspects = [*await room.stored(HOOK, 2), *await room.stored(OTHER, 1)]
    await room.stored(HOOK, 2)
    gate = asyncio.Event()

    async def respond() -> Answer:
        await gate.wait()
        return answered()

    room.wire.respond = respond
    following = await begun(room, crashed(tmp_path / "under-way", 2, *suspects))
    await passes(60)
    assert room.wire.under_way == 3
    await following.accepted(OTHER)
    await until(lambda: room.wire.under_way == 4, seconds=5)
    gate.set()
    await until(lambda: following.lanes.totals.waiting == 0)
    assert await following.results() == ["Delivered"] * 6
    assert UnderWay(tmp_path / "under-way").crashes == {}
    await following.lanes.drain(0)


async def test_a_suspect_of_three_crashes_is_a_dead_letter_and_can_be_replayed(
    room: Room, tmp_path: Path
) -> None:
    """It is not sent; the others are. Once it is replayed it is tried like any other."""
    (suspect,) = await room.stored(HOOK)
    await room.stored(HOOK, 2)
    following = await begun(room, crashed(tmp_path / "under-way", 3, suspect))
    await until(lambda: following.lanes.totals.waiting == 0)
    ((_, letter),) = await room.disk.dead_letters(limit=9)
    assert (letter.key, letter.reason, len(room.wire.sent)) == (suspect, DeadReason.SUSPECT, 2)
    assert "replay it" in letter.message
    await following.lanes.replay(ReplaySelector(route=HOOK), now=following.clock.now_ms(), limit=9)
    await until(lambda: len(room.wire.sent) == 3)
    await following.lanes.drain(0)
