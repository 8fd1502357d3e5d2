"""The listening socket, spoken to by plain sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hookwright.dispatcher.server import Listener

REQUEST = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Answers `hello`; the path /slow lets more time pass than an idle connection has."""
    if scope["path"] == "/slow":
        await asyncio.sleep(2.5)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


@pytest.fixture
async def connection() -> AsyncIterator[Connection]:
    """To a listener that closes idle connections soon."""
    listener = Listener(hello, "127.0.0.1", 0, keep_alive=0.5)
    await listener.start()
    reader, writer = await asyncio.open_connection(*listener.address)
    yield reader, writer
    writer.close()
    await listener.close()


async def test_an_idle_connection_is_closed(connection: Connection) -> None:
    """After its answer, without a word."""
    reader, writer = connection
    writer.write(REQUEST)
    answer = await asyncio.wait_for(reader.read(), 20)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nhello")


async def test_a_connection_with_a_request_is_not_idle(connection: Connection) -> None:
    """Neither while its answer takes long, nor though an answer went before or another request waits behind."""
    reader, writer = connection
    slow = REQUEST.replace(b"/", b"/slow", 1)
    writer.write(REQUEST)
    await asyncio.wait_for(reader.readuntil(b"hello"), 20)
    writer.write(slow + REQUEST)
    answers = await asyncio.wait_for(reader.read(), 20)
    assert answers.count(b"hello") == 2
