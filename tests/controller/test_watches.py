"""Watches beside kopf's: each namespace for itself, and silence is told only where it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from controller.fake_cluster import FakeCluster
from hookwright.controller.cluster import SilentError
from hookwright.controller.inventory import Inventory, Raw
from hookwright.controller.settings import Settings
from hookwright.controller.trouble import Troubles
from hookwright.controller.watches import Scope, Watches, scopes
from hookwright.limits import SILENT_WATCHES
from hookwright.telemetry.controller_metrics import ControllerMetrics

SECONDS = 60.0


class World:
    """Watches over a cluster in memory, of the namespaces a and b."""

    def __init__(self, cluster: FakeCluster, watched: list[Scope] | None = None) -> None:
        self.cluster, self.troubles = cluster, Troubles(lambda: 0.0)
        self._heard = asyncio.Event()
        self.inventory = Inventory(lambda kind: self._heard.set())
        settings = Settings(namespace="hooks", release="hw", watch_namespaces=("a", "b"))
        self.watches = Watches(
            cluster, self.inventory, watched or scopes(settings), ControllerMetrics(), self.troubles, 0.0
        )

    async def until(self, what: Callable[[], Any]) -> None:
        """Look after each change until the answer is true."""
        async with asyncio.timeout(SECONDS):
            while not what():
                await self._heard.wait()
                self._heard.clear()


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    """Its watches end with the test."""
    made = FakeCluster()
    yield made
    made.end_watches()


SECRET = "kind: Secret\nmetadata: {name: s, namespace: %s, labels: {hookwright.io/webhook-secret: 'true'}}"


async def test_a_namespace_that_refuses_holds_up_no_start(cluster: FakeCluster) -> None:
    """What the others have is heard, one line tells of it, and it heals by itself."""
    cluster.apply(f"{SECRET % 'a'}\n---\n{SECRET % 'b'}")
    cluster.closed = {"b"}
    world = World(cluster)
    with structlog.testing.capture_logs() as told:
        async with asyncio.timeout(SECONDS):
            await world.watches.start()
    assert set(world.inventory.of("Secret")) == {"a/s"}
    assert [(each["event"], each["cause"]) for each in told] == [("namespace", "b")]
    cluster.closed = set()
    await world.until(lambda: "b/s" in world.inventory.of("Secret"))
    world.watches.stop()


class Silent(FakeCluster):
    """Its watches are silent `times`, and tell of one object then."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._times = times

    def watch(
        self, kind: str, namespace: str | None, selector: str, version: int
    ) -> Iterator[tuple[str, Raw]]:
        if self._times:
            self._times -= 1
            raise SilentError("A watch told nothing for 90 s.")
        yield "ADDED", {"metadata": {"name": "last", "namespace": "a", "resourceVersion": "9"}}
        yield from super().watch(kind, namespace, selector, version)


@pytest.mark.parametrize("times", [SILENT_WATCHES - 1, SILENT_WATCHES])
async def test_silence_is_told_where_it_goes_on(times: int) -> None:
    """A watch that ends by its own limit of silence is none of an administrator's business, a deaf one is."""
    cluster = Silent(times)
    world = World(cluster, [Scope("Secret", "a", "")])
    with structlog.testing.capture_logs() as told:
        await world.watches.start()
        await world.until(lambda: "a/last" in world.inventory.of("Secret"))
    world.watches.stop()
    cluster.end_watches()
    shown = [each["message"] for each in told if each["log_level"] != "debug"]
    assert shown == ["A watch told nothing for 90 s."] * (times == SILENT_WATCHES)
