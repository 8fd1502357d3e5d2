"""The store on PostgreSQL while the database cannot be used: what waits, what is refused, and what is true afterwards."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import postgres_server
from hookwright.errors import StoreAway, StoreBroken, StoreError
from hookwright.store.database import Database
from hookwright.store.opening import open_store
from hookwright.store.port import New, Repeat, Retention
from postgres_server import PASSWORD, Postgres
from store.builders import HOOK, NOW, ack, attempt, claim, event, keys, opened


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A server of the test's own, to be stopped."""
    with postgres_server.folder() as folder, postgres_server.serving(folder) as server:
        yield server


@pytest.fixture
def database(server: Postgres, tmp_path: Path) -> Database:
    """An empty schema there; events wait as long as a test takes."""
    (tmp_path / "url").write_text(server.url())
    return Database(tmp_path / "url", wait=600.0)


async def until(holds: Callable[[], bool]) -> None:
    """Something that comes by itself."""
    while not await asyncio.to_thread(holds):
        await asyncio.sleep(0.01)


async def test_an_event_waits_for_a_database_that_comes_back(server: Postgres, database: Database) -> None:
    """It is answered late and not refused; meanwhile the figures say that the database is away."""
    async with opened(database) as (work, upkeep, _):
        server.stop()
        waits = asyncio.create_task(work.accept([event(100, HOOK)]))
        await until(lambda: upkeep.stats().away is True)
        assert not waits.done()
        server.start()
        assert await waits == [New()]
        assert upkeep.stats().away is False
        assert await keys(work) == [101]


async def test_an_event_waits_no_longer_than_it_may(server: Postgres, database: Database) -> None:
    """Then it is refused; so is all that asks, and nothing of it tells the URL."""
    async with opened(replace(database, wait=0.0)) as (work, upkeep, history):
        await work.accept([event(100, HOOK)])
        server.stop()
        for asks in (
            work.accept([event(200, HOOK)]), claim(work), work.ping(), history.invocations(limit=1),
            history.recovered(),
        ):  # fmt: skip
            with pytest.raises(StoreAway) as told:
                await asks
            assert PASSWORD not in str(told.value)
        with pytest.raises(
            StoreAway
        ) as told:  # without a connection nothing is sent: there is nothing to ask for
            await work.accept([event(300, HOOK)])
        assert not told.value.in_doubt
        server.start()
        await until(
            lambda: upkeep.stats().away is False
        )  # nobody asks for anything: it is found out all the same
        await work.ping()
        assert await keys(work) == [101]


async def test_results_wait_as_long_as_it_takes(server: Postgres, database: Database) -> None:
    """None is lost, and how many calls wait is told."""
    async with opened(database) as (work, upkeep, history):
        await work.accept([event(100, HOOK), event(200, HOOK)])
        first, second = await claim(work)
        server.stop()
        waiting = asyncio.create_task(work.finish([ack(first, attempt(101))]))
        await until(lambda: upkeep.stats().held == 1)
        server.start()
        await asyncio.gather(waiting, work.finish([ack(second, attempt(201))]))
        assert upkeep.stats().held == 0
        assert [one.delivery_key for _, one in await history.invocations(limit=9)] == [201, 101]


def hold_commits(server: Postgres) -> None:
    """Each commit waits for a standby that is not there."""
    server.configure("synchronous_standby_names = 'nobody'")
    server.reload()
    while server.sql("SHOW synchronous_standby_names") != "nobody":
        pass
    server.sql(
        "CHECKPOINT"
    )  # by the process that says so to all others: it has read the settings when this is done


def let_commits_go(server: Postgres) -> None:
    """None waits any more."""
    server.configure("synchronous_standby_names = ''")
    server.reload()


def committing(server: Postgres, name: str) -> str:
    """Process numbers of the connections of this name whose commit waits for the standby."""
    return server.sql(
        "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' "
        f"AND application_name LIKE 'hookwright%{name}'"
    )


async def test_an_event_whose_answer_was_lost_is_stored_once(server: Postgres, database: Database) -> None:
    """Its commit happens, but the connection is lost before anybody hears of it."""
    async with opened(database) as (work, _, history):
        await work.accept([event(10, HOOK)])
        hold_commits(server)
        lost = asyncio.create_task(
            work.accept([event(100, HOOK), event(200, HOOK, identity=b"one"), event(300, identity=b"two")])
        )
        await until(lambda: bool(committing(server, "write")))
        server.sql(f"SELECT pg_terminate_backend({committing(server, 'write')})")
        await until(lambda: server.sql("SELECT count(*) FROM hookwright.events") == "3")
        assert not lost.done()
        let_commits_go(server)
        assert await lost == [New(), New(), New()]
        assert await keys(work) == [11, 101, 201]
        assert await work.accept([event(400, HOOK, identity=b"one")]) == [Repeat(200, (HOOK,))]
        assert (await history.recovered()).counts[HOOK].waiting == 3


async def test_a_result_whose_answer_was_lost_is_one(server: Postgres, database: Database) -> None:
    """It is written again; its record stands once."""
    async with opened(database) as (work, _, history):
        await work.accept([event(100, HOOK)])
        [delivery] = await claim(work)
        hold_commits(server)
        lost = asyncio.create_task(work.finish([ack(delivery, attempt(101))]))
        await until(lambda: bool(committing(server, "write")))
        server.sql(f"SELECT pg_terminate_backend({committing(server, 'write')})")
        let_commits_go(server)
        await lost
        assert len(await history.invocations(limit=9)) == 1
        assert await keys(work) == []


