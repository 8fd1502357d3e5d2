"""One request as an ASGI application sees it, and its answer on the way to the connection.

It is uvicorn's cycle with what an event costs in mind: the head of an answer waits for what follows, as each write is a
system call, and nobody waits for a body that is there. Must not: read requests, know what is served, close anything.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, MutableMapping, Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol

from uvicorn.protocols.http.flow_control import FlowControl

_STATUS_LINES: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
_BODILESS: Final = (204, 304)
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_FAILED: Final = [(b"content-type", b"text/plain"), (b"content-length", b"21"), (b"connection", b"close")]

_log = logging.getLogger("uvicorn.error")


class Answering(Protocol):
    """The connection of a request."""

    transport: asyncio.Transport
    flow: FlowControl

    def answered(self) -> None:
        """The answer is written, to its end."""

    def close_behind(self) -> None:
        """Nothing follows what is written."""


class Cycle:
    """`expects`: the client waits to be asked for its body; `keep_alive`: the connection may go on after the answer."""

    __slots__ = (
        "_chunked", "_connection", "_expects", "_head", "_left", "_news", "_parts", "_scope", "_waiter", "complete",
        "disconnected", "keep_alive", "more_body", "started", "unread",
    )  # fmt: skip

    def __init__(
        self, scope: MutableMapping[str, Any], connection: Answering, *, expects: bool, keep_alive: bool
    ) -> None:
        self._scope, self._connection = scope, connection
        self._expects, self.keep_alive = expects, keep_alive
        self._parts: list[bytes] = []
        self.unread = 0
        """Bytes of the body that came and were not asked for yet."""
        self.more_body = True
        self.disconnected = self.started = self.complete = False
        self._news = False
        self._waiter: asyncio.Future[None] | None = None
        self._head = b""
        """Of the answer, as long as it is not written."""
        self._chunked, self._left = False, 0

    # --- the connection's side ---------------------------------------------------------------------

    def take(self, body: bytes) -> None:
        """A part of the body came."""
        self._parts.append(body)
        self.unread += len(body)
        self._tell()

    def end(self) -> None:
        """The body came to its end."""
        self.more_body = False
        self._tell()

    def disconnect(self) -> None:
        """Nobody waits for the answer any more."""
        self.disconnected = True
        self._tell()

    def _tell(self) -> None:
        self._news = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def run(self, app: Any) -> None:
        """Have the application answer."""
        try:
            await app(self._scope, self.receive, self.send)
            if not self.complete and not self.disconnected:
                raise RuntimeError("the application did not answer to the end")
        except BaseException as error:
            _log.error("Exception in ASGI application", exc_info=error)
            await self._fail()

    async def _fail(self) -> None:
        if self.started and not self._head:
            if not self.complete:
                self._connection.close_behind()
            return
        self.started = self._chunked = False
        await self.send({"type": "http.response.start", "status": 500, "headers": _FAILED})
        await self.send({"type": "http.response.body", "body": b"Internal Server Error"})

    # --- the application's side ----------------------------------------------------------------------

    async def receive(self) -> dict[str, Any]:
        """What came of the body, as soon as something did."""
        connection = self._connection
        if self._expects and not connection.transport.is_closing():
            connection.transport.write(_CONTINUE)
        self._expects = False
        if self.more_body:
            connection.flow.resume_reading()
        while not (self._news or self.disconnected or self.complete):
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self.disconnected or self.complete:
            return {"type": "http.disconnect"}
        body = b"".join(self._parts)
        self._parts, self.unread, self._news = [], 0, False
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def send(self, message: Mapping[str, Any]) -> None:
        """A part of the answer: its head, then its body in one piece or several."""
        flow = self._connection.flow
        if flow.write_paused and not self.disconnected:
            await flow.drain()
        if self.disconnected:
            return
        if not self.started:
            self._begin(message["status"], message["headers"])
        elif not self.complete:
            self._write(message.get("body", b""), more=message.get("more_body", False))

    def _begin(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        length: bytes | None = None
        lines = [_STATUS_LINES[status]]
        for name, value in headers:
            if name == b"content-length":
                length = value
            elif name == b"connection":  # to be closed: nothing else is said of it
                self.keep_alive = False
                continue
            lines.append(b"%b: %b\r\n" % (name, value))
        if length is not None:
            self._left = int(length)
        elif status not in _BODILESS and self._scope["method"] != "HEAD":
            self._chunked = True
            lines.append(b"transfer-encoding: chunked\r\n")
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
        head = b"".join(lines)
        if not head.count(b"\r") == head.count(b"\n") == len(lines):
            raise RuntimeError("a header of an answer holds a line break")
        self._head, self.started, self._expects = head + b"\r\n", True, False

    def _write(self, body: bytes, *, more: bool) -> None:
        if self._scope["method"] == "HEAD":
            body, self._left = b"", 0
        elif self._chunked:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"" if more else b"0\r\n\r\n")
        else:
            self._left -= len(body)
            if self._left < 0 or (self._left and not more):
                raise RuntimeError("an answer has another length than its head says")
        if self._head or body:
            head, self._head = self._head, b""
            self._connection.transport.write(head + body)
        if not more:
            self.complete = True
            self._connection.answered()
            if self._waiter is not None:
                self._tell()
