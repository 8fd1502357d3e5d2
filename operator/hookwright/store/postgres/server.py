"""Connections to the database: by the URL in a file, under a name that tells whose they are.

A connection that follows a lost one ends first what that left behind: a commit that is still under way there is done or
undone before anything is asked about it. Must not: know statements of the store, keep a URL.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import asyncpg

from hookwright.errors import StoreAway
from hookwright.limits import STORE_ANSWER_SECONDS, STORE_CONNECT_SECONDS
from hookwright.store.database import Database
from hookwright.store.postgres.failures import Failure, as_store_error, judge


class Connection(Protocol):
    """What is used of a connection of asyncpg, which has no types of its own."""

    async def execute(self, query: str, *values: Any) -> str: ...
    async def fetch(self, query: str, *values: Any) -> list[Any]: ...
    async def fetchrow(self, query: str, *values: Any) -> Any: ...
    async def fetchval(self, query: str, *values: Any) -> Any: ...
    def transaction(self, **how: Any) -> AbstractAsyncContextManager[Any]: ...
    def get_server_pid(self) -> int: ...
    async def add_listener(self, channel: str, heard: Callable[..., None]) -> None: ...
    def add_termination_listener(self, ended: Callable[..., None]) -> None: ...
    def terminate(self) -> None: ...
    async def close(self, *, timeout: float | None = None) -> None: ...


_SESSION: Final = (
    "SET jit = off; SET plan_cache_mode = force_custom_plan; SET idle_in_transaction_session_timeout = '10s'; "
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3"
)
"""Nothing is planned for later (docs/decisions/0028)."""
_ARRAYS: Final = "SELECT $1::INT[], $2::BIGINT[], $3::DOUBLE PRECISION[], $4::BYTEA[]"
"""All types of our values that asyncpg asks the server about, at each connection."""
NOT_HELD: Final = "SET LOCAL idle_in_transaction_session_timeout = '10s'"
"""Of a transaction before there are functions: its locks go with who stands still in it."""
_END_FORMER: Final = (
    "SELECT pg_terminate_backend(pid, $2) FROM pg_stat_activity "
    "WHERE application_name = $1 AND pid <> pg_backend_pid() AND state <> 'idle'"
)
_NOT_OURS: Final = {
    "application_name", "channel_binding", "client_encoding", "connect_timeout", "fallback_application_name", "gssencmode",
    "keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval", "load_balance_hosts", "tcp_user_timeout",
}  # fmt: skip
"""Options of a URL that only libpq knows, or that are set here; asyncpg would send them to the server."""
_STATEMENTS: Final = 100
"""Prepared statements kept by a connection, as asyncpg has it."""


class Server:
    """Where the database is. `holder` names this process among all that use it."""

    def __init__(self, database: Database, holder: str) -> None:
        self.database, self.holder = database, holder
        self.pooled = True
        """Behind a pooler no statement can be prepared for later: assumed until `look`."""

    async def look(self) -> Connection:
        """A first connection, by which it is known whether there is a pooler: that has process numbers of its own."""
        connection = await self._connect("start", None)
        pid = await connection.fetchval("SELECT pg_backend_pid()")
        self.pooled = pid != connection.get_server_pid()
        return connection

    async def connect(
        self, name: str, *, follows: bool, seconds: float | None = STORE_ANSWER_SECONDS
    ) -> Connection:
        """A connection by this name; `follows`: after one of that name that was lost; `seconds` limits each answer."""
        connection = await self._connect(name, seconds)
        try:
            await _settle(connection, pooled=self.pooled)
            if follows:
                milliseconds = int(STORE_ANSWER_SECONDS * 1000)
                await connection.fetch(_END_FORMER, f"{self.holder} {name}", milliseconds)
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _connect(self, name: str, seconds: float | None) -> Connection:
        try:
            return await asyncpg.connect(  # type: ignore[no-any-return]
                self._url(),
                timeout=STORE_CONNECT_SECONDS,
                command_timeout=seconds,
                statement_cache_size=0 if self.pooled else _STATEMENTS,
                server_settings={"application_name": f"{self.holder} {name}"},
            )
        except ValueError as error:
            if isinstance(error, OSError):  # a certificate
                raise
            raise StoreAway(
                f"{self.database.url_file}: a port or an option of the URL in it is wrong."
            ) from None

    def _url(self) -> str:
        """The URL, with what must be checked of the server unless it says so itself. StoreAway if there is none."""
        file, ca_file = self.database.url_file, self.database.ca_file
        try:
            url = urlsplit(file.read_text("utf-8").strip())
            asked = parse_qsl(url.query, strict_parsing=bool(url.query))
        except OSError as error:
            raise StoreAway(
                f"{file}: cannot be read ({error.strerror}); it must hold the database's URL."
            ) from None
        except ValueError:
            raise StoreAway(
                f"{file}: holds no URL of a database; write postgresql://USER:PASSWORD@HOST/DATABASE."
            ) from None
        if url.scheme not in ("postgresql", "postgres"):
            raise StoreAway(
                f"{file}: holds no URL of a database; write postgresql://USER:PASSWORD@HOST/DATABASE."
            )
        options = {name: value for name, value in asked if name not in _NOT_OURS}
        options.setdefault("target_session_attrs", "read-write")
        if ca_file is not None:
            options.setdefault("sslmode", "verify-full")
            options.setdefault("sslrootcert", str(ca_file))
        return urlunsplit(url._replace(query=urlencode(options, quote_via=quote)))


async def _settle(connection: Connection, *, pooled: bool) -> None:
    """What holds for a whole session; behind a pooler, where each transaction may have another, only what the driver asks.

    The server would compile that question about types, for seconds: that the driver forbids it is said to another session.
    """
    if not pooled:
        await connection.execute(_SESSION)
        return
    async with connection.transaction():
        await connection.execute("SET LOCAL jit = off")
        await connection.fetch(_ARRAYS, [], [], [], [])


class Link:
    """One connection, used by one at a time: made when it is needed, dropped when it is lost.

    An answer that takes longer than `seconds` does not come any more.
    """

    def __init__(self, server: Server, name: str, *, seconds: float = STORE_ANSWER_SECONDS) -> None:
        self._server, self._name, self._seconds = server, name, seconds
        self._lock = asyncio.Lock()
        self._connection: Connection | None = None
        self._follows = False

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """To use it. Whatever goes wrong with the connection itself, the next one gets another."""
        async with self._lock:
            try:
                if self._connection is None:
                    self._connection = await self._connect()
                yield self._connection
            except Exception as error:
                if judge(error) is Failure.AWAY:
                    self._drop()
                raise

    @property
    def pooled(self) -> bool:
        """There is a pooler before the database."""
        return self._server.pooled

    async def listen(self, channel: str, noticed: Callable[[str], None], lost: Callable[[], None]) -> bool:
        """Hear the notices of a channel until the connection is `lost`; False: there are none behind a pooler."""
        if self.pooled:
            return False
        async with self.connection() as connection:
            connection.add_termination_listener(lambda *_: lost())
            await connection.add_listener(channel, lambda *notice: noticed(notice[-1]))
        return True

    async def _connect(self) -> Connection:
        """What fails here was sent nowhere: StoreAway without a doubt."""
        try:
            return await self._server.connect(self._name, follows=self._follows, seconds=self._seconds)
        except Exception as error:
            raise as_store_error(error) from error

    def _drop(self) -> None:
        self._follows = True
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def close(self) -> None:
        """End it."""
        async with self._lock:
            if self._connection is not None:
                try:
                    await self._connection.close(timeout=STORE_ANSWER_SECONDS)
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    self._connection.terminate()
                self._connection = None
