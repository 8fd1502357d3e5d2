"""Keeps something up with a folder of manifests, whatever happens to the folder, the system or the change.

Must not: read manifests, decide what a change means, or end unseen: what fails is told and tried again.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path
from time import monotonic

from hookwright.cli.manifests import manifest_files
from hookwright.dispatcher.configuration.folder_changes import folder_changes
from hookwright.errors import HookwrightError, UsageError
from hookwright.limits import FOLDER_AGAIN_SECONDS, FOLDER_LOOK_SECONDS, FOLDER_LOOK_SHARE

Look = frozenset[tuple[str, int, int, int]]
"""Name, inode, size and time of the last change of every file: what it looks like without reading it."""


def look(folder: Path) -> Look | None:
    """The files of a folder as they are now; None when there is no such folder."""
    if not folder.is_dir():
        return None
    found = set()
    with suppress(UsageError):
        for file in manifest_files([folder]):
            with suppress(OSError):
                stat = os.stat(file)
                found.add((str(file), stat.st_ino, stat.st_size, stat.st_ctime_ns))
    return frozenset(found)


async def follow(
    folder: Path,
    seen: Look | None,
    take: Callable[[], Awaitable[None]],
    tell: Callable[[str], None],
    again: float = FOLDER_AGAIN_SECONDS,
) -> None:
    """Call `take` whenever the folder is there and looks other than `seen`, later than at the last time; never ends.

    What `take` fails with is told in one sentence, once; it is called again after `again` seconds, or a change.
    """
    earliest, told = 0.0, ""
    async with aclosing(folder_changes(folder, partial(_tell_unnoticed, tell))) as ticks:
        async for noticed in ticks:
            began = monotonic()
            if not noticed and began < earliest:
                continue
            pause = 0.0
            try:
                now = await asyncio.to_thread(look, folder)
                if now is not None and now != seen:
                    await take()
                    seen = now
                told = ""
            except Exception as error:
                reason = str(error) if isinstance(error, HookwrightError | OSError) else repr(error)
                if reason != told:
                    tell(f"{folder}: the change is not fully in force ({reason}); it is tried again.")
                seen, told, pause = None, reason, again
            earliest = monotonic() + max(pause, (monotonic() - began) / FOLDER_LOOK_SHARE)


def _tell_unnoticed(tell: Callable[[str], None], folder: Path, reason: str) -> None:
    tell(
        f"{folder}: the system gives no notice of changes ({reason}); "
        f"it is looked at every {FOLDER_LOOK_SECONDS:g} s instead."
    )
