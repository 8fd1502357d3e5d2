"""A look at all Webhooks and WebhookTests every few minutes: repairs what kopf's watches missed, and tells of it.

A watch can die without a sound. What a list knows, and the watch has not told of after a grace, is a miss; misses
in two looks one after the other make the process unhealthy, so that it is started again. Each watched namespace is
looked at for itself: one that refuses waits longer from look to look, and stops no other.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from hookwright.controller.cluster import PLURALS, ClusterApi, Listed
from hookwright.controller.inventory import Inventory
from hookwright.controller.pace import Pace
from hookwright.controller.trouble import Troubles
from hookwright.errors import ClusterError
from hookwright.limits import FEED_SECONDS, RELIST_AGAIN_SECONDS, RELIST_GRACE_SECONDS, RELIST_SECONDS
from hookwright.telemetry.controller_metrics import ControllerMetrics

_log = structlog.get_logger()
_TOLERATED = 1
FORBIDDEN: Final = 403
"""The answer of a namespace that is gone, or gives no rights: both look alike from outside."""


def refusal(namespace: str, error: ClusterError) -> str:
    """What is said of a watched namespace that refuses."""
    return f"Namespace {namespace} refuses to be watched: does it exist, with its RoleBinding? {error}"


class Relist:
    """`namespaces`: none is the whole cluster; `pause`: waits so many seconds for a watch that lags."""

    def __init__(
        self,
        cluster: ClusterApi,
        inventory: Inventory,
        namespaces: Sequence[str],
        metrics: ControllerMetrics,
        troubles: Troubles,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster, self._inventory, self._metrics = cluster, inventory, metrics
        self._troubles, self._pause, self._monotonic = troubles, pause, monotonic
        self._namespaces: Sequence[str | None] = namespaces or (None,)
        self._pace = Pace(monotonic)
        self._due: dict[str | None, float] = dict.fromkeys(self._namespaces, 0.0)
        self._healed: dict[str | None, float] = {}
        self._misses: Counter[str | None] = Counter()
        self.refused: set[str] = set()
        """Watched namespaces that refuse."""
        self.unseen: frozenset[str] = frozenset()
        """Those that did so from the start: what is in them is not known."""

    @property
    def trouble(self) -> str | None:
        """Why the process should be started again; None: it should not."""
        return "A watch misses changes." if max(self._misses.values(), default=0) > _TOLERATED else None

    async def first(self) -> None:
        """List everything once, apart from namespaces that refuse. ClusterError."""
        for namespace in self._namespaces:
            try:
                await self._take(namespace)
            except ClusterError as error:
                if namespace is None or error.status != FORBIDDEN:
                    raise
                self._due[namespace] = self._monotonic() + self._refuse(namespace, error)
        self.unseen = frozenset(self.refused)

    async def again(self) -> float:
        """Compare and repair what is due; seconds until the next look. ClusterError: the kinds are known no more.

        Then nothing watches them any more: a new start waits until they are back.
        """
        try:
            for namespace in self._namespaces:
                if self._due[namespace] <= self._monotonic():
                    pause = await self._look(namespace)
                    self._due[namespace] = self._monotonic() + pause
        except ClusterError as error:
            if error.status == 404:
                raise
            self._metrics.failed("list")
            self._troubles.note("list", str(error.status or "no answer"), str(error), red=True)
            return RELIST_AGAIN_SECONDS
        self._troubles.over("list")
        return max(0.0, min(self._due.values()) - self._monotonic())

    async def _look(self, namespace: str | None) -> float:
        """Seconds until the next look at it. ClusterError: it is not the namespace that refuses."""
        try:
            if namespace in self.refused:
                await self._take(namespace)
                self._heal(namespace)
                return RELIST_AGAIN_SECONDS
            missed = await self._compare(namespace)
        except ClusterError as error:
            if namespace is None or error.status != FORBIDDEN:
                raise
            return self._refuse(namespace, error)
        if self._monotonic() - self._healed.get(namespace, -FEED_SECONDS) < FEED_SECONDS:
            return RELIST_AGAIN_SECONDS  # kopf's own watch of it is yet to come back
        self._misses[namespace] = self._misses[namespace] + 1 if missed else 0
        return RELIST_AGAIN_SECONDS if missed else RELIST_SECONDS

    async def _take(self, namespace: str | None) -> None:
        for kind in PLURALS:
            listed = await asyncio.to_thread(self._cluster.list, kind, namespace)
            self._inventory.replace(kind, listed.items, listed.version, namespace)

    async def _compare(self, namespace: str | None) -> int:
        """How many changes the watch missed; they are repaired."""
        missed = 0
        for kind in PLURALS:
            listed = await asyncio.to_thread(self._cluster.list, kind, namespace)
            missed += await self._missed(kind, namespace, listed)
        return missed

    async def _missed(self, kind: str, namespace: str | None, listed: Listed) -> int:
        missed = self._inventory.missed(kind, listed.items, listed.version, namespace)
        if missed:
            await self._pause(RELIST_GRACE_SECONDS)
            missed = self._inventory.missed(kind, listed.items, listed.version, namespace)
        if missed:
            _log.error("watch missed changes", kind=kind, objects=sorted(missed)[:10])
            self._metrics.missed(kind, len(missed))
        self._inventory.replace(kind, listed.items, listed.version, namespace)
        return len(missed)

    def _refuse(self, namespace: str, error: ClusterError) -> float:
        """Tell it; seconds until the next try."""
        self.refused.add(namespace)
        self._metrics.failed("namespace")
        self._troubles.note("namespace", namespace, refusal(namespace, error))
        return self._pace.failed(namespace, error.status)

    def _heal(self, namespace: str | None) -> None:
        self.refused.discard(str(namespace))
        self.unseen -= {namespace}
        self._pace.over(namespace)
        self._healed[namespace] = self._monotonic()
        self._troubles.over("namespace", namespace)
