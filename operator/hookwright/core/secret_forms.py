"""How a secret may be written: the texts to search for, and the readings of a text to search them in.

A value is searched for as it is and as JSON, percent encoding, base64 and hex write it; these forms are found whatever
stands around them. What is written otherwise (HTML, escapes of several kinds or on top of each other) is found in a
reading of the text in which its escapes are undone. Must not: keep anything of a text but single escapes.
"""

from __future__ import annotations

import html
import json
import re
import sys
from base64 import b64encode
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from hookwright.limits import REDACT_SHORTEST_PART, REDACT_SHORTEST_SECRET

_CHUNK: Final = 256  # characters; a longer value is searched for in pieces, so that a part of it is found too
_PARTS: Final = 32
_DEEP: Final = 3  # encodings on top of each other that are undone; what is below may be any of the forms
_HTTPS_HOST: Final = re.compile(r"https://[^/?#]*")
_BETWEEN_PARTS: Final = re.compile(r"[\s/?&=#:;,\"]+")
# Letters are compared in one case. So are a form's two ways to write a space and the two alphabets of base64; that a
# value is also found with `-` for ` ` does no harm.
_FOLD: Final = bytes.maketrans(f"{ascii_uppercase}+-_".encode(), f"{ascii_lowercase}  /".encode())


def utf8(text: str) -> bytes:
    """Its bytes; half a character (a lone surrogate) becomes a question mark."""
    return text.encode("utf-8", "replace")


def folded(data: bytes) -> bytes:
    """What is compared: as long as `data`, without differences that do not matter."""
    return data.translate(_FOLD)


class Form(NamedTuple):
    """One way to write a value, folded. `shared`: the next base64 character holds bits of it too."""

    data: bytes
    shared: bool = False


def forms(value: str) -> Iterator[Form]:
    """All forms of a value and of its parts, some of them more than once."""
    for needle in _needles(value):
        raw, percent = utf8(needle), quote(utf8(needle), safe="").encode()
        for written in (raw, percent, utf8(_json(needle, True)), utf8(_json(needle, False))):
            yield Form(folded(written))
        # OAuth 2.0 has base64 of percent encoding (RFC 6749 section 2.3.1); what is long is no password.
        for encoded in {raw, percent if len(needle) < _CHUNK else raw}:
            yield Form(encoded.hex().encode())
            for before in range(3):
                yield _base64(encoded, before)


def _json(text: str, ascii_only: bool) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


