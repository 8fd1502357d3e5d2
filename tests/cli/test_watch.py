"""How `dev` keeps up with its folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hookwright.cli.watch import follow, look
from hookwright.errors import ConfigurationError


async def test_a_change_that_fails_is_told_once_and_taken_again(tmp_path: Path) -> None:
    """Whatever is raised, the folder is still followed: until the change is in force, and after it."""
    outcomes = [
        *(ConfigurationError("It is too large."), ConfigurationError("It is too large.")),
        *(ValueError("unforeseen"), None, ConfigurationError("It is too large."), None),
    ]
    left, told, done = iter(outcomes), [], asyncio.Event()
    seen = look(tmp_path)
    (tmp_path / "one.yaml").write_text("")

    async def take() -> None:
        outcome = next(left)
        if outcome is not None:
            raise outcome
        if next(iter(tmp_path.glob("two.yaml")), None):
            done.set()
        (tmp_path / "two.yaml").write_text("")

    following = asyncio.create_task(follow(tmp_path, seen, take, told.append, again=0))
    await asyncio.wait_for(done.wait(), 60)
    following.cancel()
    sentence = f"{tmp_path}: the change is not fully in force (%s); it is tried again."
    reasons = ["It is too large.", "ValueError('unforeseen')", "It is too large."]
    assert told == [sentence % reason for reason in reasons]


async def test_a_folder_that_is_away_changes_nothing(tmp_path: Path) -> None:
    """What was in force stays until a folder of that name is there again."""
    folder, taken, told = tmp_path / "folder", asyncio.Event(), asyncio.Event()
    folder.mkdir()
    (folder / "one.yaml").write_text("")
    seen = look(folder)
    folder.rename(tmp_path / "away")

    async def take() -> None:
        assert folder.is_dir()
        taken.set()

    following = asyncio.create_task(follow(folder, seen, take, lambda _: told.set()))
    await asyncio.wait_for(told.wait(), 60)
    assert not taken.is_set()
    folder.mkdir()
    await asyncio.wait_for(taken.wait(), 60)
    following.cancel()
