"""A webhook's filters (SPEC 2), compiled once: does this event pass, and if not, why.

AND across entries, OR inside one, and one budget for all of them and an event (`core.budget`).
Must not: know triggers or namespaces, change an event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, Final

import re2
from pydantic.alias_generators import to_camel

from hookwright.api.v1alpha1.webhook import Filters
from hookwright.core.budget import Budget, OverBudget, finding
from hookwright.core.clauses import Clause, Probe, quoted, shown_list
from hookwright.core.jsonpath import compile_paths
from hookwright.core.match_expressions import compile_expression
from hookwright.core.places import APPROVALS, PLACES
from hookwright.core.view import View
from hookwright.errors import FieldError, FilterError
from hookwright.limits import EXPRESSIONS_SIZE, MATCH_LAST_STEPS, MATCH_STEPS

_LISTS: Final = [(place, to_camel(place)) for place in PLACES if place != APPROVALS]
_FEW: Final = 16  # names that are compared at no price


@dataclass(frozen=True, slots=True)
class FilterProgram:
    """All filters of one webhook; equal to another that decides the same.

    A method that takes a `budget` raises FilterError where the filters go over it.
    """

    clauses: tuple[Clause, ...]

    def passes(self, view: View, budget: Budget) -> bool:
        """Whether the event passes all filters. FilterError if no filter says no, but one cannot say."""
        error = None
        for clause in self.clauses:
            try:
                if not clause.holds(view, budget):
                    return False
            except OverBudget as over:
                if error is None:  # what is quickly seen not to fit comes before it
                    error = _error(clause, over)
                    budget.go_on(MATCH_LAST_STEPS)
        if error is not None:
            raise error
        return True

    def mismatches(self, view: View, budget: Budget) -> Iterator[str]:
        """One sentence for each filter that the event does not pass."""
        for clause in self.clauses:
            try:
                if not clause.holds(view, budget):
                    yield clause.reason(view, Budget())
            except OverBudget as over:
                raise _error(clause, over) from None

    def share(self, document: Mapping[str, Any]) -> float:
        """How much of its budget (0 to 1) a webhook takes for an event that passes all its filters, or would.

        Raises FieldError that names the filter which goes over it.
        """
        view, budget = View(document), Budget()
        for clause in self.clauses:
            try:
                clause.holds(view, budget)
            except OverBudget as over:
                raise FieldError(f"filters.{clause.field}", _problem(clause, over)) from None
        return budget.used / budget.limit


def _error(clause: Clause, over: OverBudget) -> FilterError:
    return FilterError(f"filters.{clause.field}: {_problem(clause, over)}")


def _problem(clause: Clause, over: OverBudget) -> str:
    return (
        f"{clause.what} takes {over.needed:,} steps or more for this event, the filters before it included, and all "
        f"filters of a webhook have {MATCH_STEPS:,}: {clause.cure}"
    )


def compile_filters(filters: Filters | None) -> FilterProgram:
    """Filters → program. What the models allow, except paths and expressions, needs no second check.

    Raises FieldError.
    """
    if filters is None:
        return FilterProgram(())
    clauses: list[Clause] = []
    for place, field in _LISTS:
        values = getattr(filters, place)
        if values is not None:
            clauses.append(_compile_list(place, field, values))
    if filters.approvals is not None:
        clauses.append(_Approvals(filters.approvals))
    expressions = filters.match_expressions or ()
    paths = compile_paths([each.path for each in expressions], "filters.matchExpressions")
    left = EXPRESSIONS_SIZE
    for index, (path, expression) in enumerate(zip(paths, expressions, strict=True)):
        compiled = compile_expression(f"matchExpressions[{index}]", path, expression, left)
        left -= compiled.expressions.size if compiled.expressions else 0
        clauses.append(compiled)
    return FilterProgram(tuple(clauses))


# --- lists of names -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Listed(Clause):
    place: str
    field: str  # as users write the place
    exact: frozenset[str]
    globs: tuple[str, ...]
    between: tuple[Sequence[str], ...] = dataclass_field(compare=False)
    """Of each glob, what stands between its stars."""
    size: int = dataclass_field(compare=False)
    """Characters of all globs."""

    def holds(self, view: View, budget: Budget) -> bool:
        values = view.values(self.place, budget)
        if len(values) > _FEW:
            budget.spend(len(values) >> 5)
        if not self.exact.isdisjoint(values):
            return True
        if not self.globs:
            return False
        budget.spend(len(values) * len(self.globs) + finding(sum(map(len, values)), self.size))
        for parts in self.between:
            for value in values:
                if _fits(parts, value):
                    return True
        return False

    def reason(self, view: View, budget: Budget) -> str:
        wanted = shown_list((*sorted(self.exact), *self.globs))
        values = view.values(self.place, budget)
        if not values:
            return f"{self.field}: the event names none, wanted one of {wanted}"
        return f"{self.field}: none of {quoted(values)} is in {wanted}"

    def probes(self) -> Sequence[Probe]:
        exact = tuple(sorted(self.exact))
        ends = [(glob.partition("*")[0], glob.rpartition("*")[2]) for glob in self.globs]
        prefixes = tuple(head for head, tail in ends if len(head) >= len(tail))
        suffixes = tuple(tail for head, tail in ends if len(head) < len(tail))
        by_ends = Probe(self.place, exact, prefixes, suffixes)
        if all(
            max(pair, key=len) == glob.replace("*", "") for glob, pair in zip(self.globs, ends, strict=True)
        ):
            return (by_ends,)
        expressions = tuple(map(_glob_expression, self.globs))
        sizes = tuple(map(len, expressions))
        return (by_ends, Probe(self.place, exact, expressions=expressions, sizes=sizes))


def _compile_list(place: str, field: str, values: Sequence[str]) -> _Listed:
    exact = frozenset(value for value in values if "*" not in value)
    globs = tuple(dict.fromkeys(value for value in values if "*" in value))
    parts = tuple(glob.split("*") for glob in globs)
    return _Listed(place, field, exact, globs, parts, sum(map(len, globs)))


def glob_matches(glob: str, text: str) -> bool:
    """Whether `text` fits `glob`, where `*` stands for any characters, none included."""
    return _fits(glob.split("*"), text) if "*" in glob else text == glob


def _fits(parts: Sequence[str], text: str) -> bool:
    """Whether a text is these parts in order, the first at its beginning, the last at its end."""
    head, tail = parts[0], parts[-1]
    position, end = len(head), len(text) - len(tail)
    if position > end or not text.startswith(head) or not text.endswith(tail):
        return False
    for part in parts[1:-1] if len(parts) > 2 else ():
        position = text.find(part, position, end)
        if position < 0:
            return False
        position += len(part)
    return True


def _glob_expression(glob: str) -> str:
    """RE2, found in every text that fits the glob (and in others: it asks for the parts, not the ends)."""
    return "(?s)" + ".*".join(re2.escape(part) for part in glob.strip("*").split("*"))


# --- approvals ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Approvals(Clause):
    kind: str  # Manual or Automatic
    field: str = dataclass_field(default=APPROVALS, compare=False)

    def holds(self, view: View, budget: Budget) -> bool:
        return self.kind in view.values(APPROVALS, budget)

    def reason(self, view: View, budget: Budget) -> str:
        if self.kind == "Manual":
            return "approvals: wanted Manual, but no person has approved"
        return "approvals: wanted Automatic, but a person stands among the approvals, or the event has none"

    def probes(self) -> Sequence[Probe]:
        return (Probe(APPROVALS, (self.kind,)),)