def _base64(raw: bytes, before: int) -> Form:
    """Base64 of the bytes behind `before` (mod 3) others, without characters that hold bits of a neighbour."""
    bits = 8 * (before + len(raw))
    encoded = b64encode(bytes(before) + raw)[(8 * before + 5) // 6 : bits // 6]
    return Form(folded(encoded), shared=bits % 6 > 0)


def _needles(value: str) -> Iterator[str]:
    """What to search for: the value, its long parts, of a URL what follows the host.

    A target that echoes part of a header (`Token token=…`) or of a URL gives it away as well. The host is no
    secret: status shows it.
    """
    wholes = divided = [value]
    if host := _HTTPS_HOST.match(value):
        divided = [value[host.end() :], unquote(value[host.end() :])]
        wholes = [value, *divided]
    for text in wholes:
        if len(utf8(text)) >= REDACT_SHORTEST_SECRET:
            for reading in _as_servers_read(text):
                yield from _chunks(reading)
    for text in divided:
        parts = _BETWEEN_PARTS.split(text, _PARTS)
        if 1 < len(parts) <= _PARTS:  # more are the lines of a key file, which is never sent
            for part in parts:
                if len(part) >= REDACT_SHORTEST_PART:
                    yield from _as_servers_read(part)


def _as_servers_read(text: str) -> Iterator[str]:
    """The text, and what becomes of it where its bytes are taken for Latin-1, as many servers do with headers."""
    yield text
    if not text.isascii():
        yield utf8(text).decode("latin-1")


def _chunks(text: str) -> Iterator[str]:
    """Pieces of `_CHUNK` characters, the last one up to twice as long."""
    count = max(1, len(text) // _CHUNK)
    for index in range(count):
        yield text[index * _CHUNK : (index + 1) * _CHUNK if index + 1 < count else None]


class Escapes(NamedTuple):
    """One kind of escape: the sign it begins with, its pattern (one group, folded), what one of them stands for."""

    sign: bytes
    pattern: re.Pattern[bytes]
    undo: Callable[[bytes], bytes]


@lru_cache(maxsize=4096)
def _undo_json(escape: bytes) -> bytes:
    return utf8(json.loads(b'"%b"' % escape))


@lru_cache(maxsize=256)
def _undo_percent(escape: bytes) -> bytes:
    return bytes.fromhex(escape[1:].decode())


@lru_cache(maxsize=4096)
def _undo_html(escape: bytes) -> bytes:
    text = escape.decode()
    if not text.startswith("&#"):
        return utf8(html.unescape(text))
    code = int(text[3:-1], 16) if text[2] == "x" else int(text[2:-1])  # as written; browsers change some
    return utf8(chr(code)) if code <= sys.maxunicode else escape


_KINDS: Final = (
    Escapes(
        b"\\",
        re.compile(rb'(\\(?:["\\/bfnrt]|ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|u[0-9a-f]{4}))'),
        _undo_json,
    ),
    Escapes(b"%", re.compile(rb"(%[0-9a-f]{2})"), _undo_percent),
    Escapes(b"&", re.compile(rb"(&(?:#[0-9]{1,8}|#x[0-9a-f]{1,7}|[a-z]{2,8});)"), _undo_html),
)


class Reading:
    """A text, folded, and where its bytes come from: `before` with escapes of one `kind` undone."""

    def __init__(self, data: bytes, before: Reading | None = None, kind: Escapes | None = None) -> None:
        self.data = data
        self._before = before
        self._kind = kind
        self._starts: list[int] = []
        self._undone: list[tuple[int, int, int]] = []

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The part of the text as it stands from which `data[start:end]` comes; escapes are not divided."""
        if self._before is None or self._kind is None:
            return start, end
        if not self._starts:
            self._find_escapes(self._before, self._kind)
        return self._before.origin(self._start(start), self._end(end))

    def _find_escapes(self, before: Reading, kind: Escapes) -> None:
        shorter = 0
        for match in kind.pattern.finditer(before.data):
            start = match.start() - shorter
            end = start + len(kind.undo(match[0]))
            self._starts.append(start)
            self._undone.append((match.start(), match.end(), end))
            shorter = match.end() - end

    def _start(self, at: int) -> int:
        index = bisect_right(self._starts, at) - 1
        if index < 0:
            return at
        start, after, end = self._undone[index]
        return start if at < end else after + at - end

    def _end(self, at: int) -> int:
        index = bisect_right(self._starts, at - 1) - 1
        if index < 0:
            return at
        _, after, end = self._undone[index]
        return after + max(0, at - end)


def readings(data: bytes) -> Iterator[Reading]:
    """The text as it stands, then with its escapes undone, each kind alone and one after another."""
    level = [Reading(folded(data))]
    seen = {level[0].data}
    yield level[0]
    for _ in range(_DEEP):
        level = [deeper for reading in level for deeper in _undone(reading, seen)]
        yield from level


def _undone(reading: Reading, seen: set[bytes]) -> Iterator[Reading]:
    """The reading with escapes of each kind undone, unless that has been read before."""
    for kind in _KINDS:
        if kind.sign in reading.data:
            pieces = kind.pattern.split(reading.data)
            pieces[1::2] = map(kind.undo, pieces[1::2])
            data = folded(b"".join(pieces))
            if data not in seen:
                seen.add(data)
                yield Reading(data, reading, kind)
