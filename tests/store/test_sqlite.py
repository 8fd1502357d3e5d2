"""The store on SQLite passes the suite, on the standard event loop and on uvloop."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from hookwright.store.opening import open_store
from hookwright.store.port import Retention, Store
from store.builders import DAY, HOOK, NOW, OTHER, Harness, ack, bury, claim, delay, event
from store.suite import StoreSuite


class TestSqliteStore(StoreSuite):
    """The suite on `SqliteStore` and `SqliteHistory`."""

    @pytest.fixture
    def harness(self, tmp_path: Path) -> Harness:
        """A store in an empty folder."""

        @asynccontextmanager
        async def opened(retention: Retention) -> AsyncIterator[Store]:
            store = await open_store(tmp_path / "data", retention=retention)
            yield store
            await store.history.close()
            await store.work.close()

        return opened


def events_kept(folder: Path) -> int:
    """Rows of events, and of what counts their deliveries."""
    with closing(sqlite3.connect(folder / "store.db")) as connection:
        counting = "SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM fanout)"
        return connection.execute(counting).fetchone()[0]  # type: ignore[no-any-return]


async def test_an_event_is_dropped_with_its_last_delivery(tmp_path: Path) -> None:
    """Delivered, or pruned as a dead letter, alone or with others; until then its bytes are there, once."""
    store = await open_store(tmp_path, retention=Retention())
    await store.work.accept([event(100, HOOK), event(200, HOOK, OTHER), event(300, OTHER), event(400)])
    assert events_kept(tmp_path) == 3 + 1
    first, second = await claim(store.work)
    await store.work.finish([ack(first), bury(second)])
    assert events_kept(tmp_path) == 2 + 1
    shared, last = await claim(store.work, OTHER)
    await store.work.finish([delay(shared, NOW + 1), bury(last)])
    await store.upkeep.prune(now=NOW + 30 * DAY)
    assert events_kept(tmp_path) == 1 + 1
    await store.work.finish([ack(shared)])
    assert events_kept(tmp_path) == 0
    await store.history.close()
    await store.work.close()
