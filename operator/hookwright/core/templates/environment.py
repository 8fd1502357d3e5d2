"""Jinja2 with everything taken out that a template must not have, and our own parts put in.

One environment for all templates: an immutable sandbox whose lookups, operators, filters and tests are
ours, in which nothing can be called and nothing is folded at compile time. `core.templates.rewrite` turns
every lookup, call and comparison into one of the internal filters here; their names hold a blank, so no
template can spell them. Must not: hold state of a render.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final, NoReturn

from jinja2 import Undefined, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from hookwright.core.templates import lists, tables, texts, values
from hookwright.core.templates.access import call_method, get, item
from hookwright.core.templates.budget import RenderContext, check_text
from hookwright.core.templates.missing import Missing
from hookwright.core.templates.values import kind, kinds
from hookwright.errors import TemplateError

_NUMERIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
_POWER_MAX: Final = 64


def calculate(context: RenderContext, sign: str, left: Any, right: Any) -> Any:
    """Arithmetic on numbers of JSON's size; `+` also joins two texts or two lists. Raises TemplateError."""
    for side in (left, right):
        if isinstance(side, Undefined):
            side._fail_with_undefined_error()
    context.charge(1)
    if isinstance(left, int | float) and isinstance(right, int | float):
        if sign == "**" and not (abs(right) <= _POWER_MAX and (left > 0 or isinstance(right, int))):
            raise TemplateError(
                f"the result is not a number that JSON can hold (exponents go to {_POWER_MAX})"
            )
        return lists.number(_NUMERIC[sign](left, right))
    if sign == "+" and isinstance(left, str) and isinstance(right, str):
        check_text(context, len(left) + len(right))
        return str(left) + str(right)
    if sign == "+" and isinstance(left, list) and isinstance(right, list):
        context.weigh(left)
        context.weigh(right)
        return left + right
    cure = "; ~ puts texts together" if isinstance(left, str) or isinstance(right, str) else ""
    raise TemplateError(f"{sign} does not go between {kind(left)} and {kind(right)}{cure}")


@pass_context
def _concat(context: RenderContext, *parts: Any) -> str:
    return texts.join(context, list(parts))


@pass_context
def _weigh(context: RenderContext, value: Any) -> Any:
    context.weigh(value)
    return value


@pass_context
def _each(context: RenderContext, value: Any, weight: int) -> Any:
    lists.check_items(value)
    context.charge(len(value) * weight)
    return value


@pass_context
def _range(context: RenderContext, *bounds: Any) -> list[int]:
    if not 1 <= len(bounds) <= 3 or any(type(bound) is not int for bound in bounds) or bounds[2:] == (0,):
        raise TemplateError(
            f"range needs one to three whole numbers, and a step other than 0; this is {kinds(*bounds)}"
        )
    numbers = range(*bounds)
    if numbers:
        context.charge(1 + abs(numbers[-1] - numbers[0]) // abs(numbers.step))
    return list(numbers)


def _namespace(value: None, **fields: Any) -> Namespace:
    return Namespace(**fields)


def _with_context(writer: values.Writer) -> values.Writer:
    return pass_context(writer)


GET: Final = "the field"
ITEM: Final = "the item"
METHOD: Final = "call method"
CONCAT: Final = "put together"
IN: Final = "is in"
WEIGH: Final = "weigh it"
EACH: Final = "each of"
RANGE: Final = "whole range"
NAMESPACE: Final = "new namespace"
PLAIN: Final = "write plain"
URL: Final = "write url"


def string_writer(depth: int) -> str:
    """The writer inside `depth` strings (1–3)."""
    return f"write string {depth}"


def json_writer(depth: int) -> str:
    """The writer of a whole JSON value, inside `depth` strings (0–3)."""
    return f"write json {depth}"


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment; see the module."""

    intercepted_binops = frozenset(_NUMERIC)
    context_class = RenderContext

    def __init__(self) -> None:
        super().__init__(undefined=Missing, optimized=False, autoescape=False, cache_size=0)
        self.globals.clear()
        self.filters.clear()
        self.tests.clear()
        self.filters.update({name: tables.priced(name, one) for name, one in tables.FILTERS.items()})
        self.tests.update({name: tables.priced(name, one) for name, one in tables.TESTS.items()})
        self.filters.update(
            {
                GET: get,
                ITEM: item,
                METHOD: call_method,
                CONCAT: _concat,
                IN: pass_context(tables.contains),
                WEIGH: _weigh,
                EACH: _each,
                RANGE: _range,
                NAMESPACE: _namespace,
                PLAIN: _with_context(values.write_text),
                URL: _with_context(values.write_url),
            }
        )
        for depth, writer in enumerate(values.STRING_WRITERS, 1):
            self.filters[string_writer(depth)] = _with_context(writer)
        for depth, writer in enumerate(values.JSON_WRITERS):
            self.filters[json_writer(depth)] = _with_context(writer)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Every operator of arithmetic."""
        assert isinstance(context, RenderContext)
        return calculate(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Never Python's attributes."""
        return get(obj, "", attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Never Python's attributes."""
        return item(obj, argument, "")

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: N805
        """Nothing is called this way: the rewritten tree holds no call."""
        raise TemplateError("nothing can be called here but methods, range() and namespace()")


ENVIRONMENT: Final = Sandbox()
