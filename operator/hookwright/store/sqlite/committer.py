"""The thread that writes: takes jobs that wait (`store.order`), runs them in one transaction, then resolves them.

No timer: while one commit is under way the next group gathers. Reading jobs and one step of upkeep follow
outside that transaction, so accepted events never wait for more than a step. The log (WAL) is written back
when it is large or nothing is to do, on this connection, where an error is seen. Must not: know what jobs
mean.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue
from time import perf_counter

from hookwright import limits
from hookwright.errors import StoreError
from hookwright.store.order import Order
from hookwright.store.sqlite.database import database_file
from hookwright.store.sqlite.failures import Failure, Judge, as_store_error, broken, full
from hookwright.store.sqlite.jobs import (
    APART,
    BATCHES,
    RESPECTS_RESERVE,
    WAITS_FOR_SPACE,
    Job,
    Kind,
    fail,
    resolve,
)
from hookwright.store.sqlite.space import FreeSpace, Reserve
from hookwright.store.sqlite.tables import Tables


class Committer:
    """Owns the writing connection. `on_broken` is called in the thread; nothing is written after it."""

    def __init__(
        self,
        folder: Path,
        tables: Tables,
        epoch: int,
        free_space: FreeSpace,
        on_broken: Callable[[str], None],
    ) -> None:
        self._folder, self._tables, self._epoch = folder, tables, epoch
        self._judge, self._on_broken = Judge(free_space), on_broken
        self._execute = tables.connection.execute
        self._reserve = Reserve(free_space, tables.free_bytes)
        self._inode = database_file(folder).stat().st_ino
        self._queue: SimpleQueue[Job] = SimpleQueue()
        self._waiting: list[Job] = []
        """Out of the queue, for later groups."""
        self._order = Order(_may_overtake)
        self._held: list[Job] = []
        self._steps: deque[Job] = deque()
        self._under_way: list[Job] = []
        self._log_weight = 0
        self._ended: StoreError | None = None
        self._end = threading.Lock()  # nothing is put into the queue after the last look into it
        self.commits = self.rows = self.checkpoints = 0
        self.commit_seconds = self.slowest_seconds = self.checkpoint_seconds = 0.0
        self._thread = threading.Thread(target=self._run, name="hookwright-store", daemon=True)
        self._thread.start()

    @property
    def held(self) -> int:
        """Jobs that wait for space."""
        return len(self._held)

    def submit(self, job: Job) -> None:
        """Put a job in the queue. Raises the error with which the store ended."""
        with self._end:
            if self._ended is not None:
                raise self._ended
            self._queue.put(job)

    def join(self) -> None:
        """Wait for the end of the thread, after a CLOSE job."""
        self._thread.join()

    # --- the thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        ended = StoreError("The store is closed.")
        try:
            while self._turn(self._take()):
                pass
        except Exception as error:  # whatever it was, nothing may look stored from here on
            name = getattr(error, "sqlite_errorname", type(error).__name__)
            ended = error if isinstance(error, StoreError) else broken(self._folder, f"{name}: {error}")
            self._on_broken(str(ended))
        finally:
            with self._end:
                self._ended = ended
            fail(self._left(), ended)

    def _take(self) -> list[Job]:
        """The jobs of the next group, at least one unless something else is to do."""
        with suppress(Empty):
            self._waiting.append(self._queue.get(timeout=self._patience()))
            while True:
                self._waiting.append(self._queue.get_nowait())
        group, self._waiting = self._order.next(self._waiting)
        return group

    def _patience(self) -> float | None:
        """Seconds to wait for a job before something else is done."""
        if self._steps or self._waiting:
            return 0.0
        if self._held:
            return limits.STORE_RETRY_SECONDS
        return limits.STORE_IDLE_SECONDS if self._log_weight else None

    def _turn(self, jobs: list[Job]) -> bool:
        """Run jobs; False after the last ones."""
        self._under_way = [*jobs, *self._held, *self._steps]
        group, self._held = self._held, []
        reads, closing = [], False
        for job in jobs:
            if job.kind not in APART:
                group.append(job)
            elif job.kind is Kind.READ:
                reads.append(job)
            elif job.kind is Kind.STEP:
                self._steps.append(job)
            else:
                closing = True
        if Kind.PING in [job.kind for job in group]:
            self._check_file()
        self._commit(self._within_reserve(group))
        self._read(reads)
        if self._steps:
            self._step(self._steps.popleft())
        if closing:
            self._close(jobs)
            return False
        if self._log_weight >= limits.STORE_CHECKPOINT_WEIGHT or (not jobs and not self._steps):
            self._checkpoint("PASSIVE")
        return True

    def _within_reserve(self, group: list[Job]) -> list[Job]:
        """Refuse new events while free space is under its reserve."""
        refusable = [job for job in group if job.kind in RESPECTS_RESERVE]
        if not refusable or not self._reserve.is_touched():
            return group
        fail(refusable, full(self._folder, "free space is under the reserve"))
        return [job for job in group if job.kind not in RESPECTS_RESERVE]

    # --- transactions --------------------------------------------------------------------------------

    def _commit(self, group: list[Job]) -> None:
        if not group:
            return
        try:
            self._transaction(group)
        except Exception as error:
            self._commit_failed(group, error)
        else:
            resolve(group)

    def _transaction(self, group: Sequence[Job]) -> None:
        began = perf_counter()
        self._execute("BEGIN IMMEDIATE")
        accepts = [job for job in group if job.kind is Kind.ACCEPT]
        if accepts:
            for job, answers in zip(accepts, self._tables.accept([job.work for job in accepts]), strict=True):
                job.result = answers
        self._tables.finish(chain.from_iterable(job.work for job in group if job.kind is Kind.FINISH))
        for job in group:
            if job.kind not in BATCHES:
                job.result = job.work(self._tables)
        if not self._tables.check_owner(self._epoch):
            raise broken(self._folder, "another process took it over")
        self._execute("COMMIT")
        self._judge.works()
        self._count(group, perf_counter() - began)

    def _count(self, group: Sequence[Job], seconds: float) -> None:
        self.commits += 1
        self.rows += sum([len(job.work) for job in group if job.kind in BATCHES])
        self.commit_seconds += seconds
        self.slowest_seconds = max(self.slowest_seconds, seconds)
        self._log_weight += 1 + sum([job.weight for job in group])

    def _commit_failed(self, group: list[Job], error: Exception) -> None:
        failure = self._undo(error)
        if failure is Failure.REQUEST:
            if len(group) == 1:
                fail(group, as_store_error(error))
            else:  # find the one it is
                for job in group:
                    self._commit([job])
            return
        patient = [job for job in group if job.kind in WAITS_FOR_SPACE]
        if len(patient) < len(group):
            refused = (job for job in group if job.kind not in WAITS_FOR_SPACE)
            fail(refused, full(self._folder, str(error)))
            self._commit(patient)
        else:
            self._held += patient
            self._checkpoint("PASSIVE")  # lets the log be used again from its start

    def _undo(self, error: Exception) -> Failure:
        """Take back the transaction under way. Raises what means that the store is broken."""
        failure = Failure.BROKEN if isinstance(error, StoreError) else self._judge(error)
        if failure is Failure.BROKEN:
            raise error
        if self._tables.connection.in_transaction:
            self._execute("ROLLBACK")
        self._tables.reload()
        return failure

    def _step(self, job: Job) -> None:
        try:
            self._transaction([job])
        except Exception as error:
            waits = self._undo(error) is Failure.WAIT
            fail([job], full(self._folder, str(error)) if waits else as_store_error(error))
        else:
            resolve([job])

    def _read(self, jobs: list[Job]) -> None:
        for job in jobs:
            try:
                job.result = job.work(self._tables)
            except Exception as error:
                if self._judge(error) is Failure.BROKEN:
                    raise
                job.error = as_store_error(error)
        resolve(jobs)

    # --- the log -------------------------------------------------------------------------------------

    def _checkpoint(self, mode: str) -> None:
        """Write the log back into the database. Space may lack for that; any other error ends the store."""
        began = perf_counter()
        self._check_file()
        try:
            self._execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        except sqlite3.Error as error:
            if self._judge(error) is not Failure.WAIT:
                raise
        self._log_weight = 0
        self.checkpoints += 1
        self.checkpoint_seconds += perf_counter() - began

    def _check_file(self) -> None:
        """What is written to a file that was deleted or swapped would be in none that the next start opens."""
        try:
            inode = database_file(self._folder).stat().st_ino
        except FileNotFoundError:
            inode = 0
        if inode != self._inode:
            raise broken(self._folder, "its database file was replaced or deleted")

    # --- the end -------------------------------------------------------------------------------------

    def _close(self, jobs: list[Job]) -> None:
        self._checkpoint("TRUNCATE")
        self._tables.connection.close()
        resolve([job for job in jobs if job.kind is Kind.CLOSE])

    def _left(self) -> list[Job]:
        """Jobs that nobody will run any more."""
        left = [*self._under_way, *self._waiting]
        with suppress(Empty):
            while True:
                left.append(self._queue.get_nowait())
        return left


def _may_overtake(job: Job) -> bool:
    """New events: whatever else waits asks for what came before it, and so keeps its place."""
    return job.kind is Kind.ACCEPT
