"""The one tolerant reader of JSON from outside: answers of targets and token endpoints, events, files.

It reads what other readers read: a byte order mark is skipped, half of a surrogate pair becomes U+FFFD, UTF-16 and
UTF-32 are known by their first bytes (RFC 4627 section 3), ISO-8859-1 by a charset, and a number that is too long
for a machine keeps all its digits. What is not JSON by RFC 8259 (NaN, comments, a line break in a string) stays
an error, which says why and where. Must not: bound the depth, or know what the value is for.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from math import isfinite
from typing import Any, Final, Never

import orjson

_SAFE_DIGITS: Final = 18  # as many always fit into 64 bits
_LONG_RUN: Final = b"d" * (_SAFE_DIGITS + 1)
_DIGITS: Final = bytes(ord("d") if chr(byte).isdigit() else ord(".") for byte in range(128)) + b"." * 128
_INTEGERS: Final = range(-(2**63), 2**64)  # what orjson reads and writes
_SINGLE_BYTE: Final = {
    "iso-8859-1": "latin-1",
    "iso8859-1": "latin-1",
    "latin1": "latin-1",
    "windows-1252": "cp1252",
}
# Either backslashes that escape each other, or a whole pair, or (the group) a half.
_HALF_ESCAPE: Final = re.compile(
    r"(?:\\\\)++"
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


_TOO_DEEP: Final = "is nested too deeply"


class UnreadableJson(ValueError):  # noqa: N818 - a state of the text, told to people
    """`reason` is a phrase that follows a noun: `is not JSON: Expecting value at character 1`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_json(data: bytes, *, charset: str | None = None) -> Any:
    """JSON text → value; of duplicate keys the last one counts. Raises UnreadableJson.

    `charset` (of a Content-Type, any case, None: unknown) counts only where the text is not Unicode, for some say
    ISO-8859-1 and send UTF-8. An integer beyond 64 bits and a number beyond a double are a Decimal of all digits.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _read_slowly(_decode(data, charset))
    return _with_long_numbers(data.decode()) if _LONG_RUN in data.translate(_DIGITS) else value


def _read_slowly(text: str) -> Any:
    text = _HALF_ESCAPE.sub(lambda found: r"\ufffd" if found[1] else found[0], text)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if "infinity" not in error.msg:
            raise UnreadableJson(_problem(error, text)) from None
        return _with_long_numbers(text)
    return _with_long_numbers(text) if _LONG_RUN in text.encode().translate(_DIGITS) else value


def _with_long_numbers(text: str) -> Any:
    """Read by the reader of the standard library, which hands over the digits of each number."""
    try:
        return json.loads(text, parse_int=_integer, parse_float=_real, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise UnreadableJson(_problem(error, text)) from None
    except RecursionError:
        raise UnreadableJson(_TOO_DEEP) from None
    except ArithmeticError:  # an exponent too long even for a Decimal
        raise UnreadableJson("holds a number that is too large") from None


def _decode(data: bytes, charset: str | None) -> str:
    encoding = json.detect_encoding(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        pass
    try:  # halves of pairs as they are; two that belong together become one character
        text = data.decode(encoding, "surrogatepass")
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    except UnicodeDecodeError as error:
        single = _SINGLE_BYTE.get((charset or "").strip(" \t\"'").lower())
        if single is not None:
            return data.decode(single, "replace")
        name = "UTF-8" if encoding.startswith("utf-8") else encoding.upper()
        raise UnreadableJson(f"is not {name} (byte {error.start + 1} cannot be read)") from None


def _problem(error: json.JSONDecodeError, text: str) -> str:
    """What is wrong and where; in a text of one line the line says nothing."""
    if not text.strip():
        return "is empty"
    if "depth limit" in error.msg:
        return _TOO_DEEP
    place = f"character {error.colno}"
    if error.lineno > 1:
        place = f"line {error.lineno}, {place}"
    return f"is not JSON: {error.msg} at {place}"


def _integer(digits: str) -> int | Decimal:
    if len(digits) <= _SAFE_DIGITS:
        return int(digits)
    # int() must not be handed a megabyte of digits
    return int(digits) if len(digits) <= 21 and int(digits) in _INTEGERS else Decimal(digits)


def _real(text: str) -> float | Decimal:
    value = float(text)
    return value if isfinite(value) else Decimal(text)


def _refuse(name: str) -> Never:
    raise UnreadableJson(f"is not JSON: it holds {name}")
