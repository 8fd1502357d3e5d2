"""When a folder may have changed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path

from hookwright.dispatcher.configuration.folder_changes import folder_changes


async def test_a_notice_comes_and_so_does_the_time(tmp_path: Path) -> None:
    """True for a file that is written, False when nothing happens."""
    came: set[bool] = set()
    async with asyncio.timeout(30), aclosing(folder_changes(tmp_path)) as ticks:
        async for noticed in ticks:
            came.add(noticed)
            if came == {True, False}:
                break
            (tmp_path / "file").write_text("")


async def test_a_folder_that_is_made_anew_is_noticed(tmp_path: Path) -> None:
    """The notices are those of the folder that has the name now."""
    folder = tmp_path / "folder"
    folder.mkdir()
    async with asyncio.timeout(30), aclosing(folder_changes(folder)) as ticks:
        await anext(ticks)
        os.rename(folder, tmp_path / "away")
        folder.mkdir()
        await anext(ticks)
        while not await anext(ticks):
            (folder / "file").write_text("")


async def test_a_folder_that_is_not_there_is_looked_for(tmp_path: Path) -> None:
    """The reason is told once, however often it is looked at."""
    told: list[tuple[Path, str]] = []
    folder = tmp_path / "missing"
    async with (
        asyncio.timeout(30),
        aclosing(folder_changes(folder, lambda *said: told.append(said))) as ticks,
    ):
        assert [await anext(ticks) for _ in range(3)] == [False] * 3
    assert told == [(folder, "No such file or directory")]


LOOKS = """
import asyncio, sys
from pathlib import Path
from hookwright.dispatcher.configuration.folder_changes import folder_changes

async def look():
    await asyncio.to_thread(Path.cwd)
    before = set(sys.modules)
    await anext(folder_changes(Path(sys.argv[1])))
    print(sorted(set(sys.modules) - before))

asyncio.run(look())
"""


def test_the_first_look_loads_no_modules(tmp_path: Path) -> None:
    """The loop would stand still meanwhile; they are loaded before it runs."""
    looked = subprocess.run(
        [sys.executable, "-c", LOOKS, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert looked.stdout == "[]\n"
