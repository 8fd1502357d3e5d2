"""The environment of whoever runs the tests is none of a controller's settings."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> Iterator[None]:
    kept = {name: value for name, value in os.environ.items() if name.startswith("HOOKWRIGHT_")}
    for name in kept:
        del os.environ[name]
    yield
    os.environ.update(kept)
