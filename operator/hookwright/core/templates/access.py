"""Looking into values: fields, items, methods. The only way from one value to another in a template.

Objects are asked for their keys and nothing else, so `data.items` is the field `items` and no attribute of a
Python object can be reached. Methods exist only where they are called, by the short list below.
Must not: return a bound method, a function or any object that is not JSON, `loop` or a namespace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from jinja2 import Undefined, pass_context
from jinja2.runtime import LoopContext
from jinja2.utils import Namespace, missing

from hookwright.core.templates import texts
from hookwright.core.templates.budget import RenderContext
from hookwright.core.templates.missing import Missing
from hookwright.core.templates.values import kind, kinds
from hookwright.errors import TemplateError

_SEQUENCES: Final = (list, tuple, str)
_LOOP_FIELDS: Final = frozenset(
    [
        "index",
        "index0",
        "first",
        "last",
        "length",
        "revindex",
        "revindex0",
        "previtem",
        "nextitem",
        "depth",
        "depth0",
    ]
)


def get(value: Any, base: str, *names: str | int) -> Any:
    """Follows `names` from `value`, which the template writes as `base`. Missing where one is absent."""
    left = iter(names)
    for name in left:
        if type(value) is dict:
            found = value.get(name, missing)
        elif type(value) is list and type(name) is int and 0 <= name < len(value):
            found = value[name]
        else:
            found = _look(value, name)
        if found is missing:
            return Missing(obj=value, name=name, path=base, above=names[: -1 - len([*left])])
        value = found
    return value


def item(value: Any, key: Any, base: str) -> Any:
    """`value[key]` with a key that is only known at render."""
    if isinstance(key, Undefined):
        key._fail_with_undefined_error()
    return get(value, base, key)


def _look(value: Any, name: Any) -> Any:
    if isinstance(value, LoopContext) and name in _LOOP_FIELDS:
        return getattr(value, name)
    if isinstance(value, Undefined):
        return value
    try:
        if isinstance(value, dict):
            return value.get(name, missing)
        if isinstance(value, _SEQUENCES):
            if name == "length":  # as Handlebars has it
                return len(value)
            return value[name] if isinstance(name, int) else missing
    except (IndexError, TypeError):
        return missing
    if isinstance(value, Namespace) and isinstance(name, str) and not name.startswith("_"):
        return getattr(value, name, missing)
    return missing


def _dict_get(context: RenderContext, value: dict[str, Any], key: Any, default: Any = None) -> Any:
    return value.get(key, default)


def _dict_items(context: RenderContext, value: dict[str, Any]) -> list[tuple[str, Any]]:
    context.weigh(value)
    return list(value.items())


def _dict_keys(context: RenderContext, value: dict[str, Any]) -> list[str]:
    context.charge(len(value))
    return list(value)


def _dict_values(context: RenderContext, value: dict[str, Any]) -> list[Any]:
    context.weigh(value)
    return list(value.values())


def _cycle(context: RenderContext, loop: LoopContext, *values: Any) -> Any:
    return loop.cycle(*values)


_METHODS: Final[dict[type, dict[str, Callable[..., Any]]]] = {
    str: texts.METHODS,
    dict: {"get": _dict_get, "items": _dict_items, "keys": _dict_keys, "values": _dict_values},
    LoopContext: {"cycle": _cycle},
}

METHOD_NAMES: Final = frozenset(name for methods in _METHODS.values() for name in methods)


@pass_context
def call_method(context: RenderContext, value: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """`value.name(…)`. Raises TemplateError if values of this kind have no such method."""
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    for kind_of, methods in _METHODS.items():
        if isinstance(value, kind_of) and name in methods:
            try:
                return methods[name](context, value, *args, **kwargs)
            except (TypeError, ValueError):
                raise TemplateError(f"{name}() does not go with {kinds(value, *args)}") from None
    raise TemplateError(f"{kind(value)} has no method {name}()")
