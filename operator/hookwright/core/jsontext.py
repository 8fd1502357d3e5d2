"""Reading JSON that comes from outside, within bounds, and writing a value as text to compare with.

One home for three rules of SPEC 3 and 2: nothing deeper than `limits.EVENT_DEPTH`, integers of 64 bits only
(orjson would quietly turn a longer one into a double), and what a JSON value looks like beside a string.
Must not: know events, filters or HTTP.
"""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from hookwright.limits import EVENT_DEPTH

_CONTAINERS: Final = (dict, list)  # a union written in place would be made anew at each use
_INTEGER_MIN: Final = -(2**63)
_INTEGER_MAX: Final = 2**64 - 1  # what orjson can write again
_INTEGER_DIGITS: Final = 19  # a shorter run of digits always fits
_DIGITS: Final = bytes(ord("d") if chr(byte).isdigit() else ord(".") for byte in range(128)) + b"." * 128
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"')
_LONG_INTEGER: Final = re.compile(rb"(?<![0-9.eE+-])-?[0-9]{19,}(?![0-9.eE])")


def parse_json(text: bytes) -> Any:
    """JSON text → value. Of duplicate keys the last one counts, as orjson has it.

    Raises ValueError, a phrase that follows a noun (`is not valid JSON: …`). Depth is bounded only by
    orjson's 1,024 here: `check_depth` follows once it is known what part of the text is an event.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if "depth limit" in error.msg:
            raise ValueError(f"is nested deeper than {EVENT_DEPTH} levels") from None
        raise ValueError(f"is not valid JSON: {_where(error, text)}") from None
    if b"d" * _INTEGER_DIGITS in text.translate(_DIGITS):
        _check_integers(text)
    return value


def _where(error: orjson.JSONDecodeError, text: bytes) -> str:
    """What is wrong and where; in a text of one line the line says nothing."""
    if not text.strip():
        return "it is empty"
    place = (
        f"character {error.colno}" if error.lineno == 1 else f"line {error.lineno}, character {error.colno}"
    )
    return f"{error.msg} at {place}"


def dump_json(value: Any) -> bytes:
    """Value → compact JSON text; ValueError (a phrase, as above) if it is too deep to be written at all."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise ValueError(f"is nested deeper than {EVENT_DEPTH} levels") from None


def check_depth(value: Any, text: bytes) -> None:
    """Raise ValueError (a phrase, as above) if objects and arrays stand more than `EVENT_DEPTH` deep.

    `text` is the JSON text of `value`: with few brackets in it nothing needs to be walked. The walk goes
    level by level, so that it needs no stack.
    """
    if text.count(b"{") + text.count(b"[") <= EVENT_DEPTH:
        return
    level = [value] if isinstance(value, _CONTAINERS) else []
    for _ in range(EVENT_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, _CONTAINERS)
        ]
        if not level:
            return
    raise ValueError(f"is nested deeper than {EVENT_DEPTH} levels")


def _check_integers(text: bytes) -> None:
    for number in _LONG_INTEGER.findall(_STRING.sub(b'""', text)):
        # more than 20 digits never fit, and int() must not be handed a megabyte of them
        if len(number) > 21 or not _INTEGER_MIN <= int(number) <= _INTEGER_MAX:
            shown = number[:24].decode() + ("…" if len(number) > 24 else "")
            raise ValueError(f"holds the integer {shown}, which is longer than 64 bits: send it as a string")


def compact(value: Any) -> str:
    """A JSON value as compact JSON text (`{"a":1}`, `true`, `1.5`)."""
    return orjson.dumps(value).decode()


def as_text(value: Any) -> str:
    """What a value is compared as (SPEC 2): a string as it is, any other value as its compact JSON text."""
    return value if isinstance(value, str) else compact(value)
