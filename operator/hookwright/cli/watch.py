"""Says when something in a folder of manifests has changed.

The system's notices make it quick, a look at the files makes it sure: a folder that is moved away and made anew,
a link whose target changes, a file system without notices. Must not: read manifests, decide what a change means.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from pathlib import Path
from time import monotonic
from typing import Final

from watchfiles import awatch

from hookwright.cli.manifests import manifest_files
from hookwright.errors import UsageError

_LOOK_SECONDS: Final = 1.0  # between two looks without a notice
_LOOK_SHARE: Final = (
    0.02  # of the time that looks may take: a folder of very many files is looked at less often
)

Look = frozenset[tuple[str, int, int, int]]
"""Name, inode, size and time of the last change of every file: what it looks like without reading it."""


def look(folder: Path) -> Look:
    """The files of a folder as they are now; of a missing folder none."""
    found = set()
    with suppress(UsageError):
        for file in manifest_files([folder]):
            with suppress(OSError):
                stat = os.stat(file)
                found.add((str(file), stat.st_ino, stat.st_size, stat.st_ctime_ns))
    return frozenset(found)


async def changes(folder: Path, seen: Look) -> AsyncGenerator[None, None]:
    """Yields each time the folder is there and looks other than `seen`, later other than at the last yield."""
    while True:
        opened = _inode(folder)
        async with aclosing(_notices(folder)) as notices:
            async for _ in notices:
                now = await asyncio.to_thread(look, folder)
                present = _inode(folder)
                if now != seen and present is not None:
                    seen = now
                    yield
                if present != opened:
                    break  # another folder by this name: the notices are of the old one


async def _notices(folder: Path) -> AsyncGenerator[None, None]:
    """Yields at once, then when the system says so and from time to time; ends when there is no such folder."""
    began = monotonic()
    yield
    earliest = monotonic() + (monotonic() - began) / _LOOK_SHARE
    try:
        async with aclosing(
            awatch(
                folder, debounce=150, step=50, rust_timeout=int(_LOOK_SECONDS * 1000), yield_on_timeout=True
            )
        ) as ticks:
            async for noticed in ticks:
                if noticed or monotonic() >= earliest:
                    began = monotonic()
                    yield
                    earliest = monotonic() + (monotonic() - began) / _LOOK_SHARE
    except OSError:
        await asyncio.sleep(_LOOK_SECONDS)


def _inode(folder: Path) -> int | None:
    try:
        return folder.stat().st_ino if folder.is_dir() else None
    except OSError:
        return None
