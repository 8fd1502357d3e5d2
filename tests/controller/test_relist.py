"""Misses of a watch: repaired, counted, and after two looks in a row a reason to start again."""

from __future__ import annotations

import pytest

from controller.fake_cluster import FakeCluster
from hookwright.controller.inventory import Inventory
from hookwright.controller.relist import Relist
from hookwright.errors import ClusterError
from hookwright.limits import RELIST_AGAIN_SECONDS, RELIST_SECONDS
from hookwright.telemetry.controller_metrics import ControllerMetrics

WEBHOOK = """
kind: Webhook
metadata: {name: %s}
spec: {url: "https://a.example/x", triggers: [RequestCreated]}
"""


class Watched:
    """A cluster and an inventory whose watch tells nothing, unless `lagging` says so during the grace."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.inventory = Inventory(lambda kind: None)
        self.metrics = ControllerMetrics()
        self.lagging = False
        self.relist = Relist(self.cluster, self.inventory, (), self.metrics, self._pause)

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
    assert await watched.relist.again() == RELIST_SECONDS
    watched.cluster.apply(WEBHOOK % "second")
    assert await watched.relist.again() == RELIST_AGAIN_SECONDS
    assert set(watched.inventory.of("Webhook")) == {"shop/w", "shop/second"}
    assert watched.relist.trouble is None
    watched.cluster.delete("Webhook", "shop/w")
    await watched.relist.again()
    assert set(watched.inventory.of("Webhook")) == {"shop/second"}
    assert watched.relist.trouble == "A watch misses changes."
    assert b'hookwright_controller_missed_total{kind="Webhook"} 2.0' in watched.metrics.exposition()
    assert await watched.relist.again() == RELIST_SECONDS
    assert watched.relist.trouble is None


async def test_a_watch_that_only_lags_is_well(watched: Watched) -> None:
    """What it tells within the grace is no miss."""
    watched.lagging = True
    for name in ("a", "b", "c"):
        watched.cluster.apply(WEBHOOK % name)
        assert await watched.relist.again() == RELIST_SECONDS
    assert watched.relist.trouble is None


async def test_an_api_server_that_is_away_is_no_reason_to_start_again(watched: Watched) -> None:
    """Looked at again soon; a restart would not help."""
    watched.cluster.down = True
    for _ in range(3):
        assert await watched.relist.again() == RELIST_AGAIN_SECONDS
    assert watched.relist.trouble is None


async def test_a_kind_that_the_cluster_knows_no_more_ends_it(watched: Watched) -> None:
    """Its CRD was deleted: what the watch said is not trusted any longer, and no later look would find it out."""
    watched.cluster.unknown.add("WebhookTest")
    with pytest.raises(ClusterError, match="404"):
        await watched.relist.again()
