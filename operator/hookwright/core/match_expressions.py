"""`filters.matchExpressions`: a JSONPath, an operator and values, compiled (SPEC 2).

What makes them dear is bounded when they are read (the words of their paths, the size of their expressions), and
paid for when they are asked (`core.budget`). Must not: change an event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import partial
from typing import Final

from hookwright.api.v1alpha1.webhook import MatchExpression
from hookwright.core.budget import Budget
from hookwright.core.clauses import Clause, Probe, quoted, shown_list
from hookwright.core.expressions import ExpressionError, Expressions, compile_expressions
from hookwright.core.jsonpath import JsonPath
from hookwright.core.view import View
from hookwright.errors import FieldError

_PARTS: Final = 8  # values of one NotIn that are compared with other webhooks': it takes 10 µs each to build
_FEW: Final = 16  # texts that are compared at no price
_Test = Callable[[Sequence[str], Budget], bool]


@dataclass(frozen=True, slots=True)
class Expression(Clause):
    """One comparison. `test` judges all texts that the path finds, a negation included; None: it asks for no text."""

    field: str = dataclass_field(compare=False)
    path: JsonPath
    operator: str
    values: tuple[str, ...]
    test: _Test | None = dataclass_field(compare=False)
    expressions: Expressions | None = dataclass_field(default=None, compare=False)

    @property
    def dear(self) -> bool:
        return not self.path.singular

    @property
    def what(self) -> str:
        return self.path.text

    @property
    def cure(self) -> str:
        path = "make the path more exact"
        return f"{path}, or the expressions fewer and shorter" if self.expressions else path

    def holds(self, view: View, budget: Budget) -> bool:
        if self.test is None:
            return view.finds(self.path, budget) is (self.operator == "Exists")
        return self.test(view.values(self.path, budget), budget)

    def reason(self, view: View, budget: Budget) -> str:
        texts = view.values(self.path, budget)
        found = f"{self.path.text} is {quoted(texts)}" if texts else f"nothing is at {self.path.text}"
        wanted = f"{self.operator} {shown_list(self.values)}" if self.values else self.operator
        return f"{self.field}: {found}, wanted {wanted}"

    def probes(self) -> Sequence[Probe]:
        match self.operator:
            case "In":
                return (Probe(self.path, exact=self.values),)
            case "Prefix":
                return (Probe(self.path, prefixes=self.values),)
            case "Suffix":
                return (Probe(self.path, suffixes=self.values),)
            case "Matches":
                sizes = self.expressions.sizes if self.expressions else ()
                words = Probe(self.path, expressions=self.values, sizes=sizes)
                return (words, Probe(self.path, anything=True))
            case "Exists":
                return (Probe(self.path, anything=True),)
        return ()

    def parts(self) -> Sequence[Clause]:
        if self.operator != "NotIn" or len(self.values) > _PARTS:
            return (self,)
        return [
            Expression(self.field, self.path, "NotIn", (value,), _none_in((value,))) for value in self.values
        ]


def compile_expression(field: str, path: JsonPath, expression: MatchExpression, most: int) -> Expression:
    operator, values = expression.operator, tuple(expression.values or ())
    if operator in ("Exists", "DoesNotExist"):
        return Expression(field, path, operator, values, None)
    if operator != "Matches":
        return Expression(field, path, operator, values, _TESTS[operator](values))
    try:
        expressions = compile_expressions(values, most)
    except ExpressionError as error:
        where = "" if error.index is None else f"[{error.index}]"
        raise FieldError(f"filters.{field}.values{where}", str(error)) from None
    return Expression(field, path, operator, values, partial(_some_found, expressions), expressions)


def _some_in(values: tuple[str, ...]) -> _Test:
    allowed = frozenset(values)

    def test(texts: Sequence[str], budget: Budget) -> bool:
        if len(texts) > _FEW:
            budget.spend(len(texts) >> 5)
        return not allowed.isdisjoint(texts)

    return test


def _none_in(values: tuple[str, ...]) -> _Test:
    some_in = _some_in(values)
    return lambda texts, budget: not some_in(texts, budget)


def _some_begin(values: tuple[str, ...]) -> _Test:
    return partial(_any_of, str.startswith, values)


def _some_end(values: tuple[str, ...]) -> _Test:
    return partial(_any_of, str.endswith, values)


def _any_of(
    fits: Callable[[str, tuple[str, ...]], bool],
    values: tuple[str, ...],
    texts: Sequence[str],
    budget: Budget,
) -> bool:
    budget.spend(len(texts) * (1 + (len(values) >> 4)))
    return any(fits(text, values) for text in texts)


def _some_found(expressions: Expressions, texts: Sequence[str], budget: Budget) -> bool:
    return any(expressions.found_in(text, budget) for text in texts)


_TESTS: Final[dict[str, Callable[[tuple[str, ...]], _Test]]] = {
    "In": _some_in,
    "NotIn": _none_in,
    "Prefix": _some_begin,
    "Suffix": _some_end,
}
