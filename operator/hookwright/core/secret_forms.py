"""How a secret may be written: the forms of a value that answers are searched for.

A value is searched for as it is and as JSON, percent encoding, base64 and hex write it; what is short also in forms that
nobody writes by accident: reversed, in base32, encoded twice, as numbers, its letters apart. Further escapes are undone
in the text (`core.readings`). Must not: know the text that is searched.
"""

from __future__ import annotations

import json
import re
from base64 import b32encode, b64encode
from codecs import encode
from collections.abc import Callable, Iterator
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Final, NamedTuple
from unicodedata import normalize
from urllib.parse import quote, unquote

from hookwright.limits import REDACT_PIECE_CHARACTERS, REDACT_SHORTEST_PART, REDACT_SHORTEST_SECRET

_LONG: Final = 256  # bytes; what is longer is no password or token that somebody would disguise
_PARTS: Final = 32
_HTTPS_HOST: Final = re.compile(r"https://[^/?#]*")
_BETWEEN_PARTS: Final = re.compile(r"[\s/?&=#:;,\"]+")
# Letters are compared in one case. So are a form's two ways to write a space and the two alphabets of base64; that a
# value is also found with `-` for ` ` does no harm.
_FOLD: Final = bytes.maketrans(f"{ascii_uppercase}+-_".encode(), f"{ascii_lowercase}  /".encode())
_BESIDE_LETTERS: Final = bytes(set(range(256)) - set(f"{ascii_lowercase}{digits}".encode()))


def utf8(text: str) -> bytes:
    """Its bytes; half a character (a lone surrogate) becomes a question mark."""
    return text.encode("utf-8", "replace")


def folded(data: bytes) -> bytes:
    """What is compared: as long as `data`, without differences that do not matter."""
    return data.translate(_FOLD)


def one_case(text: str) -> str:
    """Letters beyond ASCII in one case and one spelling; it may become shorter or longer."""
    return normalize("NFKC", text).casefold()


def letters(data: bytes) -> bytes:
    """Nothing but its ASCII letters and digits; `data` is folded."""
    return data.translate(None, _BESIDE_LETTERS)


class Form(NamedTuple):
    """One way to write a value, folded.

    `first`, `last`: bytes that its first and its last twelve characters take, which are found alone.
    `shared`: the next base64 character holds bits of it too.
    """

    data: bytes
    first: int
    last: int
    shared: bool = False


def forms(value: str, *, disguised: bool) -> Iterator[Form]:
    """All forms of a value and of its parts, some of them more than once.

    `disguised`: also those that make some twenty more of what is short.
    """
    for text, whole, last in _texts(value):
        raw, percent = _written(text, utf8, whole), _written(text, _percent, whole)
        short = len(raw.data) < _LONG
        yield raw
        yield percent
        yield _written(text, _json, whole)
        if not text.isascii():
            yield _written(text, _json_of_letters, whole)
            yield _written(text, _one_case, whole)
        # OAuth 2.0 has base64 of percent encoding (RFC 6749 section 2.3.1)
        for form, data in ((raw, utf8(text)), (percent, _percent(text))) if short else ((raw, utf8(text)),):
            yield _again(form, data.hex().encode())
            yield from _base64(form, data)
        if disguised and short and last:
            yield from _disguises(text, raw)


def _disguises(text: str, raw: Form) -> Iterator[Form]:
    """Forms that programs do not write by accident, and some that they write in pieces (`73 6b`, [115, 107])."""
    yield _written(text[::-1], utf8)
    yield _written(encode(text, "rot13"), utf8)
    data = utf8(text)
    for number in ("%d", "0x%02x"):
        yield _again(raw, "".join(number % byte for byte in data).encode())
    for inner in (data.hex().encode(), b64encode(data).rstrip(b"=")):
        yield _again(raw, inner.hex().encode())
        yield from _base64(raw, inner)
    for before in range(5):
        yield _again(raw, folded(_behind(before, data, b32encode, 5)))
    for apart in (raw.data, *(form.data for form in _base64(raw, data))):
        if len(joined := letters(apart)) >= REDACT_SHORTEST_SECRET:
            yield _again(raw, joined)


def _written(text: str, write: Callable[[str], bytes], whole: bool = False) -> Form:
    data, size = folded(write(text)), REDACT_PIECE_CHARACTERS
    if whole:
        return Form(data, len(data), len(data))
    return Form(data, len(write(text[:size])), len(write(text[-size:])))


def _again(form: Form, data: bytes, shared: bool = False) -> Form:
    """What is written of a form once more, as `data`."""
    size = len(form.data)
    first, last = (len(data) * part // size - (part < size) for part in (form.first, form.last))
    return Form(data, max(1, first), max(1, last), shared)


def _percent(text: str) -> bytes:
    return quote(utf8(text), safe="").encode()


def _json(text: str) -> bytes:
    return json.dumps(text)[1:-1].encode()


def _json_of_letters(text: str) -> bytes:
    return utf8(json.dumps(text, ensure_ascii=False)[1:-1])


def _one_case(text: str) -> bytes:
    return utf8(one_case(text))


def _base64(form: Form, data: bytes) -> Iterator[Form]:
    """Base64 of the bytes at each place that they may have in longer data."""
    for before in range(3):
        shared = 8 * (before + len(data)) % 6 > 0
        yield _again(form, folded(_behind(before, data, b64encode, 6)), shared)


def _behind(before: int, raw: bytes, encoded: Callable[[bytes], bytes], bits: int) -> bytes:
    """`raw` encoded behind `before` other bytes, without the characters that hold bits of a neighbour.

    `bits`: that one character of the encoding holds.
    """
    first, end = (8 * before + bits - 1) // bits, 8 * (before + len(raw)) // bits
    return encoded(bytes(before) + raw)[first:end]


class _Text(NamedTuple):
    """What to search for. `whole`: not for a part of it. `last`: it has no long parts that are searched for too."""

    text: str
    whole: bool = False
    last: bool = True


def _texts(value: str) -> Iterator[_Text]:
    """What to search for: the value, its long parts, of a URL what follows the host.

    A target that echoes part of a header (`Token token=…`) or of a URL gives it away as well. The host is no
    secret: status shows it.
    """
    texts = [value]
    if host := _HTTPS_HOST.match(value):
        path = value[host.end() :]
        texts = [path, unquote(path)]
        if len(utf8(path)) < REDACT_SHORTEST_SECRET:
            yield _Text(value, whole=True, last=False)
    for text in texts:
        parts = _BETWEEN_PARTS.split(text, _PARTS)
        if len(parts) == 1 or len(parts) > _PARTS:  # more are the lines of a key file, which is never sent
            parts = []
        parts = [part for part in parts if len(part) >= REDACT_SHORTEST_PART]
        if len(utf8(text)) >= REDACT_SHORTEST_SECRET:
            for written in _as_servers_read(text):
                yield _Text(written, last=not parts)
        for part in parts:
            yield from map(_Text, _as_servers_read(part))


def _as_servers_read(text: str) -> Iterator[str]:
    """The text, and what becomes of it where its bytes are taken for Latin-1, as many servers do with headers."""
    yield text
    if not text.isascii():
        yield utf8(text).decode("latin-1")
