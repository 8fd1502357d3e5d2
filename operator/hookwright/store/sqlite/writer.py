"""Durable work in SQLite: the port's methods, each a job for the thread that writes (`committer`).

Must not: touch the database in the event loop, once it is open.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from hookwright.core.parts import EVERY_PART, Parts
from hookwright.core.records import (
    Action,
    Buried,
    Claimed,
    DeadReason,
    Finish,
    Pruned,
    StoredRoute,
    StoreStats,
    Use,
    Wanted,
)
from hookwright.limits import KIB, STORE_STEP_ROWS
from hookwright.store.alone import OneOwner
from hookwright.store.ending import end_process
from hookwright.store.port import Accepted, NewEvent, Replay, ReplaySelector, Retention
from hookwright.store.sqlite import database, measuring, statements, upkeep
from hookwright.store.sqlite.committer import Committer
from hookwright.store.sqlite.failures import damaged, opening
from hookwright.store.sqlite.jobs import Job, Kind
from hookwright.store.sqlite.ownership import Ownership
from hookwright.store.sqlite.space import FreeSpace, disk
from hookwright.store.sqlite.tables import Tables


class SqliteStore(OneOwner):
    """Work and Upkeep in a SQLite database, as the port says. Made by `open`; used from one event loop."""

    def __init__(
        self, folder: Path, ownership: Ownership, committer: Committer, tables: Tables, tag: str, *,
        retention: Retention, uses: dict[str, Use],
    ) -> None:  # fmt: skip
        self.tag = tag
        self._folder, self._ownership, self._committer, self._tables = folder, ownership, committer, tables
        self._retention = retention
        self._dropped = upkeep.NOTHING  # by pruning, and not told yet
        self._uses = uses

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
        the process. Raises StoreLocked, StoreDamaged, StoreFull, or StoreError if SQLite lacks something; then
        nothing stays open, and nothing half made.
        """
        free_space = free_space or disk(folder)
        file = database.database_file(folder)
        with opening(file, free_space), ExitStack() as undo:
            ownership = Ownership(folder)
            undo.callback(ownership.release)
            database.prepare(folder)
            connection = database.open_writer(file)
            undo.callback(connection.close)
            database.add_what_is_new(connection)
            tag, epoch = _own(connection, file)
            tables = Tables(connection, tag, retention.identity_seconds)
            uses = measuring.uses(tables, retention)
            committer = Committer(folder, tables, epoch, free_space, on_broken)
            undo.pop_all()
        return cls(folder, ownership, committer, tables, tag, retention=retention, uses=uses)

    def _submit(self, kind: Kind, work: Any, weight: int = 0) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._committer.submit(Job(kind, work, future, weight))
        return future

    async def accept(self, batch: Sequence[NewEvent]) -> list[Accepted]:
        weight = 0
        for event in batch:
            weight += 1 + len(event.deliveries) + len(event.raw) // KIB
        return await self._submit(Kind.ACCEPT, batch, weight)  # type: ignore[no-any-return]

    async def stored(self, keys: Sequence[int]) -> set[int]:
        return await self._submit(Kind.READ, lambda tables: tables.stored(keys))  # type: ignore[no-any-return]

    async def finish(self, results: Sequence[Finish]) -> None:
        await self._submit(Kind.FINISH, results, sum([result.weight for result in results]))

    async def claim(self, wanted: Mapping[str, Wanted], *, now: int) -> dict[str, Claimed]:
        return await self._submit(Kind.READ, lambda tables: tables.claim(wanted, now))  # type: ignore[no-any-return]

    async def bury(
        self,
        route: str,
        reason: DeadReason,
        message: str,
        *,
        now: int,
        exclude: frozenset[int],
        received_before: int | None = None,
        after: int = 0,
    ) -> Buried:
        each = Finish(0, route, Action.BURY, reason=reason, message=message, at=now)
        return await self._step(  # type: ignore[no-any-return]
            lambda tables: upkeep.bury(tables, each, exclude, received_before, after)
        )

    async def replay(self, selector: ReplaySelector, *, now: int, limit: int) -> list[Replay]:
        return await self._submit(  # type: ignore[no-any-return]
            Kind.CHANGE, lambda tables: upkeep.replay(tables, selector, now, limit), limit
        )

    async def remember(self, routes: Sequence[StoredRoute]) -> None:
        await self._submit(Kind.PATIENT, lambda tables: tables.remember(routes), len(routes))

    async def clamp(self, *, now: int, parts: Parts = EVERY_PART) -> int:
        assert parts == EVERY_PART
        return await self._submit(Kind.CHANGE, lambda tables: tables.clamp(now))  # type: ignore[no-any-return]

    async def prune(self, *, now: int) -> Pruned:
        for step in upkeep.pruning():
            while await self._prune(step, now):
                pass
        self._uses = await self._submit(Kind.READ, partial(measuring.uses, keep=self._retention))
        told, self._dropped = self._dropped, upkeep.NOTHING
        return told

    async def _prune(self, step: upkeep.Step, now: int) -> bool:
        """One step; whether there may be more."""
        dropped, more = await self._step(lambda tables: step(tables, self._retention, now))
        self._dropped = upkeep.together(self._dropped, dropped)
        return bool(more)

    async def _step(self, step: Callable[[Tables], Any]) -> Any:
        return await self._submit(Kind.STEP, step, STORE_STEP_ROWS)

    async def ping(self) -> None:
        """Really commits."""
        await self._submit(Kind.PING, lambda tables: None)

    async def close(self) -> None:
        """Results that still wait for space fail with StoreError: they are sent once more."""
        await self._submit(Kind.CLOSE, None)
        await asyncio.to_thread(self._committer.join)
        self._ownership.release()

    def stats(self) -> StoreStats:
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
            kept=self._uses | {"identities": Use(tables.identity_bytes, self._retention.identity_bytes, {})},
        )


def _own(connection: sqlite3.Connection, file: Path) -> tuple[str, int]:
    """Become the owner: (tag, epoch)."""
    rows = connection.execute(statements.load("work.sql")["own"]).fetchall()
    if len(rows) != 1:
        raise damaged(file, "holds no owner")
    return rows[0]  # type: ignore[no-any-return]
