"""Upkeep of the store on PostgreSQL: what it costs where the server cannot clean up what was dropped."""

from __future__ import annotations

import asyncio

import asyncpg

from hookwright.limits import STORE_STEP_ROWS
from hookwright.store.database import Database
from postgres_server import Postgres
from store.builders import DAY, HOOK, NOW, ack, attempt, claim, event, opened

STEPS = 8


async def test_what_was_dropped_is_passed_once_in_a_round(postgres: Postgres, database: Database) -> None:
    """While a transaction is open in the database dropped rows stay, and each step would go through all of them."""
    count = STEPS * STORE_STEP_ROWS
    held = await asyncpg.connect(postgres.url())
    async with opened(database) as (work, upkeep, _):
        for key in range(100, 100 * (count + 1), 100):
            await work.accept([event(key, HOOK, identity=b"%d" % key)])
        done = await claim(work, limit=count)
        await work.finish([ack(one, attempt(one.key)) for one in done])
        async with held.transaction(isolation="repeatable_read"):
            await held.fetch(f"SELECT * FROM {database.schema}.identities")
            dropped = await upkeep.prune(now=NOW + 60 * DAY)
    assert (dropped.identities, dropped.history) == (count, count)
    gone = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'hookwright-% upkeep'"
    while postgres.sql(gone) != "0":  # then it has told what it read
        await asyncio.sleep(0.01)
    for index in ("identities_pkey", "attempts_pkey"):
        read = postgres.sql(
            "SELECT idx_tup_read FROM pg_stat_user_indexes "
            f"WHERE schemaname = '{database.schema}' AND indexrelname = '{index}'"
        )
        assert int(read) < 4 * count, index  # to find it, to drop it, to see what the oldest is then
    await held.close()
