"""What lanes ask of the store, carried out: claims of many lanes in one call, burials step by step, replays.

Must not: decide what is asked (`core.lane`), start attempts.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TypeVar

from hookwright.core.backlog import Bury
from hookwright.core.backlog_shares import BacklogShares
from hookwright.core.lane import Lane
from hookwright.core.records import Claimed, Delivery, Wanted
from hookwright.core.shares import namespace_of
from hookwright.dispatcher.background import Background
from hookwright.dispatcher.clock import Clock
from hookwright.limits import CLAIM_BYTES, CLAIM_DELIVERIES, CLAIM_LANES
from hookwright.store.port import Replay, ReplaySelector, Work

T = TypeVar("T")
_NOTHING = Claimed([], None)


class Claims:
    """`answered` is called with each lane that got an answer, or got none; `shared` with each delivery that comes."""

    def __init__(
        self,
        work: Work,
        clock: Clock,
        background: Background,
        shares: BacklogShares,
        answered: Callable[[Lane], None],
        shared: Callable[[Delivery], Delivery],
    ) -> None:
        self._work, self._clock, self._background = work, clock, background
        self._shares, self._answered, self._shared = shares, answered, shared
        self._wanted: dict[str, dict[Lane, Wanted]] = {}
        """By namespace."""
        self._claiming = False
        self.handing_over = asyncio.Lock()
        """Held while what was accepted is handed to its lanes piece by piece: answers of the store, which may hold it,
        come after it."""

    def ask(self, lane: Lane, asked: Wanted | Bury) -> None:
        """Carry it out; claims that come in the same turn of the loop share a call."""
        if isinstance(asked, Bury):
            self._background.spawn("bury", self._bury(lane, asked))
            return
        self._wanted.setdefault(namespace_of(lane.key), {})[lane] = asked
        if not self._claiming:
            self._claiming = True
            self._background.spawn("claim", self._claim_all())

    async def _claim_all(self) -> None:
        await asyncio.sleep(0)
        try:
            while self._wanted:
                await self._claim(self._group())
        finally:
            self._claiming = False

    def _group(self) -> dict[Lane, Wanted]:
        """Some of what is wanted, a lane of each namespace in turn: no call reads so much that others wait for it.

        What a lane may get is no more than what waits of it: of many that wait a little most go into one call.
        """
        group: dict[Lane, Wanted] = {}
        room, size = CLAIM_DELIVERIES, CLAIM_BYTES
        while self._wanted and room > 0 and size > 0 and len(group) < CLAIM_LANES:
            namespace = next(iter(self._wanted))
            lanes = self._wanted.pop(namespace)
            lane = next(iter(lanes))
            wanted = group[lane] = lanes.pop(lane)
            room -= min(wanted.limit, lane.waiting)
            size -= min(wanted.max_bytes, lane.waiting_bytes)
            if lanes:
                self._wanted[namespace] = lanes  # behind the others
        return group

    async def _claim(self, group: dict[Lane, Wanted]) -> None:
        wanted = {lane.key: one for lane, one in group.items()}
        try:
            found = await self._in_order(self._work.claim(wanted, now=self._clock.now_ms()))
        except Exception as error:
            self._unanswered("claim", error, *group)
            return
        self._background.success("claim")
        for lane in group:
            claimed = found.get(lane.key, _NOTHING)
            lane.claimed(claimed._replace(deliveries=[*map(self._shared, claimed.deliveries)]))
            self._answered(lane)

    async def _bury(self, lane: Lane, first: Bury) -> None:
        asked = lane.next_burial(first.after)  # the webhook may have come back since it was asked
        while asked is not None:
            try:
                done = await self._in_order(
                    self._work.bury(
                        lane.key, asked.reason, asked.message, now=self._clock.now_ms(), exclude=asked.exclude,
                        received_before=asked.received_before, after=asked.after,
                    )
                )  # fmt: skip
            except Exception as error:
                self._unanswered("bury", error, lane)
                return
            for event_key, size in done.events:
                self._shares.went(lane.namespace, event_key, size)
            asked = lane.buried(done)
        self._background.success("bury")
        self._answered(lane)

    async def _in_order(self, answer: Awaitable[T]) -> T:
        """The answer, after what was accepted before it."""
        found = await answer
        async with self.handing_over:
            return found

    def _unanswered(self, name: str, error: Exception, *lanes: Lane) -> None:
        self._background.failure(name, error)
        for lane in lanes:
            lane.unanswered(self._clock.now())
            self._answered(lane)

    async def replay(
        self, selector: ReplaySelector, lane: Callable[[str], Lane], *, now: int, limit: int
    ) -> list[Replay]:
        """Dead letters back to waiting, at most `limit`; `lane` gives a webhook's. Raises StoreError."""
        replayed = await self._in_order(self._work.replay(selector, now=now, limit=limit))
        sizes: defaultdict[str, list[int]] = defaultdict(list)
        for one in replayed:
            if lane(one.route).owned:  # else the store tells whoever works on it
                sizes[one.route].append(one.size)
                self._shares.came(one.event_key, one.size, {namespace_of(one.route): 1})
        for route, each in sizes.items():
            of = lane(route)
            of.replayed(len(each), sum(each), now / 1000)
            self._answered(of)
        return replayed
