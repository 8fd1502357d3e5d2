"""JSONPath (RFC 9535) whose work is paid for.

`jsonpath-rfc9535` reads and type-checks a query; its tree is then turned into plain functions that pay for every
node they look at (a step of `core.budget`), as the library's own evaluation can be bounded in neither steps nor
time. The functions `match()` and `search()` are refused: their expressions would run on a backtracking engine.
Must not: know events or filters; touch the document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathError, JSONPathQuery
from jsonpath_rfc9535 import filter_expressions as tree
from jsonpath_rfc9535.exceptions import JSONPathNameError
from jsonpath_rfc9535.function_extensions import Count, Length, Value
from jsonpath_rfc9535.lex import tokenize
from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment, JSONPathSegment
from jsonpath_rfc9535.selectors import (
    FilterSelector,
    IndexSelector,
    JSONPathSelector,
    NameSelector,
    SliceSelector,
    WildcardSelector,
)
from jsonpath_rfc9535.tokens import Token

from hookwright.core.budget import Budget, writing
from hookwright.errors import FieldError
from hookwright.limits import JSONPATH_FILTER_DEPTH, JSONPATH_PARTS

_CONTAINERS: Final = (dict, list)
_NOTHING: Final = object()  # RFC 9535's special result: no value, not even null


class _Run:
    """One evaluation: the document's root, and the budget that each node looked at is paid from."""

    __slots__ = ("root", "spend")

    def __init__(self, root: Any, budget: Budget) -> None:
        self.root = root
        self.spend = budget.spend


_Select = Callable[[Any, _Run], Sequence[Any]]  # a node → the nodes a selector or query finds from it
_Value = Callable[[Any, _Run], Any]  # a node → a value or _NOTHING
_Test = Callable[[Any, _Run], bool]


class JsonPath:
    """A compiled query; equal to another that is the same names and indices, or text. Made by `compile_path`."""

    __slots__ = ("_hash", "_keys", "_same", "_select", "lead", "parts", "singular", "text")

    def __init__(self, text: str, query: JSONPathQuery) -> None:
        self.text = text
        self.lead = tuple(_leading_keys(query))
        """Names and indices below which everything stands that it finds."""
        self._keys = self.lead if query.singular_query() else None
        self.parts = len(tokenize(text))
        """Words and signs that it is made of."""
        self.singular = self._keys is not None
        """Whether it finds one value at most, so that looking for it costs next to nothing."""
        self._same: object = text if self._keys is None else self._keys
        self._hash = hash(self._same)
        self._select = _compile_query(query)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JsonPath) and other._same == self._same

    def __hash__(self) -> int:
        return self._hash

    def walk(self, document: Any) -> list[Any]:
        """The same for a singular path, which is at most so many steps as it has names."""
        assert self._keys is not None
        return _walk(document, self._keys)

    def find(self, document: Any, budget: Budget) -> list[Any]:
        """The values that the query finds, in the document's order. Raises OverBudget."""
        if self._keys is not None:
            budget.spend(len(self._keys) >> 2)
            return _walk(document, self._keys)
        return list(self._select(document, _Run(document, budget)))


@lru_cache(maxsize=1024)
def compile_path(text: str) -> JsonPath:
    """A query's text → JsonPath. Raises ValueError with one sentence."""
    try:
        return JsonPath(text, _ENVIRONMENT.compile(text))
    except JSONPathError as error:
        reason = str(error).replace(", line 1,", ",")
    except RecursionError:
        reason = "it is nested too deeply"
    except (ArithmeticError, ValueError) as error:
        reason = str(error)
    raise ValueError(f"{text!r} is not a JSONPath of RFC 9535: {reason}")


