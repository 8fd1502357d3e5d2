"""Which of many RE2 expressions could be found in some texts, without running each of them.

`re2.Filter` derives the words that whatever an expression finds must hold, and looks for all words in one pass.
Its answer may name too many, never too few. The trap: over its bound of memory the pass answers as if no word
were there. So every filter looks for a mark too, and every text ends in it: without the mark, all are possible.
Must not: decide that an expression is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import re2

from hookwright.core.budget import searching
from hookwright.core.expressions import options
from hookwright.limits import KIB

FILTER_BYTES: Final = 48 * KIB  # of expressions; the words of some 60 KiB are more than one filter takes
_LIKE_PROGRAM: Final = 5  # instructions of a program that takes as long a byte as a filter at worst
_MARK: Final = "\0\0\0"  # words of fewer than three bytes are not looked for


class ExpressionSet:
    """Expressions, in as many filters as they need. Immutable; for any thread."""

    __slots__ = ("_filters", "selective")

    def __init__(self, expressions: Iterable[str]) -> None:
        self._filters = [made for part in _parts(sorted(expressions)) for made in _filters(part)]
        self.selective = frozenset(each for filter_ in self._filters for each in filter_.selective())
        """Those that need some word. Any other is always possible, and need not be named as such."""

    def steps(self, texts: Sequence[str]) -> int:
        """What `possible` costs."""
        return len(self._filters) * searching(sum(map(len, texts)), _LIKE_PROGRAM)

    def possible(self, texts: Sequence[str]) -> Iterator[str]:
        """Each of `selective` that is found in one of the texts, and perhaps others."""
        text = _MARK.join((*texts, ""))
        for each in self._filters:
            yield from each.possible(text)


class _Filter:
    __slots__ = ("_expressions", "_filter")

    def __init__(self, expressions: Sequence[str]) -> None:
        """Raises re2.error if they are too many."""
        self._expressions = (_MARK, *expressions)
        self._filter = re2.Filter()
        how = options()
        for expression in self._expressions:
            self._filter.Add(expression, how)
        self._filter.Compile()

    def possible(self, text: str) -> Sequence[str]:
        found = self._filter.Match(text, potential=True)
        if not found or found[0] != 0:  # not even the mark: the pass gave up
            return self._expressions
        return [self._expressions[index] for index in found]

    def selective(self) -> set[str]:
        return set(self._expressions).difference(self.possible(_MARK))


def _parts(expressions: Iterable[str]) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for expression in expressions:
        length = len(expression.encode())
        if part and size + length > FILTER_BYTES:
            yield part
            part, size = [], 0
        part.append(expression)
        size += length
    if part:
        yield part


def _filters(expressions: Sequence[str]) -> Iterator[_Filter]:
    """One filter, or more if their words are too many for one, as with letters outside ASCII."""
    try:
        yield _Filter(expressions)
    except re2.error:
        half = len(expressions) // 2
        if half:
            yield from _filters(expressions[:half])
            yield from _filters(expressions[half:])
