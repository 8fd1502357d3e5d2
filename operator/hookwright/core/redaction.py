"""Takes secrets out of texts that came from outside: answers and errors, before they are cut and stored.

Requests are not searched: what is stored of them is built a second time without the values (SPEC 5).
A value is found as it is and as JSON, percent encoding, HTML, base64 or hex write it, also in the middle of
longer text (`Basic <base64 of user:password>`), and mixed or twice encoded. One RE2 pattern finds all forms
of all secrets: it takes time in proportion to the text, whatever a hostile answer holds.
Must not: log, keep what it found.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final
from urllib.parse import unquote

import re2

from hookwright.limits import REDACT_CHARACTERS, REDACT_SHORTEST_PART, REDACT_SHORTEST_SECRET

HIDDEN: Final = "‹hidden: the Secrets of this webhook are too large to be searched for›"

_CHUNK: Final = 256  # characters; a longer value is found piece by piece, which keeps the pattern small
_PARTS: Final = 32
_HTTPS_HOST: Final = re.compile(r"https://[^/?#]*")
_BETWEEN_PARTS: Final = re.compile(r"[\s/?&=#:;,\"]+")
_SPECIAL_FORMS: Final = {
    "\b": (r"\\+b",),
    "\f": (r"\\+f",),
    "\n": (r"\\+n",),
    "\r": (r"\\+r",),
    "\t": (r"\\+t",),
    " ": (r"\+",),
    "&": ("&amp;",),
    "<": ("&lt;",),
    ">": ("&gt;",),
    '"': ("&quot;",),
    "'": ("&apos;",),
}
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


class Redactor:
    """Replaces the secrets of one webhook by ‹secret name/key›."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """`secrets`: label (`name/key`) → value. Nothing is compiled before the first text is searched."""
        self._values = tuple(secrets.items())
        self._extended: Redactor | None = None

    def text(self, text: str) -> str:
        """The text with every form of every value replaced. Values under 8 bytes are not searched for."""
        if self._too_large:
            return HIDDEN
        if self._pattern is None:
            return text
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode()  # a lone surrogate would stop RE2
        found: str = self._pattern.sub(self._marker, text)
        return found

    @property
    def hides_bodies(self) -> bool:
        """Whether no answer body may be stored: a value is too short to search for, or all are too large."""
        return self._too_large or any(
            0 < len(value.encode()) < REDACT_SHORTEST_SECRET for _, value in self._values
        )

    def with_extra(self, values: Iterable[tuple[str, str]]) -> Redactor:
        """This one and more (label, value): fetched tokens, values rotated out. The last one is kept."""
        more = tuple(pair for pair in values if pair not in self._values)
        if not more:
            return self
        wanted = self._values + more
        if self._extended is None or self._extended._values != wanted:
            self._extended = Redactor({})
            self._extended._values = wanted
        return self._extended

    @cached_property
    def _needles(self) -> tuple[tuple[str, str], ...]:
        """(needle, label), the longest first, so that a value that begins another one does not hide it."""
        needles = {needle: label for label, value in reversed(self._values) for needle in _needles(value)}
        return tuple(sorted(needles.items(), key=lambda pair: (-len(pair[0]), pair[0])))

    @cached_property
    def _too_large(self) -> bool:
        return sum(len(needle) for needle, _ in self._needles) > REDACT_CHARACTERS

    @cached_property
    def _pattern(self) -> Any:
        """One group per needle; None if there is nothing to search for."""
        if not self._needles:
            return None
        options = re2.Options()
        options.max_mem = 256 << 20
        options.log_errors = False
        return re2.compile("|".join(f"({_forms(needle)})" for needle, _ in self._needles), options)

    def _marker(self, match: Any) -> str:
        return placeholder(self._needles[match.lastindex - 1][1])


def placeholder(label: str) -> str:
    """How a secret's value is shown: `‹secret name/key›`."""
    return f"‹secret {label}›"


def printable(text: str) -> str:
    """The text with control characters and those that change its direction written as \\uXXXX.

    C0, C1, DEL, line and paragraph separators, bidirectional controls, lone surrogates.
    """
    if text.isprintable():
        return text
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _needles(value: str) -> Iterable[str]:
    """What to search for: the value, its long parts, of a URL what follows the host.

    A target that echoes part of a header (`Token token=…`) or of a URL gives it away as well. The host is no
    secret: status shows it.
    """
    wholes = divided = [value]
    if host := _HTTPS_HOST.match(value):
        divided = [value[host.end() :], unquote(value[host.end() :])]
        wholes = [value, *divided]
    for text in wholes:
        if len(text.encode()) >= REDACT_SHORTEST_SECRET:
            for reading in _readings(text):
                yield from _chunks(reading)
    for text in divided:
        parts = _BETWEEN_PARTS.split(text, _PARTS)
        if 1 < len(parts) <= _PARTS:  # more are the lines of a key file, which is never sent
            for part in parts:
                if len(part) >= REDACT_SHORTEST_PART:
                    yield from _readings(part)


def _readings(text: str) -> Iterable[str]:
    """The text, and what becomes of it where its bytes are taken for Latin-1, as many servers do with headers."""
    yield text
    if not text.isascii():
        yield text.encode().decode("latin-1")


def _chunks(text: str) -> Iterable[str]:
    """Pieces of `_CHUNK` characters, the last one up to twice as long."""
    count = max(1, len(text) // _CHUNK)
    for index in range(count):
        yield text[index * _CHUNK : (index + 1) * _CHUNK if index + 1 < count else None]


def _forms(needle: str) -> str:
    """Pattern of every form of one needle."""
    raw = needle.encode()
    hexadecimal = "".join(_any_case(digit) for digit in raw.hex())
    return "|".join(
        ["".join(map(_in_text, needle)), *(_in_base64(raw, before) for before in range(3)), hexadecimal]
    )


def _in_text(character: str) -> str:
    """One character as plain text, JSON, percent encoding and HTML write it; letters and digits as such."""
    if character.isascii() and character.isalnum():
        return character
    units = character.encode("utf-16-be").hex()
    forms = [
        rf"\\*\x{{{ord(character):x}}}",
        "".join(f"%(?:25)*{_any_case(f'{byte:02x}')}" for byte in character.encode()),
        "".join(rf"\\+u{_any_case(units[at : at + 4])}" for at in range(0, len(units), 4)),
        rf"&#(?:0*{ord(character)}|[xX]0*{_any_case(f'{ord(character):x}')});",
        *_SPECIAL_FORMS.get(character, ()),
    ]
    return f"(?:{'|'.join(forms)})"


def _in_base64(raw: bytes, before: int) -> str:
    """The bytes in base64 (both alphabets) behind `before` (mod 3) other bytes.

    A character that also holds bits of a neighbour cannot be known; the one at the end goes with the rest.
    """
    bits = 8 * (before + len(raw))
    encoded = b64encode(bytes(before) + raw).decode()[(8 * before + 5) // 6 : bits // 6]
    shared = r"[0-9A-Za-z+/_-]?"
    return (
        "".join(_BASE64_FORMS.get(character, character) for character in encoded)
        + (shared if bits % 6 else "")
        + r"(?:=|%3[dD])*"
    )


def _any_case(hexadecimal: str) -> str:
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in hexadecimal)


_BASE64_FORMS: Final = {"+": f"(?:-|{_in_text('+')})", "/": f"(?:_|{_in_text('/')})"}
