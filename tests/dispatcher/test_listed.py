"""How the admin port writes a long list: in turns, between which others go on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from hookwright.api.admin import Answer, DeadGroup
from hookwright.dispatcher.ports.admin_http import listed
from hookwright.limits import ADMIN_SLICE_SECONDS


async def test_others_go_on_while_a_list_is_made() -> None:
    """Each item here takes a whole turn, so there is another one's turn after each of them, though little is written."""
    group = DeadGroup(webhook="team/hook", reason="Gone", count=1, message="", newest="", oldest="")
    turns: list[int] = []
    made = 0

    def items() -> Iterator[Answer]:
        nonlocal made
        for _ in range(5):
            end = time.monotonic() + ADMIN_SLICE_SECONDS
            while time.monotonic() < end:
                pass
            made += 1
            yield group

    async def others() -> None:
        while made < 5:
            turns.append(made)
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    pieces = [piece async for piece in listed(items(), next=None).body_iterator]  # type: ignore[attr-defined]
    await other
    assert turns == [1, 2, 3, 4]
    assert len(pieces) == 1
