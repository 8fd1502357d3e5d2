"""The one place that builds the product's parts and reads their state: one `Engine` is one life of the process.

Real: acceptor, loader, lanes, pipeline, upkeep, replay. Around them: virtual time, the store's door, the targets.
Must not: decide what happens (`world`) or what is right (`invariants`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from hookwright.api.config import DispatchConfig
from hookwright.core.event import Event, parse_id
from hookwright.core.lifecycle import RouteState
from hookwright.dispatcher import lanes as lanes_module
from hookwright.dispatcher import results as results_module
from hookwright.dispatcher.accept import Acceptor
from hookwright.dispatcher.attempt import Pipeline
from hookwright.dispatcher.backend import Backend
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.keys import Keys
from hookwright.dispatcher.lane import Lane
from hookwright.dispatcher.lanes import Lanes
from hookwright.dispatcher.loader import Loader
from hookwright.dispatcher.upkeep import Upkeep
from hookwright.store.port import Delivery

from .virtual import Moment

SLACK = 0.05  # seconds that a timer may come late
LOOKS = 65.0  # seconds until upkeep has surely looked at everything


class VirtualClock(Clock):
    """The dispatcher's clock over virtual time: the wall is read once."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        self._offset = moment.wall

    def monotonic(self) -> float:
        return self._moment.now

    def now(self) -> float:
        return self._offset + self._moment.now

    def now_ms(self) -> int:
        return int((self._offset + self._moment.now) * 1000)


