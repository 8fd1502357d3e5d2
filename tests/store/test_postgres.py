"""The store on PostgreSQL passes the suite, on a server that the test starts; what is its own stands in other files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hookwright.core.records import Action, DeadReason, Finish
from hookwright.store.database import Database
from hookwright.store.opening import open_store
from hookwright.store.port import New, NewEvent, Retention, Store, Work
from postgres_server import Postgres
from rig import until
from store.builders import HOOK, MINUTE, NOW, OTHER, Harness, attempt, claim, event, opened, small_among_large
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


STEP = 40  # between the keys of two fours of events
FIRSTS = range(10_000, 10_000 + STEP * 1_000, STEP)


def four_events(key: int) -> list[NewEvent]:
    """Each comes to another end by `each_way`."""
    return [event(key, HOOK), *(event(key + 10 * each, HOOK, OTHER) for each in (1, 2, 3))]


def each_way(key: int) -> list[Finish]:
    """The only delivery of an event is made; of others both are, or one, and one waits for a time, or is given up."""
    ends = [
        (1, HOOK, Action.ACK), (11, HOOK, Action.ACK), (12, OTHER, Action.ACK), (21, HOOK, Action.ACK),
        (22, OTHER, Action.DELAY), (31, HOOK, Action.BURY),
    ]  # fmt: skip
    return [
        Finish(key + each, route, action, due=NOW + MINUTE, reason=DeadReason.REJECTED, sole=each == 1)
        for each, route, action in ends
    ]


@asynccontextmanager
async def suddenly_many(postgres: Postgres, database: Database, tables: list[str]) -> AsyncIterator[Work]:
    """A store in which thousands wait, in whose sessions everything was done often while nearly nothing did."""
    async with opened(database) as (work, _, _):
        for first in range(1_000, 1_000 + 10 * STEP, STEP):
            await work.accept(four_events(first))
            await claim(work, OTHER)
            await work.finish(each_way(first))
            if first == 1_000:  # what is planned from here on is planned for what the server sees now
                postgres.sql(f"VACUUM ANALYZE {', '.join(tables)}")
        await work.accept([one for first in FIRSTS for one in four_events(first)])
        yield work


def of_another(key: int) -> NewEvent:
    """An event for a webhook on which this process does not work."""
    one = event(key, HOOK)
    return one._replace(deliveries=tuple(each._replace(own=False) for each in one.deliveries))


def read(postgres: Postgres, table: str) -> int:
    """Rows of a table read from end to end, and entries of its indexes, by sessions that have ended."""
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'hookwright%'"
    until(lambda: postgres.sql(sessions) == "0")
    return int(
        postgres.sql(
            "SELECT seq_tup_read + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes AS i WHERE i.relid = t.relid) "
            f"FROM pg_stat_user_tables AS t WHERE relid = '{table}'::regclass"
        )
    )


async def test_to_finish_reads_what_is_finished_alone(postgres: Postgres, database: Database) -> None:
    """Whatever was planned before: most of the time nothing waits, and then much does."""
    tables = [f"{database.schema}.{table}" for table in ("waiting", "events", "fanout")]
    ends = [one for first in FIRSTS for one in each_way(first)][:1_200]
    async with suddenly_many(postgres, database, tables) as work:
        for at in range(0, len(ends), 60):
            await work.finish(ends[at : at + 60])
    for table in tables:
        assert 0 < read(postgres, table) < 2 * len(ends)


async def test_to_claim_reads_what_is_claimed_alone(postgres: Postgres, database: Database) -> None:
    """Here as well."""
    tables = [f"{database.schema}.{table}" for table in ("waiting", "events")]
    async with suddenly_many(postgres, database, tables) as work:
        for _ in range(40):
            assert len(await claim(work, HOOK, limit=10)) == 10
    for table in tables:
        assert 0 < read(postgres, table) < 2_000


async def test_to_tell_another_process_reads_its_webhook_alone(
    postgres: Postgres, database: Database
) -> None:
    """Also where there were few webhooks when that was planned."""
    table = f"{database.schema}.routes"
    async with opened(database) as (work, _, _):
        await work.accept([of_another(100)])
        postgres.sql(f"VACUUM ANALYZE {table}")
        for key in range(200, 1_000, 100):
            await work.accept([of_another(key)])
        await work.accept([event(10_000 + 10 * each, f"team/w{each}") for each in range(2_000)])
        for key in range(100_000, 104_000, 100):
            await work.accept([of_another(key)])
    assert 0 < read(postgres, table) < 10_000
