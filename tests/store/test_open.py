"""Opening a store: what is refused untouched, who owns it, what is found again."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from hookwright.core.records import StoredRoute
from hookwright.errors import StoreBroken, StoreDamaged, StoreError, StoreLocked
from hookwright.store.sqlite import SqliteHistory, SqliteStore
from store.builders import HOOK, NOW, OTHER, bury, claim, delay, event, keys
from store.process import Victim


async def filled(folder: Path) -> None:
    """A store that was closed with 200 events waiting."""
    store = SqliteStore.open(folder)
    await store.accept([event(key, HOOK, raw=b"x" * 500) for key in range(100, 20_100, 100)])
    await store.close()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but the lock."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "lock"}


# --- found again ---------------------------------------------------------------------------------


async def test_everything_is_found_again_after_a_restart(tmp_path: Path) -> None:
    """Waiting, delayed and dead deliveries, what is remembered, the tag and the highest key."""
    store = SqliteStore.open(tmp_path)
    await store.accept([event(100, HOOK, OTHER), event(200, HOOK), event(300, HOOK, identity=b"one")])
    first, second, third = await claim(store)
    await store.finish([delay(first, NOW + 5, steps=1, attempts=2), bury(second)])
    await store.remember([StoredRoute(HOOK, gone="mark")])
    tag = store.tag
    await store.close()

    store, history = SqliteStore.open(tmp_path), SqliteHistory(tmp_path)
    counts, memory, high, _, _ = await history.recovered()
    assert (counts[HOOK].waiting, counts[HOOK].dead, counts[OTHER].waiting) == (2, 1, 1)
    assert memory[HOOK] == StoredRoute(HOOK, gone="mark")
    assert (store.tag, high, store.stats().identities) == (tag, 301, 1)
    assert await keys(store, now=NOW + 5) == [third.key, first.key]
    assert await keys(store, OTHER) == [102]
    await history.close()
    await store.close()


async def test_a_clean_end_leaves_one_file(tmp_path: Path) -> None:
    """Database and lock: the log is written back, so a copy of the file is a whole backup."""
    await filled(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["lock", "store.db"]


async def test_files_are_for_the_owner_only(tmp_path: Path) -> None:
    """Events name people and reasons: folder and files are closed to others."""
    folder = tmp_path / "data"
    store = SqliteStore.open(folder)
    modes = {file.name: file.stat().st_mode & 0o077 for file in (folder, *folder.iterdir())}
    assert {"store.db", "store.db-wal"} <= set(modes)
    assert not any(modes.values())
    await store.close()


async def test_settings_that_durability_rests_on_are_in_force(tmp_path: Path) -> None:
    """The log is there, and the file carries our name and version."""
    await filled(tmp_path)
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        read = [
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "application_id")
        ]
        assert read == ["wal", int.from_bytes(b"Hook", "big")]


# --- refused untouched -----------------------------------------------------------------------------


def random_bytes(file: Path) -> None:
    """Nothing of a database is left."""
    file.write_bytes(random.Random(1).randbytes(50_000))


def empty(file: Path) -> None:
    """A file without content."""
    file.write_bytes(b"")


def truncated(file: Path) -> None:
    """The second half is lost."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def scribbled(file: Path) -> None:
    """Good header, garbage in the middle."""
    data = bytearray(file.read_bytes())
    data[20_000:60_000] = random.Random(1).randbytes(40_000)
    file.write_bytes(data)


def foreign(file: Path) -> None:
    """Another application's database."""
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("CREATE TABLE cookies (name TEXT); INSERT INTO cookies VALUES ('a');")


def newer(file: Path) -> None:
    """Written by a release to come."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 999")


def lacking(file: Path) -> None:
    """Somebody dropped a table."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE delayed")