class Engine:
    """One life of the process. Everything on it is called inside its loop, between two rounds of it."""

    def __init__(
        self,
        store: Any,
        sender: Any,
        moment: Moment,
        *,
        jitter: Callable[[], float],
        stopwatch: Callable[[], float],
        backlog_webhook: int,
        backlog_total: int,
        failed: Callable[[str], None],
    ) -> None:
        self._store, self._sender, self._moment, self._failed = store, sender, moment, failed
        # two clocks that can only be given this way
        lanes_module.perf_counter = stopwatch  # type: ignore[attr-defined]
        results_module.monotonic = lambda: moment.now  # type: ignore[attr-defined]
        self._clock = clock = VirtualClock(moment)
        self._pipeline = Pipeline(clock)
        self._lanes = Lanes(
            store, self._pipeline, clock, bodies="none", observe=lambda _: None, jitter=jitter
        )
        self._backlog = {"backlog_webhook": backlog_webhook, "backlog_total": backlog_total}
        self._tasks: list[asyncio.Task[None]] = []
        self.ready = False
        self.stopped = False

    async def start(self, config: DispatchConfig) -> None:
        """What `dispatcher.app` does, without ports and folder."""
        store, clock, lanes = self._store, self._clock, self._lanes
        await store.clamp(now=clock.now_ms())
        counts, remembered, highest = await store.recovered()
        keys = Keys(highest, clock.now_ms)
        for key, stored in remembered.items():
            lane = lanes.lane(key)
            lane.gone_mark, lane.deleted_at_ms = stored.gone, stored.deleted_at
            lane.last_success_ms, lane.last_failure_ms = stored.last_success, stored.last_failure
            lane.consecutive_failures = stored.consecutive_failures
        for key, count in counts.items():
            lane = lanes.lane(key)
            lane.waiting, lane.waiting_bytes, lane.dead = count.waiting, count.waiting_bytes, count.dead
            lane.more = count.waiting > 0
            lanes.waiting += count.waiting
            lanes.waiting_bytes += count.waiting_bytes
        self._acceptor = Acceptor(store, lanes, keys, clock, backlog_bytes=1 << 40, **self._backlog)
        self._loader = Loader(lanes, self._acceptor, self._sender, clock)
        nothing: Any = None
        self._backend = Backend(
            store, store, lanes, self._loader, self._pipeline, nothing, keys, clock, nothing, "none"
        )
        await self._loader.load(config)
        self._upkeep = Upkeep(
            store, store, lanes, self._loader, clock, strays=self._strays, pruned=lambda counts: None
        )
        self._tasks.append(asyncio.ensure_future(self._keep_up()))
        self.ready = True

    async def _keep_up(self) -> None:
        try:
            await self._upkeep.run()
        except Exception as error:
            self._failed(f"upkeep ended the process: {error!r}")

    def _strays(self, count: int) -> None:
        if count:
            self._failed(f"a sweep found {count} strays")

    # --- what is done to it ------------------------------------------------------------------------

    async def accept(self, events: Sequence[Event], namespace: str | None) -> list[tuple[int, str]]:
        """Post a batch: what was acknowledged, as delivery keys and webhooks. Raises EventError."""
        answer = orjson.loads(await self._acceptor.accept(events, namespace))
        return [
            (parse_id(each["id"], self._store.tag)[0], each["webhook"])
            for event in answer["events"]
            for each in event["deliveries"]
        ]

    async def load(self, config: DispatchConfig) -> None:
        """Put a configuration in force."""
        await self._loader.load(config)

    async def replay(self, webhook: str | None) -> int:
        """Dead letters of a webhook, or all, once more; how many."""
        done = await self._backend.replay(ids=[], webhook=webhook, since_ms=None, until_ms=None)
        return done.replayed

    async def stop(self, timeout: float) -> None:
        """Drain and end."""
        await self._lanes.drain(timeout)
        self._acceptor.closed = True
        for task in self._tasks:
            task.cancel()
        await self._upkeep.remember()
        self._loader.close()
        await self._store.close()
        self.stopped = True

    # --- what is seen of it ------------------------------------------------------------------------

    def totals(self) -> tuple[int, int, int]:
        """What waits and its bytes, and what is in flight, all lanes together."""
        return self._lanes.waiting, self._lanes.waiting_bytes, self._lanes.in_flight

    def counts(self, route: str) -> tuple[int, int, int]:
        """What waits of a webhook, its bytes, its dead letters."""
        lane = self._lanes.by_key.get(route)
        return (0, 0, 0) if lane is None else (lane.waiting, lane.waiting_bytes, lane.dead)

    def routes(self) -> Sequence[str]:
        """All webhooks it knows of."""
        return list(self._lanes.by_key)

    def complaint(self, route: str, waiting: Mapping[int, Delivery], quiet: bool) -> str | None:
        """Why what the store has waiting of a webhook waits without a timer or a cause; None: it has one."""
        lanes = self._lanes
        if lanes.stopping or lanes._results.stuck or not self.ready:
            return None
        lane = lanes.by_key.get(route)
        if lane is None:
            return "no lane knows it"
        if len(lane.keys) != len(lane.queue) + lane.in_flight + lane.unwritten:
            return f"{len(lane.keys)} are in memory, {len(lane.queue)} of them queued, {lane.in_flight} in flight, {lane.unwritten} unwritten"
        if lane.state is not RouteState.RUNNING or lane.target is None or lane.claiming or lane.in_turn:
            return None
        return self._queue_complaint(lane) or (self._outside_complaint(lane, waiting) if quiet else None)

    def _queue_complaint(self, lane: Lane) -> str | None:
        now = self._clock.monotonic()
        if not lane.queue:
            return None
        until = lane.blocked_until(now)
        if until is None:
            if lane.in_flight or lane.unwritten:
                return None
            return "its queue is blocked and nothing will wake it"
        if until <= now - SLACK or until == 0.0:
            return "it may start what is queued and has no turn"
        if lane.wake_at is None or lane.wake_at > until + SLACK:
            return f"its queue may go on in {until - now:.3f} s and no timer says so"
        return None

    def _outside_complaint(self, lane: Lane, waiting: Mapping[int, Delivery]) -> str | None:
        if len(waiting) <= len(lane.keys):
            return None
        if lane.more:
            if self._lanes._overflow.wanted(lane):
                return "the store has more and nobody claims it"
            return None
        outside = [one for key, one in waiting.items() if key not in lane.keys]
        if not outside:
            return None
        due = min(one.due for one in outside) / 1000 - self._clock.now() + self._clock.monotonic()
        wait = due - self._clock.monotonic()
        if lane.wake_at is None:
            return f"{len(outside)} in the store, the first due in {wait:.3f} s, and no timer"
        if lane.wake_at > due + SLACK and lane.wake_at > self._clock.monotonic() + SLACK:
            late = lane.wake_at - due
            return f"{len(outside)} in the store, the first due in {wait:.3f} s, its timer {late:.3f} s later"
        if lane.due_at is None or lane.due_at > max(due, self._clock.monotonic()) + SLACK:
            return f"{len(outside)} in the store, the first due in {wait:.3f} s, and the timer there is will not look"
        return None
