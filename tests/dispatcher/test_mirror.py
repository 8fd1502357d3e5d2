"""What processes show each other of many webhooks: made, read and noted once, in slices of the event loop."""

from __future__ import annotations

import asyncio

import pytest

from counting import calls
from dispatcher.several import HOOKS, ROOM, Process
from hookwright.core.lifecycle import RouteState
from hookwright.core.parts import EVERY_PART, NO_PART, Parts
from hookwright.core.shown import Shown, decoded, encoded, shown
from hookwright.dispatcher.mirror import Mirror
from hookwright.limits import SHOWN_SLICE, SHOWN_WEBHOOKS
from hookwright.store.memory import MemoryStore
from hookwright.store.owner import Told
from hookwright.store.port import Store

THEIRS = [f"team/many-{number}" for number in range(5 * SHOWN_SLICE)]
OURS = [f"team/ours-{number}" for number in range(SHOWN_WEBHOOKS)]


class Shared(MemoryStore):
    """A store on which another process works too; it shows all of its webhooks each time, as they were."""

    processes = 2  # type: ignore[assignment,misc]

    def __init__(self, own: Parts) -> None:
        super().__init__()
        self.own = own
        self.told: list[str] = []

    async def show(self, told: Told) -> None:
        self.told += told.shown

    async def shown(self) -> Told:
        theirs = [] if self.own else THEIRS
        return Told({key: encoded(Shown(RouteState.GONE, "Gone.", waiting=2)) for key in theirs}, [])


def made(own: Parts) -> tuple[Process, Shared, Mirror]:
    """A process on such a store, and what it knows of the other."""
    disk = Shared(own)
    process = Process(Store(disk, disk, disk), ROOM)
    return process, disk, Mirror(disk, process.lanes, process.clock)


async def passes(mirror: Mirror) -> int:
    """How often the event loop has control while an exchange goes on."""
    exchange = asyncio.create_task(mirror.exchange(HOOKS))
    count = 0
    while not exchange.done():
        await asyncio.sleep(0)
        count += 1
    return count


@pytest.mark.parametrize(
    ("own", "slices"), [(NO_PART, 5), (EVERY_PART, SHOWN_WEBHOOKS // SHOWN_SLICE)], ids=["asked", "told"]
)
async def test_the_event_loop_has_control_between_slices(own: Parts, slices: int) -> None:
    """Of what others show, and of what is shown to them."""
    process, disk, mirror = made(own)
    for key in OURS:
        process.lanes.lane(key)
    assert await passes(mirror) > slices
    assert disk.told == (OURS if own else [])


def test_what_is_shown_once_more_is_not_read_again() -> None:
    """As most of it is, for some seconds; what it says is known all the same."""

    async def twice() -> None:
        _, _, mirror = made(NO_PART)
        assert await mirror.exchange(HOOKS) == set(THEIRS)
        assert await mirror.exchange(HOOKS) == set()
        assert sum(each.waiting for each in mirror.others()) == 2 * len(THEIRS)

    assert calls(decoded, lambda: asyncio.run(twice())) == len(THEIRS)


async def test_what_waits_elsewhere_is_known_until_it_is_forgotten() -> None:
    """Of each webhook, also where nobody says so again."""
    process, disk, mirror = made(NO_PART)
    await mirror.exchange(HOOKS)
    assert process.lanes.shares.elsewhere.webhooks == dict.fromkeys(THEIRS, (2, 0))
    disk.processes = 1  # type: ignore[misc]
    await mirror.exchange(HOOKS)
    assert process.lanes.shares.elsewhere.webhooks == {}


async def test_where_many_webhooks_stand_is_noted_without_all_that_is_shown() -> None:
    """That is made when it is asked for."""
    disk = Shared(EVERY_PART)
    process = Process(Store(disk, disk, disk), ROOM)
    await process.start(*OURS[:20])
    try:
        process.lanes.touch(OURS[:20])
        assert calls(shown, lambda: process.views.changes("", 20)) == 0
        assert (await process.views.summary()).owned == 20
    finally:
        await process.stop()
