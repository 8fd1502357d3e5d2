"""What PostgreSQL reads for a page or a count of dead letters, where there are many: by its own account."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from hookwright.core.records import DeadReason
from hookwright.store.database import Database
from hookwright.store.port import ReplaySelector
from hookwright.store.postgres.letters import dead_count, dead_letters
from hookwright.store.postgres.statements import load
from postgres_server import Postgres
from store.builders import FAR, HOOK, MINUTE, NOW, OTHER, dead_event, opened

MANY = 20_000
RARE = DeadReason.SUSPECT


class Reading:
    """A connection that adds up how many dead letters its questions look at, by the server's own account."""

    def __init__(self, connection: Any) -> None:
        self._connection, self.looks = connection, 0

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        """As asyncpg's."""
        plan = await self._connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *values)
        self.looks += sum(_looks(node) for node in _nodes(json.loads(plan)[0]["Plan"]))
        return list(await self._connection.fetch(sql, *values))

    async def fetchrow(self, sql: str, *values: Any) -> Any:
        """The first one."""
        return next(iter(await self.fetch(sql, *values)), None)

    async def fetchval(self, sql: str, *values: Any) -> Any:
        """Of the first one the first value."""
        row = await self.fetchrow(sql, *values)
        return None if row is None else row[0]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _looks(node: dict[str, Any]) -> int:
    """What a node found in the table of dead letters, and passed over there."""
    if node.get("Relation Name") != "dead":
        return 0
    return int(node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)))


def many(postgres: Postgres, schema: str) -> None:
    """Of HOOK, all with one reason but for a few of the oldest; the events are not needed to find them."""
    postgres.sql(
        f"INSERT INTO {schema}.dead (key, event_key, route_id, reason, message, attempts, at, received, bytes)"
        f" SELECT 10000 + n, 20, id, CASE WHEN n < 4 THEN '{RARE}' ELSE 'Gone' END, '', 1, {NOW} + n * {MINUTE}, 0, 2"
        f" FROM {schema}.routes, generate_series(1, {MANY}) AS n WHERE route = '{HOOK}'"
    )
    postgres.sql(f"ANALYZE {schema}.dead")


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_a_page_looks_at_few_of_very_many(postgres: Postgres, database: Database, mode: str) -> None:
    """Whatever is asked for, and whatever the planner believes of the values."""
    routes, reasons = (None, HOOK, OTHER, FAR), (None, DeadReason.GONE, RARE, DeadReason.BACKLOG)
    times = [(None, None), (MANY - 50, None), (None, 50), (1_000, 1_050)]
    async with opened(database) as store:
        await store.work.accept([
            dead_event(10, HOOK, DeadReason.GONE), dead_event(20, OTHER, DeadReason.GONE)
        ])  # fmt: skip
        many(postgres, database.schema)
        connection = await asyncpg.connect(postgres.url())
        await connection.execute(f"SET plan_cache_mode = {mode}")
        sql = load("reading.sql", database.schema)
        for route in routes:
            for reason in reasons:
                for since, until in times:
                    begin, end = (None if at is None else NOW + at * MINUTE for at in (since, until))
                    reading = Reading(connection)
                    async with connection.transaction():
                        await dead_letters(
                            reading, sql, ReplaySelector(route=route, reason=reason, since=begin, until=end),  # type: ignore[arg-type]
                            before=None, after=None, limit=5,
                        )  # fmt: skip
                    assert reading.looks < 150, (route, reason, since, until)
        await connection.close()


async def test_groups_are_read_and_not_counted(postgres: Postgres, database: Database) -> None:
    """And so is how many there are, but for those of a time."""
    async with opened(database) as store:
        await store.work.accept([dead_event(10, HOOK, DeadReason.GONE)])
        many(postgres, database.schema)
        connection = await asyncpg.connect(postgres.url())
        sql, reading = load("reading.sql", database.schema), Reading(connection)
        rows = await reading.fetch(sql["groups"], None, None, 2**62, 9)
        assert [(row["reason"], row["letters"]) for row in rows] == [("Gone", MANY - 2), (RARE, 3)]
        end = ReplaySelector(route=HOOK, until=NOW + MANY * MINUTE)
        assert await dead_count(reading, sql, end) == MANY  # type: ignore[arg-type]
        assert reading.looks < 50
        await connection.close()


async def test_groups_follow_whoever_writes_at_once(postgres: Postgres, database: Database) -> None:
    """One transaction takes a group's newest while another brings a newer one; either may end first."""
    async with opened(database) as store:
        await store.work.accept([dead_event(100 * n, HOOK, DeadReason.GONE) for n in (1, 2, 3)])
        brings, takes, sees = [await asyncpg.connect(postgres.url()) for _ in range(3)]
        dead = f"{database.schema}.dead"
        for first in (brings, takes):
            newest = await takes.fetchval(f"SELECT max(position) FROM {dead}")
            bring = (
                f"INSERT INTO {dead} (key, event_key, route_id, reason, message, attempts, at, received, bytes)"
                f" SELECT key + 5, event_key, route_id, reason, 'new', 1, at, 0, bytes FROM {dead} WHERE position = {newest}"
            )
            statements = {brings: bring, takes: f"DELETE FROM {dead} WHERE position = {newest}"}
            async with first.transaction():
                await first.execute(statements.pop(first))
                [(second, statement)] = statements.items()
                waits = asyncio.create_task(second.execute(statement))
                blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                while not waits.done() and not await sees.fetchval(blocked):
                    await asyncio.sleep(0)
                assert not waits.done()
            await waits
        [(_, group)] = await store.history.dead_groups(limit=9)
        rows = await takes.fetch(f"SELECT position, message FROM {dead} ORDER BY position DESC")
        assert (group.letters, group.message) == (3, "new")
        [(last,)] = await takes.fetch(f"SELECT last FROM {database.schema}.dead_groups")
        assert last == rows[0]["position"]
        for each in (brings, takes, sees):
            await each.close()
