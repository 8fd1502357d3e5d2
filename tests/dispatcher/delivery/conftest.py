"""Fixtures of the delivery room: its loop's time is virtual."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from dispatcher.delivery.parts import Room
from dispatcher.delivery.virtual import VirtualLoop


def pytest_asyncio_loop_factories() -> dict[str, type[asyncio.AbstractEventLoop]]:
    """Loops whose time is virtual."""
    return {"virtual": VirtualLoop}


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    """A delivery room with an empty store and a target that takes everything."""
    room = Room()
    yield room
    room.disk.space.set()
    room.disk.trouble = None
    await room.lanes.drain(0)
    room.lanes.close()
    await room.background.close()
