"""What a call of the store asks the writer's thread to do, and how the answer comes back to its loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from enum import Enum, auto
from typing import Any


class Kind(Enum):
    """How a job is run. Members say what `work` holds."""

    ACCEPT = auto()
    """A batch of NewEvent. Refused while free space is under the reserve."""
    PING = auto()
    """A function of the tables, refused like ACCEPT."""
    FINISH = auto()
    """A list of Finish. Waits for space."""
    PATIENT = auto()
    """A function of the tables that changes them. Waits for space."""
    CHANGE = auto()
    """A function of the tables that changes them. Refused while there is no space."""
    READ = auto()
    """A function of the tables that reads them, after the commit of what came with it."""
    STEP = auto()
    """A function of the tables that changes them, in a transaction of its own: one a turn, after all others."""
    CLOSE = auto()


RESPECTS_RESERVE = (Kind.ACCEPT, Kind.PING)
APART = (Kind.READ, Kind.STEP, Kind.CLOSE)
"""Not in the transaction of those that came with them."""
BATCHES = (Kind.ACCEPT, Kind.FINISH)
"""Run all together; a job of another kind by itself."""
WAITS_FOR_SPACE = (Kind.FINISH, Kind.PATIENT)


class Job:
    """One call: made in the event loop, run in the writer's thread, resolved in the event loop."""

    __slots__ = ("answered", "error", "future", "kind", "result", "weight", "work")

    def __init__(self, kind: Kind, work: Any, future: asyncio.Future[Any], weight: int) -> None:
        self.kind = kind
        self.work = work
        self.future = future
        self.weight = weight
        """Rows and KiB it writes."""
        self.result: Any = None
        self.error: Exception | None = None
        self.answered = False


def resolve(jobs: list[Job]) -> None:
    """Answer these jobs: wakes the event loop once for all. From the writer's thread."""
    for job in jobs:
        job.answered = True
    if jobs:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            jobs[0].future.get_loop().call_soon_threadsafe(_resolve, jobs)


def fail(jobs: Iterable[Job], error: Exception) -> None:
    """Answer with an error those that have no answer yet. From the writer's thread."""
    failed = [job for job in jobs if not job.answered]
    for job in failed:
        job.error = error
    resolve(failed)


def _resolve(jobs: list[Job]) -> None:
    for job in jobs:
        future = job.future
        if future.done():  # the caller gave up
            continue
        if job.error is None:
            future.set_result(job.result)
        else:
            future.set_exception(job.error)
