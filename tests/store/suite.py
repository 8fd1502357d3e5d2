"""What every store must do. The test module of an implementation derives `StoreSuite` and gives a harness."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hookwright.store.port import History, Retention, Work
from store.builders import Harness
from store.dead_letter_suite import DeadLetterSuite
from store.history_suite import HistorySuite
from store.work_suite import WorkSuite


class StoreSuite(WorkSuite, DeadLetterSuite, HistorySuite):
    """The conformance suite."""

    @pytest.fixture
    def harness(self) -> Harness:
        """Handed over by the implementation."""
        raise NotImplementedError

    @pytest.fixture
    async def stores(self, harness: Harness) -> AsyncIterator[tuple[Work, History]]:
        """An empty store with the default retention."""
        async with harness(Retention()) as stores:
            yield stores

    @pytest.fixture
    def work(self, stores: tuple[Work, History]) -> Work:
        """Its writing side."""
        return stores[0]

    @pytest.fixture
    def history(self, stores: tuple[Work, History]) -> History:
        """Its reading side."""
        return stores[1]

    async def test_a_store_that_works_answers_a_ping(self, work: Work) -> None:
        """No exception: it could store now."""
        await work.ping()

    async def test_the_installation_has_a_tag(self, work: Work) -> None:
        """Six base 32 characters, part of every id."""
        assert len(work.tag) == 6
        assert set(work.tag) <= set("0123456789abcdefghjkmnpqrstvwxyz")
