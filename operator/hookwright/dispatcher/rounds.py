"""The rounds of upkeep: remembering, comparing store and lanes, dropping what is too old (errors: `background`).

Must not: decide about deliveries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from hookwright.core.former import FormerSecrets
from hookwright.core.lane import Lane
from hookwright.core.parts import UPKEEP_PART, Parts
from hookwright.core.records import RouteCounts
from hookwright.dispatcher.background import Background
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.limits import COUNT_LANES, PRUNE_SECONDS, REMEMBER_SECONDS, SWEEP_SECONDS
from hookwright.store.port import Store

_NONE = RouteCounts(0, 0, 0)


class Rounds:
    """Upkeep of the store and of the lanes' knowledge of it."""

    def __init__(
        self,
        store: Store,
        lanes: Lanes,
        former: FormerSecrets,
        clock: Clock,
        *,
        strays: Callable[[int], None],
        pruned: Callable[[Mapping[str, int]], None],
    ) -> None:
        """`strays` and `pruned` are told what a sweep found and what left the store (metrics)."""
        self._store, self._lanes, self._former, self._clock = store, lanes, former, clock
        self._strays, self._pruned = strays, pruned
        self._one_at_a_time, self._saving = asyncio.Lock(), asyncio.Lock()
        self._untold = False
        """The store has dropped dead letters that it will tell of with the next round."""

    def run(self, background: Background) -> None:
        """All rounds, each at its own pace, until `background` is closed."""
        background.every("remember", REMEMBER_SECONDS, self.remember)
        background.every("sweep", SWEEP_SECONDS, self.sweep)
        background.every("prune", PRUNE_SECONDS, self.prune)
        background.spawn("remember", self._remember_in_a_hurry(background))

    async def _remember_in_a_hurry(self, background: Background) -> None:
        """What must not be lost by a crash is written when it changes."""
        while True:
            await self._lanes.hurry.wait()
            self._lanes.hurry.clear()
            if not await background.guard("remember", self.remember()):
                await asyncio.sleep(REMEMBER_SECONDS)
                self._lanes.hurry.set()

    async def remember(self) -> None:
        """Write what must outlast a restart, of lanes in which it changed."""
        await self._save(self._lanes.of(self._store.work.own))

    async def remember_of(self, parts: Parts) -> None:
        """Write what another process begins with, that is to work on these parts."""
        await self._save(self._lanes.of(parts))

    async def _save(self, lanes: Sequence[Lane]) -> None:
        async with self._saving:  # what is being written is not written yet
            changed = [lane for lane in lanes if lane.standing.unsaved]
            if not changed:
                return
            try:
                await self._store.upkeep.remember([lane.save() for lane in changed])
            except BaseException:
                for lane in changed:
                    lane.standing.unsave()
                raise

    async def sweep(self) -> None:
        """Compare store and lanes: what waits in the one and is looked for by none is a stray; there must be none."""
        self._lanes.drop_spent()
        self._former.prune()
        keys = [lane.key for lane in self._lanes.of(self._store.work.own)]
        async with self._one_at_a_time:
            for at in range(0, 0 if self._untold else len(keys), COUNT_LANES):
                group = keys[at : at + COUNT_LANES]
                counts = await self._store.history.counts(group)
                self._strays(sum(self._lanes.counted(key, counts.get(key, _NONE)) for key in group))

    async def prune(self) -> None:
        """Drop what is past its time or size."""
        async with self._one_at_a_time:
            if UPKEEP_PART not in self._store.work.own:
                return
            self._untold = True
            pruned = await self._store.upkeep.prune(now=self._clock.now_ms())
            self._untold = False
            for key, count in pruned.dead_letters.items():
                self._lanes.lane(key).pruned(count)
        self._pruned(
            {
                "identities": pruned.identities,
                "history": pruned.history,
                "dead_letters": sum(pruned.dead_letters.values()),
                "events": pruned.events,
            }
        )
