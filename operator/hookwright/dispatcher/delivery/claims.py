"""What lanes ask of the store, carried out: claims of many lanes in one call, burials step by step, replays.

Must not: decide what is asked (`core.lane`), start attempts.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable

from hookwright.core.backlog import Bury
from hookwright.core.lane import Lane
from hookwright.core.records import Claimed, Wanted
from hookwright.core.shares import Shares, namespace_of
from hookwright.dispatcher.background import Background
from hookwright.dispatcher.clock import Clock
from hookwright.limits import CLAIM_DELIVERIES
from hookwright.store.port import Replay, ReplaySelector, Work

_NOTHING = Claimed([], None)


class Claims:
    """`answered` is called with each lane that got an answer, or got none."""

    def __init__(
        self,
        work: Work,
        clock: Clock,
        background: Background,
        shares: Shares,
        answered: Callable[[Lane], None],
    ) -> None:
        self._work, self._clock, self._background, self._answered = work, clock, background, answered
        self._shares = shares
        self._wanted: dict[Lane, Wanted] = {}
        self._claiming = False

    def ask(self, lane: Lane, asked: Wanted | Bury) -> None:
        """Carry it out; claims that come in the same turn of the loop share a call."""
        if isinstance(asked, Bury):
            self._background.spawn("bury", self._bury(lane, asked))
            return
        self._wanted[lane] = asked
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
        """Some of what is wanted: no call reads so much that others wait for it."""
        group: dict[Lane, Wanted] = {}
        room = CLAIM_DELIVERIES
        for lane, wanted in self._wanted.items():
            group[lane] = wanted
            room -= wanted.limit
            if room <= 0:
                break
        for lane in group:
            del self._wanted[lane]
        return group

    async def _claim(self, group: dict[Lane, Wanted]) -> None:
        wanted = {lane.key: one for lane, one in group.items()}
        try:
            found = await self._work.claim(wanted, now=self._clock.now_ms())
        except Exception as error:
            self._unanswered("claim", error, *group)
            return
        self._background.success("claim")
        for lane in group:
            lane.claimed(found.get(lane.key, _NOTHING))
            self._answered(lane)

    async def _bury(self, lane: Lane, first: Bury) -> None:
        asked = lane.next_burial(first.after)  # the webhook may have come back since it was asked
        while asked is not None:
            try:
                done = await self._work.bury(
                    lane.key, asked.reason, asked.message, now=self._clock.now_ms(), exclude=asked.exclude,
                    received_before=asked.received_before, after=asked.after,
                )  # fmt: skip
            except Exception as error:
                self._unanswered("bury", error, lane)
                return
            for event_key, size in done.events:
                self._shares.went(namespace_of(lane.key), event_key, size)
            asked = lane.buried(done)
        self._background.success("bury")
        self._answered(lane)

    def _unanswered(self, name: str, error: Exception, *lanes: Lane) -> None:
        self._background.failure(name, error)
        for lane in lanes:
            lane.unanswered(self._clock.now())
            self._answered(lane)

    async def replay(
        self, selector: ReplaySelector, lane: Callable[[str], Lane], *, now: int, limit: int
    ) -> list[Replay]:
        """Dead letters back to waiting, at most `limit`; `lane` gives a webhook's. Raises StoreError."""
        replayed = await self._work.replay(selector, now=now, limit=limit)
        sizes: defaultdict[str, list[int]] = defaultdict(list)
        for one in replayed:
            sizes[one.route].append(one.size)
            self._shares.came(one.event_key, one.size, {namespace_of(one.route): 1})
        for route, each in sizes.items():
            of = lane(route)
            of.replayed(len(each), sum(each), now / 1000)
            self._answered(of)
        return replayed
