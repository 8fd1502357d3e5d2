"""A look at all Webhooks and WebhookTests every few minutes: repairs what kopf's watches missed, and tells of it.

A watch can die without a sound. What a list knows, and the watch has not told of after a grace, is a miss; misses
in two looks one after the other make the process unhealthy, so that it is started again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from hookwright.controller.cluster import PLURALS, ClusterApi, Listed
from hookwright.controller.inventory import Inventory
from hookwright.errors import ClusterError
from hookwright.limits import RELIST_AGAIN_SECONDS, RELIST_GRACE_SECONDS, RELIST_SECONDS
from hookwright.telemetry.controller_metrics import ControllerMetrics

_log = structlog.get_logger()
_TOLERATED = 1


class Relist:
    """`namespaces`: none is the whole cluster; `pause`: waits so many seconds for a watch that lags."""

    def __init__(
        self,
        cluster: ClusterApi,
        inventory: Inventory,
        namespaces: Sequence[str],
        metrics: ControllerMetrics,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._cluster, self._inventory, self._metrics = cluster, inventory, metrics
        self._namespaces: Sequence[str | None] = namespaces or (None,)
        self._pause = pause
        self._misses = 0

    @property
    def trouble(self) -> str | None:
        """Why the process should be started again; None: it should not."""
        return "A watch misses changes." if self._misses > _TOLERATED else None

    async def first(self) -> None:
        """List everything once. ClusterError."""
        for kind in PLURALS:
            for namespace in self._namespaces:
                listed = await asyncio.to_thread(self._cluster.list, kind, namespace)
                self._inventory.replace(kind, listed.items, listed.version, namespace)

    async def again(self) -> float:
        """Compare and repair; seconds until the next look. ClusterError: the cluster knows the kinds no more.

        Then nothing watches them any more: a new start waits until they are back.
        """
        missed = 0
        try:
            for kind in PLURALS:
                for namespace in self._namespaces:
                    listed = await asyncio.to_thread(self._cluster.list, kind, namespace)
                    missed += await self._compare(kind, namespace, listed)
        except ClusterError as error:
            if error.status == 404:
                raise
            _log.warning("relist", message=str(error))
            return RELIST_AGAIN_SECONDS
        self._misses = self._misses + 1 if missed else 0
        return RELIST_AGAIN_SECONDS if missed else RELIST_SECONDS

    async def _compare(self, kind: str, namespace: str | None, listed: Listed) -> int:
        missed = self._inventory.missed(kind, listed.items, listed.version, namespace)
        if missed:
            await self._pause(RELIST_GRACE_SECONDS)
            missed = self._inventory.missed(kind, listed.items, listed.version, namespace)
        if missed:
            _log.error("watch missed changes", kind=kind, objects=sorted(missed)[:10])
            self._metrics.missed(kind, len(missed))
        self._inventory.replace(kind, listed.items, listed.version, namespace)
        return len(missed)
