"""The store in memory passes the suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hookwright.store.memory import MemoryStore
from hookwright.store.port import Retention, Store
from store.builders import Harness
from store.suite import StoreSuite


class TestMemoryStore(StoreSuite):
    """The suite on `MemoryStore`."""

    @pytest.fixture
    def harness(self) -> Harness:
        """A store in memory is all sides."""

        @asynccontextmanager
        async def opened(retention: Retention) -> AsyncIterator[Store]:
            store = MemoryStore(retention=retention)
            yield Store(store, store, store)
            await store.close()

        return opened
