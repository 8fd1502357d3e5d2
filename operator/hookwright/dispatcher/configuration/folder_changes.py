"""Says when a folder may have changed: by the system's notices, and in any case from time to time.

Notices make it quick, the time makes it sure: a folder that is moved away and made anew, a link whose target changes,
a node that has no inotify instance left. Must not: look at files, decide what a change is, or ever end by itself.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import anyio._backends._asyncio  # noqa: F401 - else the first look would load it on the loop, for 40 ms
import structlog
from watchfiles import awatch

from hookwright.limits import FOLDER_BLIND_LOOKS, FOLDER_LOOK_SECONDS

log = structlog.get_logger()
logging.getLogger("watchfiles").setLevel(logging.WARNING)


def log_unnoticed(folder: Path, reason: str) -> None:
    """A log line for a folder without notices."""
    log.warning("watch.notices_unavailable", folder=str(folder), reason=reason)


async def folder_changes(
    folder: Path, tell: Callable[[Path, str], None] = log_unnoticed
) -> AsyncGenerator[bool, None]:
    """Yields True after a notice, False when only `FOLDER_LOOK_SECONDS` have passed since the last yield.

    Where the system gives no notices (the folder is away, no inotify instance or watch is left), `tell` is called
    once with the folder and the reason, and notices are asked for again every `FOLDER_BLIND_LOOKS`.
    """
    told = False
    while True:
        try:
            async with aclosing(_noticed(folder)) as ticks:
                async for noticed in ticks:
                    told = False
                    yield noticed
        except Exception as error:  # of watchfiles' library, or of the system
            if not told:
                tell(folder, getattr(error, "strerror", None) or str(error))
            told = True
        else:
            continue
        for _ in range(FOLDER_BLIND_LOOKS):
            await asyncio.sleep(FOLDER_LOOK_SECONDS)
            yield False


async def _noticed(folder: Path) -> AsyncGenerator[bool, None]:
    """Ends when another folder has this name: the notices are of the old one. Raises whatever watchfiles does."""
    opened = await asyncio.to_thread(folder.stat)
    pause = int(FOLDER_LOOK_SECONDS * 1000)
    async with aclosing(
        awatch(folder, debounce=150, step=50, rust_timeout=pause, yield_on_timeout=True)
    ) as ticks:
        async for changes in ticks:
            yield bool(changes)
            if not os.path.samestat(await asyncio.to_thread(folder.stat), opened):
                return
