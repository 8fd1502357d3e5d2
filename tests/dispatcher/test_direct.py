"""Tests and Manual calls: what a run that came to nothing means for its id, and that nothing begins during a drain."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dispatcher.delivery.parts import Wire
from hookwright.api.admin import RunRequest
from hookwright.api.config import DispatchConfig, RouteConfig
from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.egress import EgressPolicy
from hookwright.core.keys import Keys
from hookwright.core.lifecycle import gone_mark
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
from hookwright.dispatcher.views import Views
from hookwright.errors import EventError
from hookwright.limits import DIRECT_RUNS
from hookwright.outbound.port import Answer, Sender
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


async def made(sender: Sender | None = None, *webhooks: RouteConfig) -> Direct:
    """Over real parts; nothing is sent."""
    clock, work = Clock(), MemoryStore()
    sender = sender or HttpSender(EgressPolicy(), user_agent="test")
    background = Background(failed=lambda name: None, end=lambda error: None)
    pipeline, keys = Pipeline(clock), Keys(0, 0, clock.now_ms)
    lanes = Lanes(work, pipeline, clock, background, bodies="none", observe=lambda details: None)
    acceptor = Acceptor(work, lanes, keys, clock, room=Room(9, 9, 9, 9, 9, 9))
    loader = Loader(lanes, acceptor, sender, clock, background)
    await loader.load(DispatchConfig(hash="a", webhooks=[*(webhooks or [WEBHOOK])]))

    def keep(record: AttemptRecord) -> None:
        """Nothing is kept."""

    runner = Failing(pipeline, sender, clock, keys, work.tag, former=loader.former)
    views = Views(work, lanes, loader, clock, work, retry="")
    return Direct(work, lanes, loader, pipeline, runner, keys, clock, "none", keep, views.state)


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


async def hanging(count: int) -> tuple[Direct, Wire, list[asyncio.Task[Any]]]:
    """Seventy calls of each of so many webhooks of one namespace, whose targets hang; those that come after are answered."""
    wire = Wire()

    async def hang() -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    crowd = [
        WEBHOOK.model_copy(update={"namespace": "crowd", "name": f"w{number}"}) for number in range(count)
    ]
    direct = await made(wire, WEBHOOK, *crowd)
    wire.respond = hang
    calls = [asyncio.create_task(direct.invoke(each.key, None)) for each in crowd for _ in range(70)]
    before = -1
    while wire.under_way > before:
        before = wire.under_way
        for _ in range(100):
            await asyncio.sleep(0)
    wire.respond = wire.take
    return direct, wire, calls


async def ended(direct: Direct, calls: list[asyncio.Task[Any]]) -> None:
    """Another namespace's call and test go at once; then all are let go of."""
    assert (await direct.invoke("default/one", None)).result == "Delivered"
    assert not any(call.done() for call in calls)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


async def test_seventy_calls_that_hang_are_no_more_than_the_webhook_sends_at_once() -> None:
    """As its maxInFlight says, sixteen; another namespace's call goes at once."""
    direct, wire, calls = await hanging(1)
    assert wire.under_way == 16
    await ended(direct, calls)


async def test_calls_of_all_webhooks_of_a_namespace_leave_places_to_others() -> None:
    """Ten webhooks of seventy calls each take three quarters; the places come back when they end."""
    direct, wire, calls = await hanging(10)
    assert wire.under_way == DIRECT_RUNS * 3 // 4
    await ended(direct, calls)
    assert direct.places.taken == 0


async def test_a_webhook_that_is_gone_is_tried_by_its_resource_where_there_is_one() -> None:
    """The dispatcher of a cluster says how; one that is not known is said, too."""
    direct = await made()
    await direct.retry("default/one")
    direct._lanes.lane("default/one").standing.gone(gone_mark("a", None))
    with pytest.raises(
        EventError, match=r"kubectl annotate webhooks\.hookwright\.io one --namespace=default"
    ) as gone:
        await direct.retry("default/one")
    assert gone.value.status == 409
    with pytest.raises(EventError, match="There is no webhook default/two"):
        await direct.retry("default/two")
