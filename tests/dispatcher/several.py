"""Dispatchers without ports that share a store: made, given webhooks and events, and asked what they work on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dispatcher.delivery.parts import Wire
from hookwright.api.admin import WebhookView
from hookwright.api.config import DispatchConfig, RouteConfig
from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.decode import decode
from hookwright.core.keys import Keys
from hookwright.core.records import RouteCounts
from hookwright.core.room import Room
from hookwright.dispatcher.background import Background
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.configuration.loader import Loader
from hookwright.dispatcher.delivery.accept import Acceptor
from hookwright.dispatcher.delivery.attempt import Pipeline
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.dispatcher.delivery.ownership import Ownership
from hookwright.dispatcher.direct import Direct
from hookwright.dispatcher.rounds import Rounds
from hookwright.dispatcher.testruns import TestRunner
from hookwright.dispatcher.views import Views
from hookwright.store.database import Database
from hookwright.store.opening import open_store
from hookwright.store.port import Retention, Store

HOOKS = [f"team/hook-{number}" for number in range(12)]
ROOM = Room(1_000, 2**30, 10_000, 2**30, 10_000, 2**30)
RAW = b'{"event_type":"AccessRequestCreated","event_time":"2026-01-01T00:00:00Z","data":{}}'


class Process:
    """A dispatcher without ports, that sends on a wire of its own."""

    def __init__(self, store: Store, room: Room) -> None:
        self.store, self.wire, self.clock, self._room = store, Wire(), Clock(), room
        self.failed: list[str] = []
        self._background = Background(failed=self.failed.append, end=lambda error: None)
        self.lanes = Lanes(
            store.work, Pipeline(self.clock), self.clock, self._background, bodies="none",
            observe=lambda details: None, jitter=lambda: 0.0,
        )  # fmt: skip

    async def start(self, *hooks: str) -> None:
        """With these webhooks."""
        self._ownership = Ownership(
            self.store, self.lanes, self.clock, self._background, self._remember, self._remove_others
        )
        found = await self._ownership.first()
        keys = Keys(found.slot, found.high_key, self.clock.now_ms)
        self._acceptor = Acceptor(self.store.work, self.lanes, keys, self.clock, room=self._room)
        self._loader = Loader(self.lanes, self._acceptor, self.wire, self.clock, self._background)
        self._rounds = Rounds(
            self.store, self.lanes, self._loader.former, self.clock, strays=lambda count: None,
            pruned=lambda counts: None,
        )  # fmt: skip
        self.views = Views(
            self.store.history, self.lanes, self._loader, self.clock, self.store.work, retry="retry"
        )
        pipeline = Pipeline(self.clock)
        runner = TestRunner(
            pipeline, self.wire, self.clock, keys, self.store.work.tag, former=self._loader.former
        )
        self.direct = Direct(
            self.store.work, self.lanes, self._loader, pipeline, runner, keys, self.clock, "none", lambda record: None,
            self.views.state,
        )  # fmt: skip
        await self.load(*hooks)
        self._ownership.run()

    async def load(self, *hooks: str) -> None:
        """These webhooks are in the configuration."""
        routes = [
            RouteConfig(
                namespace=key.partition("/")[0],
                name=key.partition("/")[2],
                hash="1",
                triggers=["RequestCreated"],
                spec=WebhookSpec.model_validate(
                    {"url": "https://api.example.com/x", "triggers": ["RequestCreated"]}
                ),
            )
            for key in hooks
        ]
        await self._loader.load(DispatchConfig(hash=",".join(hooks), webhooks=routes))

    async def remember(self) -> None:
        """A round of remembering."""
        await self._rounds.remember()

    async def _remember(self, parts: frozenset[int]) -> None:
        await self._rounds.remember_of(parts)

    async def _remove_others(self) -> None:
        await self._loader.remove_others()

    async def post(self) -> None:
        """An event for every webhook."""
        await self._acceptor.accept(decode({"content-type": "application/json"}, RAW), None)

    def changes(self, since: str = "") -> tuple[dict[str, WebhookView], str]:
        """Webhooks that changed since an answer, and this answer's name."""
        found = self.views.changes(since, 100)
        return {view.webhook: view for view in found.items}, found.since

    def owns(self) -> set[str]:
        """The webhooks on which it works."""
        return {lane.key for lane in self.lanes.lanes() if lane.owned}

    async def stop(self) -> None:
        """As on SIGTERM."""
        await self.lanes.drain(5)
        await self._background.close()
        await self._ownership.remember()
        await self.store.history.close()
        await self.store.work.close()


@asynccontextmanager
async def running(database: Database, *hooks: str, room: Room = ROOM) -> AsyncIterator[Process]:
    """One that is stopped at the end, if the test did not."""
    process = Process(await open_store(database, retention=Retention()), room)
    await process.start(*(hooks or HOOKS))
    try:
        yield process
    finally:
        await process.stop()


async def shared_out(one: Process, other: Process) -> None:
    """Until both work, each on its part."""
    while not (one.owns() and other.owns() and one.owns() | other.owns() == set(HOOKS)):
        await one.store.work.ping()
        await other.store.work.ping()
        await asyncio.sleep(0.01)
    assert not one.owns() & other.owns()


async def waits(process: Process) -> dict[str, RouteCounts]:
    """What the store holds."""
    return await process.store.history.counts(HOOKS)
