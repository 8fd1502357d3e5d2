"""Dead letters where there are very many, on both stores: a page is found by an index or ends after so many looks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hookwright.core.records import DeadReason
from hookwright.store.database import Database
from hookwright.store.port import History, ReplaySelector
from hookwright.store.postgres.health import Health
from hookwright.store.postgres.reader import PostgresHistory
from hookwright.store.postgres.server import Server
from hookwright.store.sqlite import SqliteHistory
from store.builders import HOOK, MINUTE, NOW, OTHER, dead_event, opened

LOOKS = 10


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest) -> Path | Database:
    """Where the store is."""
    name = "tmp_path" if request.param == "sqlite" else "database"
    found: Path | Database = request.getfixturevalue(name)
    return found


@asynccontextmanager
async def looking(place: Path | Database) -> AsyncIterator[History]:
    """The history of a store, whose pages look at few."""
    if isinstance(place, Database):
        history: History = PostgresHistory(Server(place, "test"), Health(), slot=0, looks=LOOKS)
    else:
        history = SqliteHistory(place, letter_looks=LOOKS)
    yield history
    await history.close()


@pytest.mark.parametrize(
    "selector",
    [
        ReplaySelector(until=NOW),
        ReplaySelector(route=HOOK, until=NOW),
        ReplaySelector(reason=DeadReason.GONE, until=NOW),
        ReplaySelector(route=HOOK, reason=DeadReason.GONE, since=NOW - MINUTE, until=NOW),
    ],
)
async def test_of_a_moment_in_which_many_died_some_are_found_page_by_page(
    place: Path | Database, selector: ReplaySelector
) -> None:
    """A page ends where so many were looked at; the pages together find what there is, once."""
    async with opened(place) as store:
        events = [dead_event(100 * n, HOOK, DeadReason.GONE, received=NOW + n - 20) for n in range(1, 60)]
        await store.work.accept(events)
        found, ends = [], [None]
        async with looking(place) as history:
            while len(ends) == 1 or ends[-1] is not None:
                end = await history.horizon(selector, before=ends[-1])
                after = None if end is None else end - 1
                page = await history.dead_letters(selector, before=ends[-1], after=after, limit=99)
                assert len(page) <= LOOKS + 1
                found += [row.key for _, row in page]
                ends.append(end)
    assert found == [100 * n + 1 for n in range(19, 0, -1)]
    assert len(ends) > 5


async def test_a_webhooks_reasons_come_mixed_as_they_died(place: Path | Database) -> None:
    """However many have one reason between two of another, and whatever other webhooks have."""
    reasons = [DeadReason.GONE, DeadReason.BACKLOG, DeadReason.GONE, DeadReason.GONE, DeadReason.EXHAUSTED]
    async with opened(place) as store:
        for n, reason in enumerate(reasons * 3, 1):
            await store.work.accept(
                [dead_event(1000 * n, HOOK, reason), dead_event(1000 * n + 500, OTHER, reason)]
            )
        page = await store.history.dead_letters(ReplaySelector(route=HOOK), limit=7)
        rest = await store.history.dead_letters(ReplaySelector(route=HOOK), before=page[-1][0], limit=99)
        keys = [row.key for _, row in page + rest]
        assert keys == [1000 * n + 1 for n in range(15, 0, -1)]
        assert await store.history.dead_count(ReplaySelector(route=HOOK, reason=DeadReason.GONE)) == 9
