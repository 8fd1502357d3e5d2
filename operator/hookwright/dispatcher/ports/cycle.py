"""One request as an ASGI application sees it, and its answer on the way to the connection.

It is uvicorn's cycle with what an event costs in mind: the head of an answer waits for what follows, as each write is a
system call, and nobody waits for a body that is there. Must not: read requests, know what is served, close anything.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, MutableMapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final, Protocol

from uvicorn.protocols.http.flow_control import FlowControl

_STATUS_LINES: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
_BODILESS: Final = (204, 304)
_END: Final = b"\r\n"  # of a head
_LAST: Final = b"connection: close\r\n\r\n"  # ... of the last answer
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_FAILED: Final = ((b"content-type", b"text/plain"),)
CYCLE: Final = "hookwright.cycle"
"""Under this name among the extensions of the scope: the cycle itself, for an application that asks and answers at once."""
Header = tuple[bytes, bytes]

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
    """`bare`: an answer has no body; `expects`: the client waits to be asked for its own; `keep_alive`: the connection may
    go on after the answer."""

    unread = 0
    """Bytes of the body that came and were not asked for yet."""
    more_body = True
    disconnected = started = complete = False
    _news = _chunked = False
    _left = 0
    _head = b""
    """Of the answer, as long as it is not written."""
    _waiter: asyncio.Future[None] | None = None

    def __init__(self, connection: Answering, *, bare: bool, expects: bool, keep_alive: bool) -> None:
        self._connection, self._bare = connection, bare
        self._expects, self.keep_alive = expects, keep_alive
        self._parts: list[bytes] = []

    # --- the connection's side ---------------------------------------------------------------------

    def take(self, body: bytes) -> None:
        """A part of the body came."""
        self._parts.append(body)
        self.unread += len(body)
        self._news = True
        if self._waiter is not None:
            self._wake()

    def end(self) -> None:
        """The body came to its end."""
        self.more_body = False
        self._news = True
        if self._waiter is not None:
            self._wake()

    def disconnect(self) -> None:
        """Nobody waits for the answer any more."""
        self.disconnected = True
        if self._waiter is not None:
            self._wake()

    def _wake(self) -> None:
        assert self._waiter is not None
        if not self._waiter.done():
            self._waiter.set_result(None)

    async def run(self, app: Any, scope: MutableMapping[str, Any]) -> None:
        """Have the application answer."""
        try:
            await app(scope, self.receive, self.send)
            if not self.complete and not self.disconnected:
                raise RuntimeError("the application did not answer to the end")
        except BaseException as error:
            _log.error("Exception in ASGI application", exc_info=error)
            self._fail()

    def _fail(self) -> None:
        if self.started and not self._head:
            if not self.complete:
                self._connection.close_behind()
            return
        self.started = self._chunked = False
        self.answer(500, _FAILED, b"Internal Server Error", close=True)

    # --- the application's side ----------------------------------------------------------------------

    def whole(self, limit: int) -> bytes | None:
        """The body, where all of it is there and it is not longer; None: it is to be received."""
        if self.more_body or self._expects or self.unread > limit or self.disconnected:
            return None
        body = b"".join(self._parts)
        self._parts, self.unread, self._news = [], 0, False
        return body

    def answer(self, status: int, headers: tuple[Header, ...], body: bytes, *, close: bool = False) -> None:
        """All of an answer, for which `send` takes two messages. `headers` lack its length; `close`: it is the last."""
        if self.disconnected or self.started:
            return
        self.started, self._expects = True, False
        if close:
            self.keep_alive = False
        end = _END if self.keep_alive else _LAST
        begin, content = _beginning(status, headers), b"" if self._bare else body
        self._connection.transport.write(b"%bcontent-length: %d\r\n%b%b" % (begin, len(body), end, content))
        self._completed()

    async def receive(self) -> dict[str, Any]:
        """What came of the body, as soon as something did."""
        connection = self._connection
        if self._expects and not connection.transport.is_closing():
            connection.transport.write(_CONTINUE)
            await connection.flow.drain()  # as an answer given at once waits for nothing
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

    def _begin(self, status: int, headers: Iterable[Header]) -> None:
        said = []
        length: bytes | None = None
        for name, value in headers:
            if name == b"content-length":
                length = value
            if name == b"connection":  # to be closed: nothing else is said of it
                self.keep_alive = False
            else:
                said.append((name, value))
        if length is not None:
            self._left = int(length)
        elif status not in _BODILESS and not self._bare:
            self._chunked = True
            said.append((b"transfer-encoding", b"chunked"))
        end = _END if self.keep_alive else _LAST
        self._head, self.started, self._expects = _head(status, said) + end, True, False

    def _write(self, body: bytes, *, more: bool) -> None:
        if self._bare:
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
            self._completed()

    def _completed(self) -> None:
        self.complete = True
        self._connection.answered()
        if self._waiter is not None:
            self._wake()


def _head(status: int, headers: Iterable[Header]) -> bytes:
    """Of an answer, but for its last line."""
    lines = [_STATUS_LINES[status], *[b"%b: %b\r\n" % header for header in headers]]
    head = b"".join(lines)
    if not head.count(b"\r") == head.count(b"\n") == len(lines):
        raise RuntimeError("a header of an answer holds a line break")
    return head


_beginning = lru_cache(maxsize=8)(_head)  # of answers in one call few kinds are common; a header may be long
