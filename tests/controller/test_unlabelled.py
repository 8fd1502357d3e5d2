"""Looks at objects without the label: a few at once, for a bounded time, and never in anybody's way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from controller.fake_cluster import FakeCluster
from hookwright.controller.trouble import Troubles
from hookwright.controller.unlabelled import Unlabelled
from hookwright.limits import (
    UNRESOLVED_AT_ONCE,
    UNRESOLVED_LOOKS,
    UNRESOLVED_LOOKS_SECONDS,
    UNRESOLVED_SECONDS,
)

SECONDS = 60.0
NAMES = [("Secret", f"shop/s{number:03}") for number in range(2 * UNRESOLVED_LOOKS)]


class Slow(FakeCluster):
    """Each look takes `takes` seconds of the clock, and waits for `go`; `most`: how many there were at once."""

    def __init__(self) -> None:
        super().__init__()
        self.takes, self.seconds = 0.0, 1000.0
        self.go = threading.Event()
        self.go.set()
        self.full = threading.Event()
        self.looked: list[str] = []
        self.most = self._now = 0

    def labels(self, kind: str, namespace: str, name: str) -> dict[str, object] | None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            self.looked.append(name)
            if self._now == UNRESOLVED_AT_ONCE:
                self.full.set()
        self.go.wait(SECONDS)
        with self._lock:
            self._now -= 1
            self.seconds += self.takes
        return dict(super().labels(kind, namespace, name) or {}) or None


class World:
    """`Unlabelled` over such a cluster; `heard`: it has news."""

    def __init__(self) -> None:
        self.cluster = Slow()
        self.heard = asyncio.Event()
        self.unlabelled = Unlabelled(
            self.cluster, lambda: self.cluster.seconds, self.heard.set, Troubles(lambda: self.cluster.seconds)
        )

    async def look(self, *names: tuple[str, str]) -> None:
        """Look, to the end."""
        looks = self.unlabelled.look(names)
        assert looks is not None
        async with asyncio.timeout(SECONDS):
            await looks


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Ended afterwards."""
    made = World()
    yield made
    made.cluster.go.set()
    await made.unlabelled.close()


async def test_news_are_told_once(world: World) -> None:
    """There without the label: an object without data; looked at again after a while; gone: news again."""
    world.cluster.apply("kind: Secret\nmetadata: {name: s000}\ndata: {k: dg==}")
    await world.look(NAMES[0], NAMES[1])
    assert [each.body for each in world.unlabelled.objects] == [{"metadata": {"labels": {}}}]
    assert world.heard.is_set()
    world.heard.clear()
    await world.look(NAMES[0], NAMES[1])
    assert len(world.cluster.looked) == 2
    world.cluster.seconds += UNRESOLVED_SECONDS
    await world.look(NAMES[0], NAMES[1])
    assert (len(world.cluster.looked), world.heard.is_set()) == (4, False)
    world.cluster.delete("Secret", "shop/s000")
    world.cluster.seconds += UNRESOLVED_SECONDS
    await world.look(NAMES[0], NAMES[1])
    assert (world.unlabelled.objects, world.heard.is_set()) == ([], True)


async def test_a_few_at_once_and_so_many_in_one_go(world: World) -> None:
    """While the API server does not answer nobody waits, and nothing piles up behind those under way."""
    world.cluster.go.clear()
    for _ in range(5):
        world.unlabelled.look(NAMES)
        await asyncio.sleep(0)
    assert await asyncio.to_thread(world.cluster.full.wait, SECONDS)
    world.cluster.go.set()
    await world.look(*NAMES)
    assert world.cluster.most == UNRESOLVED_AT_ONCE
    assert len(world.cluster.looked) == len(set(world.cluster.looked)) == UNRESOLVED_LOOKS
    await world.look(*NAMES)
    assert set(world.cluster.looked) == {key.partition("/")[2] for _, key in NAMES}


async def test_slow_answers_end_a_go(world: World) -> None:
    """What was not looked at yet comes first the next time."""
    world.cluster.takes = UNRESOLVED_LOOKS_SECONDS / 10
    await world.look(*NAMES[:50])
    first = len(world.cluster.looked)
    assert first <= 10 + UNRESOLVED_AT_ONCE
    await world.look(*NAMES[:50])
    assert not set(world.cluster.looked[:first]) & set(world.cluster.looked[first:])


async def test_an_error_is_no_news(world: World) -> None:
    """What was found before stays."""
    world.cluster.apply("kind: Secret\nmetadata: {name: s000}\ndata: {k: dg==}")
    await world.look(NAMES[0])
    world.heard.clear()
    world.cluster.down = True
    world.cluster.seconds += UNRESOLVED_SECONDS
    await world.look(NAMES[0])
    assert (len(world.unlabelled.objects), world.heard.is_set()) == (1, False)
