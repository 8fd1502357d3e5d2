"""The listening socket, spoken to by plain sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hookwright.dispatcher.ports.server import Listener

REQUEST = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Answers `hello`, or four bytes of the request; the path /slow lets more time pass than an idle connection has."""
    body = b"hello"
    if scope["path"] == "/slow":
        await asyncio.sleep(2.5)
    elif scope["path"] == "/echo":
        body = (await receive())["body"] + b"!"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": body})


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
    assert answer == b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"


async def test_a_connection_with_a_request_is_not_idle(connection: Connection) -> None:
    """Neither while its answer takes long, nor though an answer went before or another request waits behind."""
    reader, writer = connection
    slow = REQUEST.replace(b"/", b"/slow", 1)
    writer.write(REQUEST)
    await asyncio.wait_for(reader.readuntil(b"hello"), 20)
    writer.write(slow + REQUEST)
    answers = await asyncio.wait_for(reader.read(), 20)
    assert answers.count(b"hello") == 2


async def test_head_gets_the_head_alone(connection: Connection) -> None:
    """And the connection goes on."""
    reader, writer = connection
    writer.write(REQUEST.replace(b"GET", b"HEAD") + REQUEST)
    answers = await asyncio.wait_for(reader.read(), 20)
    assert answers == 2 * b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n" + b"hello"


async def test_a_client_that_waits_to_be_asked_is_asked(connection: Connection) -> None:
    """`Expect: 100-continue` is answered before there is a body."""
    reader, writer = connection
    writer.write(b"POST /echo HTTP/1.1\r\nhost: here\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"HTTP/1.1 100 Continue\r\n\r\n"), 20)
    writer.write(b"body")
    assert (await asyncio.wait_for(reader.read(), 20)).endswith(b"\r\n\r\nbody!")
