"""One connection of a port: HTTP/1.1 by httptools, one request at a time, within bounds.

A head is parsed once it is whole, its body when the application asks for it, and what stands behind it when it is
answered: until then nothing is read but what one buffer holds. An answer that comes before its body is through is
followed by reading the rest away, for a while, as a close would take the answer with it. Must not: know what is served.
"""

from __future__ import annotations

import asyncio
import re
from functools import lru_cache
from time import monotonic
from typing import Any, Final
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.utils import get_local_addr, get_remote_addr

from hookwright.dispatcher.ports.answers import BAD, CROWDED, FULL, LATE, TOO_LARGE, TOO_MANY
from hookwright.dispatcher.ports.crowd import Crowd, Guest, Memory
from hookwright.dispatcher.ports.cycle import CYCLE, Cycle
from hookwright.limits import (
    INGEST_BODY_READ_BYTES,
    INGEST_DRAIN_BYTES,
    INGEST_HEADER_BYTES,
    INGEST_HEADERS,
    INGEST_READ_BYTES,
    INGEST_REQUEST_SECONDS,
    INGEST_SKIP_BYTES,
)

# What comes next: a head, a body of known length, chunks, nothing until the answer is sent, nothing any more.
_HEAD, _BODY, _CHUNKS, _ANSWER, _END = range(5)

_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}
_END_OF_HEAD: Final = b"\r\n\r\n"  # and of chunks: nothing else ends a request that has no length

# All connections read into one buffer: what came is taken out of it before the next one reads.
_BODY_BUFFER: Final = memoryview(bytearray(INGEST_BODY_READ_BYTES))
_HEAD_BUFFER: Final = _BODY_BUFFER[:INGEST_READ_BYTES]

# `Upgrade: h2c`, which clients of Java offer with a POST, would make the parser end the request before its body. Under
# another name of the same length it is ignored, as RFC 9110 section 7.8 allows.
_UPGRADE: Final = re.compile(rb"(?<=\r\n)upgrade(?=[ \t]*:)", re.IGNORECASE)


