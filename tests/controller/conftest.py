"""What tests of the controller begin with: no settings from outside, and a controller over a cluster in memory."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from controller.running import NAMESPACE, Running


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> Iterator[None]:
    kept = {name: value for name, value in os.environ.items() if name.startswith("HOOKWRIGHT_")}
    for name in kept:
        del os.environ[name]
    yield
    os.environ.update(kept)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """A controller and a dispatcher that are not started yet."""
    world = Running(tmp_path)
    world.cluster.apply(NAMESPACE)
    yield world
    await world.close()
