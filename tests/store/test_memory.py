"""The store in memory passes the suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hookwright.store.memory import MemoryStore
from hookwright.store.port import History, Retention, Work
from store.builders import Harness
from store.suite import StoreSuite


class TestMemoryStore(StoreSuite):
    """The suite on `MemoryStore`."""

    @pytest.fixture
    def harness(self) -> Harness:
        """A store in memory is both sides."""

        @asynccontextmanager
        async def opened(retention: Retention) -> AsyncIterator[tuple[Work, History]]:
            store = MemoryStore(retention=retention)
            yield store, store
            await store.close()

        return opened
