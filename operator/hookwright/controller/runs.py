"""Runs of WebhookTests on the dispatchers: each id once, a few at the same time, shared out by namespace.

Must not: decide which run is due (`webhooktest_status` does), or keep answers over a restart: statuses do.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable

import structlog

from hookwright.api.admin import RunRequest, TestRun
from hookwright.controller.dispatchers import Dispatchers
from hookwright.controller.plan import Report
from hookwright.controller.trouble import Troubles
from hookwright.controller.webhooktest_status import Due
from hookwright.core.shares import Shares
from hookwright.errors import HookwrightError
from hookwright.limits import CONTROLLER_TESTS, TEST_AGAIN_SECONDS, TEST_RUNS_KEPT
from hookwright.outbound.places import place
from hookwright.telemetry.controller_metrics import ControllerMetrics

_log = structlog.get_logger()


class Runs:
    """Runs of tests on the dispatchers: each id once, a few at the same time.

    `pause`: waits so many seconds before a run that did not come about may be started again.
    """

    def __init__(
        self,
        dispatchers: Dispatchers,
        metrics: ControllerMetrics,
        ended: Callable[[], None],
        troubles: Troubles,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._dispatchers, self._metrics, self._ended = dispatchers, metrics, ended
        self._troubles, self._pause = troubles, pause
        self._places = Shares(CONTROLLER_TESTS)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._strayed: Counter[str] = Counter()
        self.done: OrderedDict[str, TestRun] = OrderedDict()

    def start(self, due: Due) -> None:
        """Start it unless it is under way or done."""
        if due.run_id not in self._tasks and due.run_id not in self.done:
            self._tasks[due.run_id] = asyncio.create_task(self._run(due))

    async def _run(self, due: Due) -> None:
        try:
            async with place(self._places, due.webhook):
                await self._ask(due)
        except Exception as error:  # whatever it is: rounds would start it again without end or pause
            await self._put_off(due, error)
        finally:
            del self._tasks[due.run_id]
            self._ended()

    async def _put_off(self, due: Due, error: Exception) -> None:
        """Tell, and wait."""
        self._metrics.failed("test")
        if isinstance(error, HookwrightError):
            self._troubles.note("test", type(error).__name__, str(error), [due.test])
        else:  # the text of another one's error may hold what is nobody's business
            said = f"A mistake of ours: {type(error).__name__}"
            _log.warning("test", test=due.test, message=said, exc_info=error)
        await self._pause(TEST_AGAIN_SECONDS)

    async def _ask(self, due: Due) -> None:
        runs_it = (
            report.address
            for report in self._dispatchers.reports
            if _hash(report, due.webhook) == due.webhook_hash
        )
        address = next(runs_it, None)
        if address is None:
            return  # it went away meanwhile: the next round decides anew
        strayed = self._strayed[due.run_id]
        # the dispatcher remembers an answer by id: one about another configuration must not come back
        identifier = f"{due.run_id}-{strayed}" if strayed else due.run_id
        request = RunRequest(run_id=identifier, test=due.test, spec=due.spec, event_from=due.event_from)
        run = await self._dispatchers.test(address, request)
        if run.tested_config_hash != due.webhook_hash:
            self._strayed[due.run_id] += 1
            if len(self._strayed) > TEST_RUNS_KEPT:  # runs that nobody asks for any more; the oldest first
                del self._strayed[next(iter(self._strayed))]
            return
        self.done[due.run_id] = run
        while len(self.done) > TEST_RUNS_KEPT:
            self.done.popitem(last=False)

    async def close(self) -> None:
        """Wait for none of them."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


def _hash(report: Report, webhook: str) -> str | None:
    view = report.webhooks.get(webhook)
    return None if view is None else view.config_hash
