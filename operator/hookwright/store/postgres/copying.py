"""A schema of a PostgreSQL database as one side of a copy: what is read of it, or emptied and filled.

All its slots are owned meanwhile, which each slice asks again: so no dispatcher works on it, and one copy alone writes.
Must not: know the other side.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar

from hookwright.core.parts import part_of
from hookwright.errors import StoreError, StoreLocked, UsageError
from hookwright.limits import STORE_COPY_ROWS, STORE_LEASE_SECONDS
from hookwright.store.database import Database
from hookwright.store.kept import identity_size
from hookwright.store.postgres.failures import unusable
from hookwright.store.postgres.migrating import MOVED, migrate, moved_away
from hookwright.store.postgres.rows import columns, plain
from hookwright.store.postgres.server import Connection, Server
from hookwright.store.postgres.statements import load

T = TypeVar("T")
Row = tuple[Any, ...]
_FILLING: Final = "filling"
_FILLED: Final = "filled"


@asynccontextmanager
async def connected(database: Database, *, make: bool) -> AsyncIterator[PostgresSide]:
    """A side that is let go at the end; `make`: the tables, if there are none.

    Errors of the database become StoreError; UsageError: there is no store.
    """
    server = Server(database, f"hookwright-{secrets.token_hex(4)}")
    try:
        (await server.look()).terminate()
        connection = await server.connect("copy", follows=False, seconds=None)
        try:
            side = PostgresSide(connection, database.schema, server.holder)
            await side.open(make=make)
            try:
                yield side
            finally:
                with suppress(Exception):  # who cannot be told waits until the time is over
                    await side.release()
        finally:
            connection.terminate()
    except UsageError:
        raise
    except Exception as error:
        raise unusable(error) from error


class PostgresSide:
    """One connection to a schema. `tag` is of the installation whose store it is."""

    def __init__(self, connection: Connection, schema: str, holder: str) -> None:
        self.tag = ""
        self._copy: str | None = None  # where a copy stands, as in `meta`
        self._connection, self._schema, self._holder = connection, schema, holder
        self._sql = load("copying.sql", schema) | load("migrating.sql", schema)
        self._durable = load("work.sql", schema)["durable"]

    async def open(self, *, make: bool) -> None:
        """Look at what is there."""
        if not make and not await self._connection.fetchval(self._sql["there"]):
            raise UsageError(
                f"There is no store in the schema {self._schema} of the database: name another one."
            )
        await migrate(self._connection, self._schema)
        await self._look()

    async def _look(self) -> None:
        self.tag, self._copy = await self._connection.fetchrow(self._sql["standing"])

    # --- owning ----------------------------------------------------------------------------------

    async def hold(self) -> None:
        """Own all slots. Raises StoreLocked while a process has one."""
        await self._connection.execute(self._sql["hold"], self._holder, STORE_LEASE_SECONDS)
        if await self._connection.fetchval(self._sql["others"], self._holder):
            await self.release()
            raise StoreLocked(
                f"The schema {self._schema} of the database is in use by a dispatcher, or by another copy: stop that one."
            )
        await self._look()

    async def release(self) -> None:
        """Whoever comes may own them."""
        await self._connection.execute(self._sql["release"], self._holder)

    async def _held(self, work: Callable[[], Awaitable[T]]) -> T:
        """One transaction, in which nobody else can become the owner. Raises StoreLocked if somebody has."""
        async with self._connection.transaction():
            await self._connection.execute(self._durable)
            await self._connection.execute(self._sql["renew"], self._holder, STORE_LEASE_SECONDS)
            if await self._connection.fetchval(self._sql["others"], self._holder):
                raise StoreLocked(
                    "A dispatcher took the database while it was copied: stop it, and run this again."
                )
            return await work()

    # --- as the source ---------------------------------------------------------------------------

    def moved(self) -> str | None:
        """The word under which all of it was copied to a folder before. StoreLocked: a copy into it goes on."""
        if self._copy is None:
            return None
        if not self._copy.startswith(MOVED):
            raise StoreLocked(
                f"The schema {self._schema} of the database holds a copy that is not finished: finish it first."
            )
        return self._copy.removeprefix(MOVED)

    async def read(self, table: str, after: Sequence[int]) -> list[Row]:
        """The rows behind a place."""
        sql = self._sql[f"read_{table}"]
        rows = await self._held(lambda: self._connection.fetch(sql, *after, STORE_COPY_ROWS))
        return [tuple(row) for row in rows]

    async def count(self, table: str) -> int:
        """All rows of it."""
        return int(await self._connection.fetchval(self._sql[f"count_{table}"]))

    async def high_key(self) -> int:
        """Above it no key was ever made."""
        return int(await self._connection.fetchval(self._sql["high_key"]))

    async def move(self, word: str) -> None:
        """All of it was copied, under this word: no dispatcher works on it any more."""
        await self._held(lambda: self._connection.execute(self._sql["set_copy"], f"{MOVED}{word}"))

    # --- as the target ---------------------------------------------------------------------------

    async def begin(self, tag: str) -> None:
        """Empty it, for the installation with this tag. Raises StoreError if it holds anything but a copy that broke off."""
        await self.hold()
        if self._copy is not None and self._copy.startswith(MOVED):
            raise moved_away(self._schema)
        if self._copy is not None and self.tag != tag:
            raise self._foreign("a copy of another store that is not finished")
        if self._copy is None and await self._connection.fetchval(self._sql["used"]):
            raise self._foreign(
                "events or history" if self.tag == tag else "what another installation stored"
            )
        await self._held(lambda: self._empty(tag))

    def _foreign(self, what: str) -> StoreError:
        return StoreError(
            f"The schema {self._schema} of the database holds {what}: name another schema, or drop this one."
        )

    async def _empty(self, tag: str) -> None:
        await self._connection.execute(self._sql["empty"])
        await self._connection.execute(self._sql["set_tag"], tag)
        await self._connection.execute(self._sql["set_copy"], _FILLING)

    async def write(self, table: str, rows: Sequence[Row]) -> None:
        """One transaction."""
        if table == "routes":
            rows = [(*row, part_of(row[1])) for row in rows]
        elif table == "identities":
            rows = [(*row[1:], identity_size(len(_numbers(row[-1])))) for row in rows]
        values = columns([tuple(map(_plain, row)) for row in rows], len(rows[0]))
        await self._held(lambda: self._connection.execute(self._sql[f"write_{table}"], *values))

    async def fill(self, high_key: int) -> None:
        """All is in it; keys are made above `high_key`."""
        await self._held(lambda: self._fill(high_key))

    async def _fill(self, high_key: int) -> None:
        await self._connection.fetch(self._sql["go_on"])
        await self._connection.execute(self._sql["set_high_keys"], high_key)
        await self._connection.execute(self._sql["set_copy"], _FILLED)

    async def finish(self, tag: str) -> None:
        """The source is put away: dispatchers may work on what was filled. Raises StoreError if that is not its copy."""
        await self._look()
        if self.tag != tag or self._copy not in (None, _FILLED):
            raise StoreError(
                f"What was in the data folder was copied before, but not to the schema {self._schema} of this database."
            )
        if self._copy is not None:
            await self._connection.execute(self._sql["set_copy"], None)


def _numbers(routes: str) -> list[str]:
    return routes.split(",") if routes else []


def _plain(value: Any) -> Any:
    return plain(value) if isinstance(value, str) else value
