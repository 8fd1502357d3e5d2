"""The readings of a text: as it stands, with its escapes undone, with nothing but its letters and digits.

What is written otherwise than any form of a secret (HTML, escapes of several kinds or on top of each other, letters
apart, UTF-16 taken for UTF-8) is found in one of them. Their work is bounded: escapes that make escapes end it.
Must not: keep anything of a text but single escapes.
"""

from __future__ import annotations

import html
import json
import re
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import compress
from string import ascii_lowercase, digits
from typing import Final, NamedTuple

from hookwright.core.secret_forms import folded, letters, one_case, utf8
from hookwright.limits import REDACT_EFFORT_BYTES, REDACT_ESCAPE_BYTES

_DEEP: Final = 3  # encodings on top of each other that are undone; what is below may be any of the forms
_IS_LETTER: Final = bytes(chr(code) in ascii_lowercase + digits for code in range(256))


class TooMuchError(Exception):
    """A text holds so many secrets, escapes or escapes of escapes that searching it would take too long."""


class Effort:
    """What searching one text may cost, in bytes read; raises TooMuchError when it is used up."""

    def __init__(self) -> None:
        self._left = REDACT_EFFORT_BYTES

    def spend(self, count: int) -> None:
        """So many bytes, or what counts for as many."""
        self._left -= count
        if self._left < 0:
            raise TooMuchError


class Escapes(NamedTuple):
    """One kind of escape: whether a text may hold one, its pattern (one group, folded), what one stands for."""

    may_stand: Callable[[bytes], bool]
    pattern: re.Pattern[bytes]
    undo: Callable[[bytes], bytes]


@lru_cache(maxsize=4096)
def _undo_backslash(escape: bytes) -> bytes:
    rest = escape[1:].decode()
    if rest[0] == "x":
        return bytes.fromhex(rest[1:])
    if rest[0].isdigit():
        return bytes([int(rest, 8)])
    if rest[:2] == "u{":
        return _character(int(rest[2:-1], 16), escape)
    return utf8(json.loads(f'"{escape.decode()}"')) if rest != "'" else b"'"


@lru_cache(maxsize=4096)
def _undo_percent(escape: bytes) -> bytes:
    digits = escape[1:].decode()
    return utf8(chr(int(digits[1:], 16))) if digits[0] == "u" else bytes.fromhex(digits)


@lru_cache(maxsize=4096)
def _undo_html(escape: bytes) -> bytes:
    text = escape.decode()
    if not text.startswith("&#"):
        return utf8(html.unescape(text))
    code = int(text[3:-1], 16) if text[2] == "x" else int(text[2:-1])  # as written; browsers change some
    return _character(code, escape)


def _character(code: int, escape: bytes) -> bytes:
    return utf8(chr(code)) if code <= sys.maxunicode else escape


@lru_cache(maxsize=4096)
def _in_one_case(letters: bytes) -> bytes:
    return one_case(letters.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


_KINDS: Final = (
    Escapes(
        lambda data: b"\\" in data,
        re.compile(
            rb"""(\\(?:["'\\/bfnrt]|ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|u[0-9a-f]{4}"""
            rb"""|u\{[0-9a-f]{1,7}\}|x[0-9a-f]{2}|[0-3][0-7]{2}))"""
        ),
        _undo_backslash,
    ),
    Escapes(lambda data: b"%" in data, re.compile(rb"(%(?:u[0-9a-f]{4}|[0-9a-f]{2}))"), _undo_percent),
    Escapes(
        lambda data: b"&" in data, re.compile(rb"(&(?:#[0-9]{1,8}|#x[0-9a-f]{1,7}|[a-z]{2,8});)"), _undo_html
    ),
    # no escapes, but replaced in the same way: letters beyond ASCII, and a letter with its marks (U+0300 to U+036F)
    Escapes(lambda data: not data.isascii(), re.compile(rb"([\xc3-\xf4][\x80-\xbf]{1,3})"), _in_one_case),
    Escapes(
        lambda data: b"\xcc" in data or b"\xcd" in data,
        re.compile(rb"((?:[a-z]|[\xc3-\xcb][\x80-\xbf])(?:\xcc[\x80-\xbf]|\xcd[\x80-\xaf]){1,4})"),
        _in_one_case,
    ),
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


class LettersReading(Reading):
    """A text, folded, without anything but its letters and digits."""

    def __init__(self, whole: bytes) -> None:
        super().__init__(letters(whole))
        self._whole = whole
        self._places: list[int] = []

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The part of the text from its first letter to its last one."""
        if not self._places:
            self._places = list(compress(range(len(self._whole)), self._whole.translate(_IS_LETTER)))
        return self._places[start], self._places[end - 1] + 1


def readings(data: bytes, effort: Effort) -> Iterator[Reading]:
    """The text as it stands, its letters, then with its escapes undone, each kind alone and one after another.

    Raises TooMuchError.
    """
    whole = Reading(folded(data))
    yield whole
    yield LettersReading(whole.data)
    seen, level = {whole.data}, [whole]
    for _ in range(_DEEP):
        deeper: list[Reading] = []
        for reading, kind in ((reading, kind) for reading in level for kind in _KINDS):
            undone = _undone(reading.data, kind, effort)
            if undone not in seen:
                seen.add(undone)
                deeper.append(Reading(undone, reading, kind))
                yield deeper[-1]
        level = deeper


def _undone(data: bytes, kind: Escapes, effort: Effort) -> bytes:
    if not kind.may_stand(data):
        return data
    pieces = kind.pattern.split(data)
    effort.spend(len(data) + len(pieces) // 2 * REDACT_ESCAPE_BYTES)
    pieces[1::2] = map(kind.undo, pieces[1::2])
    return folded(b"".join(pieces))
