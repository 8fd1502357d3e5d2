"""The store on SQLite passes the suite, on the standard event loop and on uvloop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hookwright.store.opening import open_store
from hookwright.store.port import Retention, Store
from store.builders import Harness
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
