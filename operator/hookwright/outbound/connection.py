"""One connection: writes a request, reads its answer within the limits, says whether it can be used again.

A buffered protocol around httptools' response parser (llhttp in strict mode), for one request at a time; what
that one does not take is read once more by `lenient`, and then the connection is closed. It knows nothing of names,
pools or retries. Must not: read more than the limits allow, or let an exception reach the loop.
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
from hookwright.outbound.lenient import LenientParser, Unreadable
from hookwright.outbound.port import Answer, OnSent, Phases

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
        self.issue = 0  # of the trust that it was made with
        self.stale = False  # the peer closed it before the first byte of an answer
        self.lost: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._on_lost = on_lost
        self._buffer = buffer
        self._parser: HttpResponseParser | LenientParser = HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None  # TLS
        self._socket: asyncio.Transport | None = None  # below it
        self._future: asyncio.Future[Answer] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._deadline = 0.0
        self._written_at = self._first_byte = 0.0
        self._head_only = False
        self._wire = 0  # bytes received of the answer under way, framing and all
        self._cut: str | None = None
        self._problem: SendError | None = None
        self._forget()

    def _forget(self) -> None:
        """Nothing was read yet of the answer under way."""
        self.reusable = False  # the last answer left the connection clean
        self._raw: list[bytes] = []  # what was read, as long as the answer is not complete
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._left_out = 0  # bytes of headers beyond the limit
        self._parts: list[bytes] = []
        self._size = 0  # of the parts
        self._interim = 0
        self._head_read = False
        self._complete = False

    def ask(
        self, data: bytes, *, deadline: float, head_only: bool, sent: OnSent = None
    ) -> asyncio.Future[Answer]:
        """Write one request. The future brings the answer or a SendError; `deadline`: monotonic seconds.

        `head_only`: the answer has no body whatever its headers say (the method is HEAD).
        """
        self._head_only, self._wire, self._cut, self._problem = head_only, 0, None, None
        self._forget()
        self._future = future = self._loop.create_future()
        self._deadline = deadline
        # One timer serves many requests: it is moved only when it would fire too late, and
        # looks at the deadline when it fires. A timer per request would cost more than the parser.
        if self._timer is None or self._timer_at > deadline:
            self._set_timer(deadline)
        self._written_at = monotonic()
        transport = cast(asyncio.Transport, self._transport)
        if len(data) <= limits.WRITE_BYTES:
            transport.write(data)
        else:  # in pieces: a TLS connection keeps a buffer as large as the largest
            rest = memoryview(data)
            for at in range(0, len(data), limits.WRITE_BYTES):
                transport.write(rest[at : at + limits.WRITE_BYTES])
        if sent is not None:
            sent()
        return future

    def abort(self) -> None:
        """Close the socket at once, whatever is under way."""
        self.reusable = False
        if self._transport is not None:
            self._transport.abort()

    def fail(self, error: SendError) -> None:
        """End the request under way, if any, with `error`, and close the socket."""
        future, self._future = self._future, None
        error.unread = b"".join(self._raw)
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
        except (HttpParserError, HttpParserUpgrade, Unreadable, _StopParsing) as error:
            self._raw.append(bytes(self._buffer[:nbytes]))
            self._stopped(error)
            return
        if self._complete:
            self._finish()
            return
        self._raw.append(bytes(self._buffer[:nbytes]))
        if not self._head_read:
            if self._wire > limits.ANSWER_HEADER_BYTES:
                self.fail(failures.protocol(self.host, _TOO_LARGE_HEAD))
        elif self._wire > limits.ANSWER_WIRE_BYTES:  # endless chunk extensions or trailers
            self._finish(_TOO_LARGE)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = self._socket = None
        if self._timer is not None:
            self._timer.cancel()
        if self._future is not None:
            self._lost_answering(error)
        if not self.lost.done():
            self.lost.set_result(None)
        self.reusable = False
        self._on_lost(self)

    # --- called by the parser

    def on_message_begin(self) -> None:
        if self._complete:  # a second answer to one request
            raise _StopParsing

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head_read:  # trailers, which nobody wants
            return
        if len(self._headers) < limits.ANSWER_HEADERS or name.lower() in _NEEDED:
            self._headers.append((name, value))
        else:
            self._left_out += len(name) + len(value)

    def on_headers_complete(self) -> None:
        self._head_read = True
        if self._wire > limits.ANSWER_HEADER_BYTES and self._head_size() > limits.ANSWER_HEADER_BYTES:
            self._refuse(_TOO_LARGE_HEAD)
        status = self._status = self._parser.get_status_code()
        if status == 101 or status < 100:
            self._refuse(f"has the status {status:03}, which is no answer to this request")
        if self._head_only and status >= 200:
            self._complete = True
            raise _StopParsing

    def on_body(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if self._size > limits.ANSWER_BYTES:
            self._complete = True
            self._cut = _TOO_LARGE
            raise _StopParsing

    def on_message_complete(self) -> None:
        if self._status >= 200:
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
        elif isinstance(error, Unreadable):
            problem = failures.protocol(self.host, str(error))
            problem.__cause__ = error
            self._break_off(problem, str(error))
        else:
            self._read_leniently(ended=False)

    def _read_leniently(self, *, ended: bool) -> None:
        """Read the answer once more from its beginning, and on with the lenient parser."""
        if not isinstance(self._parser, LenientParser):
            data = b"".join(self._raw)
            self._forget()
            self._raw = [data]
            self._parser = LenientParser(self)
        else:
            data = b""
        try:
            self._parser.feed_data(data)
            if ended and not self._complete:
                self._parser.feed_eof()
        except (Unreadable, _StopParsing) as error:
            self._stopped(error)
            return
        if self._complete:
            self._finish()

    def _lost_answering(self, error: Exception | None) -> None:
        """The connection was lost under a request."""
        if error is None and self._ends_with_connection():
            self._finish()
            return
        self.stale = not self._wire
        if error is None and self._head_read:
            self._read_leniently(ended=True)
            return
        how = "closed" if error is None else "broken off"
        lost = failures.losing(self.host, error, answering=bool(self._wire))
        self._break_off(lost, f"ended early, as the connection was {how}")

    def _break_off(self, error: SendError, how: str) -> None:
        """Nothing more comes. With its head read it is an answer all the same, and `how` says what its body lacks."""
        if self._head_read and self._status >= 200:
            self._finish(how)
        else:
            self.fail(error)

    def _finish(self, cut: str | None = None) -> None:
        self._cut = self._cut or cut
        self._raw = []
        future, self._future = self._future, None
        answer = self._answer()
        if answer.cut or not self._all_written():
            self.reusable = False
        if not self.reusable:
            self.abort()
        if future is not None and not future.done():
            future.set_result(answer)

    def _answer(self) -> Answer:
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in self._headers]
        body = b"".join(self._parts)
        cut = self._cut
        if len(body) > limits.ANSWER_BYTES:
            body = body[: limits.ANSWER_BYTES]
        for name, value in headers:
            if name == "content-encoding":
                body, problem = expand(body, value, limits.ANSWER_BYTES)
                cut = cut or problem
                break
        phases = Phases(first_byte=(self._first_byte - self._written_at) * 1e3)
        return Answer(self._status, headers, body, cut, phases)

    def _head_size(self) -> int:
        return self._left_out + sum(len(name) + len(value) for name, value in self._headers)

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
            error = failures.out_of_time(self.host, stage, Sent.MAYBE_SENT)
            self._break_off(error, "was not complete when its time was over")


_TOO_LARGE_HEAD = f"has more than {limits.ANSWER_HEADER_BYTES // limits.KIB} KiB of headers"
_TOO_LARGE = f"was cut at {limits.ANSWER_BYTES // limits.KIB} KiB"
_NEEDED = frozenset(  # read by us, however many headers stand before them
    {b"content-encoding", b"content-length", b"content-type", b"retry-after", b"transfer-encoding"}
)
