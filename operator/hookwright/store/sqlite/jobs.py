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
    """A function of the tables that changes them, called in transactions of its own until it is False."""
    CLOSE = auto()


RESPECTS_RESERVE = (Kind.ACCEPT, Kind.PING)
WAITS_FOR_SPACE = (Kind.FINISH, Kind.PATIENT)


class Job:
    """One call: made in the event loop, run in the writer's thread, resolved in the event loop."""

    __slots__ = ("error", "future", "kind", "result", "weight", "work")

    def __init__(self, kind: Kind, work: Any, future: asyncio.Future[Any], weight: int) -> None:
        self.kind = kind
        self.work = work
        self.future = future
        self.weight = weight
        """Rows and KiB it writes."""
        self.result: Any = None
        self.error: Exception | None = None


def resolve(jobs: list[Job]) -> None:
    """Wake the event loop once for all these jobs. From the writer's thread."""
    if jobs:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            jobs[0].future.get_loop().call_soon_threadsafe(_resolve, jobs)


def fail(jobs: Iterable[Job], error: Exception) -> None:
    """Answer jobs with an error. From the writer's thread."""
    failed = list(jobs)
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