def gone(file: Path) -> None:
    """The database was deleted, its log was not."""
    file.with_name("store.db-wal").write_bytes(b"log" * 1_000)
    file.unlink()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (random_bytes, "is no SQLite database"),
        (empty, "is no SQLite database"),
        (truncated, "is damaged|cannot be read"),
        (scribbled, "is damaged|cannot be read"),
        (foreign, "is another application's database"),
        (newer, "was written by another release \\(version 999, this one reads 1\\)"),
        (lacking, "lacks the table delayed"),
        (gone, "is missing while its log store.db-wal is there"),
    ],
)
async def test_a_file_that_is_not_a_whole_store_of_ours_is_left_alone(
    tmp_path: Path, damage: Callable[[Path], None], words: str
) -> None:
    """One sentence that names the file, what is wrong and the cure; not a byte is changed, the lock is let go."""
    await filled(tmp_path)
    damage(tmp_path / "store.db")
    before = contents(tmp_path)
    for _ in range(2):
        with pytest.raises(StoreDamaged, match=f"store.db ({words})") as raised:
            SqliteStore.open(tmp_path)
        assert str(raised.value).endswith(
            "nothing was changed. Move it away to begin with an empty store, or put back a copy."
        )
    after = contents(tmp_path)
    assert {name: after[name] for name in before} == before


async def test_an_unfinished_making_of_a_store_is_no_obstacle(tmp_path: Path) -> None:
    """A crash while the first database was made leaves a file aside, which is made again."""
    (tmp_path / "store.db.new").write_bytes(b"half")
    store = SqliteStore.open(tmp_path)
    await store.ping()
    await store.close()
    assert not (tmp_path / "store.db.new").exists()


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """One sentence, not a traceback of the operating system."""
    (tmp_path / "file").write_text("")
    with pytest.raises(
        StoreError, match=r"The data folder .*/file/data cannot be written \(Not a directory\)"
    ) as raised:
        SqliteStore.open(tmp_path / "file" / "data")
    assert type(raised.value) is StoreError, "it does not heal by itself"


# --- one owner -------------------------------------------------------------------------------------


def test_a_second_process_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    """The other process is named by its pid; when it is gone, even killed, the folder is free."""
    with Victim(tmp_path) as victim:
        with pytest.raises(StoreLocked, match=rf"in use by another process \(pid {victim.pid}\)"):
            SqliteStore.open(tmp_path)
        assert victim.ask("accept", 100) == "accepted 100"
    with Victim(tmp_path) as successor:
        assert successor.ask("accept", 200) == "accepted 200"


async def test_a_second_store_in_the_same_process_is_refused(tmp_path: Path) -> None:
    """The lock is not a matter of processes alone."""
    store = SqliteStore.open(tmp_path)
    with pytest.raises(StoreLocked):
        SqliteStore.open(tmp_path)
    await store.close()


async def test_a_new_owner_ends_the_old_one_where_locks_fail(tmp_path: Path) -> None:
    """On a file system without locks the epoch in the database decides: the older store cannot commit any more."""
    broken: list[str] = []
    old = SqliteStore.open(tmp_path, on_broken=broken.append)
    await old.accept([event(100, HOOK)])
    (tmp_path / "lock").unlink()  # as if there were no lock
    new = SqliteStore.open(tmp_path)
    with pytest.raises(StoreBroken, match="another process took it over"):
        await old.accept([event(200, HOOK)])
    assert len(broken) == 1
    with pytest.raises(StoreBroken):
        await old.ping()
    assert await keys(new) == [101]
    await new.close()


@pytest.mark.parametrize("swapped", [True, False])
async def test_a_database_that_was_replaced_ends_the_store(tmp_path: Path, swapped: bool) -> None:
    """Deleted or swapped under a running store: what is written would be in no file that the next start opens."""
    broken: list[str] = []
    store = SqliteStore.open(tmp_path, on_broken=broken.append)
    if swapped:
        shutil.copy(tmp_path / "store.db", tmp_path / "copy")
        (tmp_path / "copy").rename(tmp_path / "store.db")
    else:
        (tmp_path / "store.db").unlink()
    with pytest.raises(StoreBroken, match="its database file was replaced or deleted"):
        await store.ping()
    assert len(broken) == 1


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    """Calls after the end are errors, not silence."""
    store = SqliteStore.open(tmp_path)
    await store.close()
    with pytest.raises(StoreError, match="The store is closed"):
        await store.ping()
