"""The parts of the webhooks on which this process works, as the store says: taken, left, and what others did to them.

Where the store has one owner these are all, from start to end. A part is left to another when nothing of it is under
way any more; one that was lost (the process slept, or could not reach the store) at once. Must not: decide who has which.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial

from hookwright.core.invocations import last_invocation
from hookwright.core.parts import EVERY_PART, NO_PART, Parts, part_of
from hookwright.core.records import AttemptRecord, LastInvocation
from hookwright.dispatcher.background import Background
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.dispatcher.slices import in_slices
from hookwright.limits import LANES_SLICE, LEAVING_SECONDS, SWEEP_SECONDS, TAKING_SECONDS
from hookwright.store.owner import Arrival
from hookwright.store.port import Recovered, Store


class Ownership:
    """Tells the lanes. `remember` writes what is to be remembered of webhooks of some parts, before another has them."""

    def __init__(
        self,
        store: Store,
        lanes: Lanes,
        clock: Clock,
        background: Background,
        remember: Callable[[Parts], Awaitable[None]],
        taken: Callable[[], Awaitable[None]],
    ) -> None:
        """`taken` is called after some were taken while the process runs."""
        self._work, self._upkeep, self._history, self._lanes = store.work, store.upkeep, store.history, lanes
        self._clock, self._background = clock, background
        self._remember, self._taken = remember, taken
        self._moves = store.work.owned()
        self._wanted: Parts = EVERY_PART
        """What this process is to work on, as the store says; the lanes may not have begun with it yet."""
        self._coming: Parts = NO_PART
        """Of that, what they have not begun with."""
        self._leaving: Parts = NO_PART
        """What it has and is to give away."""
        self._unsaved: Parts = NO_PART
        """Of that, what was worked on here, and is still to be written for who works on it next."""
        self._one_at_a_time = asyncio.Lock()

    async def first(self) -> Recovered:
        """Take what there is at the start. Raises StoreError."""
        moved = await anext(self._moves)
        self._wanted, self._leaving = moved.came - moved.leaving, moved.leaving
        return await self._begin(self._wanted)

    def run(self) -> None:
        """Follow what the store says, until the background is closed."""
        self._spawn(partial(self._give, self._leaving), self._leaving)
        self._background.spawn("parts", self._follow())
        self._background.spawn("arrivals", self._arrivals())
        self._background.every("parts", SWEEP_SECONDS, self._recount)

    async def _follow(self) -> None:
        async for came, leaving, lost in self._moves:
            self._wanted = (self._wanted | came) - leaving - lost
            self._coming = (self._coming | came) - leaving - lost
            self._leaving = (self._leaving | leaving) - lost
            self._unsaved -= lost
            self._leave(lost)
            self._spawn(self._take, came - leaving)
            self._spawn(partial(self._give, leaving), leaving)

    def _spawn(self, what: Callable[[], Awaitable[None]], parts: Parts) -> None:
        if parts:
            self._background.spawn("parts", self._until_done(what))

    async def _until_done(self, what: Callable[[], Awaitable[None]]) -> None:
        while not await self._background.guard("parts", what()):  # noqa: ASYNC110 - tries again
            await asyncio.sleep(TAKING_SECONDS)

    async def _take(self) -> None:
        """All that came by the time that it is begun with: to look at the store for many is as dear as for one."""
        while self._coming:
            async with self._one_at_a_time:
                parts = self._still(self._coming)
                if parts:
                    await self._begin_with(parts)
            if parts:
                await self._taken()
            else:  # something is under way from a time before; what ends tells nobody
                await asyncio.sleep(LEAVING_SECONDS)

    async def _begin_with(self, parts: Parts) -> None:
        self._coming -= parts  # what comes once more meanwhile is begun with anew
        try:
            await self._begin(parts)
        except BaseException:
            self._coming |= parts & self._wanted
            raise

    async def _give(self, leaving: Parts) -> None:
        self._unsaved |= leaving & self._leaving & self._work.own
        for part in sorted(leaving & self._leaving):  # tried again, some may have been given, and come back
            self._leave(frozenset((part,)))
            await asyncio.sleep(0)
        await self._until_done(partial(self._hand_over, leaving))
        await self._recount()

    async def _hand_over(self, leaving: Parts) -> None:
        """Each as soon as it is still, and what the next begins with is written."""
        while parts := leaving & self._leaving:
            still = self._still(parts)
            if still:
                await self._remember(still & self._unsaved)
                await self._work.give(still)
                self._leaving -= still
                self._unsaved -= still
            else:
                await asyncio.sleep(LEAVING_SECONDS)

    async def remember(self) -> None:
        """Write what outlasts the end of the process, of all that it has worked on and not given away. Raises StoreError."""
        await self._remember(self._work.own | self._unsaved)

    async def _arrivals(self) -> None:
        async for _ in self._work.woken():
            while not await self._background.guard("arrivals", self._arrived()):
                await asyncio.sleep(TAKING_SECONDS)
                await self._look_all()  # what was read then may be told to nobody any more

    async def _arrived(self) -> None:
        await self._arrive(await self._work.arrived())

    # --- what the lanes are told -----------------------------------------------------------------

    async def _begin(self, parts: Parts) -> Recovered:
        """With these beside what is worked on already."""
        if came := parts - self._work.own:
            await self._upkeep.clamp(now=self._clock.now_ms(), parts=came)
        records = await self._history.last_invocations(parts)
        last = await asyncio.to_thread(_last_invocations, records, self._work.tag)
        # last, as what comes after it is not in it
        found = await self._history.recovered(parts, self._work.own | parts)
        await self.take(parts, found, last)
        return found

    async def _recount(self) -> None:
        """What waits of each namespace: of an event that another process took it is not known what it shares."""
        if self._work.own != EVERY_PART:
            async with self._one_at_a_time:
                found = await self._history.recovered(NO_PART, self._work.own)
                self._lanes.shares.take(found.shares)

    async def take(self, parts: Parts, found: Recovered, last: Mapping[str, LastInvocation]) -> None:
        """Nothing of these parts is under way; the lanes begin with what the store holds, but for what is to be left or was
        lost since."""
        lanes, now = self._lanes, self._clock.now()
        lanes.shares.take(found.shares)
        async for key in in_slices(found.counts.keys() | found.routes.keys(), LANES_SLICE):
            if part_of(key) not in self._wanted:
                continue
            lane = lanes.lane(key)
            lane.standing.recalled(last.get(key))
            lane.taken(found.routes.get(key), found.counts.get(key), now)
            if lane.standing.known and lane.standing.mark is None:
                lane.standing.removed(now)
            lanes.settle(lane)
        parts &= self._wanted
        self._work.own |= parts
        for lane in lanes.of(parts):
            lane.owned = True
            lanes.touch([lane.key])

    def _leave(self, parts: Parts) -> None:
        self._work.own -= parts
        for lane in self._lanes.of(parts):
            lane.left()
            self._lanes.touch([lane.key])
            self._lanes.settle(lane)

    def _still(self, parts: Parts) -> Parts:
        """Those of which nothing is under way, to a target or to the store."""
        if self._lanes.replays:
            return NO_PART
        return parts - {part_of(lane.key) for lane in self._lanes.of(parts) if not lane.still}

    async def _look_all(self) -> None:
        """Something may wait in the store that nobody looks for."""
        async for lane in in_slices(self._lanes.of(self._work.own), LANES_SLICE):
            lane.arrived(0, 0, 0, self._clock.now())
            self._lanes.settle(lane)

    async def _arrive(self, arrivals: Iterable[Arrival]) -> None:
        """Other processes did this to webhooks."""
        lanes, now = self._lanes, self._clock.now()
        async for key, waiting, size, dead, retried, forgiven in in_slices(arrivals, LANES_SLICE):
            lane = lanes.lane(key)
            if lane.owned and waiting:
                lanes.shares.came_alone(lane.namespace, waiting, size)
            lane.arrived(waiting, size, dead, now)
            if retried:
                lanes.retried(key, forgiven=forgiven)
            lanes.settle(lane)


def _last_invocations(records: dict[str, AttemptRecord], tag: str) -> dict[str, LastInvocation]:
    """For a thread, as many webhooks take a while."""
    return {key: last_invocation(record, tag) for key, record in records.items()}
