"""Durable work in SQLite: the port's methods, each a job for the thread that writes (`committer`).

Must not: touch the database in the event loop, once it is open.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hookwright.errors import StoreError
from hookwright.limits import KIB
from hookwright.store.port import (
    Accepted,
    DeadReason,
    Delivery,
    Finish,
    NewEvent,
    ReplaySelector,
    Retention,
    StoredRoute,
    StoreStats,
)
from hookwright.store.sqlite import database, statements
from hookwright.store.sqlite.committer import Committer
from hookwright.store.sqlite.failures import Failure, broken, damaged, full, judge
from hookwright.store.sqlite.jobs import Job, Kind
from hookwright.store.sqlite.ownership import Ownership
from hookwright.store.sqlite.space import FreeSpace, disk
from hookwright.store.sqlite.tables import Tables
from hookwright.store.sqlite.upkeep import Burial, Pruning, replay

EXIT_BROKEN = 70
"""Exit code after a failed write, fsync or checkpoint (EX_SOFTWARE)."""


def end_process(why: str) -> None:
    """End at once, the database unclosed: closing it would write again."""
    os.write(2, f"hookwright: {why}\n".encode())
    os._exit(EXIT_BROKEN)


class SqliteStore:
    """Work in a SQLite database. Made by `open`; used from one event loop."""

    def __init__(
        self, folder: Path, ownership: Ownership, committer: Committer, tables: Tables, tag: str, *,
        retention: Retention,
    ) -> None:  # fmt: skip
        self.tag = tag
        self._folder, self._ownership, self._committer, self._tables = folder, ownership, committer, tables
        self._retention = retention

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        retention: Retention = Retention(),  # noqa: B008 - frozen
        free_space: FreeSpace | None = None,
        on_broken: Callable[[str], None] = end_process,
    ) -> SqliteStore:
        """Open or make the store in a data folder; blocks for well under a second.

        `free_space` gives free and total bytes of the disk (default: of the folder's disk); `on_broken` is
        called with one sentence, in the writer's thread, after a failed write, fsync or checkpoint, and ends
        the process. Raises StoreLocked, StoreDamaged, StoreFull, or StoreError if SQLite lacks something.
        """
        free_space = free_space or disk(folder)
        ownership = Ownership(folder)
        try:
            file = database.prepare(folder)
            connection = database.open_writer(file)
            tag, epoch = _own(connection, folder, free_space)
            tables = Tables(connection, retention.identity_seconds)
            committer = Committer(folder, tables, epoch, free_space, on_broken)
        except BaseException:
            ownership.release()
            raise
        return cls(folder, ownership, committer, tables, tag, retention=retention)

    def _submit(self, kind: Kind, work: Any, weight: int = 0) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._committer.submit(Job(kind, work, future, weight))
        return future

    async def accept(self, batch: Sequence[NewEvent]) -> list[Accepted]:
        """See the port."""
        weight = sum(2 + len(event.raw) // KIB for event in batch)
        return await self._submit(Kind.ACCEPT, batch, weight)  # type: ignore[no-any-return]

    async def finish(self, results: Sequence[Finish]) -> None:
        """See the port."""
        await self._submit(Kind.FINISH, results, len(results))

    async def claim(
        self, route: str, *, now: int, limit: int, max_bytes: int, exclude: frozenset[int]
    ) -> list[Delivery]:
        """See the port."""
        return await self._submit(  # type: ignore[no-any-return]
            Kind.READ, lambda tables: tables.claim(route, now, limit, max_bytes, exclude)
        )

    async def next_due(self, route: str, exclude: frozenset[int]) -> int | None:
        """See the port."""
        return await self._submit(  # type: ignore[no-any-return]
            Kind.READ, lambda tables: tables.next_due(route, exclude)
        )

    async def replay(self, selector: ReplaySelector, *, now: int, limit: int) -> list[tuple[int, str, int]]:
        """See the port."""
        return await self._submit(  # type: ignore[no-any-return]
            Kind.CHANGE, lambda tables: replay(tables, selector, now, limit), limit
        )

    async def bury_waiting(
        self,
        route: str,
        reason: DeadReason,
        message: str,
        *,
        now: int,
        exclude: frozenset[int],
        received_before: int | None = None,
    ) -> tuple[int, int]:
        """See the port."""
        burial = Burial(route, reason, message, now, exclude, received_before)
        await self._submit(Kind.STEP, burial.step)
        return burial.count, burial.size

    async def remember(self, routes: Sequence[StoredRoute]) -> None:
        """See the port."""
        await self._submit(Kind.PATIENT, lambda tables: tables.remember(routes), len(routes))

    async def clamp(self, *, now: int) -> int:
        """See the port."""
        return await self._submit(Kind.CHANGE, lambda tables: tables.clamp(now))  # type: ignore[no-any-return]

    async def prune(self, *, now: int) -> dict[str, int]:
        """See the port."""
        pruning = Pruning(self._retention, now)
        await self._submit(Kind.STEP, pruning.step)
        return pruning.dropped

    async def ping(self) -> None:
        """See the port: really commits."""
        await self._submit(Kind.PING, lambda tables: None)

    async def close(self) -> None:
        """See the port. Results that still wait for space fail with StoreError: they are sent once more."""
        await self._submit(Kind.CLOSE, None)
        await asyncio.to_thread(self._committer.join)
        self._ownership.release()

    def stats(self) -> StoreStats:
        """See the port."""
        committer, tables = self._committer, self._tables
        slowest, committer.slowest_seconds = committer.slowest_seconds, 0.0
        log = database.log_file(self._folder)
        return StoreStats(
            commits=committer.commits,
            rows=committer.rows,
            commit_seconds=committer.commit_seconds,
            slowest_commit_seconds=slowest,
            checkpoints=committer.checkpoints,
            checkpoint_seconds=committer.checkpoint_seconds,
            wal_bytes=log.stat().st_size if log.exists() else 0,
            held=committer.held,
            identities=tables.identities,
            oldest_identity=tables.oldest_identity,
        )


def _own(connection: sqlite3.Connection, folder: Path, free_space: FreeSpace) -> tuple[str, int]:
    """Become the owner: (tag, epoch)."""
    try:
        ((tag, epoch),) = connection.execute(statements.load("work.sql")["own"]).fetchall()
    except sqlite3.Error as error:
        connection.close()
        if judge(error, free_space) is Failure.WAIT:
            raise full(folder, str(error)) from error
        if judge(error, free_space) is Failure.BROKEN:
            raise broken(folder, str(error)) from error
        raise StoreError(f"The store in {folder} cannot be opened ({error}).") from error
    except ValueError as error:
        connection.close()
        raise damaged(database.database_file(folder), "holds no owner") from error
    return tag, epoch
