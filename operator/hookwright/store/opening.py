"""Opens the store that a dispatcher works on: the one place that says which implementation that is.

That of a kind that is not asked for is not even imported.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from hookwright.store.database import Database
from hookwright.store.ending import end_process
from hookwright.store.port import Retention, Store


async def open_store(
    place: Path | Database, *, retention: Retention, on_broken: Callable[[str], None] = end_process
) -> Store:
    """Open or make the store in a data folder or in a database, without holding up the event loop.

    `on_broken` is called with one sentence when the process must end. Raises StoreWaits while there is no space or no
    database (nothing stays open, nothing half made: call again), StoreLocked, StoreDamaged, or StoreError if it cannot
    be opened at all.
    """
    if isinstance(place, Database):
        from hookwright.store.postgres import open_postgres

        return await open_postgres(place, retention=retention, on_broken=on_broken)
    from hookwright.store.sqlite import SqliteHistory, SqliteStore

    work = await asyncio.to_thread(SqliteStore.open, place, retention=retention, on_broken=on_broken)
    return Store(work, work, SqliteHistory(place))