async def test_a_repeat_is_answered_when_the_first_is_on_the_standby(
    server: Postgres, database: Database
) -> None:
    """Rows that a lost connection left behind are seen before they are safe."""
    async with opened(replace(database, wait=0.0)) as (work, _, _):
        await work.accept([event(10, HOOK)])
        hold_commits(server)
        first = asyncio.create_task(work.accept([event(100, HOOK, identity=b"one")]))
        await until(lambda: bool(committing(server, "write")))
        server.sql(f"SELECT pg_terminate_backend({committing(server, 'write')})")
        with pytest.raises(StoreAway) as told:
            await first
        assert told.value.in_doubt
        again = asyncio.create_task(work.accept([event(200, HOOK, identity=b"one")]))
        await until(lambda: again.done() or bool(committing(server, "write")))
        assert not again.done()
        let_commits_go(server)
        assert await again == [Repeat(100, (HOOK,))]


class Wire:
    """Between the store and a server: it can be cut so that only the store notices."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._clients: list[asyncio.StreamWriter] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def listen(self) -> int:
        """Its own port."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_connection("127.0.0.1", self._to)
        self._clients.append(writer)
        self._tasks += [asyncio.create_task(_carry(reader, here)), asyncio.create_task(_carry(there, writer))]

    def cut(self) -> None:
        """All connections there are."""
        while self._clients:
            self._clients.pop().transport.abort()

    async def close(self) -> None:
        """For good."""
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One direction; what is cut on one side stays open on the other until the end."""
    try:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
        await asyncio.Event().wait()
    finally:
        writer.close()


async def test_whether_it_is_stored_is_known_when_the_lost_commit_has_ended(
    server: Postgres, database: Database
) -> None:
    """One that is still under way at the server, behind a lost connection, is ended before it is asked about."""
    wire = Wire(server.port)
    database.url_file.write_text(server.url().replace(str(server.port), str(await wire.listen())))
    async with opened(replace(database, wait=0.0)) as (work, _, _):
        await work.accept([event(10, HOOK)])
        hold_commits(server)
        lost = asyncio.create_task(work.accept([event(100, HOOK)]))
        await until(lambda: bool(committing(server, "write")))
        wire.cut()
        with pytest.raises(StoreAway):
            await lost
        assert committing(server, "write")
        assert await work.stored([10, 100, 200]) == {10, 100}
        let_commits_go(server)
    await wire.close()


async def test_a_password_that_was_exchanged_is_read_again(server: Postgres, database: Database) -> None:
    """The next connection has the new one; until it is in the file the database is away."""
    async with opened(database) as (work, upkeep, _):
        server.sql("ALTER ROLE app PASSWORD 'another'")
        server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")
        waits = asyncio.create_task(work.accept([event(100, HOOK)]))
        await until(lambda: upkeep.stats().away is True)
        database.url_file.write_text(server.url().replace(PASSWORD, "another"))
        assert await waits == [New()]


async def test_a_database_that_takes_no_writes_is_away(server: Postgres, database: Database) -> None:
    """Nothing is acknowledged until it takes them again."""
    async with opened(database) as (work, upkeep, _):
        server.configure("default_transaction_read_only = on")
        server.reload()
        await until(lambda: server.sql("SHOW default_transaction_read_only") == "on")
        waits = asyncio.create_task(work.accept([event(100, HOOK)]))
        await until(lambda: upkeep.stats().away is True)
        server.configure("default_transaction_read_only = off")
        server.reload()
        assert await waits == [New()]


async def test_a_closed_store_gives_up_what_the_database_does_not_take(
    server: Postgres, database: Database
) -> None:
    """It ends, and says of each call that it was not written."""
    async with opened(database) as (work, upkeep, history):
        await work.accept([event(100, HOOK)])
        [delivery] = await claim(work)
        server.stop()
        waits = asyncio.create_task(work.finish([ack(delivery, attempt(101))]))
        await until(lambda: upkeep.stats().held == 1)
        await history.close()
        await work.close()
        with pytest.raises(StoreError, match="closed"):
            await waits
        server.start()


async def test_an_owner_that_cannot_say_so_stays_one(server: Postgres, database: Database) -> None:
    """Nobody asks for anything: that the database is away, and back, is found out by what is said every second."""
    told: list[str] = []
    store = await open_store(database, retention=Retention(), on_broken=told.append)
    server.stop()
    reason = ""
    while not told and "Connect" not in reason:  # it was tried again, and no connection could be made
        await asyncio.sleep(0.01)
        if store.upkeep.stats().away:
            with pytest.raises(StoreAway) as away:
                await store.work.ping()
            reason = str(away.value)
    server.start()
    await until(lambda: told != [] or store.upkeep.stats().away is False)
    assert told == []
    await store.history.close()
    await store.work.close()


async def test_an_owner_that_was_replaced_stores_nothing_more(server: Postgres, database: Database) -> None:
    """Its slot is another's: it would make the same keys. It is told to end."""
    told: list[str] = []
    store = await open_store(database, retention=Retention(), on_broken=told.append)
    server.sql("UPDATE hookwright.replicas SET holder = 'another'")
    with pytest.raises(StoreBroken, match="Another dispatcher took the store over"):
        await store.work.accept([event(100, HOOK, received=NOW)])
    assert told == ["Another dispatcher took the store over: the process ends, start it again."]
    assert server.sql("SELECT count(*) FROM hookwright.events") == "0"
    await store.history.close()
    await store.work.close()
