"""What the store says of the parts of the webhooks, in orders that are rare: what is to be given away is never begun."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import pytest

from dispatcher.several import HOOKS, ROOM, Process
from hookwright.core.parts import EVERY_PART, NO_PART, Moved, Parts, part_of
from hookwright.core.records import AttemptRecord, StoredRoute
from hookwright.errors import StoreError
from hookwright.limits import LANES_SLICE, LEAVING_SECONDS
from hookwright.outbound.port import Answer
from hookwright.store.memory import MemoryStore
from hookwright.store.owner import Arrival
from hookwright.store.port import Recovered, Store


class Moving(MemoryStore):
    """A store in memory that says this of the parts, in order."""

    def __init__(self, *moves: Moved) -> None:
        super().__init__()
        self.own = NO_PART
        self._moves = moves
        self.given: list[Parts] = []
        self.remembered: list[str] = []
        self.go_on = asyncio.Event()
        """Nothing is said after the first word before this is set."""
        self.go_on.set()
        self.refuses = 0
        self.writes = asyncio.Event()
        """What is to be remembered is written."""
        self.writes.set()
        """So many more calls of `remember` fail."""
        self.looks: list[Parts] = []
        """At what of the store was looked; and of what at its history."""
        self.histories: list[Parts] = []
        self.arrivals: list[Arrival] = []

    async def owned(self) -> AsyncIterator[Moved]:
        for moved in self._moves:
            yield moved
            await self.go_on.wait()

    async def recovered(self, came: Parts = EVERY_PART, own: Parts = EVERY_PART) -> Recovered:
        self.looks.append(came)
        return await super().recovered(came, own)

    async def last_invocations(self, parts: Parts = EVERY_PART) -> dict[str, AttemptRecord]:
        self.histories.append(parts)
        return await super().last_invocations(parts)

    async def woken(self) -> AsyncIterator[None]:
        yield

    async def arrived(self) -> list[Arrival]:
        return self.arrivals

    async def give(self, parts: Parts) -> None:
        self.given.append(parts)

    async def remember(self, routes: Sequence[StoredRoute]) -> None:
        if self.refuses:
            self.refuses -= 1
            raise StoreError("The database is away.")
        await self.writes.wait()
        self.remembered += [each.route for each in routes]


@pytest.mark.parametrize("before", [(), (Moved(NO_PART, NO_PART, NO_PART),)], ids=["at the start", "later"])
async def test_what_comes_and_is_for_another_is_given_and_never_begun(before: tuple[Moved, ...]) -> None:
    """Two may come in the same moment; nothing is remembered of what was never worked on here."""
    others = frozenset(part_of(key) for key in HOOKS[:6])
    disk = Moving(*before, Moved(EVERY_PART, others, NO_PART))
    process = Process(Store(disk, disk, disk), ROOM)
    await process.start(*HOOKS)
    try:
        async with asyncio.timeout(30):
            while disk.own != EVERY_PART - others or not disk.given:
                await asyncio.sleep(0.01)
        assert disk.given == [others]
        assert process.owns() == {key for key in HOOKS if part_of(key) not in others}
        assert disk.remembered == []
    finally:
        await process.stop()


async def test_what_could_not_be_remembered_at_once_is_before_a_part_is_given() -> None:
    """Who works on it next would begin without it."""
    others = frozenset(part_of(key) for key in HOOKS[:6])
    disk = Moving(Moved(EVERY_PART, NO_PART, NO_PART), Moved(NO_PART, others, NO_PART))
    disk.refuses = 1
    process = Process(Store(disk, disk, disk), ROOM)
    await process.start(*HOOKS)
    try:
        async with asyncio.timeout(30):
            while not disk.given:
                await asyncio.sleep(0.01)
        assert disk.given == [others]
        assert {*disk.remembered} == {key for key in HOOKS if part_of(key) in others}
        assert process.failed == ["parts"]
    finally:
        await process.stop()


async def test_parts_that_come_one_by_one_are_begun_with_together() -> None:
    """As each look at the store reads what waits of all: what comes while one is under way shares the next."""
    nothing = Moved(NO_PART, NO_PART, NO_PART)
    disk = Moving(nothing, *(Moved(frozenset((part,)), NO_PART, NO_PART) for part in EVERY_PART))
    process = Process(Store(disk, disk, disk), ROOM)
    await process.start(*HOOKS)
    try:
        async with asyncio.timeout(30):
            while disk.own != EVERY_PART:
                await asyncio.sleep(0.01)
        assert process.owns() == set(HOOKS)
        assert (disk.looks[0], frozenset().union(*disk.looks)) == (NO_PART, EVERY_PART)
        assert len(disk.looks) <= 3
    finally:
        await process.stop()


class Returning(Moving):
    """... and that a part came back when it was given; to count anew what waits fails once."""

    async def owned(self) -> AsyncIterator[Moved]:
        first, leaving, back = self._moves
        yield first
        yield leaving
        while not self.given:
            await asyncio.sleep(0)
        yield back

    async def recovered(self, came: Parts = EVERY_PART, own: Parts = EVERY_PART) -> Recovered:
        found = await super().recovered(came, own)
        if self.looks.count(NO_PART) == 1 and not came:
            raise StoreError("The database is away.")
        return found


async def test_what_came_back_is_not_left_once_more() -> None:
    """Where what follows a part that was given is tried again, it is not given again."""
    some = frozenset((part_of(HOOKS[0]),))
    ours = frozenset(map(part_of, HOOKS))
    disk = Returning(
        Moved(ours, NO_PART, NO_PART), Moved(NO_PART, some, NO_PART), Moved(some, NO_PART, NO_PART)
    )
    process = Process(Store(disk, disk, disk), ROOM)
    await process.start(*HOOKS)
    try:
        async with asyncio.timeout(30):
            while disk.looks.count(NO_PART) < 2 or some not in disk.looks:
                await asyncio.sleep(0.01)
        assert (disk.given, disk.own, process.owns()) == ([some], ours, set(HOOKS))
    finally:
        await process.stop()


async def test_to_count_anew_what_waits_reads_nothing_else() -> None:
    """As is done after parts were given, and every minute."""
    disk = Moving(Moved(EVERY_PART, NO_PART, NO_PART), Moved(NO_PART, frozenset((1, 2)), NO_PART))
    process = Process(Store(disk, disk, disk), ROOM)
    await process.start(*HOOKS)
    try:
        async with asyncio.timeout(30):
            while len(disk.looks) < 2:
                await asyncio.sleep(0.01)
        assert (disk.looks, disk.histories) == ([EVERY_PART, NO_PART], [EVERY_PART])
    finally:
        await process.stop()


async def test_what_another_did_to_many_webhooks_is_counted_in_slices() -> None:
    """The event loop has control in between."""
    disk = Moving(Moved(EVERY_PART, NO_PART, NO_PART))
    disk.arrivals = [Arrival(f"team/many-{number}", 1, 100) for number in range(5 * LANES_SLICE)]
    process = Process(Store(disk, disk, disk), ROOM)
    await process.start(*HOOKS)
    counted = [0]
    try:
        async with asyncio.timeout(30):
            while counted[-1] < len(disk.arrivals):
                await asyncio.sleep(0)
                counted.append(process.lanes.totals.waiting)
        assert max(after - before for before, after in pairwise(counted)) <= LANES_SLICE
    finally:
        await process.stop()


async def test_what_was_left_and_not_given_yet_is_remembered_when_the_process_ends() -> None:
    """Its attempts end with it, and who works on it next begins with what it knows."""
    others = frozenset(part_of(key) for key in HOOKS[:6])
    disk = Moving(Moved(EVERY_PART, NO_PART, NO_PART), Moved(NO_PART, others, NO_PART))
    process = Process(Store(disk, disk, disk), ROOM)

    async def hang() -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    disk.go_on.clear()
    process.wire.respond = hang
    await process.start(*HOOKS)
    await process.post()
    async with asyncio.timeout(30):
        while process.wire.under_way < len(HOOKS):
            await asyncio.sleep(0.01)
        disk.go_on.set()
        while disk.own != EVERY_PART - others:
            await asyncio.sleep(0.01)
    process.lanes.abort()
    await process.stop()
    assert {*disk.remembered} == {*HOOKS}


async def test_what_is_being_written_is_waited_for_before_a_part_is_given() -> None:
    """A round of remembering may be under way when another process comes."""
    others = frozenset(part_of(key) for key in HOOKS[:6])
    disk = Moving(Moved(EVERY_PART, NO_PART, NO_PART), Moved(NO_PART, others, NO_PART))
    disk.go_on.clear()
    disk.writes.clear()
    process = Process(Store(disk, disk, disk), ROOM)
    await process.start(*HOOKS)
    try:
        remembering = asyncio.create_task(process.remember())
        disk.go_on.set()
        async with asyncio.timeout(30):
            while disk.own != EVERY_PART - others:
                await asyncio.sleep(0.01)
        await asyncio.sleep(2 * LEAVING_SECONDS)
        assert disk.given == []
        disk.writes.set()
        await remembering
        async with asyncio.timeout(30):
            while not disk.given:
                await asyncio.sleep(0.01)
        assert {*disk.remembered} == {*HOOKS}
    finally:
        await process.stop()
