"""The store on PostgreSQL passes the suite, on a server that the test starts; what is its own stands in other files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hookwright.core.records import Action, Finish
from hookwright.store.database import Database
from hookwright.store.opening import open_store
from hookwright.store.port import New, Retention, Store
from postgres_server import Postgres
from store.builders import HOOK, Harness, attempt, event, opened, small_among_large
from store.suite import StoreSuite


class TestPostgresStore(StoreSuite):
    """The suite on `PostgresStore` and `PostgresHistory`."""

    @pytest.fixture
    def harness(self, database: Database) -> Harness:
        """A store in an empty schema."""

        @asynccontextmanager
        async def empty(retention: Retention) -> AsyncIterator[Store]:
            store = await open_store(database, retention=retention)
            yield store
            await store.history.close()
            await store.work.close()

        return empty


async def test_a_small_event_does_not_wait_behind_many(database: Database) -> None:
    """One batch may be under way; the next goes after what is small."""
    async with opened(database) as store:
        assert (await small_among_large(store.work))[-1] == "large"


def delivered(key: int) -> Finish:
    """The result of the only delivery of an event."""
    return Finish(key + 1, HOOK, Action.ACK, attempt(key + 1), sole=True)


async def test_events_and_results_that_wait_are_one_commit(database: Database) -> None:
    """Each has its answer."""
    async with opened(database) as (work, upkeep, history):
        await work.accept([event(100, HOOK)])
        before = upkeep.stats()
        answers = await asyncio.gather(
            work.finish([delivered(100)]), work.accept([event(200, HOOK)]), work.accept([event(300, HOOK)])
        )
        assert answers == [None, [New()], [New()]]
        after = upkeep.stats()
        assert (after.commits - before.commits, after.rows - before.rows) == (1, 3)
        assert len(await history.invocations(limit=9)) == 1
        assert (await history.counts([HOOK]))[HOOK].waiting == 2


async def test_to_finish_reads_no_table_from_end_to_end(postgres: Postgres, database: Database) -> None:
    """Whatever the planner saw when tables were small; the server counts rows read like that when a session ends."""
    async with opened(database) as (work, _, _):
        for first in range(1000, 20_000, 1000):
            keys = range(first, first + 1000, 20)
            await work.accept([event(key, HOOK) for key in keys])
            await work.finish([delivered(key) for key in keys])
    read = postgres.sql(
        "SELECT sum(seq_tup_read) FROM pg_stat_user_tables "
        f"WHERE schemaname = '{database.schema}' AND relname IN ('waiting', 'events')"
    )
    assert read == "0"
