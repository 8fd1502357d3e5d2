"""Tests and Manual calls: what a run that came to nothing means for its id, and that nothing begins during a drain."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hookwright.api.admin import RunRequest
from hookwright.api.config import DispatchConfig, RouteConfig
from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.egress import EgressPolicy
from hookwright.core.keys import Keys
from hookwright.core.records import AttemptRecord
from hookwright.core.room import Room
from hookwright.dispatcher.background import Background
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.configuration.loader import Loader
from hookwright.dispatcher.delivery.accept import Acceptor
from hookwright.dispatcher.delivery.attempt import Pipeline
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.dispatcher.direct import Direct
from hookwright.dispatcher.testruns import TestRequest, TestRunner
from hookwright.errors import EventError
from hookwright.outbound.sender import HttpSender
from hookwright.store.memory import MemoryStore

SPEC = WebhookSpec(url="https://nowhere.test/hook", triggers=["RequestGranted", "Manual"])
WEBHOOK = RouteConfig(namespace="default", name="one", hash="a", triggers=SPEC.triggers, spec=SPEC)
RUN = RunRequest.model_validate(
    {"runID": "r1", "test": "default/t", "spec": {"webhookRef": {"name": "one"}, "mode": "Render"}}
)


class Failing(TestRunner):
    """A runner whose first run ends in a fault of ours."""

    runs = 0

    async def run(self, request: TestRequest) -> Any:
        self.runs += 1
        if self.runs == 1:
            raise RuntimeError("nobody foresaw this")
        return await super().run(request)


async def made() -> Direct:
    """Over real parts; nothing is sent."""
    clock, work = Clock(), MemoryStore()
    sender = HttpSender(EgressPolicy(), user_agent="test")
    background = Background(failed=lambda name: None, end=lambda error: None)
    pipeline, keys = Pipeline(clock), Keys(0, clock.now_ms)
    lanes = Lanes(work, pipeline, clock, background, bodies="none", observe=lambda details: None)
    acceptor = Acceptor(work, lanes, keys, clock, room=Room(9, 9, 9, 9, 9, 9))
    loader = Loader(lanes, acceptor, sender, clock, background)
    await loader.load(DispatchConfig(hash="a", webhooks=[WEBHOOK]))

    def keep(record: AttemptRecord) -> None:
        """Nothing is kept."""

    runner = Failing(pipeline, sender, clock, keys, work.tag, former=loader.former)
    return Direct(lanes, loader, pipeline, runner, keys, clock, work.tag, "none", keep)


async def test_a_run_that_ended_in_a_fault_may_run_again_under_its_id() -> None:
    """Otherwise the controller, which asks with the same id, would get that fault for ever."""
    direct = await made()
    with pytest.raises(RuntimeError):
        await direct.run_test(RUN)
    assert (await direct.run_test(RUN)).result == "Test successful"


async def test_a_run_that_came_to_an_end_is_not_run_again() -> None:
    """A second request with its id gets its result."""
    direct = await made()
    with pytest.raises(RuntimeError):
        await direct.run_test(RUN)
    first, second = await asyncio.gather(direct.run_test(RUN), direct.run_test(RUN))
    assert first is second


async def test_nothing_begins_while_the_dispatcher_shuts_down() -> None:
    """Manual calls and new test runs are told to come again; a run that is known is still answered."""
    direct = await made()
    with pytest.raises(RuntimeError):
        await direct.run_test(RUN)
    known = await direct.run_test(RUN)
    direct.closing = True
    assert await direct.run_test(RUN) is known
    for call in (
        direct.invoke("default/one", None),
        direct.run_test(RUN.model_copy(update={"run_id": "r2"})),
    ):
        with pytest.raises(EventError, match="shutting down") as refused:
            await call
        assert (refused.value.status, refused.value.retry_after) == (503, 5)
