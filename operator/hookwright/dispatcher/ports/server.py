"""A listening socket: uvicorn's HTTP/1.1 protocol with the bounds it lacks.

Adds a cap on header bytes, one deadline for receiving a whole request, and a cap on connections, so that a client
that drips or hoards costs only itself. Must not know what is served.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
from time import monotonic
from typing import Any

import orjson
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from hookwright.errors import UsageError
from hookwright.limits import (
    INGEST_CONNECTIONS,
    INGEST_HEADER_BYTES,
    INGEST_KEEP_ALIVE_SECONDS,
    INGEST_REQUEST_SECONDS,
)

_SWEEP_SECONDS = 1.0


# `Upgrade: h2c`, which clients of Java offer with a POST, would make the parser end the request before its body. Under
# another name of the same length it is ignored, as RFC 9110 section 7.8 allows; no JSON text holds such a line.
_UPGRADE = re.compile(rb"(?<=\r\n)upgrade(?=[ \t]*:)", re.IGNORECASE)


def _refusal(status: str, sentence: str) -> bytes:
    number, _, title = status.partition(" ")
    body = orjson.dumps({"title": title, "status": int(number), "detail": sentence})
    return (
        f"HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    ).encode() + body


class _Answer:
    """The transport as one answer sees it: the head waits for what follows, since each write is a system call."""

    __slots__ = ("_head", "_transport", "is_closing")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self.is_closing = transport, transport.is_closing
        self._head: bytes | None = None

    def write(self, data: bytes) -> None:
        if self._head is None and not data.startswith(b"HTTP/1.1 100 "):
            self._head = data
        else:
            head, self._head = self._head or b"", b""
            self._transport.write(head + data)

    def flush(self) -> None:
        """To HEAD nothing follows."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        self.flush()
        self._transport.close()


class BoundedProtocol(HttpToolsProtocol):
    """One connection.

    `receiving_since` is the monotonic time since when a request is being received, `idle_since` that of the last
    answer; each is None while it does not hold. `Listener` ends what is too old: a timer per request costs more.
    """

    receiving_since: float | None = None
    idle_since: float | None = None
    header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.receiving_since = monotonic()
        if len(self.connections) > INGEST_CONNECTIONS:
            self.refuse("503 Service Unavailable", "Too many connections; close idle ones and try again.")

    def refuse(self, status: str, sentence: str) -> None:
        """Answer once and close."""
        if not self.transport.is_closing():
            self.transport.write(_refusal(status, sentence))
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(_UPGRADE.sub(b"ignored", data) if b"pgrade" in data else data)

    def send_400_response(self, msg: str) -> None:
        """What the parser cannot read."""
        self.refuse("400 Bad Request", "This is not a request of HTTP/1.1 as RFC 9112 has it.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.header_bytes = 0
        self.idle_since = None
        self.receiving_since = monotonic()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def _count(self, size: int) -> None:
        self.header_bytes += size
        if self.header_bytes > INGEST_HEADER_BYTES:
            self.refuse("431 Request Header Fields Too Large", "The headers are larger than 64 KiB.")

    def on_headers_complete(self) -> None:
        if not self.transport.is_closing():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self.cycle is not None and not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        self.receiving_since = None
        if self.cycle is not None and not self.transport.is_closing():
            super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answer = _Answer(self.transport)
        cycle.transport = self._answer  # type: ignore[assignment]
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        self._answer.flush()
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
        else:
            self.flow.resume_reading()
            self.idle_since = monotonic() if self.receiving_since is None else None


def _reason(error: OSError) -> str:
    number = error.errno or 0
    return os.strerror(number) if number > 0 else str(error.strerror)  # of a name there is no number


class Listener:
    """Serves one ASGI application on one address. `start` binds, `stop_accepting` and `close` end it.

    `keep_alive`: seconds after which an idle connection is closed.
    """

    def __init__(
        self, app: Any, host: str, port: int, *, keep_alive: float = INGEST_KEEP_ALIVE_SECONDS
    ) -> None:
        self._config = Config(
            app,
            http=BoundedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            interface="asgi3",
        )
        self._config.load()
        self._state = ServerState()
        self._host, self._port, self._keep_alive = host, port, keep_alive
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    def serve(self, app: Any) -> None:
        """Serve this application from now on, on open connections too."""
        self._config.loaded_app = app
        for connection in self._state.connections:
            assert isinstance(connection, BoundedProtocol)
            connection.app = app

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens; the real port when 0 was asked for."""
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    async def start(self) -> None:
        """Bind and serve, unless it does. Raises UsageError when the address cannot be had."""
        if self._server is not None:
            return
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: BoundedProtocol(self._config, self._state, {}, loop),
                self._host,
                self._port,
                backlog=2048,
            )
        except OSError as error:
            raise UsageError(
                f"{self._host}:{self._port} cannot be listened on ({_reason(error)}); name another address, or end "
                "the process that has it."
            ) from error
        for listening in self._server.sockets:
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sweeper = loop.call_later(_SWEEP_SECONDS, self._sweep)

    def _sweep(self) -> None:
        now = monotonic()
        for connection in list(self._state.connections):
            assert isinstance(connection, BoundedProtocol)
            receiving, idle = connection.receiving_since, connection.idle_since
            if receiving is not None and now - receiving > INGEST_REQUEST_SECONDS:
                connection.refuse("408 Request Timeout", "The request was not complete within 30 s.")
            elif idle is not None and now - idle > self._keep_alive:
                connection.transport.close()
        self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep)

    def stop_accepting(self) -> None:
        """Take no new connection; requests under way end, idle connections close."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._state.connections):
            connection.shutdown()

    async def close(self, timeout: float = 2.0) -> None:
        """Stop accepting and wait up to `timeout` seconds for requests under way."""
        self.stop_accepting()
        if self._state.tasks:
            await asyncio.wait(list(self._state.tasks), timeout=timeout)
        for connection in list(self._state.connections):
            if connection.transport is not None:
                connection.transport.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
