"""The WebhookTests of `dev`'s folder: each runs when it, its webhook or a Secret of it changed, and at its interval.

Which runs were done is remembered in the data folder, so a restart sends nothing again (SPEC 6). Runs go beside
the following of the folder: a target that never answers must not keep a change waiting. Must not: judge a run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import orjson
import structlog

from hookwright.api.admin import TestRun
from hookwright.api.fields import seconds
from hookwright.dispatcher.testruns import TestRequest
from hookwright.limits import DIRECT_RUNS

log = structlog.get_logger()
_REMEMBERED: Final = 10_000


class FolderTests:
    """Runs tests by `run`, and shows each by `show`. `memory`: file of the ids of the runs that were done."""

    def __init__(
        self,
        memory: Path,
        run: Callable[[TestRequest], Awaitable[TestRun]],
        show: Callable[[TestRun], None],
    ) -> None:
        self._memory, self._run, self._show = memory, run, show
        self._done = _read(memory)
        self._begun = dict(self._done)
        self._tasks: set[asyncio.Task[None]] = set()
        self._intervals: dict[str, asyncio.Task[None]] = {}
        self._gate = asyncio.Semaphore(DIRECT_RUNS)

    def hold(self, requests: Sequence[TestRequest]) -> int:
        """Those of these that are due run only once they change, or at their interval; how many they are."""
        due = [each for each in requests if not self._newest(each)]
        self._begun.update((each.test, each.run_id) for each in due)
        return len(due)

    def begin(self, requests: Sequence[TestRequest], told: Callable[[Sequence[TestRun]], None]) -> None:
        """`follow` for the first time: once all these runs have ended, `told` is told of them together."""
        runs: list[TestRun] = []
        begun = self._follow(requests, runs.append)
        if begun:
            self._keep(asyncio.create_task(_together(begun, runs, told)))

    def follow(self, requests: Sequence[TestRequest]) -> None:
        """These are the tests now: start those that are due."""
        self._follow(requests, self._show)

    def _follow(
        self, requests: Sequence[TestRequest], show: Callable[[TestRun], None]
    ) -> list[asyncio.Task[None]]:
        fresh = [each for each in requests if not self._newest(each)]
        begun = []
        for name in set(self._intervals) - {each.test for each in requests}:
            self._intervals.pop(name).cancel()
        for each in fresh:
            self._begun[each.test] = each.run_id
            if (running := self._intervals.pop(each.test, None)) is not None:
                running.cancel()
            begun.append(self._keep(asyncio.create_task(self._once(each, show))))
        for each in requests:
            if each.spec.interval is not None and each.test not in self._intervals:
                self._intervals[each.test] = asyncio.create_task(self._repeat(each, each.spec.interval))
        return begun

    def _keep(self, task: asyncio.Task[None]) -> asyncio.Task[None]:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """End all that is under way; what did not end runs again after the next start."""
        tasks = [*self._tasks, *self._intervals.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _repeat(self, request: TestRequest, interval: str) -> None:
        while True:
            await asyncio.sleep(seconds(interval))
            await self._once(request, self._show)

    async def _once(self, request: TestRequest, show: Callable[[TestRun], None]) -> None:
        """What goes wrong beside the run is told; it runs again after a change, lest its target gets it for ever."""
        try:
            async with self._gate:
                run = await self._run(request)
            show(run)
            if self._newest(request):
                self._remember(request)
        except Exception:
            log.exception("test.failed", test=request.test)
            if self._newest(request):
                del self._begun[request.test]

    def _newest(self, request: TestRequest) -> bool:
        return self._begun.get(request.test) == request.run_id

    def _remember(self, request: TestRequest) -> None:
        self._done[request.test] = request.run_id
        while len(self._done) > _REMEMBERED:
            self._done.pop(next(iter(self._done)))
        temporary = self._memory.with_suffix(".new")
        with suppress(OSError):  # a full disk: it is written with the next run
            temporary.write_bytes(orjson.dumps(self._done))
            temporary.rename(self._memory)


async def _together(
    begun: Sequence[asyncio.Task[None]], runs: Sequence[TestRun], told: Callable[[Sequence[TestRun]], None]
) -> None:
    await asyncio.wait(begun)
    told(runs)


def _read(memory: Path) -> dict[str, str]:
    """The runs that were done; none when the file is not there or damaged."""
    try:
        done = orjson.loads(memory.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return done if isinstance(done, dict) else {}
