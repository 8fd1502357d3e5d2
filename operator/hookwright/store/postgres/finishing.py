"""Results of attempts and their records, all that wait in one round trip. Must not: wait, try again (`groups`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg

from hookwright.core.records import Action, AttemptRecord, Finish
from hookwright.store.postgres.groups import Job
from hookwright.store.postgres.routes import Routes
from hookwright.store.postgres.rows import columns, plain
from hookwright.store.postgres.server import Connection, Link
from hookwright.store.postgres.statements import load

_RECORD, _DONE, _DELAY, _BURY = 13, 2, 6, 6
"""How many columns each has, in the order of `finish_1`."""


class Finishing:
    """Writes results."""

    def __init__(self, link: Link, routes: Routes, schema: str) -> None:
        self._link, self._routes, self._sql = link, routes, load("work.sql", schema)
        self.rows = 0

    async def finish(self, jobs: Sequence[Job]) -> list[None]:
        """Carry out the results of these jobs and keep their records; to do it twice is to do it once."""
        results: list[Finish] = [result for job in jobs for result in job.work]
        records = [result.record for result in results if result.record is not None]
        async with self._link.connection() as connection:
            routes = {result.route for result in results} | {record.route for record in records}
            await self._routes.know(connection, routes)
            try:
                await self._write(connection, routes, results, records)
            except asyncpg.UniqueViolationError:
                records = await self._not_there(connection, records)
                await self._write(connection, routes, results, records)
        self.rows += len(results)
        return [None] * len(jobs)

    async def _write(
        self,
        connection: Connection,
        routes: Iterable[str],
        results: Iterable[Finish],
        records: Iterable[AttemptRecord],
    ) -> None:
        numbers = self._routes.numbers
        done: list[tuple[int, int]] = []
        released: list[tuple[int, int]] = []
        delays, buried = [], []
        for result in results:
            number = numbers[result.route]
            if result.action is Action.ACK:
                (done if result.sole else released).append((number, result.key))
            elif result.action is Action.DELAY:
                delays.append(_delay(number, result))
            else:
                buried.append(bury_row(number, result))
        rows = [_record(numbers[record.route], record) for record in records]
        with self._routes.checked():
            await connection.fetch(
                self._sql["finish"], [numbers[route] for route in routes], *columns(rows, _RECORD),
                *columns(done, _DONE), *columns(released, _DONE), *columns(delays, _DELAY), *columns(buried, _BURY),
            )  # fmt: skip

    async def _not_there(
        self, connection: Connection, records: Iterable[AttemptRecord]
    ) -> list[AttemptRecord]:
        """Those that nobody wrote: not a try before whose answer was lost, and not another process."""
        rows = await connection.fetch(self._sql["recorded"], [record.delivery_key for record in records])
        there = set(map(tuple, rows))
        return [one for one in records if (one.delivery_key, one.attempt, one.time) not in there]


def _delay(number: int, result: Finish) -> tuple[int, ...]:
    wait = max(0, result.due - result.at) if result.due else 0
    return number, result.key, result.due, wait, result.attempts, result.steps


def bury_row(number: int, result: Finish) -> tuple[Any, ...]:
    """What `bury_1` takes of a delivery that is to be a dead letter."""
    return number, result.key, result.reason, plain(result.message), result.attempts, result.at


def _record(number: int, one: AttemptRecord) -> tuple[Any, ...]:
    return (
        one.delivery_key, one.attempt, one.event_key, number, one.kind, plain(one.trigger), one.result, one.status,
        one.cause, one.time, one.duration, plain(one.friendly_id), one.detail,
    )  # fmt: skip
