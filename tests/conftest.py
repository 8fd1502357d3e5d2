"""What all tests share. No fixtures: those stand beside the tests that use them."""

from __future__ import annotations

import asyncio
import signal

import pytest
from hypothesis import settings

settings.register_profile("ours", deadline=None, derandomize=True)  # the same everywhere, however busy
settings.load_profile("ours")


def pytest_configure(config: pytest.Config) -> None:
    """Leave the main thread without an event loop.

    On Python 3.11 pytest-asyncio would otherwise have one made on the side and never close it, which ends
    some later test with a ResourceWarning.
    """
    asyncio.set_event_loop(None)
    # a shell's job in the background has its children ignore Ctrl-C, by which some of the programs here are ended
    signal.signal(signal.SIGINT, signal.default_int_handler)
