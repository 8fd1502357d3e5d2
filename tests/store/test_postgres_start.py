"""The start of a store on PostgreSQL: what it makes, what it looks at before it trusts a server, who may own it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import postgres_server
from hookwright.core.records import DeadReason
from hookwright.errors import StoreAway, StoreDamaged, StoreError
from hookwright.store.database import Database
from hookwright.store.opening import open_store
from hookwright.store.port import New, Retention
from postgres_server import PASSWORD, Postgres
from store.builders import (
    FAR,
    HOOK,
    NOW,
    OTHER,
    ack,
    attempt,
    bury,
    claim,
    claimed,
    dead_event,
    event,
    keys,
    opened,
)


async def test_a_start_finds_what_was_there(database: Database) -> None:
    """Tag, and what waits, delayed or not, under keys of another slot; a role that may make a schema is enough."""
    async with opened(database) as (work, _, _):
        await work.accept([event(100, HOOK, identity=b"one"), event(200, OTHER, FAR)])
        tag = work.tag
    async with opened(database) as (work, upkeep, history):
        found = await history.recovered()
        assert (work.tag, found.high_key, found.slot) == (tag, 0, 1)
        assert found.counts.keys() == {HOOK, OTHER, FAR}
        assert (upkeep.stats().identities, upkeep.stats().oldest_identity) == (1, NOW)
        assert await keys(work, OTHER) == [201]


async def test_a_schema_of_a_newer_release_is_not_touched(postgres: Postgres, database: Database) -> None:
    """What it means is not known here."""
    async with opened(database):
        pass
    postgres.sql(f"UPDATE {database.schema}.meta SET version = 99")
    with pytest.raises(StoreDamaged, match="newer release"):
        await open_store(database, retention=Retention())


async def test_a_role_without_a_right_is_told_what_it_needs(postgres: Postgres, database: Database) -> None:
    """Nothing is made."""
    postgres.sql(f"CREATE ROLE weak LOGIN PASSWORD '{PASSWORD}'")
    database.url_file.write_text(postgres.url().replace("app:", "weak:"))
    with pytest.raises(StoreError, match=r"lacks a right \(permission denied .*\): let it own the schema"):
        await open_store(database, retention=Retention())


async def test_a_schema_that_was_made_for_the_role_is_enough(postgres: Postgres, database: Database) -> None:
    """Where a role may make none."""
    postgres.sql(f"CREATE ROLE owner LOGIN PASSWORD '{PASSWORD}'")
    postgres.sql(f"CREATE SCHEMA {database.schema} AUTHORIZATION owner")
    database.url_file.write_text(postgres.url().replace("app:", "owner:"))
    async with opened(database) as (work, _, _):
        await work.ping()


async def test_what_a_role_has_as_default_does_not_make_commits_unsafe(
    postgres: Postgres, database: Database
) -> None:
    """`synchronous_commit` is set where something is stored, and read back."""
    postgres.sql("ALTER ROLE app SET synchronous_commit = off")
    try:
        async with opened(database) as (work, _, _):
            assert await work.accept([event(100, HOOK)]) == [New()]
    finally:
        postgres.sql("ALTER ROLE app RESET synchronous_commit")


async def test_a_server_that_may_lose_what_it_stored_is_refused(tmp_path: Path) -> None:
    """Unless that is allowed in so many words."""
    with postgres_server.folder() as folder, postgres_server.serving(folder) as server:
        server.configure("fsync = off", "full_page_writes = off")
        server.stop()
        server.start()
        (tmp_path / "url").write_text(server.url())
        database = Database(tmp_path / "url")
        with pytest.raises(StoreError, match=r"may lose .*fsync and full_page_writes.*ALLOW_UNSAFE"):
            await open_store(database, retention=Retention())
        async with opened(replace(database, allow_unsafe=True)) as (work, _, _):
            await work.ping()


async def test_whether_commits_are_on_a_second_server_is_told(tmp_path: Path) -> None:
    """By the figures, and again when an operator changed it."""
    with postgres_server.folder() as folder, postgres_server.serving(folder) as server:
        (tmp_path / "url").write_text(server.url())
        async with opened(Database(tmp_path / "url")) as (work, upkeep, _):
            assert upkeep.stats().standby is False
            assert (
                await work.ping()
                == "A commit is on one server of the database: it names no synchronous standby."
            )
            standby = server.standby(folder / "standby")
            await upkeep.prune(now=NOW)
            assert upkeep.stats().standby is True
            assert await work.ping() == "A commit is on a synchronous standby of the database as well."
        standby.stop("immediate")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no URL"),
        (f"{PASSWORD}", "holds no URL"),
        (f"mysql://app:{PASSWORD}@db/x", "holds no URL"),
        (f"postgresql://app:{PASSWORD}@[::1/x", "holds no URL"),
        (f"postgresql://app:{PASSWORD}@127.0.0.1:1/x?{PASSWORD}", "holds no URL"),
        (f"postgresql://app:{PASSWORD}@127.0.0.1:none/x", "option of the URL in it is wrong"),
        (f"postgresql://app:{PASSWORD}@127.0.0.1:1/x?sslmode={PASSWORD}", "option of the URL in it is wrong"),
        (f"postgresql://app:{PASSWORD}@127.0.0.1:1/x", "cannot be used"),
    ],
)
async def test_a_url_is_never_told(tmp_path: Path, text: str, told: str) -> None:
    """Whatever is wrong with it: it holds a password. It is waited for, as the file may be written yet."""
    (tmp_path / "url").write_text(text)
    with pytest.raises(StoreAway, match=told) as error:
        await open_store(Database(tmp_path / "url"), retention=Retention())
    assert PASSWORD not in str(error.value)
    assert PASSWORD not in repr(error.value.__cause__)


async def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With what belongs into it."""
    with pytest.raises(StoreAway, match=r"url: cannot be read .*must hold the database's URL"):
        await open_store(Database(tmp_path / "url"), retention=Retention())


