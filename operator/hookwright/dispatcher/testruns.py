"""One run of a WebhookTest (SPEC 6), through the pipeline that deliveries use; with and without a cluster.

Must not: decide when to run (the controller and `dev` do), touch lanes or `lastInvocation`, or retry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from hookwright.api.admin import Invocation, RequestRecord, TestRun
from hookwright.api.config import RouteConfig
from hookwright.api.fields import seconds
from hookwright.api.v1alpha1.webhooktest import WebhookTestSpec
from hookwright.core.event import Event, delivery_id
from hookwright.core.expectations import FAILED, SUCCESSFUL, judge_test
from hookwright.core.former import FormerSecrets
from hookwright.core.hints import hint
from hookwright.core.invocations import invocation, with_bodies_cut
from hookwright.core.keys import Keys
from hookwright.core.matching import Matcher
from hookwright.core.outcome import Verdict, judge_error
from hookwright.core.records import AttemptRecord
from hookwright.core.request import Outgoing
from hookwright.core.routes import Route
from hookwright.core.tested_event import event_of_test
from hookwright.core.times import hundredths, rfc3339
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.attempt import Performed, Pipeline, Target, warm
from hookwright.dispatcher.delivery.records import (
    Attempted,
    Bodies,
    attempt_record,
    detail,
)
from hookwright.dispatcher.delivery.turns import Turn, at_once
from hookwright.errors import Cause, SendError, Sent
from hookwright.limits import ANSWER_BYTES, RENDERED_BYTES, TEST_BODY_BYTES
from hookwright.outbound.port import Sender

_WHOLE = RENDERED_BYTES + ANSWER_BYTES  # bodies are judged whole and shown cut
Keep = Callable[[AttemptRecord], None]
"""Puts the record of a Manual call or test into the history."""


@dataclass(frozen=True, slots=True)
class TestRequest:
    """What to run. `run_id` makes it idempotent, `event_from` is the text that spec.eventFrom refers to."""

    __test__ = False

    run_id: str
    test: str
    spec: WebhookTestSpec
    webhook: RouteConfig
    event_from: str | None = None


class TestRunner:
    """Runs tests. `keep` is called with the record of each invocation (the history)."""

    __test__ = False

    def __init__(
        self,
        pipeline: Pipeline,
        sender: Sender,
        clock: Clock,
        keys: Keys,
        tag: str,
        *,
        former: FormerSecrets,
        bodies: Bodies = "all",
        keep: Keep = lambda record: None,
        turn: Turn = at_once,
    ) -> None:
        self._pipeline, self._sender, self._clock, self._keys = pipeline, sender, clock, keys
        self._tag, self._former, self._bodies, self._keep, self._turn = tag, former, bodies, keep, turn

    async def run(self, request: TestRequest) -> TestRun:
        """Run it once and judge it. Never raises but for cancellation."""
        config = request.webhook
        began = self._clock.wall_ms()
        if config.held is not None:
            return self._judged(request, began, error=config.held, cause=config.held_cause or Cause.HELD)
        namespace = config.namespace
        try:
            event = await self._turn(
                namespace, partial(event_of_test, request.spec, config, request.event_from)
            )
        except ValueError as error:
            return self._judged(request, began, error=str(error), cause=Cause.TEST)
        try:
            target = await self._turn(namespace, partial(self._target, config))
        except (ValueError, SendError) as error:
            cause = error.cause if isinstance(error, SendError) else Cause.HELD
            return self._judged(request, began, error=str(error), cause=cause)
        try:
            await warm(self._turn, target)
            prepared = await self._turn(namespace, partial(self._prepare, request, target, event, began))
            if isinstance(prepared, TestRun):
                return prepared
            key, outgoing = prepared
            performed = await self._perform(request, target, outgoing)
            return await self._turn(
                namespace, partial(self._told, request, target, event, key, began, performed)
            )
        finally:
            target.close()

    def _target(self, config: RouteConfig) -> Target:
        return Target(Route(config), self._sender, self._clock.monotonic, self._former)

    def _prepare(
        self, request: TestRequest, target: Target, event: Event, began: int
    ) -> TestRun | tuple[int, Outgoing]:
        """The request with its key; or the run, if it is over already."""
        spec = request.spec
        if spec.expect is not None and spec.expect.matched is not None:
            matcher = Matcher([request.webhook.model_copy(update={"active": True})])
            reasons = matcher.explain(event, request.webhook.key, None)
            if not spec.expect.matched or reasons:
                return self._judged(request, began, reasons=reasons)
        key = self._keys.take(2) + 1
        outgoing = self._pipeline.prepare(
            target,
            event.raw,
            trigger=event.trigger,
            delivery_id=delivery_id(key, self._tag),
            attempt=1,
            test=True,
        )
        if isinstance(outgoing, Performed):
            return self._told(request, target, event, key, began, outgoing)
        if spec.mode == "Render":
            rendered = Performed(_RENDERED, 0.0, target.shown(outgoing))
            shown = self._record(request, target, event, key, began, rendered)
            return self._judged(request, began, shown=shown)
        return key, outgoing

    def _told(
        self, request: TestRequest, target: Target, event: Event, key: int, began: int, performed: Performed
    ) -> TestRun:
        """The run of an attempt that came to something."""
        self._pipeline.judge(target, performed)
        shown = self._record(request, target, event, key, began, performed)
        error = None if performed.answer is not None else shown.message
        return self._judged(
            request, began, shown=shown, error=error, cause=performed.outcome.cause, status=performed.outcome.status,
        )  # fmt: skip

    async def _perform(self, request: TestRequest, target: Target, outgoing: Outgoing) -> Performed:
        """The attempt, ended by the test's timeout if that is the shorter one; what was asked is shown then too."""
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(seconds(request.spec.timeout)):
                return await self._pipeline.exchange(target, outgoing)
        except TimeoutError:
            sentence = f"The test did not end within its timeout of {request.spec.timeout}"
            error = SendError(sentence, cause=Cause.TIMEOUT, sent=Sent.MAYBE_SENT)
            duration = hundredths((self._clock.monotonic() - began) * 1000)
            return Performed(judge_error(error), duration, target.shown(outgoing), requests=1)

    def _record(
        self, request: TestRequest, target: Target, event: Event, key: int, began: int, performed: Performed
    ) -> Invocation:
        what = Attempted(key, 0, 1, request.webhook.key, "Test", event.trigger, event.raw, began)
        result = SUCCESSFUL if performed.outcome.verdict is Verdict.DELIVERED else FAILED
        redactor = target.redactor()
        message = redactor.text(performed.outcome.message)
        if performed.outcome is not _RENDERED:
            kept = detail(performed, redactor, message, self._bodies, TEST_BODY_BYTES)
            self._keep(attempt_record(what, performed, result, kept))
        shown = detail(performed, redactor, message, "all", _WHOLE)
        return invocation(attempt_record(what, performed, result, shown), self._tag)

    def _judged(
        self,
        request: TestRequest,
        began: int,
        *,
        shown: Invocation | None = None,
        reasons: list[str] | None = None,
        error: str | None = None,
        cause: Cause | None = None,
        status: int | None = None,
    ) -> TestRun:
        spec = request.spec
        record: RequestRecord | None = shown.request if shown else None
        passed, message, assertions = judge_test(
            spec.expect, spec.mode, matched=not reasons, reasons=reasons or [], request=record,
            response=shown.response if shown else None, validators=shown.validators if shown else [], error=error,
        )  # fmt: skip
        result = SUCCESSFUL if passed else FAILED
        tip = None if passed else hint(cause, status)
        if shown is not None:
            shown = with_bodies_cut(shown, TEST_BODY_BYTES).model_copy(update={"result": result, "hint": tip})
        return TestRun(
            run_id=request.run_id,
            test=request.test,
            webhook=request.webhook.key,
            mode=spec.mode,
            result=result,
            message=message,
            hint=tip,
            invocation=shown,
            assertions=assertions,
            tested_config_hash=request.webhook.hash,
            time=rfc3339(began),
        )


_RENDERED = judge_error(SendError("Rendered only; nothing was sent", cause=Cause.HELD, sent=Sent.NOT_SENT))
