"""What people read while the disk is full."""

from __future__ import annotations

from structlog.testing import capture_logs

from dispatcher.delivery.parts import HOOK, Room, passes
from hookwright.errors import StoreFull


async def test_a_full_disk_is_said_once_and_when_it_is_over(room: Room) -> None:
    """However often a burial is tried meanwhile."""
    await room.stored(count=3)
    await room.take()
    room.lanes.remove(HOOK)
    room.disk.trouble = StoreFull("The disk is full.")
    with capture_logs() as lines:
        await passes(620)
        room.disk.trouble = None
        await passes(2)
    assert len(room.failed) > 5
    assert [line["event"] for line in lines] == ["round.waits", "round.resumed"]
