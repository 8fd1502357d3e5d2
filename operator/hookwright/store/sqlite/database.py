"""The database file: made, looked at before it is trusted, opened for writing or reading.

A new one is made under another name and renamed, so a file of the right name is always whole. Nothing is
changed in a file that is not ours, is newer, or is damaged. Must not: know what is in the tables.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

from hookwright import limits
from hookwright.errors import StoreError
from hookwright.store.sqlite import statements
from hookwright.store.sqlite.failures import damaged

APPLICATION_ID = 0x486F6F6B  # "Hook"
VERSION = 1
"""Of the schema. What an older release cannot read raises it; additions do not."""
_FILE = "store.db"
_TAG = "0123456789abcdefghjkmnpqrstvwxyz"  # as in core.event
_SQLITE = (3, 37, 0)  # STRICT tables
_CACHE_KIB = 16 * 1024
_WAL_KEPT_BYTES = 64 * limits.MIB
_BUSY_SECONDS = 0.25  # another program's lock; then it is waited out like missing space
_VITAL_TABLES = ("owner", "routes", "waiting", "delayed")
_ADDITIONS = {"dead_namespaces": "additions.sql", "dead_groups": "groups.sql", "dead_reason": "reasons.sql"}
"""What came to the schema later, in this order; a table or index of each, by which it is known to be there."""
_TABLES = (*_VITAL_TABLES, "fanout", "dead", "events", "identities", "attempts")


def database_file(folder: Path) -> Path:
    """The database in a data folder."""
    return folder / _FILE


def log_file(folder: Path) -> Path:
    """The database's log (WAL)."""
    return folder / f"{_FILE}-wal"


def prepare(folder: Path) -> Path:
    """The database of a data folder, made if there is none and checked if there is.

    Raises StoreDamaged (not ours, newer, not intact), StoreError (SQLite too old), and what the system and
    SQLite raise.
    """
    if sqlite3.sqlite_version_info < _SQLITE:
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old: 3.37 or newer is needed.")
    file = database_file(folder)
    if not file.exists():
        _make(file)
    _check_header(file)
    _check_content(file)
    return file


def _make(file: Path) -> None:
    log = log_file(file.parent)
    if log.exists() and log.stat().st_size:
        raise damaged(file, f"is missing while its log {log.name} is there")
    new = file.with_name(f"{_FILE}.new")
    new.unlink(missing_ok=True)
    try:
        _fill(new)
        new.rename(file)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _fill(new: Path) -> None:
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(sqlite3.connect(new, isolation_level=None)) as connection:
        connection.executescript(
            f"PRAGMA synchronous = FULL; BEGIN; {statements.text('schema.sql')}"
            f"{''.join(map(statements.text, _ADDITIONS.values()))}"
            f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; COMMIT;"
        )
        tag = "".join(secrets.choice(_TAG) for _ in range(6))
        connection.execute("INSERT INTO owner (one, tag, epoch, high_key) VALUES (1, ?, 0, 0)", (tag,))


def _check_header(file: Path) -> None:
    """By the bytes of the file alone, so that another application's database is not even opened.

    The file may be opened here only because SQLite has not: closing it later would drop SQLite's locks.
    """
    with file.open("rb") as stream:
        header = stream.read(100)
    if not header.startswith(b"SQLite format 3\0") or len(header) < 100:
        raise damaged(file, "is no SQLite database")
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise damaged(file, "is another application's database")


def _check_content(file: Path) -> None:
    """Version, tables, and as much of the structure as can be read in a short time.

    Of a large file those tables that a start reads anyway; damage elsewhere is found when it is used.
    """
    with closing(_connect(file, "ro")) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version != VERSION:
            raise damaged(
                file, f"was written by another release (version {version}, this one reads {VERSION})"
            )
        found = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        }
        missing = sorted({*_TABLES} - found)
        if missing:
            raise damaged(file, f"lacks the table {missing[0]}")
        small = file.stat().st_size <= limits.STORE_CHECK_BYTES
        for table in _TABLES if small else _VITAL_TABLES:
            problem = connection.execute(f"PRAGMA quick_check({table})").fetchone()[0]
            if problem != "ok":
                raise damaged(file, f"is damaged ({problem.splitlines()[-1]})")


def add_what_is_new(connection: sqlite3.Connection) -> None:
    """Bring a database of an earlier release to the schema of this one; both can use it."""
    for table, file in _ADDITIONS.items():
        if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone() is None:
            connection.executescript(f"BEGIN IMMEDIATE; {statements.text(file)} COMMIT;")


def open_writer(file: Path) -> sqlite3.Connection:
    """The one connection that writes; its settings are read back. Raises StoreError if one did not take."""
    connection = _connect(file, "rw")
    try:
        _set(connection, file)
    except BaseException:
        connection.close()
        raise
    return connection


def _set(connection: sqlite3.Connection, file: Path) -> None:
    wanted: dict[str, str | int] = {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL: the log is synced at each commit
        "wal_autocheckpoint": 0,  # automatic ones swallow errors and stall the writer
        "cache_size": -_CACHE_KIB,
        "temp_store": 2,
        "journal_size_limit": _WAL_KEPT_BYTES,
        "trusted_schema": 0,
    }
    for name, value in wanted.items():
        connection.execute(f"PRAGMA {name} = {value}")
        found = connection.execute(f"PRAGMA {name}").fetchone()[0]
        if found != value:
            raise StoreError(
                f"SQLite did not take {name} = {value} for {file} (it is {found}): use a local disk."
            )


def open_reader(file: Path) -> sqlite3.Connection:
    """A connection that only reads."""
    connection = _connect(file, "ro")
    connection.execute("PRAGMA query_only = 1")
    connection.execute("PRAGMA temp_store = 2")  # a folder for temporary files there need not be
    return connection


def _connect(file: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{file.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False,
        timeout=_BUSY_SECONDS, cached_statements=256,
    )  # fmt: skip