def compile_paths(texts: Sequence[str], field: str) -> list[JsonPath]:
    """The paths of one list of a spec, whose items are `field[…].path`. Raises FieldError, also if they are too much."""
    paths: list[JsonPath] = []
    parts = 0
    for index, text in enumerate(texts):
        try:
            paths.append(compile_path(text))
        except ValueError as error:
            raise FieldError(f"{field}[{index}].path", str(error)) from None
        parts += paths[-1].parts
        if parts > JSONPATH_PARTS:
            raise FieldError(
                f"{field}[{index}].path",
                f"makes {parts:,} words and signs with the paths before it, and all together may have "
                f"{JSONPATH_PARTS:,}: write fewer or simpler ones",
            )
    return paths


class _Environment(JSONPathEnvironment):
    def setup_function_extensions(self) -> None:
        self.function_extensions = {"length": Length(), "count": Count(), "value": Value()}

    def validate_function_extension_signature(self, token: Token, args: list[Any]) -> list[Any]:
        if token.value in ("match", "search"):
            raise JSONPathNameError(f"{token.value}() is not offered, use the operator Matches", token=token)
        return list(super().validate_function_extension_signature(token, args))


_ENVIRONMENT: Final = _Environment()


# --- singular queries: names and indices only, by far the most common -----------------------------


def _leading_keys(query: JSONPathQuery) -> Iterator[str | int]:
    for segment in query.segments:
        match segment:
            case JSONPathRecursiveDescentSegment():
                return
            case JSONPathSegment(selectors=[NameSelector(name=key) | IndexSelector(index=key)]):
                yield key
            case _:
                return


def _walk(node: Any, keys: Sequence[Any]) -> list[Any]:
    for key in keys:
        if not isinstance(node, dict if isinstance(key, str) else list):
            return []  # an index finds nothing in an object, a name nothing in an array
        try:
            node = node[key]
        except (KeyError, IndexError):
            return []
    return [node]


# --- queries, segments, selectors -----------------------------------------------------------------


def _compile_query(query: JSONPathQuery, depth: int = 0) -> _Select:
    segments = [_compile_segment(segment, depth) for segment in query.segments]

    def select(node: Any, run: _Run) -> Sequence[Any]:
        nodes: Sequence[Any] = (node,)
        for segment in segments:
            nodes = segment(nodes, run)
        return nodes

    return select


def _compile_segment(segment: JSONPathSegment, depth: int) -> Callable[[Sequence[Any], _Run], list[Any]]:
    selectors = [_compile_selector(selector, depth) for selector in segment.selectors]
    descends = isinstance(segment, JSONPathRecursiveDescentSegment)

    def apply(nodes: Sequence[Any], run: _Run) -> list[Any]:
        found: list[Any] = []
        for node in nodes:
            for start in _descendants(node, run) if descends else (node,):
                for selector in selectors:
                    chosen = selector(start, run)
                    run.spend(len(chosen) + 1)
                    found.extend(chosen)
        return found

    return apply


