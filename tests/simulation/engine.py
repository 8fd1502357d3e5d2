"""The one place that builds the product's parts: one `Engine` is one life of the process, built as `dispatcher.app` does.

Real: acceptor, loader, lanes, pipeline, rounds, direct calls. Around them: virtual time, the store's door, the targets.
Must not: decide what happens (`world`) or what is right (`ledger`, `manners`, `watching`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import orjson

from hookwright.api.config import DispatchConfig
from hookwright.core.event import Event, parse_id
from hookwright.core.keys import Keys
from hookwright.core.parts import EVERY_PART
from hookwright.core.records import Action, AttemptRecord, Finish
from hookwright.core.room import Room
from hookwright.dispatcher.background import Background
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.configuration.loader import Loader
from hookwright.dispatcher.dead_letters import DeadLetters
from hookwright.dispatcher.delivery.accept import Acceptor
from hookwright.dispatcher.delivery.attempt import Pipeline
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.dispatcher.delivery.ownership import Ownership
from hookwright.dispatcher.direct import Direct
from hookwright.dispatcher.rounds import Rounds
from hookwright.limits import REPLAY_STEP, STORE_FLUSH_SECONDS
from hookwright.store.port import ReplaySelector, Store

from .door import Door, Reader


async def _never(*_: object) -> None:
    raise AssertionError("the store has one owner")


class Owner(Protocol):
    """What the world answers to the process."""

    def jitter(self) -> float:
        """In [-1, 1]."""

    def observe(self, details: Any) -> None:
        """Told of every attempt."""

    def redacts(self) -> None:
        """Raises when redaction is to fail."""

    def ends(self, error: BaseException) -> None:
        """The process cannot go on."""

    def strays(self, count: int) -> None:
        """A sweep found so many."""


class Engine:
    """One life of the process. Everything on it is called inside its loop, between two rounds of it."""

    def __init__(
        self,
        door: Door,
        sender: Any,
        clock: Clock,
        owner: Owner,
        *,
        room: Room,
        lanes: Callable[..., Lanes] = Lanes,
    ) -> None:
        self._sender, self.clock, self._owner, self._make_lanes = sender, clock, owner, lanes
        self._store = Store(door, door, Reader(door))  # type: ignore[arg-type]
        self._room = room
        self.told: Counter[str] = Counter()
        """Failures that were told, by name."""
        self._background = Background(failed=self._failed, end=owner.ends)
        self.ready = self.stopping = self.stopped = False

    def _failed(self, name: str) -> None:
        self.told[name] += 1

    async def start(self, config: DispatchConfig) -> None:
        """What `dispatcher.app` does once the store is open, without ports and folder. Raises StoreError."""
        store, clock, owner = self._store, self.clock, self._owner
        work: Any = store.work
        await store.upkeep.clamp(now=clock.now_ms())
        pipeline = Pipeline(clock)
        self.lanes = self._make_lanes(
            work, pipeline, clock, self._background, bodies="none", observe=owner.observe, jitter=owner.jitter
        )
        found = await store.history.recovered()
        ownership = Ownership(store, self.lanes, clock, self._background, _never, _never)
        await ownership.take(EVERY_PART, found, {})
        keys = Keys(found.slot, found.high_key, clock.now_ms)
        self._acceptor = Acceptor(work, self.lanes, keys, clock, room=self._room)
        self._loader = Loader(self.lanes, self._acceptor, self._sender, clock, self._background)
        former = self._loader.former
        former.of = self._redacting(former.of)  # type: ignore[method-assign]
        runner: Any = None
        self._direct = Direct(
            work, self.lanes, self._loader, pipeline, runner, keys, clock, "none", self._keep,
            lambda key: self.lanes.lane(key).standing.state,
        )  # fmt: skip
        self._letters = DeadLetters(store.history, self.lanes, clock, work.tag)
        await self._loader.load(config)
        self._rounds = Rounds(
            store, self.lanes, former, clock, strays=owner.strays, pruned=lambda counts: None
        )  # fmt: skip
        self._rounds.run(self._background)
        self.ready = True

    def _redacting(self, of: Callable[[str], Any]) -> Callable[[str], Any]:
        def redacting(webhook: str) -> Any:
            self._owner.redacts()
            return of(webhook)

        return redacting

    def _keep(self, record: AttemptRecord) -> None:
        finish = Finish(key=record.delivery_key, route=record.route, action=Action.ACK, record=record)
        self._background.spawn("record", self._background.guard("record", self._store.work.finish([finish])))

    # --- what is done to it ------------------------------------------------------------------------

    async def accept(self, events: Sequence[Event], namespace: str | None) -> list[tuple[int, str]]:
        """Post a batch: what was acknowledged, as delivery keys and webhooks. Raises EventError."""
        answer = orjson.loads(await self._acceptor.accept(events, namespace))
        tag = self._store.work.tag
        return [
            (parse_id(each["id"], tag)[0], each["webhook"])
            for event in answer["events"]
            for each in event["deliveries"]
        ]

    async def load(self, config: DispatchConfig) -> None:
        """Put a configuration in force."""
        await self._loader.load(config)

    async def replay(self, webhook: str | None) -> int:
        """Dead letters of a webhook, or all, once more; how many. Raises StoreError."""
        selector, replayed = ReplaySelector(route=webhook, until=self.clock.now_ms() + 1), 0
        while True:
            done = await self._letters.replay(selector, ids=(), limit=None, dry_run=False)
            replayed += done.replayed
            if done.replayed < REPLAY_STEP:  # the others died again in this very millisecond
                return replayed

    async def invoke(self, webhook: str) -> None:
        """A Manual call. Raises EventError."""
        await self._direct.invoke(webhook, None)

    async def stop(self, timeout: float) -> None:
        """Drain and end (`Dispatcher.stop` without the ports)."""
        self.stopping = True
        self._direct.closing = True
        await self.lanes.drain(timeout)
        self._acceptor.closed = True
        await self._close()
        self.stopped = True

    async def _close(self) -> None:
        await self._background.close()
        await self._background.guard(
            "remember", asyncio.wait_for(self._rounds.remember(), STORE_FLUSH_SECONDS)
        )
        self.lanes.close()
        await self._store.history.close()
        await self._store.work.close()
