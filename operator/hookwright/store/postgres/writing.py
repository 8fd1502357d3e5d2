"""Writes events that come in, and results: all that wait of both in one round trip and one commit.

Most of what a commit costs it costs once, whatever is in it. Must not: wait, try again (`groups`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg

from hookwright.core.records import AttemptRecord, Finish
from hookwright.store.postgres.accepting import Accepting
from hookwright.store.postgres.finishing import finished
from hookwright.store.postgres.groups import Job
from hookwright.store.postgres.routes import Routes
from hookwright.store.postgres.server import Connection, Link
from hookwright.store.postgres.statements import load


class Writing:
    """Jobs are results if they are patient, and batches of events if not."""

    def __init__(self, link: Link, accepting: Accepting, routes: Routes, schema: str) -> None:
        self._link, self._accepting, self._routes = link, accepting, routes
        self._sql = load("work.sql", schema)
        self.results = 0

    async def write(self, jobs: Sequence[Job]) -> list[Any]:
        """The answers: to a batch of events as the port says, to results None."""
        batches = [job for job in jobs if not job.patient]
        results: list[Finish] = [result for job in jobs if job.patient for result in job.work]
        records = [result.record for result in results if result.record is not None]
        async with self._link.connection() as connection:
            await self._routes.know(
                connection, [*(one.route for one in results), *(one.route for one in records)]
            )
            stored = await self._accepting.prepare(connection, batches) if batches else None
            accepted = [] if stored is None else stored.values
            try:
                await self._call(connection, accepted, results, records)
            except asyncpg.UniqueViolationError:
                records = await self._not_there(connection, records)
                await self._call(connection, accepted, results, records)
        self.results += len(results)
        if stored is None:
            return [None] * len(jobs)
        self._accepting.wrote(stored)
        answers = iter(stored.answers)
        return [None if job.patient else next(answers) for job in jobs]

    async def _call(
        self,
        connection: Connection,
        accepted: list[Any],
        results: Sequence[Finish],
        records: Sequence[AttemptRecord],
    ) -> None:
        with self._routes.checked():
            done = finished(results, records, self._routes.numbers) if results else []
            name = "accept_and_finish" if accepted and done else "accept" if accepted else "finish"
            await connection.fetch(self._sql[name], *accepted, *done)

    async def _not_there(
        self, connection: Connection, records: Iterable[AttemptRecord]
    ) -> list[AttemptRecord]:
        """Those that nobody wrote: not a try before whose answer was lost, and not another process."""
        rows = await connection.fetch(self._sql["recorded"], [record.delivery_key for record in records])
        there = set(map(tuple, rows))
        return [one for one in records if (one.delivery_key, one.attempt, one.time) not in there]
