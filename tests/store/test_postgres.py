"""The store on PostgreSQL passes the suite, on a server that the test starts; what is its own stands in other files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hookwright.store.database import Database
from hookwright.store.opening import open_store
from hookwright.store.port import Retention, Store
from store.builders import Harness, opened, small_among_large
from store.suite import StoreSuite


class TestPostgresStore(StoreSuite):
    """The suite on `PostgresStore` and `PostgresHistory`."""

    @pytest.fixture
    def harness(self, database: Database) -> Harness:
        """A store in an empty schema."""

        @asynccontextmanager
        async def empty(retention: Retention) -> AsyncIterator[Store]:
            store = await open_store(database, retention=retention)
            yield store
            await store.history.close()
            await store.work.close()

        return empty


async def test_a_small_event_does_not_wait_behind_many(database: Database) -> None:
    """One batch may be under way; the next goes after what is small."""
    async with opened(database) as store:
        assert (await small_among_large(store.work))[-1] == "large"
