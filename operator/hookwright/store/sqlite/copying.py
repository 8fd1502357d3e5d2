"""A data folder as one side of a copy: what is read of it, or a new store that is filled and put in place at the end.

Must not: know the other side; change a store that is read, but for its name once all is copied.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from hookwright.errors import StoreError, UsageError
from hookwright.limits import HISTORY_ROW_BYTES, STORE_COPY_ROWS
from hookwright.store.kept import identity_size
from hookwright.store.sqlite import database, statements
from hookwright.store.sqlite.failures import opening
from hookwright.store.sqlite.identities import kept_answer, read_answer
from hookwright.store.sqlite.ownership import Ownership
from hookwright.store.sqlite.space import disk

Row = tuple[Any, ...]
_SQL: Final = statements.load("copying.sql")
_MAKING: Final = "copy"
"""The folder in which a store is filled."""
_FORGOTTEN: Final = 0
"""The number of a webhook that is not known any more."""


def _copied(folder: Path) -> Path:
    """The name of a database whose content has gone elsewhere."""
    return database.database_file(folder).with_suffix(".db.copied")


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Own the folder; whether a store is in it. Raises StoreLocked."""
    with opening(database.database_file(folder), disk(folder)):
        ownership = Ownership(folder)
        try:
            yield database.database_file(folder).exists()
        finally:
            ownership.release()


def refuse_empty(folder: Path) -> None:
    """UsageError if there is no store in the folder, and there was none that was copied. Nothing is made there."""
    if not database.database_file(folder).exists() and not _copied(folder).exists():
        raise UsageError(f"There is no store in {folder}: name the data folder of a dispatcher.")


def copied_tag(folder: Path) -> str:
    """The tag of the store that was copied before."""
    return _tag(_copied(folder))


def _tag(file: Path) -> str:
    with closing(database.open_writer(file)) as connection:
        return str(connection.execute(_SQL["owner"]).fetchone()[0])


def refuse_used(folder: Path) -> None:
    """Raises StoreError if there is a store in the folder."""
    if database.database_file(folder).exists():
        raise StoreError(
            f"There is a store in {folder} already: name another folder, or move its files away."
        )


class SqliteSource:
    """What is read of a store."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.tag: str
        self.high_key: int
        self.tag, self.high_key = connection.execute(_SQL["owner"]).fetchone()
        self._numbers: dict[str, int] = dict(connection.execute(_SQL["all_routes"]))
        self._names = {number: route for route, number in self._numbers.items()}

    async def read(self, table: str, after: Sequence[int]) -> list[Row]:
        """The rows behind a place."""
        rows = self._connection.execute(_SQL[f"read_{table}"], (*after, STORE_COPY_ROWS)).fetchall()
        return rows if table != "identities" else [self._identity(*row) for row in rows]

    def _identity(self, position: int, answer: bytes, *known: Any) -> Row:
        """With the numbers of its webhooks; one that is forgotten keeps its place."""
        found = read_answer(answer, self._names)
        numbers = (self._numbers.get(route, _FORGOTTEN) for route in found.routes)
        return position, found.event_key, *known, ",".join(map(str, numbers))

    async def count(self, table: str) -> int:
        """All rows of it."""
        return int(self._connection.execute(_SQL[f"count_{table}"]).fetchone()[0])


@contextmanager
def reading(folder: Path) -> Iterator[SqliteSource]:
    """The store in a folder that is held."""
    file = database.prepare(folder)
    with closing(database.open_writer(file)) as connection:
        database.add_what_is_new(connection)
        yield SqliteSource(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def put_away(folder: Path) -> None:
    """The store has gone elsewhere: no dispatcher finds it from here on."""
    _rename(database.database_file(folder), _copied(folder))


class SqliteTarget:
    """A store that is filled."""

    def __init__(self, connection: sqlite3.Connection, tag: str) -> None:
        self._connection, self._tag = connection, tag
        self._history_end = self._identities_end = 0
        connection.execute(_SQL["set_tag"], (tag,))

    async def write(self, table: str, rows: Sequence[Row]) -> None:
        """One transaction."""
        execute = self._connection.executemany
        self._connection.execute("BEGIN IMMEDIATE")
        if table == "waiting":
            execute(_SQL["write_waiting"], [row[:7] for row in rows if not row[7]])
            execute(_SQL["write_delayed"], [row for row in rows if row[7]])
        elif table == "attempts":
            execute(_SQL["write_attempts"], [self._attempt(row) for row in rows])
        elif table == "identities":
            execute(_SQL["write_identities"], [self._identity(*row[1:]) for row in rows])
        else:
            execute(_SQL[f"write_{table}"], rows)
        self._connection.execute("COMMIT")

    def _attempt(self, row: Row) -> Row:
        begins = self._history_end
        self._history_end += len(row[-1]) + HISTORY_ROW_BYTES
        return *row, begins

    def _identity(self, key: int, identity: bytes, digest: bytes, at: int, routes: str) -> Row:
        numbers = [int(number) for number in routes.split(",") if number]
        begins = self._identities_end
        self._identities_end += identity_size(len(numbers))
        return kept_answer(key, self._tag, numbers), identity, digest, at, begins

    async def count(self, table: str) -> int:
        """All rows of it."""
        return int(self._connection.execute(_SQL[f"count_{table}"]).fetchone()[0])

    def set_high_key(self, key: int) -> None:
        """Keys are made above it."""
        self._connection.execute(_SQL["set_high_key"], (key,))


@contextmanager
def filling(folder: Path, tag: str, word: str) -> Iterator[SqliteTarget]:
    """A new store, in a folder that is held, under a name that no dispatcher looks for."""
    making = folder / _MAKING
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(mode=0o700)
    file = database.prepare(making)
    with closing(database.open_writer(file)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 1000")  # pages; nobody else waits for it
        yield SqliteTarget(connection, tag)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _rename(file, making / word)


def put_in_place(folder: Path, word: str, tag: str) -> None:
    """What was filled under a word is the store from here on. Raises StoreError if it is not in this folder."""
    whole, file = folder / _MAKING / word, database.database_file(folder)
    if whole.exists():
        refuse_used(folder)
        _rename(whole, file)
        shutil.rmtree(whole.parent)
    elif not file.exists() or _tag(file) != tag:
        raise StoreError(f"What was in the database was copied before, but not to {folder}.")


def _rename(file: Path, name: Path) -> None:
    """A database without a log, durably. Raises StoreError if it has one: somebody else reads it."""
    log = file.with_name(f"{file.name}-wal")
    if log.exists():
        raise StoreError(f"{log} is still in use: end what reads the store in {file.parent}.")
    file.rename(name)
    folder = os.open(name.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
