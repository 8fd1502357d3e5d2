"""Misses of a watch: repaired, counted, and after two looks in a row a reason to start again."""

from __future__ import annotations

import pytest
import structlog

from controller.fake_cluster import FakeCluster
from hookwright.controller.inventory import Inventory
from hookwright.controller.relist import Relist
from hookwright.controller.trouble import Troubles
from hookwright.errors import ClusterError
from hookwright.limits import FEED_SECONDS, RELIST_AGAIN_SECONDS, RELIST_SECONDS
from hookwright.telemetry.controller_metrics import ControllerMetrics

WEBHOOK = """
kind: Webhook
metadata: {name: %s, namespace: shop}
spec: {url: "https://a.example/x", triggers: [RequestCreated]}
"""


class Watched:
    """A cluster and an inventory whose watch tells nothing, unless `lagging` says so during the grace."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.inventory = Inventory(lambda kind: None)
        self.metrics = ControllerMetrics()
        self.lagging, self.seconds = False, 1000.0
        self.troubles = Troubles(lambda: self.seconds)
        self.relist = self.made()

    def made(self, *namespaces: str) -> Relist:
        """One over it; `namespaces`: those that are watched."""
        return Relist(
            self.cluster, self.inventory, namespaces, self.metrics, self.troubles, self._pause,
            lambda: self.seconds,
        )  # fmt: skip

    async def again(self) -> float:
        """The next look, at its time; seconds until the one after it."""
        pause = await self.relist.again()
        self.seconds += pause
        return pause

    async def _pause(self, seconds: float) -> None:
        if self.lagging:
            for raw in self.cluster.list("Webhook", None).items:
                self.inventory.put("Webhook", raw)


@pytest.fixture
async def watched() -> Watched:
    """Listed once."""
    world = Watched()
    world.cluster.apply(WEBHOOK % "w")
    await world.relist.first()
    return world


async def test_two_looks_with_misses_ask_for_a_restart(watched: Watched) -> None:
    """Each miss is repaired at once; one look without any is well again."""
    assert await watched.again() == RELIST_SECONDS
    watched.cluster.apply(WEBHOOK % "second")
    assert await watched.again() == RELIST_AGAIN_SECONDS
    assert set(watched.inventory.of("Webhook")) == {"shop/w", "shop/second"}
    assert watched.relist.trouble is None
    watched.cluster.delete("Webhook", "shop/w")
    await watched.again()
    assert set(watched.inventory.of("Webhook")) == {"shop/second"}
    assert watched.relist.trouble == "A watch misses changes."
    assert b'hookwright_controller_missed_total{kind="Webhook"} 2.0' in watched.metrics.exposition()
    assert await watched.again() == RELIST_SECONDS
    assert watched.relist.trouble is None


async def test_a_watch_that_only_lags_is_well(watched: Watched) -> None:
    """What it tells within the grace is no miss."""
    watched.lagging = True
    for name in ("a", "b", "c"):
        watched.cluster.apply(WEBHOOK % name)
        assert await watched.again() == RELIST_SECONDS
    assert watched.relist.trouble is None


async def test_an_api_server_that_is_away_is_no_reason_to_start_again(watched: Watched) -> None:
    """Looked at again soon; a restart would not help."""
    watched.cluster.down = True
    for _ in range(3):
        assert await watched.again() == RELIST_AGAIN_SECONDS
    assert watched.relist.trouble is None


async def test_a_kind_that_the_cluster_knows_no_more_ends_it(watched: Watched) -> None:
    """Its CRD was deleted: what the watch said is not trusted any longer, and no later look would find it out."""
    watched.cluster.unknown.add("WebhookTest")
    with pytest.raises(ClusterError, match="404"):
        await watched.again()


async def test_a_namespace_that_refuses_is_left_out_and_comes_back(watched: Watched) -> None:
    """The others are listed at the start and looked at; it is asked less and less, told once a minute, and heals."""
    watched.cluster.apply((WEBHOOK % "x").replace("shop", "gone"))
    watched.cluster.closed = {"gone"}
    watched.inventory = Inventory(lambda kind: None)
    watched.relist = watched.made("gone", "shop")
    await watched.relist.first()
    assert set(watched.inventory.of("Webhook")) == {"shop/w"}
    watched.cluster.lists.clear()
    with structlog.testing.capture_logs() as told:
        ends = watched.seconds + RELIST_SECONDS
        while watched.seconds < ends:
            await watched.again()
    asked = [namespace for kind, namespace in watched.cluster.lists if kind == "Webhook"]
    assert (asked.count("shop"), asked.count("gone")) == (1, 13)
    assert (len(told), watched.relist.refused) == (4, {"gone"})
    watched.cluster.closed = set()
    while watched.relist.refused:
        await watched.again()
    assert set(watched.inventory.of("Webhook")) == {"shop/w", "gone/x"}
    assert (watched.relist.refused, watched.troubles.sentences()) == (set(), [])


async def test_what_a_namespace_that_came_back_tells_late_is_no_miss(watched: Watched) -> None:
    """kopf's own watch of it pauses as well; the looks repair meanwhile."""
    watched.cluster.closed = {"shop"}
    watched.relist = watched.made("shop")
    await watched.relist.first()
    await watched.again()
    watched.cluster.closed = set()
    for name in ("a", "b", "c"):
        watched.cluster.apply(WEBHOOK % name)
        assert await watched.again() <= RELIST_AGAIN_SECONDS
        assert f"shop/{name}" in watched.inventory.of("Webhook")
    assert watched.relist.trouble is None
    watched.seconds += FEED_SECONDS
    for name in ("d", "e"):
        watched.cluster.apply(WEBHOOK % name)
        await watched.again()
    assert watched.relist.trouble == "A watch misses changes."
