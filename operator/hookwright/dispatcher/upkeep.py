"""What is done from time to time: remembering, pruning, deleted webhooks, old deliveries, and the search for strays.

A stray is a waiting delivery that no lane knows of; there must be none, and a metric says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hookwright.core.lifecycle import RouteState, give_up
from hookwright.core.retry import RetryPolicy
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.lane import Lane
from hookwright.dispatcher.lanes import Lanes
from hookwright.dispatcher.loader import Loader
from hookwright.store.port import DeadReason, History, StoredRoute, Work

REMEMBER_SECONDS = 2.0
SWEEP_SECONDS = 60.0
DELETED_SECONDS = 10.0


class Upkeep:
    """Runs its rounds until cancelled. An error ends it, and with it the process (`dispatcher.app`)."""

    def __init__(
        self,
        work: Work,
        history: History,
        lanes: Lanes,
        loader: Loader,
        clock: Clock,
        *,
        strays: Callable[[int], None],
        pruned: Callable[[dict[str, int]], None],
    ) -> None:
        self._work, self._history, self._lanes, self._loader, self._clock = (
            work,
            history,
            lanes,
            loader,
            clock,
        )
        self._strays, self._pruned = strays, pruned

    async def run(self) -> None:
        """All rounds, each at its own pace."""
        await asyncio.gather(
            self._every(REMEMBER_SECONDS, self.remember),
            self._every(DELETED_SECONDS, self.give_up),
            self._every(SWEEP_SECONDS, self.sweep),
        )

    async def _every(self, seconds: float, what: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            await what()

    async def remember(self) -> None:
        """Write what must outlast a restart, of lanes in which it changed."""
        changed = [lane for lane in self._lanes.lanes() if lane.dirty]
        for lane in changed:
            lane.dirty = False
        if changed:
            await self._work.remember([_stored(lane) for lane in changed])

    async def give_up(self) -> None:
        """Dead letters of deliveries whose webhook stays away, or that are too old while it is held."""
        if self._loader.config is None:
            return
        now = self._clock.now()
        for lane in list(self._lanes.lanes()):
            if not lane.waiting or lane.in_flight:
                continue
            if lane.key not in self._loader.webhooks and lane.deleted_at_ms is None:
                lane.deleted_at_ms = self._clock.now_ms()  # replayed, and its webhook is not there any more
                lane.dirty = True
            deleted = None if lane.deleted_at_ms is None else lane.deleted_at_ms / 1000
            policy = self._policy(lane)
            burial = give_up(lane.state, received=now, policy=policy, deleted_at=deleted, now=now)
            if burial is not None:
                self._lanes.bury_all(lane, DeadReason(burial.reason), burial.message)
            elif lane.state is not RouteState.RUNNING or lane.circuit.open or lane.paused_until:
                oldest = now - policy.max_age
                aged = give_up(lane.state, received=oldest, policy=policy, deleted_at=None, now=now)
                if aged is not None and aged.reason == DeadReason.EXHAUSTED:
                    self._lanes.bury_all(
                        lane, DeadReason.EXHAUSTED, aged.message, received_before=int(oldest * 1000)
                    )

    def _policy(self, lane: Lane) -> RetryPolicy:
        webhook = self._loader.webhooks.get(lane.key)
        return RetryPolicy.of(
            webhook.spec.retry if webhook is not None and webhook.spec is not None else None
        )

    async def sweep(self) -> None:
        """Compare store and lanes, then prune."""
        self._loader.former.prune()
        counts = await self._history.counts()
        strays = 0
        for key, count in counts.items():
            lane = self._lanes.lane(key)
            idle = not lane.keys and not lane.claiming and not lane.more and lane.due_at is None
            if idle and count.waiting and lane.state is RouteState.RUNNING and lane.waiting != count.waiting:
                strays += count.waiting
                lane.more = True
                self._lanes.wake(lane)
            if idle:
                lane.dead = count.dead
        self._strays(strays)
        self._pruned(await self._work.prune(now=self._clock.now_ms()))


def _stored(lane: Lane) -> StoredRoute:
    return StoredRoute(
        lane.key, lane.gone_mark, lane.deleted_at_ms, lane.last_success_ms, lane.last_failure_ms,
        lane.consecutive_failures,
    )  # fmt: skip
