"""A second reading of an answer that the strict parser does not take, as leniently as RFC 9112 lets a client read.

Taken are a bare line feed, blanks before a colon and around a chunk size, folded lines, a length that is said twice,
chunks beside a length, `identity` as a transfer coding, and header fields that are no header fields, which are left
out. Whoever reads so closes the connection: where the next answer begins is anybody's guess. It has the methods of
httptools' parser and calls the same callbacks, from which it lets any exception through.
Its caller counts the bytes, and it counts the lines, for each takes time. Must not: be used for requests, where
leniency is a hole.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from itertools import pairwise
from typing import Final, Protocol

from hookwright.limits import LENIENT_LINES

_BEGIN: Final = b"HTTP/"
_STATUS_LINE: Final = re.compile(rb"HTTP/[12]\.[0-9] +([0-9]{3})(?: .*)?", re.DOTALL)
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_LENGTH: Final = re.compile(rb"[0-9]{1,18}")
_CHUNK_SIZE: Final = re.compile(rb"[ \t]*0*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)
_BLANKS: Final = b" \t\r"
_NOT_HTTP: Final = "is not valid HTTP/1.1: "


class Unreadable(Exception):  # noqa: N818 - a state of the answer, told to people
    """What is wrong, as a phrase that follows `the answer`; of a head with the place."""


class _Ended(Exception):  # noqa: N818 - never leaves this module
    """The connection has ended, and more was to come."""


class Callbacks(Protocol):
    """What is called with the parts of an answer."""

    def on_header(self, name: bytes, value: bytes) -> None: ...
    def on_headers_complete(self) -> None: ...
    def on_body(self, data: bytes) -> None: ...
    def on_message_complete(self) -> None: ...


_Steps = Generator[None, None, None]
_Line = Generator[None, None, bytes]


class LenientParser:
    """Reads one answer, and the interim ones before it."""

    def __init__(self, callbacks: Callbacks) -> None:
        self._callbacks = callbacks
        self._data = bytearray()
        self._searched = 0  # of the data, for a line's end
        self._ended = False
        self._lines = 0
        self._status = 0
        self._steps = self._answers()

    def feed_data(self, data: bytes | memoryview) -> None:
        """Read on. Raises Unreadable, and what the callbacks raise."""
        self._data += data
        next(self._steps, None)

    def feed_eof(self) -> None:
        """The peer has closed the connection: what it has said must be all. Raises as `feed_data` does."""
        self._ended = True
        try:
            next(self._steps, None)
        except _Ended:
            raise Unreadable("ended early, as the connection was closed") from None

    def get_status_code(self) -> int:
        """Of the answer that is read."""
        return self._status

    def should_keep_alive(self) -> bool:
        """Never after a lenient reading."""
        return False

    def _answers(self) -> _Steps:
        while self._status < 200:
            yield from self._status_line()
            fields = yield from self._fields()
            length = _framing(fields, self._status)
            for name, value in fields:
                if _NAME.fullmatch(name) and not _CONTROL.search(value):
                    self._callbacks.on_header(name, value)
            self._callbacks.on_headers_complete()
            if length == "chunked":
                yield from self._chunks()
            elif length == "close":
                yield from self._until_the_end()
            else:
                yield from self._body(int(length))
            self._callbacks.on_message_complete()

    def _status_line(self) -> _Steps:
        """What does not begin as one is not waited for. Empty lines before it are passed over."""
        while not (data := self._data.lstrip(b"\r\n")):
            yield from self._more()
        self._data, self._searched = data, 0
        while not self._data.startswith(_BEGIN):
            if not _BEGIN.startswith(self._data):
                raise Unreadable(f"{_NOT_HTTP}it does not begin with {_BEGIN.decode()}")
            yield from self._more()
        found = _STATUS_LINE.fullmatch((yield from self._line()).rstrip(_BLANKS))
        if found is None:
            raise Unreadable(f"{_NOT_HTTP}line {self._lines} is no status line")
        self._status = int(found[1])

    def _fields(self) -> Generator[None, None, list[tuple[bytes, bytes]]]:
        fields: list[tuple[bytes, list[bytes]]] = []
        while line := (yield from self._line()).rstrip(b"\r"):
            if line[:1] in (b" ", b"\t"):
                if not fields:
                    raise Unreadable(f"{_NOT_HTTP}line {self._lines} begins with a blank")
                fields[-1][1].append(line.strip(_BLANKS))
                continue
            name, colon, value = line.partition(b":")
            if not colon:
                raise Unreadable(f"{_NOT_HTTP}line {self._lines} has no colon")
            fields.append((name.rstrip(_BLANKS), [value.strip(_BLANKS)]))
        return [(name, b" ".join(filter(None, lines))) for name, lines in fields]

    def _body(self, length: int) -> _Steps:
        while length:
            while not self._data:
                yield from self._more()
            part = bytes(self._data[:length])
            del self._data[:length]
            length -= len(part)
            self._callbacks.on_body(part)

    def _until_the_end(self) -> _Steps:
        while True:
            if self._data:
                part = bytes(self._data)
                self._data.clear()
                self._callbacks.on_body(part)
            if self._ended:
                return
            yield

    def _chunks(self) -> _Steps:
        while size := (yield from self._chunk_size()):
            yield from self._body(size)
            if (yield from self._line()).strip(_BLANKS):
                raise Unreadable("holds a chunk that is longer than it says")
        try:
            while (yield from self._line()).strip(_BLANKS):
                pass  # a trailer, which nobody wants
        except _Ended:
            pass  # the body is whole

    def _chunk_size(self) -> Generator[None, None, int]:
        found = _CHUNK_SIZE.fullmatch((yield from self._line()).rstrip(_BLANKS))
        if found is None:
            raise Unreadable("holds a chunk whose size is no number")
        return int(found[1], 16)

    def _line(self) -> _Line:
        """The next line without its line feed."""
        while (end := self._data.find(b"\n", self._searched)) < 0:
            self._searched = len(self._data)
            yield from self._more()
        line = bytes(self._data[:end])
        del self._data[: end + 1]
        self._searched = 0
        self._lines += 1
        if self._lines > LENIENT_LINES:
            raise Unreadable(f"is not valid HTTP/1.1 and has more than {LENIENT_LINES:,} lines")
        return line

    def _more(self) -> _Steps:
        if self._ended:
            raise _Ended
        yield


def _framing(fields: list[tuple[bytes, bytes]], status: int) -> str:
    """How the body ends (RFC 9112 section 6.3): `chunked`, with the `close` of the connection, or its length."""
    if status < 200 or status in (204, 304):
        return "0"
    codings = [coding for coding in _items(fields, b"transfer-encoding") if coding != b"identity"]
    if codings:
        return "chunked" if codings[-1] == b"chunked" else "close"
    lengths = _items(fields, b"content-length")
    if not all(map(_LENGTH.fullmatch, lengths)):
        raise Unreadable(f"{_NOT_HTTP}its Content-Length is no number")
    if any(int(one) != int(other) for one, other in pairwise(lengths)):
        raise Unreadable(f"{_NOT_HTTP}it has two different Content-Length")
    return lengths[0].decode() if lengths else "close"


def _items(fields: list[tuple[bytes, bytes]], wanted: bytes) -> list[bytes]:
    """The items of all fields of this name, in lower case."""
    values = [value for name, value in fields if name.lower() == wanted]
    return [item.strip(_BLANKS).lower() for value in values for item in value.split(b",")]
