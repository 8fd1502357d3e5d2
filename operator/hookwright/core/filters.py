"""A webhook's filters (SPEC 2), compiled once: does this event pass, and if not, why.

AND across entries, OR inside one. A `View` looks every place of an event up once, however many webhooks ask.
Clauses also tell what an event must show to have any chance, from which `core.match_index` is built.
Must not: know triggers or namespaces, change an event.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import partial
from typing import Any, Final

import re2
from pydantic.alias_generators import to_camel

from hookwright.api.v1alpha1.webhook import Filters, MatchExpression
from hookwright.core.jsonpath import JsonPath, compile_path
from hookwright.core.jsontext import as_text, compact
from hookwright.core.places import APPROVALS, PLACES
from hookwright.errors import FieldError, FilterError
from hookwright.limits import JSONPATH_TEXT_BYTES

Source = str | JsonPath  # a named place, or a path
_LISTS: Final = [(place, to_camel(place)) for place in PLACES if place != APPROVALS]
_PARTS: Final = 8  # values of one NotIn that are compared with other webhooks': it takes 10 µs each to build
_SHOWN_VALUES: Final = 5  # of an event's or a filter's values in a sentence
_SHOWN_CHARACTERS: Final = 80


class View:
    """One event as filters see it. Belongs to one event and one caller."""

    __slots__ = ("_found", "document")

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self._found: dict[Source, Sequence[str] | FilterError] = {}

    def values(self, source: Source) -> Sequence[str]:
        """What stands at a place or path, as texts. Raises FilterError for a path over its budget."""
        found = self._found.get(source)
        if found is None:
            found = self._found[source] = self._look_up(source)
        if isinstance(found, FilterError):
            raise found
        return found

    def _look_up(self, source: Source) -> Sequence[str] | FilterError:
        if isinstance(source, str):
            data = self.document.get("data")
            return PLACES[source](data) if isinstance(data, dict) else ()
        try:
            return _texts(source, self.document)
        except FilterError as error:
            return error


def _texts(path: JsonPath, document: Any) -> list[str]:
    texts, written = [], 0
    for value in path.find(document):
        text = as_text(value)
        if not isinstance(value, str):
            written += len(text)
            if written > JSONPATH_TEXT_BYTES:
                raise FilterError(
                    f"{path.text} finds more than {JSONPATH_TEXT_BYTES:,} bytes of JSON here: "
                    "make the path more exact"
                )
        texts.append(text)
    return texts


@dataclass(frozen=True, slots=True)
class Probe:
    """What an event must show at `source` to pass: a text that is one of these, or begins or ends so, or in
    which one of the RE2 expressions is found; or `anything`."""

    source: Source
    exact: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    anything: bool = False


class Clause(ABC):
    """One entry of the filters; equal to another that decides the same."""

    __slots__ = ()

    @abstractmethod
    def holds(self, view: View) -> bool:
        """Whether the event passes. Raises FilterError over the budget of a path."""

    @abstractmethod
    def reason(self, view: View) -> str:
        """Why the event does not pass, one sentence; only asked then."""

    @abstractmethod
    def probes(self) -> Sequence[Probe]:
        """Necessary conditions that can be looked up; any of them will do."""

    def parts(self) -> Sequence[Clause]:
        """Clauses that all hold if this one does: as small as they get, so that many webhooks share one."""
        return (self,)


@dataclass(frozen=True, slots=True)
class FilterProgram:
    """All filters of one webhook; equal to another that decides the same."""

    clauses: tuple[Clause, ...]

    def passes(self, view: View) -> bool:
        """Whether the event passes all filters. Raises FilterError if no filter says no, but one cannot say."""
        error = None
        for clause in self.clauses:
            try:
                if not clause.holds(view):
                    return False
            except FilterError as problem:
                error = error or problem
        if error is not None:
            raise error
        return True

    def mismatches(self, view: View) -> Iterator[str]:
        """One sentence for each filter that the event does not pass. Raises FilterError."""
        return (clause.reason(view) for clause in self.clauses if not clause.holds(view))

    def mismatch(self, document: Mapping[str, Any]) -> str | None:
        """None if the event passes, else the first reason in one sentence. Raises FilterError."""
        return next(self.mismatches(View(document)), None)


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
    for index, expression in enumerate(filters.match_expressions or ()):
        clauses.append(_compile_expression(f"matchExpressions[{index}]", expression))
    return FilterProgram(tuple(clauses))


# --- lists of names -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Listed(Clause):
    place: str
    field: str  # as users write the place
    exact: frozenset[str]
    globs: tuple[str, ...]

    def holds(self, view: View) -> bool:
        values = view.values(self.place)
        if not self.exact.isdisjoint(values):
            return True
        return any(glob_matches(glob, value) for glob in self.globs for value in values)

    def reason(self, view: View) -> str:
        wanted = _shown_list((*sorted(self.exact), *self.globs))
        values = view.values(self.place)
        if not values:
            return f"{self.field}: the event names none, wanted one of {wanted}"
        return f"{self.field}: none of {_quoted(values)} is in {wanted}"

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
        return (by_ends, Probe(self.place, exact, expressions=tuple(map(_glob_expression, self.globs))))


def _compile_list(place: str, field: str, values: Sequence[str]) -> _Listed:
    exact = frozenset(value for value in values if "*" not in value)
    globs = tuple(dict.fromkeys(value for value in values if "*" in value))
    return _Listed(place, field, exact, globs)


def glob_matches(glob: str, text: str) -> bool:
    """Whether `text` fits `glob`, where `*` stands for any characters, none included; linear in the text."""
    head, *middle = glob.split("*")
    if not middle:
        return text == glob
    tail = middle.pop()
    end = len(text) - len(tail)
    position = len(head)
    if position > end or not text.startswith(head) or not text.endswith(tail):
        return False
    for part in middle:
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

    def holds(self, view: View) -> bool:
        return self.kind in view.values(APPROVALS)

    def reason(self, view: View) -> str:
        if self.kind == "Manual":
            return "approvals: wanted Manual, but no person has approved"
        return "approvals: wanted Automatic, but a person stands among the approvals, or the event has none"

    def probes(self) -> Sequence[Probe]:
        return (Probe(APPROVALS, (self.kind,)),)


# --- match expressions ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Expression(Clause):
    """One comparison. `test` judges all texts that the path finds, a negation included."""

    field: str = dataclass_field(compare=False)
    path: JsonPath
    operator: str
    values: tuple[str, ...]
    test: Callable[[Sequence[str]], bool] = dataclass_field(compare=False)

    def holds(self, view: View) -> bool:
        return self.test(view.values(self.path))

    def reason(self, view: View) -> str:
        texts = view.values(self.path)
        found = f"{self.path.text} is {_quoted(texts)}" if texts else f"nothing is at {self.path.text}"
        wanted = f"{self.operator} {_shown_list(self.values)}" if self.values else self.operator
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
                return (Probe(self.path, expressions=self.values), Probe(self.path, anything=True))
            case "Exists":
                return (Probe(self.path, anything=True),)
        return ()

    def parts(self) -> Sequence[Clause]:
        if self.operator != "NotIn" or len(self.values) > _PARTS:
            return (self,)
        return [
            _Expression(self.field, self.path, "NotIn", (value,), _none_in((value,))) for value in self.values
        ]


def _compile_expression(field: str, expression: MatchExpression) -> _Expression:
    operator, values = expression.operator, tuple(expression.values or ())
    try:
        path = compile_path(expression.path)
    except ValueError as error:
        raise FieldError(f"filters.{field}.path", str(error)) from None
    test = _matches(field, values) if operator == "Matches" else _TESTS[operator](values)
    return _Expression(field, path, operator, values, test)


def _some_in(values: tuple[str, ...]) -> Callable[[Sequence[str]], bool]:
    allowed = frozenset(values)
    return lambda texts: not allowed.isdisjoint(texts)


def _none_in(values: tuple[str, ...]) -> Callable[[Sequence[str]], bool]:
    return frozenset(values).isdisjoint


def _some_begin(values: tuple[str, ...]) -> Callable[[Sequence[str]], bool]:
    return lambda texts: any(text.startswith(values) for text in texts)


def _some_end(values: tuple[str, ...]) -> Callable[[Sequence[str]], bool]:
    return lambda texts: any(text.endswith(values) for text in texts)


_TESTS: Final[dict[str, Callable[[tuple[str, ...]], Callable[[Sequence[str]], bool]]]] = {
    "In": _some_in,
    "NotIn": _none_in,
    "Exists": lambda _: bool,
    "DoesNotExist": lambda _: lambda texts: not texts,
    "Prefix": _some_begin,
    "Suffix": _some_end,
}


def _matches(field: str, values: tuple[str, ...]) -> Callable[[Sequence[str]], bool]:
    options = re2.Options()
    options.log_errors = False
    try:
        patterns = [re2.compile(value, options) for value in values]
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise FieldError(
            f"filters.{field}.values", f"is not an expression of RE2's syntax: {reason}"
        ) from None
    return partial(_some_match, patterns)


def _some_match(patterns: Sequence[Any], texts: Sequence[str]) -> bool:
    return any(pattern.search(text) is not None for text in texts for pattern in patterns)


# --- sentences ------------------------------------------------------------------------------------


def _quoted(values: Sequence[str]) -> str:
    """Values of an event, as JSON strings, so that no control character gets through; bounded."""
    shown = ", ".join(compact(_cut(value)) for value in values[:_SHOWN_VALUES])
    return shown + _and_more(values)


def _shown_list(values: Sequence[str]) -> str:
    return f"[{', '.join(_cut(value) for value in values[:_SHOWN_VALUES])}{_and_more(values)}]"


def _and_more(values: Sequence[str]) -> str:
    return f" and {len(values) - _SHOWN_VALUES} more" if len(values) > _SHOWN_VALUES else ""


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
