"""Rounds of upkeep over the delivery room: what must outlast a restart is written, strays are found, old things go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from dispatcher.delivery.parts import HOOK, OTHER, Disk, Room, answered, passes, until
from hookwright.core.records import Pruned, RouteCounts, StoredRoute
from hookwright.dispatcher.rounds import Rounds
from hookwright.errors import StoreError, StoreFull
from hookwright.limits import (
    CIRCUIT_FAILURES,
    CIRCUIT_PROBE_MIN_SECONDS,
    PRUNE_SECONDS,
    REMEMBER_SECONDS,
    SWEEP_SECONDS,
)
from hookwright.outbound.port import Answer
from hookwright.store.port import Retention, Store


class Failing(Disk):
    """A disk of which single rounds fail: those in `fails`."""

    def __init__(self) -> None:
        super().__init__(Retention(dead_letter_seconds=3600))
        self.fails: dict[str, Exception] = {}
        self.remembered: list[list[StoredRoute]] = []

    async def remember(self, routes: Sequence[StoredRoute]) -> None:
        if "remember" in self.fails:
            raise self.fails["remember"]
        self.remembered.append(list(routes))
        await super().remember(routes)

    async def counts(self, routes: Sequence[str]) -> dict[str, RouteCounts]:
        if "counts" in self.fails:
            raise self.fails["counts"]
        return await super().counts(routes)

    async def prune(self, *, now: int) -> Pruned:
        if "prune" in self.fails:
            raise self.fails["prune"]
        return await super().prune(now=now)


@dataclass
class World:
    """A room with its rounds under way."""

    room: Room
    disk: Failing
    strays: list[int] = field(default_factory=list)
    pruned: list[Mapping[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        store = Store(self.disk, self.disk, self.disk)
        rounds = Rounds(
            store, self.room.lanes, self.room.former, self.room.clock, strays=self.strays.append,
            pruned=self.pruned.append,
        )  # fmt: skip
        rounds.run(self.room.background)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """An empty one."""
    disk = Failing()
    room = Room(disk=disk)
    yield World(room, disk)
    await room.lanes.drain(0)
    room.lanes.close()
    await room.background.close()


async def memory(disk: Disk, key: str = HOOK) -> StoredRoute:
    """What a restart would find."""
    remembered = (await disk.recovered()).routes
    return remembered[key]


async def test_what_must_not_be_lost_is_written_when_it_changes(world: World) -> None:
    """That a webhook is gone, or deleted: not at the next round."""
    world.room.configure()
    world.room.lanes.remove(HOOK)
    await passes(0.01)
    assert (await memory(world.disk)).deleted_at is not None


async def test_the_rest_is_written_at_the_next_round(world: World) -> None:
    """And only of webhooks of which something changed."""
    world.room.configure(HOOK, OTHER)
    await passes(REMEMBER_SECONDS + 0.1)
    world.disk.remembered.clear()
    await world.room.accepted()
    await until(lambda: world.room.lanes.totals.waiting == 0)
    await passes(REMEMBER_SECONDS + 0.1)
    assert (await memory(world.disk)).last_success is not None
    await passes(10 * REMEMBER_SECONDS)
    assert [[one.route for one in each] for each in world.disk.remembered] == [[HOOK]]


@pytest.mark.parametrize("error", [StoreFull("full"), StoreError("busy"), ValueError("a mistake")])
async def test_what_could_not_be_written_is_written_later(world: World, error: Exception) -> None:
    """It counts as changed until it is."""
    world.room.configure()
    world.disk.fails["remember"] = error
    world.room.lanes.remove(HOOK)
    await passes(3 * REMEMBER_SECONDS)
    assert world.disk.remembered == []
    assert "remember" in world.room.failed
    del world.disk.fails["remember"]
    await passes(REMEMBER_SECONDS + 0.1)
    assert (await memory(world.disk)).deleted_at is not None


async def test_a_sweep_finds_what_nobody_looks_for(world: World) -> None:
    """It is told of once, sent, and done."""
    world.room.configure()
    await passes(SWEEP_SECONDS + 1)
    await world.room.stored(count=3)
    await passes(2 * SWEEP_SECONDS)
    assert sum(world.strays) == 3
    assert len(world.room.wire.sent) == 3
    assert await world.room.waiting() == 0


async def test_a_sweep_of_lanes_at_work_finds_nothing(world: World) -> None:
    """What waits for its time is looked for."""
    world.room.configure()
    await world.room.accepted(count=50)
    await passes(3 * SWEEP_SECONDS)
    assert sum(world.strays) == 0
    assert len(world.strays) >= 2


async def test_a_counting_that_fails_does_not_stop_pruning(world: World) -> None:
    """Nor the process; it is tried again."""
    world.disk.fails["counts"] = StoreError("Reading the history took longer than 2 s.")
    world.room.configure()
    await passes(3 * SWEEP_SECONDS + 1)
    assert world.room.failed == ["sweep"] * 3
    assert len(world.pruned) == 3
    assert world.room.ended == []
    del world.disk.fails["counts"]
    await passes(SWEEP_SECONDS)
    assert world.strays == [0]


async def test_a_pruning_on_a_full_disk_is_waited_out(world: World) -> None:
    """Events are delivered meanwhile."""
    world.disk.fails["prune"] = StoreFull("The disk is full.")
    world.room.configure()
    await passes(2 * PRUNE_SECONDS + 1)
    assert world.room.failed == ["prune", "prune"]
    assert world.room.ended == []
    await world.room.accepted()
    await until(lambda: len(world.room.wire.sent) == 1)


async def test_dead_letters_that_left_are_not_counted_any_more(world: World) -> None:
    """When the last one goes as well."""
    await world.room.stored()
    await world.room.take()
    world.room.lanes.remove(HOOK)
    await passes(700)
    assert world.room.lanes.lane(HOOK).dead == 1
    await passes(3600)
    assert world.room.lanes.lane(HOOK).dead == 0
    assert sum(each["dead_letters"] for each in world.pruned) == 1


async def test_lanes_of_deleted_webhooks_go(world: World) -> None:
    """When nothing is left of them and that is remembered."""
    world.room.configure(HOOK, OTHER)
    world.room.lanes.remove(HOOK)
    await passes(2 * SWEEP_SECONDS)
    assert [lane.key for lane in world.room.lanes.lanes()] == [OTHER]


async def test_a_target_that_is_dead_is_only_probed_by_who_works_on_it_next(world: World) -> None:
    """It failed as often in a row as opens the circuit: a restart is no reason to send it all that waits."""

    async def fail() -> Answer:
        return answered(500)

    world.room.wire.respond = fail
    world.room.configure()
    await world.room.accepted(count=CIRCUIT_FAILURES)
    await until(lambda: world.room.lanes.lane(HOOK).circuit.open)
    await passes(REMEMBER_SECONDS + 0.1)
    await world.room.stored(count=20)
    await world.room.lanes.drain(0)
    following = Room(disk=world.disk)
    following.wire.respond = fail
    await following.take()
    following.configure()
    await passes(2 * CIRCUIT_PROBE_MIN_SECONDS)
    assert len(following.wire.sent) == 1
    following.wire.respond = following.wire.take
    following.lanes.retried(HOOK, forgiven=False)
    await until(lambda: following.lanes.totals.waiting == 0)
    await following.lanes.drain(0)
    following.lanes.close()
    await following.background.close()
