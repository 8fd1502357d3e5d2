"""Starting runs: each id once, on a dispatcher that runs the webhook, and never an answer about another one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import structlog

from hookwright.api import admin
from hookwright.api.admin import RunRequest, WebhookView
from hookwright.api.v1alpha1.webhooktest import WebhookTestSpec
from hookwright.controller.plan import Report
from hookwright.controller.runs import Runs
from hookwright.controller.trouble import Troubles
from hookwright.controller.webhooktest_status import Due
from hookwright.errors import ClusterError
from hookwright.limits import CONTROLLER_TESTS
from hookwright.telemetry.controller_metrics import ControllerMetrics

SPEC = WebhookTestSpec.model_validate({"webhookRef": {"name": "w"}})
DUE = Due("shop/t", "r1", SPEC, None, "shop/w", "new")


class Answering:
    """In place of `Dispatchers`: `hashes` are the configurations that its answers speak of; `errors` go first."""

    def __init__(self, *hashes: str) -> None:
        self.asked: list[tuple[str, str]] = []
        self.reports: list[Report] = []
        self.errors: list[Exception] = []
        self.hangs = False
        self._hashes = list(hashes)

    async def test(self, address: str, request: RunRequest) -> admin.TestRun:
        self.asked.append((address, request.run_id))
        if self.hangs:
            await asyncio.Event().wait()
        if self.errors:
            raise self.errors.pop(0)
        return admin.TestRun(
            run_id=request.run_id, test=request.test, webhook="shop/w", mode="Send", result="Test successful",
            message="", tested_config_hash=self._hashes.pop(0), time="2026-01-02T03:04:05Z",
        )  # fmt: skip


class World:
    """Runs over two dispatchers, of which the second runs the present configuration."""

    def __init__(self, *hashes: str) -> None:
        self.answering = Answering(*hashes)
        self.ended = asyncio.Event()
        self.answering.reports = [self.report("10.0.0.1", "old"), self.report("10.0.0.2", "new")]
        self.pauses: list[float] = []
        self.runs = Runs(
            self.answering,
            ControllerMetrics(),
            self.ended.set,
            Troubles(lambda: 0.0),
            self._pause,  # type: ignore[arg-type]
        )

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def report(self, address: str, config_hash: str, webhook: str = "shop/w") -> Report:
        """What a dispatcher says that it runs."""
        view = WebhookView(webhook=webhook, active=True, config_hash=config_hash, state="running")
        return Report(address, "whole", {webhook: view})

    async def run(self, due: Due) -> None:
        """Start it, twice as a round may, and wait for its end."""
        self.runs.start(due)
        self.runs.start(due)
        async with asyncio.timeout(60):
            await self.ended.wait()
        self.ended.clear()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Its answers speak of an old configuration once, then of the present one."""
    made = World("old", "new", "new")
    yield made
    await made.runs.close()


async def test_an_answer_about_another_configuration_is_asked_for_anew(world: World) -> None:
    """Under another id, as the dispatcher would repeat the answer; done once it fits."""
    await world.run(DUE)
    assert dict(world.runs.done) == {}
    await world.run(DUE)
    assert world.answering.asked == [("10.0.0.2", "r1"), ("10.0.0.2", "r1-1")]
    assert list(world.runs.done) == ["r1"]
    world.runs.start(DUE)
    assert len(world.answering.asked) == 2


async def test_no_dispatcher_runs_it_any_more(world: World) -> None:
    """Nothing is asked; the next round decides anew."""
    await world.run(Due("shop/t", "r2", SPEC, None, "shop/w", "newer"))
    assert (world.answering.asked, dict(world.runs.done)) == ([], {})


async def test_whatever_fails_is_told_and_tried_again_after_a_pause(world: World) -> None:
    """An error that nobody expects as well, whose text may hold what is nobody's business: never at once."""
    world.answering.errors = [ClusterError("away"), KeyError("secret-of-somebody")]
    with structlog.testing.capture_logs() as told:
        for _ in range(3):
            await world.run(DUE)
    assert world.pauses == [10.0, 10.0]
    assert [each["message"] for each in told] == ["away", "A mistake of ours: KeyError"]
    assert world.answering.asked == [("10.0.0.2", "r1")] * 3


async def test_tests_of_one_namespace_that_hang_hold_up_no_other(world: World) -> None:
    """A hundred of them, of many webhooks, take most places; another namespace's test is asked for at once."""
    world.answering.hangs = True
    world.answering.reports.append(world.report("10.0.0.3", "new", "quiet/w"))
    for number in range(100):
        world.answering.reports.append(world.report("10.0.0.2", "new", f"shop/w{number}"))
        world.runs.start(Due(f"shop/t{number}", f"r{number}", SPEC, None, f"shop/w{number}", "new"))
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(world.answering.asked) == CONTROLLER_TESTS * 3 // 4
    world.runs.start(Due("quiet/t", "quiet", SPEC, None, "quiet/w", "new"))
    for _ in range(10):
        await asyncio.sleep(0)
    assert world.answering.asked[-1] == ("10.0.0.3", "quiet")