class Connection(Guest, asyncio.BufferedProtocol):
    """`app` is the ASGI application of the next request; `tasks` holds those that outlive their connection or request."""

    transport: asyncio.Transport
    flow: FlowControl
    _parser: httptools.HttpRequestParser
    _cycle: Cycle | None = None
    task: asyncio.Task[None] | None = None
    """In which the latest request is answered."""
    _read = 0  # bytes of the request so far
    _left = 0  # bytes of a body
    _tail = b""  # of the chunks so far: too short to be an end
    _bare = 0  # bytes of chunks since one of a body
    _drained, _last = 0, False
    _receiving_since: float | None = None  # monotonic, as the next two
    _idle_since: float | None = None
    _unread_since: float | None = None

    def __init__(
        self, app: Any, crowd: Crowd[Connection], memory: Memory, tasks: set[asyncio.Task[None]]
    ) -> None:
        super().__init__(memory)
        self.app, self._crowd, self._tasks = app, crowd, tasks
        self._loop = asyncio.get_running_loop()
        self._rest = b""
        self._next = _HEAD

    # --- the transport's side ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport, self.flow = transport, FlowControl(transport)
        self._server, self._client = get_local_addr(transport), get_remote_addr(transport)
        self._parser = httptools.HttpRequestParser(self)
        if self._crowd.enter(self):
            self._receiving_since = monotonic()
            self.move(self._crowd.silent)
        else:
            self._refuse(CROWDED)

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.all.discard(self)
        self._crowd.unread.pop(self, None)
        self.move(None)
        self._next, self._rest = _END, b""
        self.hold(0)
        self._abandon()
        self._cycle = None  # which refers to this, as the parser does
        self.flow.resume_writing()
        del self._parser
        if self.task is not None:
            self._outlives(self.task)

    def get_buffer(self, sizehint: int) -> memoryview:
        return _HEAD_BUFFER if self._next in (_HEAD, _ANSWER) else _BODY_BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        if self._next == _END:
            self._drained += nbytes
            if self._drained > INGEST_DRAIN_BYTES:
                self.transport.abort()
        else:
            self._rest += _BODY_BUFFER[:nbytes]
            self._advance()

    def pause_writing(self) -> None:
        """The client does not read: its answer is held, or where that is too much, another's that waits longer dropped."""
        self.flow.pause_writing()
        self._unread_since = monotonic()
        size = self.held + self.transport.get_write_buffer_size()
        unread = self._crowd.unread
        while not self.hold(size) and unread:
            next(iter(unread)).give_up()
        if self.held == size:
            unread[self] = None
        else:
            self.give_up()

    def resume_writing(self) -> None:
        self.flow.resume_writing()
        self._unread_since = None
        self._crowd.unread.pop(self, None)
        if self._next in (_HEAD, _END):
            self.hold(0)
        if self._next == _HEAD:
            self.flow.resume_reading()
            self._advance()

    # --- requests, one at a time -----------------------------------------------------------------

    def _advance(self) -> None:
        """Parse what has come, up to the end of one request; what stands behind it waits for the answer."""
        began = False
        while self._rest and not self.flow.write_paused:
            if self._next == _HEAD:
                if not self._feed_head():
                    break
                began = True
            elif self._next == _BODY:
                self._feed_body()
            elif self._next == _CHUNKS:
                self._feed_chunks()
            else:
                break
        if self._next in (_BODY, _CHUNKS):
            self._receiving_since = self._receiving_since or monotonic()
            if began:
                self.flow.pause_reading()  # until the application asks for the body
        elif self._rest and self._next != _END:
            if self._next == _HEAD and not self.flow.write_paused:
                self._coming()
            else:
                self.flow.pause_reading()

    def _coming(self) -> None:
        """A part of a head is there."""
        self._receiving_since = self._receiving_since or monotonic()
        self._idle_since = None
        self.move(self._crowd.coming)

    def _feed_head(self) -> bool:
        """Parse a head, if it is whole. Empty lines before it count as nothing (RFC 9112, section 2.2)."""
        if self._rest[0] in b"\r\n":
            self._rest = self._rest.lstrip(b"\r\n")
        end = self._rest.find(_END_OF_HEAD)
        head = self._rest if end < 0 else self._rest[: end + len(_END_OF_HEAD)]
        if len(head) > INGEST_HEADER_BYTES:
            self._refuse(TOO_LARGE)
        elif head.count(b"\n") > INGEST_HEADERS + 2:
            self._refuse(TOO_MANY)
        elif head and not b"A" <= head[:1] <= b"Z":
            self._refuse(BAD)
        elif not self.hold(len(self._rest)):
            self._refuse(FULL)
        elif end >= 0:
            self._read = len(head)
            self._rest = self._rest[len(head) :]
            self._feed(_UPGRADE.sub(b"ignored", head) if b"pgrade" in head.lower() else head)
            if self._next == _HEAD:
                self._refuse(BAD)
            return True
        return False

    def _feed_body(self) -> None:
        piece, self._rest = self._rest[: self._left], self._rest[self._left :]
        self._left -= len(piece)
        self._feed(piece)

    def _feed_chunks(self) -> None:
        """Up to the next place where the request may end: the parser reads no byte of the one behind it."""
        end = (self._tail + self._rest).find(_END_OF_HEAD)
        cut = len(self._rest) if end < 0 else end + len(_END_OF_HEAD) - len(self._tail)
        piece, self._rest = self._rest[:cut], self._rest[cut:]
        self._tail = (self._tail + piece)[1 - len(_END_OF_HEAD) :]
        self._bare += len(piece)
        self._feed(piece)
        if self._bare > INGEST_HEADER_BYTES:
            self._refuse(TOO_LARGE)

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse(BAD)

    # --- the parser's side -------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._next != _HEAD:  # it was given one request: should it see another, there is no telling
            raise ValueError
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._left, self._chunked, self._expects = 0, False, False

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._next != _HEAD:
            return  # a trailer: nobody reads it
        name = name.lower()
        if name == b"content-length":
            self._left = int(value)
        elif name == b"transfer-encoding":
            self._chunked = True
        elif name == b"expect":
            self._expects = value.lower() == b"100-continue"
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Hand the request to the application. With much of its body to come, an early answer is the last."""
        parser = self._parser
        version = parser.get_http_version()
        method = parser.get_method().decode("ascii")
        path, raw_path, query = _target(self._url)
        self._keep = version != "1.0" and parser.should_keep_alive() and not self._last
        self._tail, self._bare = b"", 0
        self._next = _CHUNKS if self._chunked else _BODY
        self._idle_since = None
        self.move(None)
        last = self._expects or self._chunked or self._left > INGEST_SKIP_BYTES
        cycle = self._cycle = Cycle(
            self, bare=method == "HEAD", expects=self._expects, keep_alive=self._keep and not last
        )
        scope = {
            "type": "http", "asgi": _ASGI, "http_version": version, "server": self._server, "client": self._client,
            "scheme": "http", "root_path": "", "headers": self._headers, "method": method, "path": path,
            "raw_path": raw_path, "query_string": query, "extensions": {CYCLE: cycle},
        }  # fmt: skip
        if self.task is not None:
            self._outlives(self.task)
        self.task = self._loop.create_task(cycle.run(self.app, scope))

    def _outlives(self, task: asyncio.Task[None]) -> None:
        """Nobody else keeps this task any more."""
        if not task.done():
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def on_body(self, body: bytes) -> None:
        cycle = self._cycle
        assert cycle is not None
        self._bare = 0
        if cycle.complete or cycle.disconnected:
            return
        self._read += len(body)
        if self._read > self.held and not self.hold(self._read):
            self._refuse(FULL)
            return
        cycle.take(body)
        if cycle.unread > HIGH_WATER_LIMIT:
            self.flow.pause_reading()

    def on_message_complete(self) -> None:
        cycle = self._cycle
        assert cycle is not None
        self._receiving_since = None
        if self._next == _END:
            return
        if cycle.complete:
            self._between()
            return
        self._next = _ANSWER
        if not cycle.started:
            cycle.keep_alive = self._keep
        cycle.end()

    # --- answers -----------------------------------------------------------------------------------

    def answered(self) -> None:
        """See `cycle.Answering`."""
        cycle = self._cycle
        if self._next == _END or cycle is None or self.transport.is_closing():
            return
        if not cycle.keep_alive:
            self.close_behind()
            return
        if self._next == _ANSWER:
            self._between()
        self.flow.resume_reading()
        if self._rest:
            self._advance()

    def _between(self) -> None:
        """A request is through and answered."""
        self._next = _HEAD
        self._idle_since = monotonic()
        self.move(self._crowd.idle)
        if not self.flow.write_paused:
            self.hold(0)

    def _refuse(self, answer: bytes) -> None:
        """Answer in place of the application, once, and close."""
        if self._next == _END or self.transport.is_closing():
            return
        if (cycle := self._cycle) is not None and cycle.started and self._next != _HEAD:
            self.transport.abort()
            return
        self._abandon()
        self.transport.write(answer)
        self._drain()

    def _abandon(self) -> None:
        """The application is told that nobody waits for its answer."""
        if (cycle := self._cycle) is not None and not cycle.complete:
            cycle.disconnect()

    def close_behind(self) -> None:
        """See `cycle.Answering`."""
        if self._next == _ANSWER and not self._rest and not self.flow.read_paused:
            self.transport.close()
        else:
            self._drain()

    def _drain(self) -> None:
        """Read away what still comes until the client closes, as it may look for its answer only then."""
        self._next, self._rest, self._drained = _END, b"", 0
        self._receiving_since, self._idle_since = monotonic(), None
        self.move(self._crowd.silent)
        if not self.flow.write_paused:
            self.hold(0)
        self.transport.write_eof()
        self.flow.resume_reading()

    # --- the listener's side -------------------------------------------------------------------------

    def sweep(self, now: float, keep_alive: float) -> None:
        """End what takes too long: a timer for each request would cost more. `now`: monotonic."""
        received = self._receiving_since
        if _older(self._unread_since, now, INGEST_REQUEST_SECONDS):
            self.give_up()
        elif _older(received, now, INGEST_REQUEST_SECONDS):
            self.give_up() if self._next == _END else self._refuse(LATE)
        elif _older(self._idle_since, now, keep_alive):
            self.transport.close()

    def last(self) -> None:
        """The next answer is the last and says so: for the next request the client opens a connection, elsewhere."""
        self._last = True
        if self._cycle is not None:
            self._keep = self._cycle.keep_alive = False

    def shutdown(self) -> None:
        """Close it now, or with the answer of the request under way."""
        self.last()
        if self._cycle is None or self._cycle.complete:
            self.transport.close()

    def give_up(self) -> None:
        """Close it without a word; what it held is free at once."""
        self._crowd.unread.pop(self, None)
        self.hold(0)
        self.transport.abort()


def _older(since: float | None, now: float, seconds: float) -> bool:
    return since is not None and now - since > seconds


@lru_cache(maxsize=64)  # senders have few addresses
def _target(url: bytes) -> tuple[str, bytes, bytes]:
    """Of a request: its path, the same as it was sent, the query."""
    parts = httptools.parse_url(url)
    path = parts.path.decode("ascii")
    return unquote(path) if "%" in path else path, parts.path, parts.query or b""