def _descendants(node: Any, run: _Run) -> Iterator[Any]:
    """The node and all objects and arrays below it, parents first, without a stack of calls."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        children = _members(current)
        run.spend(len(children))
        waiting.extend(child for child in reversed(children) if isinstance(child, _CONTAINERS))


def _members(node: Any) -> Sequence[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else ()


def _compile_selector(selector: JSONPathSelector, depth: int) -> _Select:
    match selector:
        case NameSelector(name=name):
            return lambda node, _: (node[name],) if isinstance(node, dict) and name in node else ()
        case IndexSelector(index=index):
            return lambda node, _: _walk(node, (index,))
        case SliceSelector(slice=part) if part.step != 0:
            return lambda node, _: node[part] if isinstance(node, list) else ()
        case SliceSelector():  # a step of 0 selects nothing
            return lambda node, _: ()
        case WildcardSelector():
            return lambda node, _: _members(node)
        case FilterSelector(expression=expression):
            return _compile_filter(expression, depth + 1)
    raise AssertionError(f"unknown selector {selector}")


def _compile_filter(expression: tree.FilterExpression, depth: int) -> _Select:
    if depth > JSONPATH_FILTER_DEPTH:
        raise ValueError(f"its filters are nested deeper than {JSONPATH_FILTER_DEPTH}")
    test = _compile_test(expression.expression, depth)

    def select(node: Any, run: _Run) -> Sequence[Any]:
        members = _members(node)
        run.spend(len(members))
        return [member for member in members if test(member, run)]

    return select


# --- filter expressions ---------------------------------------------------------------------------


def _compile_test(expression: tree.Expression, depth: int) -> _Test:
    match expression:
        case tree.LogicalExpression(operator=operator):
            left, right = _compile_test(expression.left, depth), _compile_test(expression.right, depth)
            if operator == "&&":
                return lambda node, run: left(node, run) and right(node, run)
            return lambda node, run: left(node, run) or right(node, run)
        case tree.PrefixExpression(right=operand):
            negated = _compile_test(operand, depth)
            return lambda node, run: not negated(node, run)
        case tree.ComparisonExpression(operator=operator):
            return _compile_comparison(
                _compile_value(expression.left, depth), operator, _compile_value(expression.right, depth)
            )
        case tree.FilterQuery():
            nodes = _compile_nodes(expression, depth)
            return lambda node, run: bool(nodes(node, run))
    raise ValueError("it asks whether something is true that is no test, such as a number")


def _compile_nodes(query: tree.FilterQuery, depth: int) -> _Select:
    select = _compile_query(query.query, depth)
    if isinstance(query, tree.RootFilterQuery):
        return lambda _, run: select(run.root, run)
    return select


def _compile_value(expression: tree.Expression, depth: int) -> _Value:
    match expression:
        case tree.FilterExpressionLiteral(value=value):
            return lambda _, run: value
        case tree.FilterQuery():
            nodes = _compile_nodes(expression, depth)
            return lambda node, run: _single(nodes(node, run))
        case tree.FunctionExtension(name="length", args=[argument]):
            measured = _compile_value(argument, depth)
            return lambda node, run: _length(measured(node, run))
        case tree.FunctionExtension(name="count", args=[tree.FilterQuery() as query]):
            counted = _compile_nodes(query, depth)
            return lambda node, run: len(counted(node, run))
        case tree.FunctionExtension(name="value", args=[tree.FilterQuery() as query]):
            nodes = _compile_nodes(query, depth)
            return lambda node, run: _single(nodes(node, run))
    raise ValueError("it compares something that is no value, such as another comparison")


def _single(nodes: Sequence[Any]) -> Any:
    return nodes[0] if len(nodes) == 1 else _NOTHING


def _length(value: Any) -> Any:
    return len(value) if isinstance(value, str | list | dict) else _NOTHING


def _compile_comparison(left: _Value, operator: str, right: _Value) -> _Test:
    def equal(node: Any, run: _Run) -> bool:
        return _equal(left(node, run), right(node, run), run)

    def less(node: Any, run: _Run) -> bool:
        return _less(left(node, run), right(node, run), run)

    def greater(node: Any, run: _Run) -> bool:
        return _less(right(node, run), left(node, run), run)

    return {
        "==": equal,
        "!=": lambda node, run: not equal(node, run),
        "<": less,
        ">": greater,
        "<=": lambda node, run: less(node, run) or equal(node, run),
        ">=": lambda node, run: greater(node, run) or equal(node, run),
    }[operator]


def _equal(left: Any, right: Any, run: _Run) -> bool:
    """RFC 9535 section 2.3.5.2.2; true and 1 differ, 1 and 1.0 do not. Counts what it compares."""
    run.spend(2)
    if left is _NOTHING or right is _NOTHING:
        return left is right
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(_equal(a, b, run) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        run.spend(len(left) >> 2)
        return left.keys() == right.keys() and all(_equal(left[key], right[key], run) for key in left)
    if isinstance(left, str) and isinstance(right, str):
        run.spend(writing(len(left)))
    return bool(left == right)


def _less(left: Any, right: Any, run: _Run) -> bool:
    run.spend(2)
    if isinstance(left, str) and isinstance(right, str):
        run.spend(writing(len(left)))
        return left < right
    numbers = all(isinstance(side, int | float) and not isinstance(side, bool) for side in (left, right))
    return numbers and left < right
