"""The filters and tests that a template may use, and the filters that apply one of them to each item.

The white list is these two tables and nothing else; each entry pays from the budget itself.
Must not: know the syntax tree.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any, Final

from jinja2 import Undefined, pass_context

from hookwright.core.templates import lists, moments, texts
from hookwright.core.templates.budget import RenderContext, check_search
from hookwright.core.templates.missing import nearest
from hookwright.core.templates.values import kinds
from hookwright.errors import TemplateError

_STEPS_PER_ITEM: Final = 8


def _compare(compare: Callable[[Any, Any], bool]) -> texts.Operation:
    def test(context: RenderContext, value: Any, other: Any) -> bool:
        context.weigh(value)
        return bool(compare(value, other))

    return test


def contains(context: RenderContext, value: Any, container: Any) -> bool:
    """`value in container`. Raises TypeError where `value` cannot be in it."""
    if isinstance(container, str) and isinstance(value, str):
        check_search(context, container, value)
    else:
        context.weigh(value)
        context.weigh(container)
    return value in container


def _kind_test(*kinds: type, but: tuple[type, ...] = ()) -> texts.Operation:
    def test(context: RenderContext, value: Any) -> bool:
        return isinstance(value, kinds) and not isinstance(value, but)

    return test


def _same(expected: Any) -> texts.Operation:
    def test(context: RenderContext, value: Any) -> bool:
        return value is expected

    return test


def _defined(context: RenderContext, value: Any) -> bool:
    return not isinstance(value, Undefined)


def _undefined(context: RenderContext, value: Any) -> bool:
    return isinstance(value, Undefined)


def _divisible(context: RenderContext, value: Any, by: Any) -> bool:
    return bool(value % by == 0) if isinstance(value, int | float) else False


TESTS: Final[dict[str, texts.Operation]] = {
    "!=": _compare(operator.ne),
    "<": _compare(operator.lt),
    "<=": _compare(operator.le),
    "==": _compare(operator.eq),
    ">": _compare(operator.gt),
    ">=": _compare(operator.ge),
    "boolean": _kind_test(bool),
    "defined": _defined,
    "divisibleby": _divisible,
    "eq": _compare(operator.eq),
    "equalto": _compare(operator.eq),
    "even": lambda context, value: _divisible(context, value, 2),
    "false": _same(False),
    "float": _kind_test(float),
    "ge": _compare(operator.ge),
    "greaterthan": _compare(operator.gt),
    "gt": _compare(operator.gt),
    "in": contains,
    "integer": _kind_test(int, but=(bool,)),
    "iterable": _kind_test(list, tuple, dict, str),
    "le": _compare(operator.le),
    "lessthan": _compare(operator.lt),
    "lower": lambda context, value: texts.read(context, value).islower(),
    "lt": _compare(operator.lt),
    "mapping": _kind_test(dict),
    "ne": _compare(operator.ne),
    "none": _same(None),
    "number": _kind_test(int, float, but=(bool,)),
    "odd": lambda context, value: not _divisible(context, value, 2),
    "sameas": _compare(operator.is_),
    "sequence": _kind_test(list, tuple, str),
    "string": _kind_test(str),
    "true": _same(True),
    "undefined": _undefined,
    "upper": lambda context, value: texts.read(context, value).isupper(),
}


def _named(table: dict[str, texts.Operation], what: str, name: Any) -> texts.Operation:
    found = table.get(name) if isinstance(name, str) else None
    if found is None:
        raise TemplateError(unknown(what, str(name), table))
    return found


def unknown(what: str, name: str, table: dict[str, Any]) -> str:
    """The sentence for a filter or test that does not exist."""
    near = nearest(name, table)
    cure = f"; did you mean {near}?" if near else f"; there are {', '.join(sorted(table))}"
    return f"there is no {what} {name[:64]}{cure}"


def _map(
    context: RenderContext, value: Any, *args: Any, attribute: Any = None, default: Any = None, **kwargs: Any
) -> list[Any]:
    """A field of each item (`attribute="name"`), or a filter applied to each (`map("upper")`)."""
    found = lists.items_of(context, value)
    context.charge(_STEPS_PER_ITEM * len(found))
    if attribute is not None:
        field = lists.field(context, attribute, len(found))
        made = [field(one) for one in found]
        if default is not None:
            made = [default if isinstance(one, Undefined) else one for one in made]
    else:
        operation = _named(FILTERS, "filter", args[0] if args else "")
        made = [operation(context, one, *args[1:], **kwargs) for one in found]
    context.weigh(made)
    return made


def _choosing(wanted: bool, by_field: bool) -> texts.Operation:
    def choose(context: RenderContext, value: Any, *args: Any) -> list[Any]:
        found = lists.items_of(context, value)
        context.charge(_STEPS_PER_ITEM * len(found))
        field = lists.field(context, args[0] if by_field else None, len(found))
        rest = args[1:] if by_field else args
        test = _named(TESTS, "test", rest[0]) if rest else None

        def holds(one: Any) -> bool:
            looked = field(one)
            return bool(test(context, looked, *rest[1:]) if test else looked)

        return [one for one in found if holds(one) is wanted]

    return choose


FILTERS: Final[dict[str, texts.Operation]] = {
    **texts.FILTERS,
    **lists.FILTERS,
    "datetime": moments.moment,
    "map": _map,
    "reject": _choosing(False, False),
    "rejectattr": _choosing(False, True),
    "select": _choosing(True, False),
    "selectattr": _choosing(True, True),
}

REFUSED: Final = {
    "format": 'put texts together with ~, as in {{ "Request " ~ data.friendly_id }}',
    "safe": "leave it out: escaping follows the place, and nothing switches it off",
    "forceescape": "escape does the same here",
    "attr": "write the field itself, as in data.requester.name, or data[name]",
    "random": "a retry must send the same body, so nothing here is random",
    "pprint": "json writes a value as JSON",
    "striptags": "replace removes known tags",
    "urlize": "write the link in the form that the target wants",
    "wordwrap": "truncate or indent shape a text",
    "xmlattr": "bodies are JSON",
}
"""Jinja's filters that are left out, and what to do instead."""


def check_arguments(name: str, operation: texts.Operation, count: int, named: Sequence[str]) -> None:
    """Raises TemplateError unless an entry of the tables takes `count` arguments and the `named` ones."""
    parameters = list(signature(operation).parameters.values())[2:]
    if any(each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD) for each in parameters):
        return
    takes = ", ".join(each.name for each in parameters) or "no arguments"
    known = [each.name for each in parameters]
    given = {*known[:count], *named}
    for each in named:
        if each not in known[count:]:
            raise TemplateError(f"{name} takes no {each[:64]}=…; it takes {takes}")
    if count > len(known):
        raise TemplateError(f"{name} takes {takes}{' and no more' if known else ''}")
    wanting = [each.name for each in parameters if each.default is each.empty and each.name not in given]
    if wanting:
        raise TemplateError(f"{name} needs {' and '.join(wanting)}; it takes {takes}")


def priced(name: str, operation: texts.Operation) -> Callable[..., Any]:
    """An entry of the tables as Jinja calls it: with the context, never at compile time."""

    @pass_context
    def call(context: RenderContext, value: Any, *args: Any, **kwargs: Any) -> Any:
        context.charge(_STEPS_PER_ITEM)
        if args or kwargs:
            for argument in (*args, *kwargs.values()):
                context.weigh(argument)
        try:
            return operation(context, value, *args, **kwargs)
        except (TypeError, ValueError):
            given = kinds(value, *args, *kwargs.values())
            raise TemplateError(f"{name} does not go with {given}") from None

    return call
