"""What every store must do. The test module of an implementation derives `StoreSuite` and gives a harness."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hookwright.store.port import History, Retention, Store, Upkeep, Work
from store.builders import Harness
from store.dead_letter_suite import DeadLetterSuite
from store.history_suite import HistorySuite
from store.shares_suite import SharesSuite
from store.work_suite import WorkSuite


class StoreSuite(WorkSuite, DeadLetterSuite, HistorySuite, SharesSuite):
    """The conformance suite."""

    @pytest.fixture
    def harness(self) -> Harness:
        """Handed over by the implementation."""
        raise NotImplementedError

    @pytest.fixture
    async def store(self, harness: Harness) -> AsyncIterator[Store]:
        """An empty store with the default retention."""
        async with harness(Retention()) as store:
            yield store

    @pytest.fixture
    def work(self, store: Store) -> Work:
        """Its durable work."""
        return store.work

    @pytest.fixture
    def upkeep(self, store: Store) -> Upkeep:
        """What keeps it in shape."""
        return store.upkeep

    @pytest.fixture
    def history(self, store: Store) -> History:
        """Its reading side."""
        return store.history

    async def test_a_store_that_works_answers_a_ping(self, work: Work) -> None:
        """No exception: it could store now."""
        await work.ping()

    async def test_the_installation_has_a_tag(self, work: Work) -> None:
        """Six base 32 characters, part of every id."""
        assert len(work.tag) == 6
        assert set(work.tag) <= set("0123456789abcdefghjkmnpqrstvwxyz")
