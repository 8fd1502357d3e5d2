"""The store on PostgreSQL behind a pooler in transaction mode: no transaction finds the session of the one before."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import postgres_pooler
import postgres_server
from hookwright.store.database import Database
from hookwright.store.opening import open_store
from hookwright.store.port import AttemptSelector, New, Repeat, ReplaySelector, Retention
from hookwright.store.postgres.server import Server
from hookwright.store.postgres.statements import load
from postgres_server import Postgres
from store.builders import HOOK, MINUTE, NOW, OTHER, ack, attempt, bury, claim, delay, event, keys, opened


@pytest.fixture(autouse=True)
def installed() -> None:
    """Without a pooler these tests are left out, but not where all must run."""
    if not postgres_pooler.installed():
        if os.environ.get("CI") == "true":
            pytest.fail(postgres_pooler.HINT)
        pytest.skip(postgres_pooler.HINT)


@pytest.fixture
def pooler(installed: None, postgres: Postgres, database: Database) -> Iterator[Postgres]:
    """The URL leads to a pooler with three connections to the server for all."""
    with (
        postgres_server.folder() as folder,
        postgres_pooler.pooling(folder, postgres, connections=3, resets=True) as pooler,
    ):
        database.url_file.write_text(pooler.url)
        yield postgres


async def test_everything_works_behind_a_pooler(pooler: Postgres, database: Database) -> None:
    """More calls at once than there are connections; and the next dispatcher finds all."""
    store = await open_store(database, retention=Retention())
    work, upkeep, history = store
    answers = await asyncio.gather(
        *(work.accept([event(100 * key, HOOK, OTHER, identity=b"%d" % key)]) for key in range(1, 40))
    )
    assert answers == [[New()]] * 39
    assert await work.accept([event(9_000, HOOK, identity=b"7")]) == [Repeat(700, (HOOK, OTHER))]
    first, second, *rest = await claim(work)
    await asyncio.gather(
        work.finish([ack(first, attempt(first.key))]), work.finish([bury(second)]),
        *(work.finish([ack(one, attempt(one.key))]) for one in rest),
    )  # fmt: skip
    found = await asyncio.gather(
        *(history.invocations(AttemptSelector(route=HOOK), limit=9) for _ in range(9))
    )
    assert [len(each) for each in found] == [9] * 9
    assert len(await work.replay(ReplaySelector(), now=NOW, limit=9)) == 1
    await upkeep.prune(now=NOW)
    await history.close()
    await work.close()
    again = await open_store(database, retention=Retention())
    assert await keys(again.work) == [second.key]
    await again.history.close()
    await again.work.close()


async def test_who_stands_still_in_a_transaction_does_not_hold_the_others_up(
    pooler: Postgres, database: Database
) -> None:
    """The server ends it after a while: a pooler would keep its connection, and all its locks, as long as it is there."""
    async with opened(database):
        connection = await Server(database, "still").look()
        async with connection.transaction():
            await connection.execute(load("work.sql", database.schema)["durable"])
            assert await connection.fetchval("SHOW idle_in_transaction_session_timeout") == "10s"
        assert await connection.fetchval("SHOW idle_in_transaction_session_timeout") == "0"
        await connection.close()


async def test_no_statement_is_compiled_behind_a_pooler(tmp_path: Path) -> None:
    """What the driver asks of types would be, at each connection: seconds in which the first events wait. So would what is
    planned with ways forbidden that it cannot do without, each time that it is carried out."""
    url = tmp_path / "url"
    with postgres_server.folder() as folder, postgres_server.serving(folder) as server:
        server.configure("shared_preload_libraries = 'pg_stat_statements'", "pg_stat_statements.max = 10000")
        server.configure("pg_stat_statements.track = all")
        server.stop()
        server.start()
        server.sql("CREATE EXTENSION pg_stat_statements")
        with postgres_pooler.pooling(folder, server, connections=3, resets=True) as pooler:
            url.write_text(pooler.url)
            async with opened(Database(url)) as (work, upkeep, history):
                await work.accept(
                    [event(100 * key, HOOK, OTHER, identity=b"%d" % key) for key in range(1, 40)]
                )
                first, second, *others = await claim(work)
                await work.finish([delay(first, NOW + MINUTE), bury(second)])
                await asyncio.gather(
                    *(work.finish([ack(one, attempt(one.key))]) for one in others),
                    upkeep.prune(now=NOW),
                    history.recovered(),
                )
        compiled = server.sql("SELECT query FROM pg_stat_statements WHERE jit_functions > 0")
    assert compiled == ""
