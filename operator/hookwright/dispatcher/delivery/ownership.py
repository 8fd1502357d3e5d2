"""The parts of the webhooks on which this process works, as the store says: taken, left, and what others did to them.

Where the store has one owner these are all, from start to end. A part is left to another when nothing of it is under
way any more; one that was lost (the process slept, or could not reach the store) at once. Must not: decide who has which.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from hookwright.core.invocations import last_invocation
from hookwright.core.parts import EVERY_PART, NO_PART, Parts
from hookwright.core.records import AttemptRecord, LastInvocation
from hookwright.dispatcher.background import Background
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.limits import LEAVING_SECONDS, SWEEP_SECONDS, TAKING_SECONDS
from hookwright.store.port import Recovered, Store


class Ownership:
    """Tells the lanes. `remember` writes what is to be remembered of webhooks of some parts, before another has them."""

    def __init__(
        self,
        store: Store,
        lanes: Lanes,
        background: Background,
        remember: Callable[[Parts], Awaitable[None]],
        taken: Callable[[], Awaitable[None]],
    ) -> None:
        """`taken` is called after some were taken while the process runs."""
        self._work, self._history, self._lanes, self._background = (
            store.work,
            store.history,
            lanes,
            background,
        )
        self._remember, self._taken = remember, taken
        self._moves = store.work.owned()
        self._held: Parts = NO_PART
        """What the store says that this process has."""
        self._one_at_a_time = asyncio.Lock()

    async def first(self) -> Recovered:
        """Take what there is at the start. Raises StoreError."""
        self._held = (await anext(self._moves)).came
        return await self._begin(self._held)

    def run(self) -> None:
        """Follow what the store says, until the background is closed."""
        self._background.spawn("parts", self._follow())
        self._background.spawn("arrivals", self._arrivals())
        self._background.every("parts", SWEEP_SECONDS, self._recount)

    async def _follow(self) -> None:
        async for came, leaving, lost in self._moves:
            self._held = (self._held | came) - lost
            self._lanes.leave(lost)
            for parts, what in ((came, self._take), (leaving, self._give)):
                if parts:
                    self._background.spawn("parts", self._until_done(partial(what, parts)))

    async def _until_done(self, what: Callable[[], Awaitable[None]]) -> None:
        while not await self._background.guard("parts", what()):  # noqa: ASYNC110 - tries again
            await asyncio.sleep(TAKING_SECONDS)

    async def _take(self, came: Parts) -> None:
        while self._lanes.still(came) != came:  # noqa: ASYNC110 - from a time before; what ends tells nobody
            await asyncio.sleep(LEAVING_SECONDS)
        await self._begin(came & self._held)
        await self._taken()

    async def _begin(self, parts: Parts) -> Recovered:
        """With these beside what is worked on already; what is lost meanwhile is left again."""
        async with self._one_at_a_time:
            found = await self._history.recovered(parts, self._work.own | parts)
            records = await self._history.last_invocations(parts)
            last = await asyncio.to_thread(_last_invocations, records, self._work.tag)
            await self._lanes.take(parts, found, last)
            self._lanes.leave(parts - self._held)
            return found

    async def _give(self, leaving: Parts) -> None:
        self._lanes.leave(leaving)
        while parts := leaving & self._held:
            still = self._lanes.still(parts)
            if still:
                await self._remember(still)
                await self._work.give(still)
                self._held -= still
            else:
                await asyncio.sleep(LEAVING_SECONDS)
        await self._recount()

    async def _recount(self) -> None:
        """What waits of each namespace: of an event that another process took it is not known what it shares."""
        if self._work.own != EVERY_PART:
            await self._begin(NO_PART)

    async def _arrivals(self) -> None:
        async for _ in self._work.woken():
            while not await self._background.guard("arrivals", self._arrived()):
                await asyncio.sleep(TAKING_SECONDS)
                self._lanes.look_all()  # what was read then may be told to nobody any more

    async def _arrived(self) -> None:
        self._lanes.arrived(await self._work.arrived())


def _last_invocations(records: dict[str, AttemptRecord], tag: str) -> dict[str, LastInvocation]:
    """For a thread, as many webhooks take a while."""
    return {key: last_invocation(record, tag) for key, record in records.items()}
