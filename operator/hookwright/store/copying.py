"""Copies everything from one store to another: table by table, in slices that begin behind the last one's key.

A target is begun anew each time, so a copy that was broken off ends right when it is made again. At no moment can a
dispatcher start on both: first the target is closed to them, then the source is, and only then the target is opened.
Must not: know a database.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from hookwright.errors import StoreError
from hookwright.store.database import Database
from hookwright.store.postgres.copying import connected
from hookwright.store.sqlite import copying as sqlite

Row = tuple[Any, ...]
Told = Callable[[str, int], None]
"""Called with each table and how many rows of it were copied."""

TABLES: Final = {
    "routes": "webhooks",
    "events": "events",
    "fanout": "events of several deliveries",
    "waiting": "waiting deliveries",
    "dead": "dead letters",
    "attempts": "attempts",
    "identities": "identities",
}
"""In this order, as rows point to those before; and what people call them."""


class Source(Protocol):
    """What is read. A row begins with its place in the order of its table, which has as many columns as `places` says."""

    async def read(self, table: str, after: Sequence[int]) -> list[Row]: ...
    async def count(self, table: str) -> int: ...


class Target(Protocol):
    """What is filled, each slice in one transaction."""

    async def write(self, table: str, rows: Sequence[Row]) -> None: ...
    async def count(self, table: str) -> int: ...


async def copy_to_database(folder: Path, database: Database, told: Told) -> bool:
    """Copy a data folder into a database; False: that was done before.

    Raises UsageError if there is no store in the folder, StoreLocked while one of both is in use, StoreError if the target
    is another's, or if something is missing in it afterwards.
    """
    sqlite.refuse_empty(folder)
    with sqlite.held(folder) as there:
        async with connected(database, make=True) as target:
            if not there:
                await target.finish(sqlite.copied_tag(folder))
                return False
            with sqlite.reading(folder) as source:
                await target.begin(source.tag)
                await _copy(source, target, told)
                await target.fill(source.high_key)
            sqlite.put_away(folder)
            await target.finish(source.tag)
            return True


async def copy_to_folder(database: Database, folder: Path, told: Told) -> bool:
    """The way back, and the same errors."""
    with sqlite.held(folder):
        async with connected(database, make=False) as source:
            if (word := source.moved()) is not None:
                sqlite.put_in_place(folder, word, source.tag)
                return False
            sqlite.refuse_used(folder)
            await source.hold()
            word = secrets.token_hex(4)
            with sqlite.filling(folder, source.tag, word) as target:
                await _copy(source, target, told)
                target.set_high_key(await source.high_key())
            await source.move(word)
            sqlite.put_in_place(folder, word, source.tag)
            return True


async def _copy(source: Source, target: Target, told: Told) -> None:
    for table, name in TABLES.items():
        after = [0] * places(table)
        while rows := await source.read(table, after):
            await target.write(table, rows)
            after = [*rows[-1][: len(after)]]
        wanted, found = await source.count(table), await target.count(table)
        if wanted != found:
            raise StoreError(
                f"Of {wanted} {name} {found} were copied; the source is as it was and goes on. Report this."
            )
        told(name, found)


def places(table: str) -> int:
    """How many columns tell a row's place."""
    return 2 if table == "waiting" else 1
