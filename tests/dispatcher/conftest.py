"""Fixtures of the admin port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
import uvloop

from admin_backend import MemoryBackend, dead_letter, delivery, invocation, view
from admin_port import Clients


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop of the product, beside the usual one where sockets are spoken to byte by byte."""
    usual: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    return {**usual, "uvloop": uvloop.new_event_loop} if item.path.name == "test_server.py" else usual


@pytest.fixture
def backend() -> MemoryBackend:
    """Two webhooks, three invocations, one dead letter."""
    return MemoryBackend(
        views=[view("ops/jira", active=False), view("shop/slack")],
        history=[
            invocation("dlv_3.1", "ops/jira", friendly_id="AR-7"),
            invocation("dlv_2.1", result="Rejected"),
            invocation("dlv_1.1", kind="Manual"),
        ],
        dead=[dead_letter("dlv_2")],
        deliveries=[delivery("dlv_1")],
    )


@pytest.fixture
def client(backend: MemoryBackend, tmp_path: Path) -> Clients:
    """A maker of clients."""
    return Clients(backend, tmp_path / "token")


@pytest.fixture
async def admin(client: Clients) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the token."""
    async with client() as http:
        yield http