async def test_options_that_only_libpq_knows_are_left_out(postgres: Postgres, database: Database) -> None:
    """A provider's URL has them; the server would refuse them."""
    url = f"{postgres.url()}?connect_timeout=10&channel_binding=prefer&application_name=ours&sslmode=prefer"
    database.url_file.write_text(url)
    async with opened(database) as (work, _, _):
        await work.ping()


async def test_a_server_without_tls_is_refused_where_its_certificate_is_to_be_checked(
    postgres: Postgres, database: Database, tmp_path: Path
) -> None:
    """A certificate authority is named, so nothing goes over the wire in the clear."""
    authority = tmp_path / "ca.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=ca",
         "-keyout", tmp_path / "key", "-out", authority],
        check=True, capture_output=True,
    )  # fmt: skip
    with pytest.raises(StoreAway, match="cannot be used"):
        await open_store(replace(database, ca_file=authority), retention=Retention())


async def test_texts_with_a_nul_are_stored(database: Database) -> None:
    """PostgreSQL has no such character in a text; what the target gets is the event's bytes, which stay."""
    async with opened(database) as (work, _, history):
        raw = b'{"event_type":"x\\u0000"}'
        odd = event(100, HOOK, raw=raw)._replace(event_type="x\0", trigger="y\0")
        dead = dead_event(200, HOOK, DeadReason.FILTER_ERROR)
        dead = dead._replace(deliveries=(dead.deliveries[0]._replace(message="no\0"),))
        await work.accept([odd, dead])
        [one] = await claim(work)
        assert (one.raw, one.trigger) == (raw, "y\ufffd")
        record = attempt(101, friendly_id="AR\0", detail=b'{"message":"a\\u0000b"}')
        await work.finish([bury(one)._replace(message="a\0b", record=record)])
        [(_, found)] = await history.invocations(limit=9, in_short=True)
        assert found.detail == b'{"message": "a\\u0000b"}'
        assert [row.message for _, row in await history.dead_letters(limit=9)] == ["a\ufffdb", "no\ufffd"]


async def test_one_result_that_cannot_be_stored_takes_no_other_with_it(database: Database) -> None:
    """It is refused alone, however many share its commit."""
    async with opened(database) as (work, _, history):
        await work.accept([event(100, HOOK), event(200, HOOK)])
        first, second = await claim(work)
        wrong = work.finish([ack(first, attempt(101)._replace(status=2**40))])
        right = work.finish([ack(second, attempt(201))])
        with pytest.raises(StoreError, match="refused a request"):
            await wrong
        await right
        assert [one.delivery_key for _, one in await history.invocations(limit=9)] == [201]
        assert await keys(work) == [101]


async def test_a_webhook_that_was_forgotten_meanwhile_gets_a_new_number(
    postgres: Postgres, database: Database
) -> None:
    """By another process: what this one kept of it in memory leads nowhere."""
    async with opened(database) as (work, _, _):
        await work.accept([event(100, HOOK)])
        await work.finish([ack(one) for one in await claim(work)])
        postgres.sql(f"DELETE FROM {database.schema}.routes")
        assert await work.accept([event(200, HOOK)]) == [New()]
        assert (await claimed(work)).deliveries[0].key == 201


async def test_a_store_on_sqlite_imports_nothing_of_it() -> None:
    """Neither the driver nor our own part; and the other way round."""
    script = (
        "import asyncio, sys, tempfile, pathlib\n"
        "from hookwright.store.opening import open_store\n"
        "from hookwright.store.port import Retention\n"
        "async def main():\n"
        "    with tempfile.TemporaryDirectory() as folder:\n"
        "        store = await open_store(pathlib.Path(folder), retention=Retention())\n"
        "        await store.history.close(); await store.work.close()\n"
        "asyncio.run(main())\n"
        "assert not {name for name in sys.modules if 'asyncpg' in name or 'postgres' in name}\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
