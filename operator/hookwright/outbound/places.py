"""Waiting for a place of `core.shares`, in order and without holding up others.

Must not: decide whose turn it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hookwright.core.shares import Shares


@asynccontextmanager
async def place(
    shares: Shares,
    webhook: str,
    most: int | None = None,
    *,
    places: int = 1,
    seconds: float | None = None,
) -> AsyncIterator[None]:
    """A place for the block, as soon as there is one for this webhook (`namespace/name`); `most`, `places` as in `Shares`.

    After so many `seconds` it is given back, whatever the block still does.
    """
    if not shares.take(webhook, most, places=places):
        await _granted(shares, webhook, most, places)
    held = True

    def give_back() -> None:
        nonlocal held
        if held:
            held = False
            shares.give_back(webhook, places)

    timer = None if seconds is None else asyncio.get_running_loop().call_later(seconds, give_back)
    try:
        yield
    finally:
        if timer is not None:
            timer.cancel()
        give_back()


async def _granted(shares: Shares, webhook: str, most: int | None, places: int) -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def granted() -> bool:
        if future.done():
            return False
        future.set_result(None)
        return True

    shares.wait(webhook, granted, most, places=places)
    try:
        await future
    except asyncio.CancelledError:
        if not future.cancelled():  # it came just then
            shares.give_back(webhook, places)
        raise
