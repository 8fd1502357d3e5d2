"""What is done at somebody's word: Manual calls, tests, a try now. And whether the dispatcher is ready at all.

Must not: know HTTP, decide about deliveries.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

from hookwright.api.admin import Invocation, RunRequest, TestRun
from hookwright.api.config import RouteConfig
from hookwright.api.fields import seconds
from hookwright.api.v1alpha1.webhook import MANUAL
from hookwright.core.assemble import REQUESTED_AT
from hookwright.core.event import Event, delivery_id
from hookwright.core.hints import hint
from hookwright.core.invocations import invocation
from hookwright.core.keys import Keys
from hookwright.core.lifecycle import RouteState
from hookwright.core.outcome import Verdict
from hookwright.core.request import Outgoing
from hookwright.core.samples import sample_event
from hookwright.core.shares import Shares, namespace_of
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.configuration.loader import Loader
from hookwright.dispatcher.delivery.attempt import Performed, Pipeline, Target, warm
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.dispatcher.delivery.records import Attempted, Bodies, attempt_record, detail
from hookwright.dispatcher.testruns import Keep, TestRequest, TestRunner
from hookwright.errors import Cause, EventError
from hookwright.limits import (
    DIRECT_BYTES,
    DIRECT_RUNS,
    INGEST_RETRY_AFTER_SECONDS,
    RUN_GRACE_SECONDS,
    TEST_RUNS_KEPT,
)
from hookwright.outbound.places import place
from hookwright.store.port import Work


class Direct:
    """`keep` puts a record into the history. Errors as in `views.Views`."""

    def __init__(
        self,
        work: Work,
        lanes: Lanes,
        loader: Loader,
        pipeline: Pipeline,
        runner: TestRunner,
        keys: Keys,
        clock: Clock,
        bodies: Bodies,
        keep: Keep,
        state: Callable[[str], RouteState],
        *,
        forgives: bool = False,
    ) -> None:
        """`state` of a webhook, whoever works on it.

        `forgives`: a try now also makes a 410 void, as no cluster's resource says when it is (`dev`).
        """
        self._lanes, self._loader, self._pipeline, self._runner = lanes, loader, pipeline, runner
        self._keys, self._clock, self._bodies, self._keep = keys, clock, bodies, keep
        self._work, self._state = work, state
        self._runs: OrderedDict[str, asyncio.Task[TestRun]] = OrderedDict()
        self.places = Shares(DIRECT_RUNS)
        """Of what is under way; previews share them."""
        self._forgives = forgives
        self.closing = False
        """Nothing new begins: the dispatcher is shutting down."""

    # --- tests -----------------------------------------------------------------------------------

    async def run_test(self, request: RunRequest) -> TestRun:
        """Run a test to its end; a run id that was seen before gives that run. EventError 404: no webhook."""
        webhook = request.webhook
        if webhook is None:
            key = f"{request.test.partition('/')[0]}/{request.spec.webhook_ref.name}"
            webhook = self._loader.webhooks.get(key)
            if webhook is None:
                raise EventError(f"There is no webhook {key}.", status=404)
        running = self._runs.get(request.run_id)
        if running is None or _came_to_nothing(running):
            self._check_open()
            wanted = TestRequest(request.run_id, request.test, request.spec, webhook, request.event_from)
            running = self._runs[request.run_id] = asyncio.create_task(self._run(wanted))
            while len(self._runs) > TEST_RUNS_KEPT:
                self._runs.popitem(last=False)
        return await asyncio.shield(running)

    async def _run(self, wanted: TestRequest) -> TestRun:
        async def run() -> bytes:
            return (await self._runner.run(wanted)).model_dump_json(by_alias=True).encode()

        most = seconds(wanted.spec.timeout) + RUN_GRACE_SECONDS
        async with self._place(wanted.webhook, len(wanted.event_from or "")):
            answer = await self._work.run_once(wanted.run_id, run, seconds=most)
        return TestRun.model_validate_json(answer)

    def _place(self, webhook: RouteConfig, size: int) -> AbstractAsyncContextManager[None]:
        most = None if webhook.spec is None else webhook.spec.max_in_flight
        return place(self.places, webhook.key, most, places=1 + size * DIRECT_RUNS // DIRECT_BYTES)

    # --- a try now --------------------------------------------------------------------------------

    async def retry(self, key: str) -> None:
        """An open circuit probes at once. EventError 404, or 409: it is gone, and its resource says when it is not.

        Of a webhook on which another process works, that is known some seconds after it was; until then there is no 409.
        """
        if key not in self._loader.webhooks:
            raise EventError(f"There is no webhook {key}.", status=404)
        if self._state(key) is RouteState.GONE and not self._forgives:
            namespace, _, name = key.partition("/")
            raise EventError(
                f"{key} is gone until its spec changes or its annotation does: kubectl annotate webhooks.hookwright.io "
                f'{name} --namespace={namespace} --overwrite {REQUESTED_AT}="$(date +%s)".',
                status=409,
            )
        await self._lanes.retry(key, forgiven=self._forgives)

    # --- Manual calls ----------------------------------------------------------------------------

    async def invoke(self, key: str, event: Event | None) -> Invocation:
        """Manual: run a webhook once, now, with an event (None: the sample). EventError 404, 409 (SPEC 3)."""
        config = self._loader.webhooks.get(key)
        if config is None:
            raise EventError(f"There is no webhook {key}.", status=404)
        if MANUAL not in config.triggers:
            raise EventError(f"{key} does not list the trigger Manual; add it to spec.triggers.", status=409)
        self._check_open()
        async with self._place(config, 0 if event is None else len(event.raw)):
            target = self._lanes.target(key)
            if target is None:
                message = f"{key} cannot be sent now: {self._lanes.lane(key).standing.message}"
                raise EventError(message, status=502, hint=hint(config.held_cause or Cause.HELD, None))
            return await self._invoke(key, target, sample_event(MANUAL) if event is None else event)

    async def _invoke(self, key: str, target: Target, event: Event) -> Invocation:
        event_key = self._keys.take(2)
        what = Attempted(
            event_key + 1, event_key, 1, key, "Manual", event.trigger, event.raw, self._clock.wall_ms()
        )
        namespace = namespace_of(key)
        await warm(self._lanes.turn, target)
        performed = await self._lanes.turn(namespace, partial(self._prepare, target, event, event_key + 1))
        if not isinstance(performed, Performed):
            performed = await self._pipeline.exchange(target, performed)
        return await self._lanes.turn(namespace, partial(self._told, what, target, performed))

    def _prepare(self, target: Target, event: Event, key: int) -> Outgoing | Performed:
        return self._pipeline.prepare(
            target, event.raw, trigger=event.trigger, delivery_id=delivery_id(key, self._work.tag), attempt=1,
            hops=event.hops,
        )  # fmt: skip

    def _told(self, what: Attempted, target: Target, performed: Performed) -> Invocation:
        self._pipeline.judge(target, performed)
        delivered = performed.outcome.verdict is Verdict.DELIVERED
        redactor = target.redactor()
        message = redactor.text(performed.outcome.message)
        result = "Delivered" if delivered else "Rejected"
        kept = detail(performed, redactor, message, self._bodies)
        self._keep(attempt_record(what, performed, result, kept))
        shown = detail(performed, redactor, message, "all")
        return invocation(attempt_record(what, performed, result, shown), self._work.tag)

    def _check_open(self) -> None:
        if self.closing:
            raise EventError(
                "The dispatcher is shutting down; ask again.",
                status=503,
                retry_after=INGEST_RETRY_AFTER_SECONDS,
            )


def _came_to_nothing(run: asyncio.Task[TestRun]) -> bool:
    """A run that was cancelled or ended with an error is no answer: the id may run again."""
    return run.cancelled() or (run.done() and run.exception() is not None)
