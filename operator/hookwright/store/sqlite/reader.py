"""History read from the SQLite database: own connections that may only read, limited in time.

Each call runs in one of a few threads and sees what was committed when it began. Must not: write, or wait for
the writer.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

from hookwright.core.backlog_shares import BacklogShares
from hookwright.core.parts import EVERY_PART, Parts
from hookwright.core.records import AttemptRecord, DeadReason, RouteCounts, StoredRoute
from hookwright.core.shares import namespace_of
from hookwright.errors import StoreError
from hookwright.limits import (
    DEAD_PAGE_LOOKS,
    HISTORY_PAGE_LOOKS,
    STORE_COUNT_ROUTES,
    STORE_READ_SECONDS,
    STORE_READ_STEPS,
)
from hookwright.store.kept import message_alone
from hookwright.store.port import (
    EVERY_ATTEMPT,
    NO_SELECTOR,
    AttemptSelector,
    DeadGroup,
    DeadLetterRow,
    Recovered,
    ReplaySelector,
    StoredDelivery,
)
from hookwright.store.sqlite import statements
from hookwright.store.sqlite.database import database_file, open_reader
from hookwright.store.sqlite.letters import dead_count, dead_horizon, dead_letters
from hookwright.store.sqlite.searching import attempt_record, find_delivery, horizon, one_attempt, search

T = TypeVar("T")
_SQL = statements.load("reading.sql")
_NEWEST = 2**63 - 1
_THREADS = 2


class SqliteHistory:
    """Reads the database in a data folder, once SqliteStore has opened it: History, as the port says.

    `seconds` limits each query but `recovered`; a method raises StoreError if it takes longer. `looks` are the attempts,
    and `letter_looks` the dead letters, that a page looks at, one after the other, where no index leads to what fits.
    """

    def __init__(
        self,
        folder: Path,
        *,
        seconds: float = STORE_READ_SECONDS,
        looks: int = HISTORY_PAGE_LOOKS,
        letter_looks: int = DEAD_PAGE_LOOKS,
    ) -> None:
        self._file = database_file(folder)
        self._seconds, self._looks, self._letter_looks = seconds, looks, letter_looks
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="hookwright-history")
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._closed = False

    async def close(self) -> None:
        """End the threads and connections; before the store is closed, so that it can tidy up its log."""
        self._closed = True
        await asyncio.to_thread(self._pool.shutdown)
        while self._connections:
            self._connections.pop().close()

    async def recovered(self, came: Parts = EVERY_PART, own: Parts = EVERY_PART) -> Recovered:
        return await self._run(_recovered, None)

    async def last_invocations(self, parts: Parts = EVERY_PART) -> dict[str, AttemptRecord]:
        return await self._run(_last_invocations, None)

    async def counts(self, routes: Sequence[str]) -> dict[str, RouteCounts]:
        return await self._run(lambda connection: _counts(connection, routes, self._seconds), self._seconds)

    async def invocations(
        self,
        selector: AttemptSelector = EVERY_ATTEMPT,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int,
        in_short: bool = False,
    ) -> list[tuple[int, AttemptRecord]]:
        return await self._run(
            lambda connection: search(
                connection, selector, before=before, after=after, limit=limit, in_short=in_short
            ),
            self._seconds,
        )

    async def horizon(
        self, selector: AttemptSelector | ReplaySelector, *, before: int | None = None
    ) -> int | None:
        if isinstance(selector, ReplaySelector):
            letters, looks = selector, self._letter_looks
            return await self._run(
                lambda connection: dead_horizon(connection, letters, before, looks), self._seconds
            )
        return await self._run(
            lambda connection: horizon(connection, selector, before, self._looks), self._seconds
        )

    async def invocation(self, delivery_key: int, attempt: int | None) -> AttemptRecord | None:
        return await self._run(
            lambda connection: one_attempt(connection, delivery_key, attempt), self._seconds
        )

    async def delivery(self, key: int) -> StoredDelivery | None:
        return await self._run(lambda connection: find_delivery(connection, key), self._seconds)

    async def dead_letters(
        self,
        selector: ReplaySelector = NO_SELECTOR,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int,
    ) -> list[tuple[int, DeadLetterRow]]:
        rows = await self._run(
            lambda connection: dead_letters(connection, selector, before=before, after=after, limit=limit),
            self._seconds,
        )
        return [(row[0], _dead_letter(row)) for row in rows]

    async def dead_groups(
        self,
        *,
        route: str | None = None,
        reason: DeadReason | None = None,
        before: int | None = None,
        limit: int,
    ) -> list[tuple[int, DeadGroup]]:
        page = {"before": _NEWEST if before is None else before, "limit": limit}
        rows = await self._rows("groups", {"route": route, "reason": reason} | page)
        return [(last, DeadGroup(of, DeadReason(why), *rest)) for last, of, why, *rest in rows]

    async def dead_count(self, selector: ReplaySelector) -> int:
        return await self._run(lambda connection: dead_count(connection, selector), self._seconds)

    async def _rows(self, name: str, values: Any) -> list[tuple[Any, ...]]:
        return await self._run(
            lambda connection: connection.execute(_SQL[name], values).fetchall(), self._seconds
        )

    async def _run(self, read: Callable[[sqlite3.Connection], T], seconds: float | None) -> T:
        if self._closed:
            raise StoreError("The history is closed.")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, read, seconds)

    def _read(self, read: Callable[[sqlite3.Connection], T], seconds: float | None) -> T:
        """Run `read`, which sees one moment."""
        try:
            connection = self._connection()
            _limit(connection, seconds)
            with _moment(connection):
                return read(connection)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                raise StoreError(
                    f"Reading the history took longer than {seconds} s: ask for less."
                ) from error
            raise StoreError(f"The history cannot be read ({error}): see the log of the store.") from error
        except (OverflowError, UnicodeError) as error:
            raise StoreError(f"The history cannot be asked for that ({error}).") from error

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = open_reader(self._file)
            self._connections.append(connection)
        return connection


def _limit(connection: sqlite3.Connection, seconds: float | None) -> None:
    """Interrupt what runs on a connection so many seconds from now. None: never."""
    end = time.monotonic() + (seconds or 0.0)
    late = None if seconds is None else lambda: time.monotonic() > end
    connection.set_progress_handler(late, STORE_READ_STEPS)


@contextmanager
def _moment(connection: sqlite3.Connection) -> Iterator[None]:
    """All statements see the same moment."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.rollback()


