"""What the admin port asks of a dispatcher, answered from lanes and store (`admin.AdminBackend`).

Must not: know HTTP.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from hookwright import __version__
from hookwright.api.admin import (
    DeadLetter,
    Explanation,
    Invocation,
    Page,
    Replayed,
    RunRequest,
    Summary,
    TestRun,
    WebhookView,
)
from hookwright.api.config import RouteConfig
from hookwright.api.v1alpha1.webhook import MANUAL
from hookwright.core.decode import decode
from hookwright.core.event import Event, delivery_id, event_id, parse_id
from hookwright.core.hints import hint
from hookwright.core.lifecycle import RouteState, spoken
from hookwright.core.outcome import Verdict
from hookwright.core.routes import host_of
from hookwright.core.samples import sample_event
from hookwright.dispatcher.attempt import Performed, Pipeline
from hookwright.dispatcher.clock import Clock, rfc3339
from hookwright.dispatcher.keys import Keys
from hookwright.dispatcher.lane import Lane
from hookwright.dispatcher.lanes import Lanes
from hookwright.dispatcher.loader import Loader
from hookwright.dispatcher.records import Bodies, detail, friendly_id, invocation
from hookwright.dispatcher.testruns import TestRequest, TestRunner
from hookwright.errors import Cause, EventError
from hookwright.limits import DIRECT_RUNS, REPLAY_BATCH, TEST_RUNS_KEPT
from hookwright.store.port import Action, AttemptRecord, Finish, History, ReplaySelector, Work
from hookwright.telemetry.metrics import Metrics


class Backend:
    """Implements `AdminBackend`, and `Ingest`'s invoker."""

    def __init__(
        self,
        work: Work,
        history: History,
        lanes: Lanes,
        loader: Loader,
        pipeline: Pipeline,
        runner: TestRunner,
        keys: Keys,
        clock: Clock,
        metrics: Metrics,
        bodies: Bodies,
    ) -> None:
        self._work, self._history, self._lanes, self._loader = work, history, lanes, loader
        self._pipeline, self._runner, self._keys, self._clock = pipeline, runner, keys, clock
        self._metrics, self._bodies = metrics, bodies
        self._started = rfc3339(clock.now_ms())
        self._runs: OrderedDict[str, asyncio.Task[TestRun]] = OrderedDict()
        self._direct = asyncio.Semaphore(DIRECT_RUNS)
        self.closing = False

    # --- looking -----------------------------------------------------------------------------------

    async def ready(self) -> str | None:
        if self.closing:
            return "The dispatcher is shutting down."
        if self._loader.config is None:
            return "There is no complete configuration yet."
        await self._work.ping()
        return None

    async def metrics(self) -> bytes:
        return self._metrics.exposition()

    async def summary(self) -> Summary:
        lanes = list(self._lanes.lanes())
        config = self._loader.config
        return Summary(
            version=__version__,
            config_hash=config.hash if config else None,
            started=self._started,
            webhooks=len(self._loader.webhooks),
            held=sum(lane.state is RouteState.HELD and lane.key in self._loader.webhooks for lane in lanes),
            gone=sum(lane.state is RouteState.GONE for lane in lanes),
            pending=self._lanes.waiting,
            dead_letters=sum(lane.dead for lane in lanes),
            in_flight=self._lanes.in_flight,
            config_problem=self._loader.problem,
        )

    async def webhooks(self) -> Sequence[WebhookView]:
        return [await self._view(key) for key in sorted(self._loader.webhooks)]

    async def webhook(self, key: str) -> WebhookView | None:
        return await self._view(key) if key in self._loader.webhooks else None

    async def _view(self, key: str) -> WebhookView:
        config, lane = self._loader.webhooks[key], self._lanes.lane(key)
        spec = config.spec
        return WebhookView(
            webhook=key,
            active=config.active,
            method=spec.method if spec else None,
            host=lane.target.route.host if lane.target else _host(config),
            display_name=spec.display_name if spec else None,
            triggers=config.triggers,
            config_hash=config.hash,
            state=lane.state,
            message=lane.message or self._circuit(lane),
            circuit="Open" if lane.circuit.open else "Closed",
            pending=lane.waiting,
            in_flight=lane.in_flight,
            dead_lettered=lane.dead,
            consecutive_failures=lane.consecutive_failures,
            last_success_time=_time(lane.last_success_ms),
            last_failure_time=_time(lane.last_failure_ms),
            last_invocation=await self._last(lane),
        )

    def _circuit(self, lane: Lane) -> str:
        """Why a running webhook's deliveries wait, if they do."""
        circuit = lane.circuit
        if not circuit.open:
            return ""
        wait = circuit.next_probe - self._clock.monotonic()
        when = f"in {spoken(wait)}" if wait > 0 else "with the next delivery that is due"
        return (
            f"The circuit is open after {circuit.failures:,} failed attempts in a row; it is tried {when}, or now by "
            "setting hookwright.io/requestedAt anew."
        )

    async def _last(self, lane: Lane) -> dict[str, object] | None:
        last = lane.last
        if last is not None:
            return {
                "time": rfc3339(last.time_ms),
                "result": last.result,
                "eventID": last.event_id,
                "trigger": last.trigger,
                "attempt": last.attempt,
                "statusCode": last.status,
                "durationMillis": round(last.duration),
                "message": last.message,
            }
        if lane.last_success_ms is None and lane.last_failure_ms is None:
            return None
        found = await self._history.invocations(route=lane.key, kind="Delivery", limit=1)
        if not found:
            return None
        shown = invocation(found[0][1], self._work.tag)
        return {
            "time": shown.time,
            "result": shown.result,
            "eventID": shown.event_id,
            "trigger": shown.trigger,
            "attempt": shown.attempt,
            "statusCode": shown.response.status_code if shown.response else None,
            "durationMillis": round(shown.timings.total),
            "message": shown.message,
        }

    async def invocations(
        self,
        *,
        webhook: str | None,
        result: str | None,
        friendly_id: str | None,
        kind: str | None,
        before: int | None,
        limit: int,
    ) -> Page:
        found = await self._history.invocations(
            route=webhook, result=result, friendly_id=friendly_id, kind=kind, before=before, limit=limit
        )
        items = [invocation(record, self._work.tag) for _, record in found]
        return Page(items=items, next=str(found[-1][0]) if len(found) == limit else None)

    async def invocation(self, identifier: str) -> Invocation | None:
        try:
            key, attempt = parse_id(identifier, self._work.tag)
        except ValueError:
            return None
        record = await self._history.invocation(key, attempt)
        return None if record is None else invocation(record, self._work.tag)

    async def dead_letters(self, *, webhook: str | None, before: int | None, limit: int) -> Page:
        found = await self._history.dead_letters(route=webhook, before=before, limit=limit)
        tag = self._work.tag
        items = [
            DeadLetter(
                id=delivery_id(row.key, tag),
                event_id=event_id(row.event_key, tag),
                webhook=row.route,
                trigger=row.trigger,
                reason=row.reason,
                message=row.message,
                attempts=row.attempts,
                time=rfc3339(row.at),
                accepted_time=rfc3339(row.received),
            )
            for _, row in found
        ]
        return Page(items=items, next=str(found[-1][0]) if len(found) == limit else None)

    async def explain(
        self, headers: Mapping[str, str], event: bytes, namespace: str | None
    ) -> Sequence[Explanation]:
        events = decode(headers, event)
        if len(events) != 1:
            raise EventError("Explain takes one event, not a list of them.")
        config = self._loader.config
        reach: frozenset[str] | None = None
        if namespace is not None:
            reach = frozenset((namespace,))
        elif config is not None and config.cluster_events is not None:
            reach = frozenset(config.cluster_events)
        found = []
        for key in sorted(self._loader.webhooks):
            reasons = self._loader.matcher.explain(events[0], key, reach)
            found.append(Explanation(webhook=key, matched=not reasons, reasons=reasons))
        return found

    # --- doing -------------------------------------------------------------------------------------

    async def replay(
        self, *, ids: Sequence[str], webhook: str | None, since_ms: int | None, until_ms: int | None
    ) -> Replayed:
        tag = self._work.tag
        keys = []
        for identifier in ids:
            try:
                keys.append(parse_id(identifier, tag)[0])
            except ValueError as error:
                raise EventError(f"{error}.", status=400) from None
        now = self._clock.now_ms()
        # without an end, one that dies again meanwhile would come round and round
        selector = ReplaySelector(tuple(keys), webhook, since_ms, now + 1 if until_ms is None else until_ms)
        replayed: list[tuple[int, str, int]] = []
        while True:
            group = await self._work.replay(selector, now=now, limit=REPLAY_BATCH)
            self._replayed(group)
            replayed += group
            if len(group) < REPLAY_BATCH or keys:
                break
        return Replayed(replayed=len(replayed), ids=[delivery_id(key, tag) for key, _, _ in replayed])

    def _replayed(self, group: Sequence[tuple[int, str, int]]) -> None:
        for _, route, size in group:
            lane = self._lanes.lane(route)
            lane.dead = max(0, lane.dead - 1)
            self._lanes.reserve(lane, size)
            lane.more = lane.claim_again = True
        for route in {route for _, route, _ in group}:
            self._lanes.wake(self._lanes.lane(route))

    async def run_test(self, request: RunRequest) -> TestRun:
        webhook = request.webhook
        if webhook is None:
            key = f"{request.test.partition('/')[0]}/{request.spec.webhook_ref.name}"
            webhook = self._loader.webhooks.get(key)
            if webhook is None:
                raise EventError(f"There is no webhook {key}.", status=404)
        running = self._runs.get(request.run_id)
        if running is None or running.cancelled():
            wanted = TestRequest(request.run_id, request.test, request.spec, webhook, request.event_from)
            running = self._runs[request.run_id] = asyncio.create_task(self._run(wanted))
            while len(self._runs) > TEST_RUNS_KEPT:
                self._runs.popitem(last=False)
        return await asyncio.shield(running)

    async def _run(self, wanted: TestRequest) -> TestRun:
        async with self._direct:
            return await self._runner.run(wanted)

    async def invoke(self, key: str, event: Event | None) -> Invocation:
        config = self._loader.webhooks.get(key)
        if config is None:
            raise EventError(f"There is no webhook {key}.", status=404)
        if MANUAL not in config.triggers:
            raise EventError(f"{key} does not list the trigger Manual; add it to spec.triggers.", status=409)
        if event is None:
            event = sample_event(MANUAL)
        async with self._direct:
            return await self._invoke(key, event)

    async def _invoke(self, key: str, event: Event) -> Invocation:
        lane = self._lanes.lane(key)
        target = lane.target
        if target is None:
            cause = self._loader.webhooks[key].held_cause or Cause.HELD
            message = f"{key} cannot be sent now: {lane.message}"
            raise EventError(message, status=502, hint=hint(cause, None))
        began = self._clock.now_ms()
        event_key = self._keys.take(2)
        tag = self._work.tag
        outgoing = self._pipeline.prepare(
            target, event.raw, trigger=event.trigger, delivery_id=delivery_id(event_key + 1, tag), attempt=1
        )
        performed = outgoing
        if not isinstance(performed, Performed):
            performed = await self._pipeline.perform(target, performed)
        outcome = performed.outcome
        delivered = outcome.verdict is Verdict.DELIVERED
        redactor = target.redactor()
        message = redactor.text(outcome.message)

        def record(bodies: Bodies) -> AttemptRecord:
            return AttemptRecord(
                delivery_key=event_key + 1, attempt=1, event_key=event_key, route=key, kind="Manual",
                trigger=event.trigger, result="Delivered" if delivered else "Rejected", status=outcome.status,
                cause=outcome.cause, time=began, duration=performed.duration,
                detail=detail(performed, redactor, message=message, delivered=delivered, bodies=bodies),
                friendly_id=friendly_id(event.raw),
            )  # fmt: skip

        self.keep(record(self._bodies))
        return invocation(record("all"), tag)

    def keep(self, record: AttemptRecord) -> None:
        """Put the record of a Manual call or test into the history."""
        finish = Finish(key=record.delivery_key, route=record.route, action=Action.ACK, record=record)
        self._lanes.spawn(self._work.finish([finish]))


def _host(config: RouteConfig) -> str | None:
    """The host of a webhook that cannot be sent now, where its url says it."""
    url = config.spec.url if config.spec else None
    return None if url is None else host_of(url)


def _time(epoch_ms: int | None) -> str | None:
    return None if epoch_ms is None else rfc3339(epoch_ms)
