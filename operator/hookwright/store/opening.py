"""Opens the store that a dispatcher works on: the one place that says which implementation that is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from hookwright.store.port import Retention, Store
from hookwright.store.sqlite import SqliteHistory, SqliteStore
from hookwright.store.sqlite.space import FreeSpace
from hookwright.store.sqlite.writer import end_process


async def open_store(
    folder: Path,
    *,
    retention: Retention,
    free_space: FreeSpace | None = None,
    on_broken: Callable[[str], None] = end_process,
) -> Store:
    """Open or make the store in a data folder, without holding up the event loop.

    `free_space` gives free and total bytes (default: of the folder's disk); `on_broken` is called with one
    sentence when the process must end. Raises StoreFull while there is no space (nothing stays open, nothing half
    made: call again), StoreLocked, StoreDamaged, or StoreError if it cannot be opened at all.
    """
    work = await asyncio.to_thread(
        SqliteStore.open, folder, retention=retention, free_space=free_space, on_broken=on_broken
    )
    return Store(work, work, SqliteHistory(folder))
