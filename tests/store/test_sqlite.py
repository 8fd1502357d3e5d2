"""The store on SQLite passes the suite, on the standard event loop and on uvloop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hookwright.store.port import History, Retention, Work
from hookwright.store.sqlite import SqliteHistory, SqliteStore
from store.builders import Harness
from store.suite import StoreSuite


class TestSqliteStore(StoreSuite):
    """The suite on `SqliteStore` and `SqliteHistory`."""

    @pytest.fixture
    def harness(self, tmp_path: Path) -> Harness:
        """A store in an empty folder."""

        @asynccontextmanager
        async def opened(retention: Retention) -> AsyncIterator[tuple[Work, History]]:
            folder = tmp_path / "data"
            store = SqliteStore.open(folder, retention=retention)
            history = SqliteHistory(folder)
            yield store, history
            await history.close()
            await store.close()

        return opened
