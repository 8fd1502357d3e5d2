"""Writing JSON within bounds, and a value as text to compare with.

One home for two rules of SPEC 3 and 2: nothing deeper than `limits.EVENT_DEPTH`, and what a JSON value looks like beside
a string. Must not: know events, filters or HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import orjson

from hookwright.core.budget import Budget, writing
from hookwright.limits import EVENT_DEPTH

_CONTAINERS: Final = (dict, list)  # a union written in place would be made anew at each use
_DECIMAL: Final = 1_024  # characters of text that take as long to write as one Decimal
_LEVELS: Final = (
    3  # taken off at once, from within: of what is left there are a quarter as many pieces to look at
)
_OPENED: Final = re.compile(rb"\[+")
_CLOSED: Final = re.compile(rb"\]+")
_SQUARE: Final = bytes.maketrans(b"{}", b"[]")
_NO_MARKS: Final = bytes(each for each in range(256) if each not in b'[]{}"')
_NO_SIGNS: Final = bytes(each for each in range(256) if each not in b"{[:,")
_STRING: Final = re.compile(rb'"[^"]*"')


def dump_json(value: Any) -> bytes:
    """Value → compact JSON text. ValueError (a phrase that follows a noun) if it is too deep, or has an integer too long."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        if "64-bit" in str(error):
            raise ValueError("holds an integer of more than 64 bits") from None
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


def check_text_depth(text: bytes) -> int:
    """As `check_depth`, of JSON text in UTF-8 alone: no value is walked, which for a large event takes ten times as long.

    Gives the `weight` of the text, as both count the same.
    """
    opened, size = _signs(text)
    if opened > EVENT_DEPTH:
        _check_brackets(text)
    return size


def _check_brackets(text: bytes) -> None:
    brackets = _brackets(text)
    for _ in range(_LEVELS):
        brackets = brackets.replace(b"[]", b"")
        if not brackets:
            return
    level = _LEVELS
    for opened, closed in zip(_OPENED.findall(brackets), _CLOSED.findall(brackets), strict=True):
        level += len(opened)
        if level > EVENT_DEPTH:
            raise ValueError(f"is nested deeper than {EVENT_DEPTH} levels")
        level -= len(closed)


def _brackets(text: bytes) -> bytes:
    """The brackets of a JSON text that stand outside of its strings, all of them square."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = text.translate(_SQUARE, _NO_MARKS).replace(b'""', b"")
    return _STRING.sub(b"", marks) if b'"' in marks else marks


def weight(text: bytes) -> int:
    """Bytes that the value of a JSON text takes at most, by the signs that it cannot do without."""
    return _signs(text)[1]


def _signs(text: bytes) -> tuple[int, int]:
    """Objects and arrays that open in a JSON text, and its weight."""
    signs = text.translate(None, _NO_SIGNS)
    objects, arrays, colons = signs.count(b"{"), signs.count(b"["), signs.count(b":")
    opened = objects + arrays
    characters = 4 * len(text)  # one emoji makes all of a string that wide
    size = characters + 64 * objects + 88 * arrays + 128 * colons + 64 * (len(signs) - opened - colons)
    return opened, size


def compact(value: Any) -> str:
    """A JSON value as compact JSON text (`{"a":1}`, `true`, `1.5`)."""
    return orjson.dumps(value).decode()


def as_text(value: Any) -> str:
    """What a value is compared as (SPEC 2): a string as it is, any other value as its compact JSON text."""
    return value if isinstance(value, str) else compact(value)


def pay_for_text(value: Any, budget: Budget) -> None:
    """Pay for `as_text` of a value before anything is written: two nodes a step. Raises OverBudget."""
    waiting: list[Any] = []
    budget.spend(writing(_characters([value], waiting)))
    while waiting:
        node = waiting.pop()
        budget.spend((len(node) >> 1) + 1)
        if isinstance(node, dict):
            budget.spend(writing(sum(map(len, node))))
            node = list(node.values())
        budget.spend(writing(_characters(node, waiting)))


def _characters(nodes: Sequence[Any], containers: list[Any]) -> int:
    """Characters of the texts among some nodes; the objects and arrays among them go to `containers`."""
    count = 0
    for node in nodes:
        kind = node.__class__
        if kind is str:
            count += len(node)
        elif kind is dict or kind is list:
            containers.append(node)
        elif kind is Decimal:
            count += _DECIMAL
    return count
