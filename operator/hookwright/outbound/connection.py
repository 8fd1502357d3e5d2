"""One connection: writes a request, reads its answer within the limits, says whether it can be used again.

A buffered protocol around httptools' response parser (llhttp in strict mode), for one request at a time. It
knows nothing of names, pools or retries. Must not: read more than the limits allow, or let an exception reach
the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from hookwright import limits
from hookwright.errors import SendError, Sent
from hookwright.outbound import failures
from hookwright.outbound.encoding import expand
from hookwright.outbound.port import Answer, Phases

_TIMER_SLACK = 0.002  # loops round timers to a millisecond, and may fire that much early


class _StopParsing(Exception):  # noqa: N818 - leaves a parser callback, and is no failure by itself
    """Enough was read: the answer is cut, or a problem was noted."""


class Connection(asyncio.BufferedProtocol):
    """A connection to `host`, over TLS once `secured` was called.

    `buffer` is where data is read to, and may be shared by all connections of a loop: it is emptied at once.
    (With a plain asyncio.Protocol the loops allocate 256 KiB for each read, which costs more than the rest.)
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        host: str,
        on_lost: Callable[[Connection], None],
        buffer: memoryview,
    ) -> None:
        self.host = host
        self.born = monotonic()
        self.idle_since = self.born
        self.stale = False  # the peer closed it before the first byte of an answer
        self.lost: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._on_lost = on_lost
        self._buffer = buffer
        self._parser = HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None  # TLS
        self._socket: asyncio.Transport | None = None  # below it
        self._future: asyncio.Future[Answer] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._deadline = 0.0
        self._written_at = self._first_byte = 0.0
        self._reset(head_only=False)

    def _reset(self, head_only: bool) -> None:
        """What is known of the answer under way: nothing yet."""
        self.reusable = False  # the last answer left the connection clean
        self._head_only = head_only
        self._headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._size = 0  # of the parts
        self._wire = 0  # bytes received, framing and all
        self._interim = 0
        self._head_read = False
        self._complete = False
        self._truncated = False
        self._problem: SendError | None = None

    def ask(self, data: bytes, *, deadline: float, head_only: bool) -> asyncio.Future[Answer]:
        """Write one request. The future brings the answer or a SendError; `deadline`: monotonic seconds.

        `head_only`: the answer has no body whatever its headers say (the method is HEAD).
        """
        self._reset(head_only)
        self._future = future = self._loop.create_future()
        self._deadline = deadline
        # One timer serves many requests: it is moved only when it would fire too late, and
        # looks at the deadline when it fires. A timer per request would cost more than the parser.
        if self._timer is None or self._timer_at > deadline:
            self._set_timer(deadline)
        self._written_at = monotonic()
        cast(asyncio.Transport, self._transport).write(data)
        return future

    def abort(self) -> None:
        """Close the socket at once, whatever is under way."""
        self.reusable = False
        if self._transport is not None:
            self._transport.abort()

    def fail(self, error: SendError) -> None:
        """End the request under way, if any, with `error`, and close the socket."""
        future, self._future = self._future, None
        self.abort()
        if future is not None and not future.done():
            future.set_exception(error)

    # --- called by the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = self._socket = cast(asyncio.Transport, transport)

    def secured(self, transport: asyncio.Transport) -> None:
        """From now on everything goes over this TLS transport."""
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._future is None:
            # Nobody asked: an answer that comes too late, or twice, must not be taken for that of the next
            # request.
            self.abort()
            return
        if not self._wire:
            self._first_byte = monotonic()
        self._wire += nbytes
        try:
            self._parser.feed_data(self._buffer[:nbytes])
        except (HttpParserError, HttpParserUpgrade) as error:
            self._stopped(error)
            return
        if self._complete:
            self._finish()
        elif not self._head_read:
            if self._wire > limits.ANSWER_HEADER_BYTES:
                self.fail(failures.protocol(self.host, _TOO_LARGE_HEAD))
        elif self._wire > limits.ANSWER_WIRE_BYTES:  # endless chunk extensions or trailers
            self._cut()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = self._socket = None
        if self._timer is not None:
            self._timer.cancel()
        if self._future is not None:
            if error is None and self._ends_with_connection():
                self._finish()
            else:
                self.stale = not self._wire
                self.fail(failures.losing(self.host, error, answering=bool(self._wire)))
        if not self.lost.done():
            self.lost.set_result(None)
        self.reusable = False
        self._on_lost(self)

    # --- called by the parser

    def on_message_begin(self) -> None:
        if self._complete:  # a second answer to one request
            raise _StopParsing

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_read:  # after it: trailers, which nobody wants
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._head_read = True
        headers = self._headers
        if len(headers) > limits.ANSWER_HEADERS:
            self._refuse(f"has more than {limits.ANSWER_HEADERS} headers")
        if self._wire > limits.ANSWER_HEADER_BYTES and _size(headers) > limits.ANSWER_HEADER_BYTES:
            self._refuse(_TOO_LARGE_HEAD)
        status = self._parser.get_status_code()
        if status == 101 or status < 100:
            self._refuse(f"has the status {status:03}, which is no answer to this request")
        if self._head_only and status >= 200:
            self._complete = True
            raise _StopParsing

    def on_body(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if self._size > limits.ANSWER_BYTES:
            self._truncated = self._complete = True
            raise _StopParsing

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() >= 200:
            self._complete = True
            self.reusable = self._parser.should_keep_alive()
            return
        self._interim += 1
        if self._interim > limits.INTERIM_ANSWERS:
            self._refuse(f"is preceded by more than {limits.INTERIM_ANSWERS} interim answers (1xx)")
        self._head_read = False
        self._headers = []

    # --- our own

    def _refuse(self, problem: str) -> None:
        self._problem = failures.protocol(self.host, problem)
        raise _StopParsing

    def _stopped(self, error: Exception) -> None:
        """The parser went no further: by our own will, or as it could not read on."""
        self.reusable = False
        if self._complete:
            self._finish()
        elif self._problem is not None:
            self.fail(self._problem)
        else:
            problem = failures.protocol(self.host, "is not valid HTTP/1.1")
            problem.__cause__ = error
            self.fail(problem)

    def _cut(self) -> None:
        self._truncated = True
        self._finish()

    def _finish(self) -> None:
        future, self._future = self._future, None
        answer = self._answer()
        if answer.truncated or not self._all_written():
            self.reusable = False
        if not self.reusable:
            self.abort()
        if future is not None and not future.done():
            future.set_result(answer)

    def _answer(self) -> Answer:
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in self._headers]
        body = b"".join(self._parts)
        truncated = self._truncated
        if len(body) > limits.ANSWER_BYTES:
            body = body[: limits.ANSWER_BYTES]
        for name, value in headers:
            if name == "content-encoding":
                body, cut = expand(body, value, limits.ANSWER_BYTES)
                truncated = truncated or cut
                break
        phases = Phases(first_byte=(self._first_byte - self._written_at) * 1e3)
        return Answer(self._parser.get_status_code(), headers, body, truncated, phases)

    def _all_written(self) -> bool:
        """Not so after an early answer: the server may never read the rest of this request."""
        tls, socket = self._transport, self._socket
        return (
            tls is not None
            and socket is not None
            and not tls.get_write_buffer_size()
            and not socket.get_write_buffer_size()  # the former knows nothing of what is encrypted already
        )

    def _ends_with_connection(self) -> bool:
        """Whether the answer under way has neither a length nor chunks (RFC 9112, 6.3, case 8)."""
        if not self._head_read:
            return False
        for name, value in self._headers:
            lower = name.lower()
            if lower == b"content-length" or (
                lower == b"transfer-encoding" and value.lower().endswith(b"chunked")
            ):
                return False
        return True

    def _set_timer(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = when
        self._timer = self._loop.call_at(when, self._timer_fired)

    def _timer_fired(self) -> None:
        self._timer = None
        if self._future is None:
            return
        if monotonic() + _TIMER_SLACK < self._deadline:
            self._set_timer(self._deadline)
        else:
            stage = "before its answer was complete" if self._wire else "before it answered"
            self.fail(failures.out_of_time(self.host, stage, Sent.MAYBE_SENT))


_TOO_LARGE_HEAD = f"has more than {limits.ANSWER_HEADER_BYTES // limits.KIB} KiB of headers"


def _size(headers: list[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) for name, value in headers)
