"""What a condition is in a given round of a loop, whatever the event: `loop.first`, `loop.index > 1` and so on.

Must not: guess; a condition that is not only about the round is None.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from jinja2 import nodes

_SIGNS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
}
_BASES: Final = {
    "index": ("index", 0),
    "index0": ("index", -1),
    "revindex": ("revindex", 0),
    "revindex0": ("revindex", -1),
    "length": ("length", 0),
}


@dataclass(frozen=True, slots=True)
class Rounds:
    """What is known about the current round of the innermost loop."""

    first: bool
    last: bool


def truth(test: nodes.Node, rounds: Rounds | None) -> bool | None:
    """What a condition is in a given round of a loop, None if that depends on the event."""
    if isinstance(test, nodes.Const):
        return bool(test.value)
    if isinstance(test, nodes.Not):
        inner = truth(test.node, rounds)
        return None if inner is None else not inner
    if isinstance(test, nodes.And | nodes.Or):
        left, right = truth(test.left, rounds), truth(test.right, rounds)
        deciding = isinstance(test, nodes.Or)
        if deciding in (left, right):
            return deciding
        return None if None in (left, right) else not deciding
    return _of_loop(test, rounds) if rounds else None


def _of_loop(test: nodes.Node, rounds: Rounds) -> bool | None:
    if isinstance(test, nodes.Test) and test.name in ("defined", "undefined"):
        lacking = {"previtem": rounds.first, "nextitem": rounds.last}.get(_loop_field(test.node))
        return None if lacking is None else lacking is (test.name == "undefined")
    if isinstance(test, nodes.Compare) and len(test.ops) == 1:
        return _compared(test.ops[0].op, _number(test.expr), _number(test.ops[0].expr), rounds)
    known = {"first": rounds.first, "last": rounds.last}.get(_loop_field(test))
    return known if known is not None else _compared("ne", _number(test), ("", 0), rounds)


def _loop_field(node: nodes.Node) -> str:
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == "loop":
        return node.attr
    return ""


def _number(node: nodes.Node) -> tuple[str, int] | None:
    """(what of the loop, plus how much) of a whole number; "": a constant."""
    if isinstance(node, nodes.Const) and type(node.value) is int:
        return "", node.value
    if isinstance(node, nodes.Sub) and (left := _number(node.left)) and (right := _number(node.right)):
        return (left[0], left[1] - right[1]) if not right[0] else None
    return _BASES.get(_loop_field(node))


def _compared(
    sign: str, left: tuple[str, int] | None, right: tuple[str, int] | None, rounds: Rounds
) -> bool | None:
    if left is None or right is None or sign not in _SIGNS:
        return None
    bounds = _difference(left[0], right[0], rounds)
    if bounds is None:
        return None
    shift = left[1] - right[1]
    found = {_SIGNS[sign](at + shift, 0) for at in bounds}
    if sign in ("eq", "ne") and len(found) == 1 and bounds[0] + shift < 0 < bounds[1] + shift:
        return None  # equal somewhere between
    return found.pop() if len(found) == 1 else None


def _difference(left: str, right: str, rounds: Rounds) -> tuple[float, float] | None:
    """The least and the greatest that one of the loop's numbers is above the other."""
    if left == right:
        return 0, 0
    alone = {
        "index": (1, 1) if rounds.first else (2, inf),
        "revindex": (1, 1) if rounds.last else (2, inf),
        "length": (1, 1) if rounds.first and rounds.last else (2, inf),
    }
    if not right:
        return alone[left]
    if not left:
        low, high = alone[right]
        return -high, -low
    if {left, right} == {"index", "length"}:
        low, high = (0, 0) if rounds.last else (1, inf)
        return (low, high) if left == "length" else (-high, -low)
    return None
