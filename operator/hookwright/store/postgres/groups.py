"""Calls that write, carried out in groups: what comes while one is under way goes out as the next, in one round trip.

A group that fails because the database is away waits and is tried again, until its calls have waited long enough; of one
that holds something the database refuses, each call is tried alone. Must not: know what calls mean.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from time import perf_counter
from typing import Any

from hookwright.errors import StoreAway, StoreError
from hookwright.limits import STORE_AGAIN_SECONDS
from hookwright.store.order import Order
from hookwright.store.postgres.failures import Failure, as_store_error, is_doubtful, judge
from hookwright.store.postgres.health import Health


class Job:
    """One call. `patient`: it waits for the database as long as it takes, for space as well; others until a time.

    `tried`: it could not be written when it was; `doubtful`: it may have been stored all the same.
    """

    __slots__ = ("deadline", "doubtful", "future", "patient", "tried", "weight", "work")

    def __init__(self, work: Any, weight: int, future: asyncio.Future[Any], deadline: float | None) -> None:
        self.work, self.weight, self.future = work, weight, future
        self.patient, self.deadline = deadline is None, float("inf") if deadline is None else deadline
        self.tried = self.doubtful = False


Run = Callable[[Sequence[Job]], Awaitable[Sequence[Any]]]


class Group:
    """`run` carries out jobs together and answers each, or raises and has stored nothing or all of them.

    `broken` is told when the store is another's; `may_overtake`: see `Order`.
    """

    def __init__(
        self,
        run: Run,
        health: Health,
        *,
        broken: Callable[[StoreError], None],
        may_overtake: Callable[[Job], bool] = lambda job: False,
    ) -> None:
        self._run, self._health, self._broken = run, health, broken
        self._jobs: list[Job] = []
        self._order = Order(may_overtake)
        self._under_way: list[Job] = []
        self._task: asyncio.Task[None] | None = None
        self._ended: StoreError | None = None
        self.commits = 0
        self.seconds = self.slowest = 0.0
        """Time of all commits, and of the slowest since somebody set it to 0."""

    @property
    def waiting(self) -> int:
        """Patient calls that were tried and could not be written yet."""
        return sum(job.tried and job.patient for job in self._jobs)

    def submit(self, work: Any, weight: int, *, wait: float | None = None) -> asyncio.Future[Any]:
        """Put a call into the next group. Raises the error with which the store ended.

        `wait`: seconds for which it waits for a database that is away; None: it is patient.
        """
        if self._ended is not None:
            raise self._ended
        loop = asyncio.get_running_loop()
        job = Job(work, weight, loop.create_future(), None if wait is None else loop.time() + wait)
        self._jobs.append(job)
        if self._task is None:
            self._task = loop.create_task(self._all())
        return job.future

    async def answered(self, *, all_of_them: bool = False) -> None:
        """Until every call that may be stored has its answer, or all that came before; but for the patient ones."""
        jobs = [*self._under_way, *(job for job in self._jobs if job.tried or all_of_them)]
        if futures := [job.future for job in jobs if not job.patient]:
            await asyncio.wait(futures)
        await asyncio.sleep(0)  # who has an answer since this turn of the loop goes on first

    async def close(self, error: StoreError) -> None:
        """Carry out what waits, once; what cannot be written fails with this."""
        self._ended = error
        if self._task is not None:
            await self._task

    async def _all(self) -> None:
        while self._jobs:
            group, self._jobs = self._order.next(self._jobs)
            await self._carry_out(group)
        self._task = None

    async def _carry_out(self, group: list[Job]) -> None:
        """Try it once: each has its answer, or waits again."""
        self._under_way = group
        began = perf_counter()
        try:
            results = await self._run(group)
        except Exception as error:
            await self._failed(group, error)
        else:
            self._health.works()
            self._count(perf_counter() - began)
            for job, result in zip(group, results, strict=True):
                if not job.future.done():
                    job.future.set_result(result)
        finally:
            self._under_way = []

    def _count(self, seconds: float) -> None:
        self.commits += 1
        self.seconds += seconds
        self.slowest = max(self.slowest, seconds)

    async def _failed(self, group: list[Job], error: Exception) -> None:
        failure = judge(error)
        self._health.failed(error)
        if failure is Failure.AGAIN:
            self._jobs[:0] = group
        elif failure is Failure.AWAY:
            await self._again(group, error)
        elif failure is Failure.FULL:
            _fail([job for job in group if not job.patient], as_store_error(error))
            await self._again([job for job in group if job.patient], error)
        elif failure is Failure.REQUEST and len(group) > 1:  # find the one it is
            for job in group:
                await self._carry_out([job])
        else:
            if failure is Failure.BROKEN:
                self._broken(as_store_error(error))
            _fail(group, as_store_error(error))

    async def _again(self, group: list[Job], error: Exception) -> None:
        """These wait for what is away, or lacks."""
        for job in group:
            job.tried, job.doubtful = True, job.doubtful or is_doubtful(error)
        self._jobs[:0] = group
        self._under_way = []
        if group:
            await self._pause(as_store_error(error))

    async def _pause(self, error: StoreError) -> None:
        """Before the next try; who has waited long enough gets this error, at the end all."""
        loop = asyncio.get_running_loop()
        if self._ended is None:
            rest = min(job.deadline for job in self._jobs) - loop.time()
            await asyncio.sleep(max(0.0, min(rest, random.uniform(0.05, STORE_AGAIN_SECONDS))))  # noqa: S311 - spreads tries
        now = float("inf") if self._ended is not None else loop.time()
        _fail([job for job in self._jobs if job.deadline <= now], self._ended or error)
        self._jobs = [job for job in self._jobs if job.deadline > now]


def _fail(jobs: Iterable[Job], error: StoreError) -> None:
    for job in jobs:
        if not job.future.done():
            own = StoreAway(str(error), in_doubt=job.doubtful) if isinstance(error, StoreAway) else error
            job.future.set_exception(own)
