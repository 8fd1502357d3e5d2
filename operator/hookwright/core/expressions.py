"""The RE2 expressions of one `Matches` filter, compiled and searched within bounds.

RE2 is linear in the text, but the factor, the memory and the time to compile are the author's choice: so each has a
bound, and a search is paid for (`core.budget`). Compiled ones are kept up to a bound for all webhooks together, as
their automata grow with the texts they see; the others are compiled when they are needed.
Must not: know events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import re2

from hookwright.core.budget import Budget, compiling, finding, searching
from hookwright.limits import EXPRESSION_BYTES, EXPRESSIONS_KEPT_BYTES, KIB

_SIGNS: Final = frozenset("\\.+*?()[]{}|^$")  # a text without any of these is found as it stands
_CLASSES: Final = ("\\p", "\\P")
_CLASS_SIZE: Final = (
    400  # of a class of Unicode: it takes some 100 µs to read, however few instructions it becomes
)
_OBJECT_BYTES: Final = 4 * KIB  # of one compiled expression, beside its instructions
_INSTRUCTION_BYTES: Final = 96


class ExpressionError(ValueError):
    """An expression that cannot be had: `index` among the values (None: all together), and a phrase why."""

    def __init__(self, index: int | None, phrase: str) -> None:
        super().__init__(phrase)
        self.index = index


@dataclass(frozen=True, slots=True)
class Expressions:
    """The values of one filter: words that stand as they are, and one RE2 expression for all others ("": none).

    `program` is its number of instructions, `size` what counts against a webhook's `limits.EXPRESSIONS_SIZE`,
    `sizes` the instructions of each value alone.
    """

    words: tuple[str, ...]
    pattern: str
    program: int
    size: int
    sizes: tuple[int, ...]

    def found_in(self, text: str, budget: Budget) -> bool:
        """Whether one of them is found in the text. Raises OverBudget."""
        for word in self.words:
            budget.spend(finding(len(text), len(word)))
            if word in text:
                return True
        if not self.pattern:
            return False
        budget.spend(searching(len(text), self.program))
        data = text.encode(errors="replace")
        if len(data) > len(text):
            budget.spend(searching(len(data) - len(text), self.program))
        return _kept_or_compiled(self, budget).search(data) is not None


def options() -> re2.Options:
    """How every expression of users is compiled."""
    made = re2.Options()
    made.log_errors = False
    made.never_capture = True
    made.max_mem = EXPRESSION_BYTES
    return made


def compile_expressions(values: Sequence[str], most: int) -> Expressions:
    """Read the values of a filter, which may have the size `most` together. Raises ExpressionError.

    Ends at the first value that does not fit, so that no list of dear ones is ever compiled whole.
    """
    patterns: list[str] = []
    sizes = []
    left = most
    for index, value in enumerate(values):
        if _SIGNS.isdisjoint(value):
            sizes.append(len(value) + 4)
            continue
        size = len(value) + _CLASS_SIZE * sum(map(value.count, _CLASSES))
        try:
            program = _program(value) if size <= left else 0
        except re2.error as error:
            raise ExpressionError(index, _phrase(error)) from None
        left -= size + program
        if left < 0:
            raise ExpressionError(
                index,
                f"has a size of {most - left:,} or more with the expressions before it, where {most:,} are left (1 for an "
                f"instruction or a character, {_CLASS_SIZE} for a Unicode class): write fewer or shorter ones, with smaller "
                "classes and repetitions",
            )
        sizes.append(program)
        patterns.append(value)
    words = tuple(value for value in values if _SIGNS.isdisjoint(value))
    pattern, program = _together(patterns)
    return Expressions(words, pattern, program, most - left, tuple(sizes))


def _together(patterns: Sequence[str]) -> tuple[str, int]:
    """One pattern that is found where one of these is, and its instructions."""
    if len(patterns) < 2:
        return "".join(patterns), sum(map(_program, patterns))
    pattern = "|".join(f"(?:{each}{_end_of_quote(each)})" for each in patterns)
    try:
        return pattern, _program(pattern)
    except re2.error:
        raise ExpressionError(
            None, "are too large for one filter together: write fewer or shorter ones"
        ) from None


def _end_of_quote(pattern: str) -> str:
    r"""`\E` where \Q, which quotes up to there or to the end, is still open: then the bracket is missed."""
    if "\\Q" not in pattern:
        return ""
    try:
        _program(f"(?:{pattern})")
    except re2.error:
        return "\\E"
    return ""


@lru_cache(maxsize=8192)
def _program(pattern: str) -> int:
    """Instructions of a pattern; remembered, as a configuration is read again and again. Raises re2.error."""
    return int(_compile(pattern).programsize)


def _compile(pattern: str) -> Any:
    try:
        return re2.compile(pattern, options())
    finally:
        re2.purge()  # the module would keep the latest 128, and their automata


def _phrase(error: Exception) -> str:
    reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
    if "too large" in reason:
        return (
            f"takes more than {EXPRESSION_BYTES // KIB} KiB of memory when it is compiled: "
            "write smaller classes and repetitions"
        )
    return f"is not an expression of RE2's syntax: {reason}"


_kept: dict[str, tuple[Any, int]] = {}  # compiled patterns with their weights, the latest used at the end


def _kept_or_compiled(expressions: Expressions, budget: Budget) -> Any:
    """The compiled pattern. Making it is charged to nobody, as it depends on what others asked for.

    Threads that meet here compile one twice at worst: each use of the table is one operation.
    """
    pattern = expressions.pattern
    compiled, weight = _kept.pop(pattern, (None, 0))
    if compiled is None:
        budget.beside += compiling(expressions.size)
        compiled, weight = _compile(pattern), _weight(expressions.program)
        _make_room(weight)
    _kept[pattern] = compiled, weight
    return compiled


def _make_room(weight: int) -> None:
    weight += sum(other for _, other in list(_kept.values()))
    for pattern in list(_kept):
        if weight <= EXPRESSIONS_KEPT_BYTES:
            break
        weight -= _kept.pop(pattern, (None, 0))[1]


def _weight(program: int) -> int:
    """Bytes that a compiled expression may come to take: an automaton of few instructions has few states."""
    automaton = min(EXPRESSION_BYTES, 8 << min(program, 20))
    return _OBJECT_BYTES + _INSTRUCTION_BYTES * program + automaton
