"""A store is copied between a data folder and a PostgreSQL database, whole, once, and never while somebody works on it."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hookwright.cli.main import main
from hookwright.core.records import DeadReason, StoredRoute
from hookwright.errors import StoreError, StoreLocked, UsageError
from hookwright.limits import STORE_COPY_ROWS
from hookwright.store.copying import TABLES, copy_to_database, copy_to_folder, places
from hookwright.store.database import Database
from hookwright.store.opening import open_store
from hookwright.store.port import Conflict, New, Repeat, Retention, Store
from hookwright.store.sqlite.database import open_writer
from postgres_server import Postgres
from rig import until
from store.builders import (
    FAR,
    HOOK,
    MINUTE,
    NOW,
    OTHER,
    ack,
    attempt,
    bury,
    claim,
    dead_event,
    dead_keys,
    delay,
    event,
    keys,
    opened,
)

MANY = STORE_COPY_ROWS + 50
"""Deliveries that do not go in one slice."""


def silent(what: str, number: int) -> None:
    """Nobody listens."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder."""
    return tmp_path / "data"


async def fill(store: Store) -> None:
    """What waits, is delayed, dead, done, known by an identity, and remembered."""
    work, upkeep, _ = store
    await work.accept([event(100, HOOK, OTHER, identity=b"one", hops=2), event(200, HOOK, raw=b"\x00\xff")])
    await work.accept([event(1_000 + 10 * each, FAR) for each in range(MANY)])
    await work.accept([dead_event(300, OTHER, DeadReason.BACKLOG), event(400, identity=b"nobody's")])
    first, second = await claim(work, HOOK)
    await work.finish([delay(first, NOW + MINUTE), ack(second, attempt(second.key, friendly_id="AR-1"))])
    (other,) = await claim(work, OTHER)
    await work.finish([bury(other)])
    done = (await claim(work, FAR, limit=MANY))[: MANY // 2]
    await work.finish([ack(one, attempt(one.key, FAR, detail=b'{"message":"fine"}')) for one in done])
    await upkeep.remember([StoredRoute(HOOK, "410 Gone", None, NOW, NOW - 1, 3)])


async def content(store: Store) -> dict[str, Any]:
    """All that the port shows of it."""
    work, _, history = store
    recovered = await history.recovered()
    routes = (HOOK, OTHER, FAR)
    return {
        "tag": work.tag,
        "memory": recovered.routes,
        "counts": recovered.counts,
        "high": recovered.high_key,
        "waiting": {route: await claim(work, route, now=NOW + MINUTE, limit=MANY) for route in routes},
        "dead": {route: await dead_keys(history, route) for route in routes},
        "attempts": (await history.invocations(limit=1_000)),
        "last": await history.last_invocations(),
    }


async def filled(place: Path | Database) -> dict[str, Any]:
    """A store with everything in it, closed; what it showed."""
    store = await open_store(place, retention=Retention())
    await fill(store)
    found = await content(store)
    await store.history.close()
    await store.work.close()
    return found


async def shown(place: Path | Database) -> dict[str, Any]:
    """What a store shows that is opened anew."""
    async with opened(place) as store:
        return await content(store)


def rows(file: Path) -> dict[str, list[Any]]:
    """All rows of a database file."""
    with closing(open_writer(file)) as connection:
        found = {}
        for table in (*TABLES, "delayed", "dead_groups", "dead_namespaces"):
            order = ", ".join(map(str, range(1, 1 + places(table))))
            found[table] = connection.execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall()
        return found


async def test_a_folder_goes_into_a_database(folder: Path, database: Database) -> None:
    """Tag, ids, due times, positions, counts, memory: all is as it was, and keys are made above those that were."""
    before = await filled(folder)
    told: list[tuple[str, int]] = []
    assert await copy_to_database(folder, database, lambda *each: told.append(each))
    assert await shown(database) == before
    assert dict(told)["waiting deliveries"] == MANY - MANY // 2 + 1
    assert [*folder.glob("store.db*")] == [folder / "store.db.copied"]


async def test_a_repeat_is_answered_as_before(folder: Path, database: Database) -> None:
    """With the same event and webhooks; another content is a conflict, and what is new gets what is behind."""
    await filled(folder)
    await copy_to_database(folder, database, silent)
    async with opened(database) as (work, upkeep, _):
        again = [event(9_000, HOOK, OTHER, identity=b"one")]
        assert await work.accept(again) == [Repeat(100, (HOOK, OTHER))]
        assert await work.accept([event(9_000, identity=b"nobody's")]) == [Repeat(400, ())]
        assert await work.accept([event(9_000, HOOK, identity=b"one", digest=b"other")]) == [Conflict()]
        assert await work.accept([dead_event(9_100, "team/new", DeadReason.BACKLOG)]) == [New()]
        assert upkeep.stats().identities == 2
        assert await keys(work, HOOK, now=NOW + MINUTE) == [101]


async def test_there_and_back_is_the_same(folder: Path, tmp_path: Path, database: Database) -> None:
    """Row by row, in every table."""
    await filled(folder)
    await copy_to_database(folder, database, silent)
    assert await copy_to_folder(database, tmp_path / "back", silent)
    there, back = rows(folder / "store.db.copied"), rows(tmp_path / "back" / "store.db")
    there.pop("identities")  # their positions are given anew
    assert {table: back[table] for table in there} == there
    assert [*(tmp_path / "back").glob("copy*")] == []


async def test_a_database_goes_into_a_folder(folder: Path, database: Database) -> None:
    """All is as it was; a repeat is answered as before."""
    before = await filled(database)
    await copy_to_folder(database, folder, silent)
    assert await shown(folder) == before
    async with opened(folder) as (work, _, _):
        assert await work.accept([event(9_000, HOOK, OTHER, identity=b"one")]) == [Repeat(100, (HOOK, OTHER))]


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from hookwright.store.copying import copy_to_database, copy_to_folder
from hookwright.store.database import Database
way, folder, url, schema, table = sys.argv[1:]
def told(what, number):
    if what == table:
        os.kill(os.getpid(), signal.SIGKILL)
folder, database = Path(folder), Database(Path(url), schema=schema)
asyncio.run(copy_to_database(folder, database, told) if way == "there" else copy_to_folder(database, folder, told))
"""


def killed(way: str, folder: Path, postgres: Postgres, database: Database, table: str) -> None:
    """A copy that is killed once a table is copied; the server has noticed."""
    command = [sys.executable, "-c", KILLED, way, str(folder), str(database.url_file), database.schema, table]
    done = subprocess.run(command, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    left = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'hookwright-% copy'"
    until(lambda: postgres.sql(left) == "0")


@pytest.mark.parametrize("table", ["waiting deliveries", "identities"])
async def test_a_copy_that_was_killed_is_made_again(
    folder: Path, postgres: Postgres, database: Database, table: str
) -> None:
    """Meanwhile the source goes on; what it did is in the copy, and the half of the first one is not."""
    await filled(folder)
    killed("there", folder, postgres, database, table)
    with pytest.raises(StoreLocked, match="is being copied into"):
        await open_store(database, retention=Retention())
    async with opened(folder) as store:
        first, *_ = await claim(store.work, FAR)
        await store.work.finish([ack(first, attempt(first.key, FAR))])
        before = await content(store)
    assert await copy_to_database(folder, database, silent)
    assert await shown(database) == before


@pytest.mark.parametrize("table", ["waiting deliveries", "identities"])
async def test_so_is_one_of_the_way_back(
    folder: Path, postgres: Postgres, database: Database, table: str
) -> None:
    """The half is no store that a dispatcher finds."""
    await filled(database)
    killed("back", folder, postgres, database, table)
    assert not (folder / "store.db").exists()
    async with opened(database) as store:
        first, *_ = await claim(store.work, FAR)
        await store.work.finish([ack(first, attempt(first.key, FAR))])
        before = await content(store)
    assert await copy_to_folder(database, folder, silent)
    assert await shown(folder) == before


async def test_one_that_was_killed_at_its_very_end_is_finished(
    folder: Path, tmp_path: Path, postgres: Postgres, database: Database
) -> None:
    """The source is put away and the target is not open yet: nobody starts on either until it is run again."""
    before = await filled(folder)
    await copy_to_database(folder, database, silent)
    postgres.sql(f"UPDATE {database.schema}.meta SET copy = 'filled'")
    with pytest.raises(StoreLocked, match="is being copied into"):
        await open_store(database, retention=Retention())
    assert not await copy_to_database(folder, database, silent)
    assert await shown(database) == before
    back = tmp_path / "back"
    await copy_to_folder(database, back, silent)
    word = postgres.sql(f"SELECT copy FROM {database.schema}.meta").removeprefix("moved ")
    (back / "copy").mkdir()
    (back / "store.db").rename(back / "copy" / word)
    assert not await copy_to_folder(database, back, silent)
    assert await shown(back) == before


async def test_a_copy_that_is_done_does_nothing(folder: Path, database: Database) -> None:
    """Also while a dispatcher works on what was copied."""
    await filled(folder)
    await copy_to_database(folder, database, silent)
    async with opened(database) as (work, _, _):
        assert not await copy_to_database(folder, database, silent)
        assert await keys(work, HOOK, now=NOW + MINUTE) == [101]


async def test_nobody_starts_on_a_database_whose_store_went_back(folder: Path, database: Database) -> None:
    """Nor is it copied to another folder, and the same once more does nothing."""
    await filled(database)
    await copy_to_folder(database, folder, silent)
    with pytest.raises(StoreLocked, match="was copied to a data folder and goes on there"):
        await open_store(database, retention=Retention())
    with pytest.raises(StoreError, match="copied before, but not to"):
        await copy_to_folder(database, folder / "other", silent)
    assert not await copy_to_folder(database, folder, silent)
    with pytest.raises(StoreLocked, match="or name another schema"):
        await copy_to_database(folder, database, silent)


async def test_what_is_in_use_is_not_copied(folder: Path, tmp_path: Path, database: Database) -> None:
    """Neither side may be: the sentence says what to do."""
    await filled(folder)
    async with opened(folder):
        with pytest.raises(StoreLocked, match=r"in use by another process .*: stop that one"):
            await copy_to_database(folder, database, silent)
    async with opened(database):
        with pytest.raises(StoreLocked, match="in use by a dispatcher, or by another copy: stop that one"):
            await copy_to_database(folder, database, silent)
        with pytest.raises(StoreLocked, match="in use by a dispatcher, or by another copy: stop that one"):
            await copy_to_folder(database, tmp_path / "back", silent)
    assert await copy_to_database(folder, database, silent)


async def test_of_two_copies_at_the_same_moment_one_is_made(
    folder: Path, tmp_path: Path, database: Database
) -> None:
    """The other is refused, and changes nothing."""
    before = await filled(folder)
    twin = tmp_path / "twin"
    shutil.copytree(folder, twin)
    copies = [copy_to_database(each, database, silent) for each in (folder, twin)]
    found = await asyncio.gather(*copies, return_exceptions=True)
    (refused,) = (each for each in found if each is not True)
    assert isinstance(refused, StoreLocked)
    assert await shown(database) == before


async def test_a_database_of_another_installation_is_not_touched(folder: Path, database: Database) -> None:
    """One in which nothing was ever stored is taken, as a first start leaves it."""
    await filled(folder)
    async with opened(database) as (work, _, _):
        await work.accept([event(77, HOOK)])
    with pytest.raises(StoreError, match="what another installation stored: name another schema, or drop"):
        await copy_to_database(folder, database, silent)
    async with opened(database) as (work, _, _):
        assert await keys(work) == [78]
    empty = replace(database, schema=f"{database.schema}_empty")
    async with opened(empty) as (_, upkeep, _):
        await upkeep.remember([StoredRoute("team/known")])
    assert await copy_to_database(folder, empty, silent)


async def test_a_folder_with_a_store_is_not_touched(folder: Path, database: Database) -> None:
    """Whosever it is."""
    await filled(database)
    before = await filled(folder)
    with pytest.raises(StoreError, match=r"There is a store in .* already: name another folder"):
        await copy_to_folder(database, folder, silent)
    assert await shown(folder) == before
    await shown(database)


async def test_there_must_be_something_to_copy(folder: Path, database: Database) -> None:
    """A folder without a store, or a schema without tables, is a slip of the pen."""
    with pytest.raises(UsageError, match=r"There is no store in .*: name the data folder of a dispatcher"):
        await copy_to_database(folder / "nowhere", database, silent)
    assert not (folder / "nowhere").exists()
    with pytest.raises(UsageError, match=r"There is no store in .*: name the data folder of a dispatcher"):
        await copy_to_database(folder, database, silent)
    database = replace(database, schema="nobodys")
    with pytest.raises(UsageError, match="There is no store in the schema nobodys"):
        await copy_to_folder(database, folder, silent)


def called(*words: str | Path) -> Result:
    """The command."""
    return CliRunner().invoke(main, ["store", "copy", *map(str, words)])


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--from a",
        "--to-url-file u",
        "--from a --to b",
        "--from-url-file u --to-url-file v",
        "--from a --to-url-file u --to b",
        "--from a --from-url-file u --to-url-file v --to b",
    ],
)
def test_one_source_and_one_target_of_another_kind_are_named(words: str) -> None:
    """Anything else is one sentence, and exit code 2."""
    found = called(*words.split())
    assert found.exit_code == 2
    sentence = "Name --from with --to-url-file, or --from-url-file with --to: one store of each kind."
    assert found.stderr == f"Error: {sentence}\n"


@pytest.fixture
def stored(folder: Path) -> Path:
    """A data folder with everything in it, made outside of an event loop of the test."""
    asyncio.run(filled(folder))
    return folder


def test_the_command_says_what_it_copied(stored: Path, database: Database) -> None:
    """A line for each table; the second time it says that nothing is left to do, and ends well, too."""
    words = ("--from", stored, "--to-url-file", database.url_file, "--schema", database.schema)
    found = called(*words)
    assert (found.exit_code, found.stdout) == (0, "")
    lines = found.stderr.splitlines()
    assert len(lines) == len(TABLES) + 1
    assert {"3 webhooks", "2 dead letters", "2 identities", "All is copied."} <= {*lines}
    again = called(*words)
    assert (again.exit_code, again.stderr) == (0, "All was copied before; nothing is left to do.\n")


def test_a_database_that_is_away_is_said_so(stored: Path, tmp_path: Path) -> None:
    """Nothing is waited for, and no word of the URL is told."""
    url = tmp_path / "nobody"
    url.write_text("postgresql://app:geheim@127.0.0.1:1/postgres")
    found = called("--from", stored, "--to-url-file", url)
    assert found.exit_code == 1
    assert "The database cannot be used" in found.stderr
    assert "run the command again" in found.stderr
    assert "geheim" not in found.stderr
    assert (stored / "store.db").exists()