def _counts(
    connection: sqlite3.Connection, routes: Sequence[str], seconds: float | None
) -> dict[str, RouteCounts]:
    """Some webhooks at a time, so that no query is long; each may take so many seconds."""
    found: dict[str, RouteCounts] = {}
    for begin in range(0, len(routes), STORE_COUNT_ROUTES):
        _limit(connection, seconds)
        chosen = json.dumps(routes[begin : begin + STORE_COUNT_ROUTES])
        [[rows]] = connection.execute(_SQL["counts"], (chosen,))
        found.update((route, RouteCounts(*counts)) for route, *counts in json.loads(rows))
    return found


def _recovered(connection: sqlite3.Connection) -> Recovered:
    memory = {row[0]: StoredRoute(*row) for row in connection.execute(_SQL["memory"])}
    high_key = connection.execute(_SQL["high_key"]).fetchone()[0]
    shares = BacklogShares()
    for route, count, size in connection.execute(_SQL["waiting_alone"]):
        shares.came_alone(namespace_of(route), count, size)
    for key, rows in groupby(connection.execute(_SQL["waiting_together"]), key=itemgetter(0)):
        found = [*rows]
        shares.came(key, found[0][2], {namespace: count for _, namespace, _, count in found})
    return Recovered(_counts(connection, [*memory], None), memory, high_key, shares)


def _last_invocations(connection: sqlite3.Connection) -> dict[str, AttemptRecord]:
    return {
        record.route: record._replace(detail=message_alone(record.detail))
        for record in map(attempt_record, connection.execute(_SQL["last_invocations"]))
    }


def _dead_letter(row: tuple[Any, ...]) -> DeadLetterRow:
    _, key, event_key, route, trigger, reason, message, attempts, at, received, _ = row
    return DeadLetterRow(key, event_key, route, trigger, DeadReason(reason), message, attempts, at, received)
