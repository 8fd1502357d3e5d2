"""Filters on lists, objects and numbers, with Jinja's names and arguments; results are complete lists.

Each pays for the whole of what it reads and of what it makes (`RenderContext.weigh`), so a list cannot be
blown up by repeating references. Must not: return generators.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import isfinite
from typing import Any, Final

import orjson
from jinja2 import Undefined

from hookwright.core.templates import texts
from hookwright.core.templates.access import get
from hookwright.core.templates.budget import RenderContext
from hookwright.core.templates.values import JsonText, dumps, kind
from hookwright.errors import TemplateError

_INT_MAX: Final = 2**63
_KEY_STEPS: Final = 4  # comparing, counting or grouping by one item's field
_NAME_STEPS: Final = 3  # following one name of a path


def check_items(value: Any) -> None:
    """Raises TemplateError for what a loop cannot go over: a missing field, a number, true, false or null."""
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    if not isinstance(value, list | tuple | dict | str):
        raise TemplateError(f"this is {kind(value)}, so there is nothing to loop over")


def items_of(context: RenderContext, value: Any) -> list[Any]:
    """What a list filter goes over. Raises TemplateError as `check_items` does."""
    check_items(value)
    context.charge(len(value))
    return list(value)


def number(value: Any) -> int | float:
    """A result of arithmetic. Raises TemplateError if JSON has no such number."""
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, int) and -_INT_MAX <= value < 2 * _INT_MAX:
        return value
    raise TemplateError("the result is not a number that JSON can hold (64 bits)")


_PATH_MAX: Final = 16  # names in an attribute's path


def _path_of(attribute: Any) -> list[str | int]:
    """`"a.b.0"` as the names to follow."""
    if isinstance(attribute, int):
        return [attribute]
    parts = attribute.split(".", _PATH_MAX) if isinstance(attribute, str) else []
    if not 0 < len(parts) <= _PATH_MAX:
        raise TemplateError(f"an attribute is a path of 1 to {_PATH_MAX} names, as in 'integration.name'")
    return [int(part) if part.isdecimal() and part.isascii() and len(part) < 8 else part for part in parts]


def field(context: RenderContext, attribute: Any, count: int) -> Callable[[Any], Any]:
    """What looks up a field of an item (None: the item itself), paid for `count` items."""
    if attribute is None:
        return lambda value: value
    parts = _path_of(attribute)
    context.charge(len(parts) * (1 + _NAME_STEPS * count))
    return lambda value: get(value, "", *parts)


def _key(
    context: RenderContext, attribute: Any, count: int, case_sensitive: bool, default: Any = None
) -> Callable[[Any], Any]:
    look = field(context, attribute, count)
    context.charge(_KEY_STEPS * count)

    def key(value: Any) -> Any:
        found = look(value)
        if isinstance(found, Undefined):
            if default is None:
                found._fail_with_undefined_error()
            found = default
        return found.lower() if isinstance(found, str) and not case_sensitive else found

    return key


def _weighed(context: RenderContext, value: Any) -> list[Any]:
    context.weigh(value)
    return items_of(context, value)


def first(context: RenderContext, value: Any) -> Any:
    """The first item; missing if there is none."""
    return _end(context, value, 0)


def last(context: RenderContext, value: Any) -> Any:
    """The last item; missing if there is none."""
    return _end(context, value, -1)


def _end(context: RenderContext, value: Any, index: int) -> Any:
    return get(items_of(context, value) if isinstance(value, dict) else value, "the list", index)


def length(context: RenderContext, value: Any) -> int:
    """How many items, fields or characters."""
    if isinstance(value, Undefined | list | tuple | dict | str):
        return len(value)
    raise TemplateError(f"this is {kind(value)}, which has no length")


def default(context: RenderContext, value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    """`default_value` where the field is missing; with `true` also where it is empty, false, 0 or null."""
    return default_value if isinstance(value, Undefined) or (boolean and not value) else value


def to_json(context: RenderContext, value: Any, indent: int | None = None) -> JsonText:
    """JSON text, written as it is outside strings and escaped inside them; in lines of two blanks a level."""
    if indent not in (None, 0, 2):
        raise TemplateError("json indents by 2 or not at all")
    if indent:
        context.weigh_lines(value)
    return JsonText(dumps(context, value, orjson.OPT_INDENT_2 if indent else 0))


def to_list(context: RenderContext, value: Any) -> list[Any]:
    """Items of a list, keys of an object, characters of a text."""
    return items_of(context, value)


def pairs(context: RenderContext, value: Any) -> list[tuple[str, Any]]:
    """(key, value) of an object."""
    if not isinstance(value, dict):
        raise TemplateError(f"items needs an object, this is {kind(value)}")
    context.weigh(value)
    return list(value.items())


def dictsort(
    context: RenderContext, value: Any, case_sensitive: bool = False, by: str = "key", reverse: bool = False
) -> list[Any]:
    """(key, value) of an object, sorted by either."""
    if by not in ("key", "value"):
        raise TemplateError("dictsort sorts by 'key' or by 'value'")
    return sort(context, pairs(context, value), reverse, case_sensitive, int(by == "value"))


def reverse(context: RenderContext, value: Any) -> Any:
    """Back to front."""
    return texts.read(context, value)[::-1] if isinstance(value, str) else _weighed(context, value)[::-1]


def sort(
    context: RenderContext,
    value: Any,
    reverse: bool = False,
    case_sensitive: bool = False,
    attribute: Any = None,
) -> list[Any]:
    """Sorted, by a field if one is given."""
    names = attribute.split(",", _PATH_MAX) if isinstance(attribute, str) else [attribute]
    return _in_order(context, value, names, reverse, case_sensitive)


def _in_order(
    context: RenderContext,
    value: Any,
    names: list[Any],
    reverse: bool,
    case_sensitive: bool,
    default: Any = None,
) -> list[Any]:
    """Sorted by the fields `names`, each paid for."""
    before = context.steps
    found = _weighed(context, value)
    keys = [_key(context, name, len(found), case_sensitive, default) for name in names]
    context.charge((before - context.steps) * len(found).bit_length() // 4)
    return sorted(found, key=lambda one: [key(one) for key in keys], reverse=bool(reverse))


def unique(
    context: RenderContext, value: Any, case_sensitive: bool = False, attribute: Any = None
) -> list[Any]:
    """Each value once, in the order they first come."""
    found = _weighed(context, value)
    key = _key(context, attribute, len(found), case_sensitive)
    seen: dict[Any, Any] = {}
    for one in found:
        known = key(one)
        seen.setdefault(dumps(context, known) if isinstance(known, dict | list) else known, one)
    return list(seen.values())


def _extreme(pick: Callable[..., Any]) -> texts.Operation:
    def call(context: RenderContext, value: Any, case_sensitive: bool = False, attribute: Any = None) -> Any:
        found = _weighed(context, value)
        key = _key(context, attribute, len(found), case_sensitive)
        return pick(found, key=key) if found else get([], "the list", 0)

    return call


def groupby(
    context: RenderContext, value: Any, attribute: Any, default: Any = None, case_sensitive: bool = False
) -> list[tuple[Any, list[Any]]]:
    """(field, items that have it), sorted by the field: `{% for name, items in xs | groupby("name") %}`."""
    found = _in_order(context, value, [attribute], False, case_sensitive, default)
    name = _key(context, attribute, len(found), True, default)
    key = _key(context, attribute, len(found), case_sensitive, default)
    groups: dict[Any, tuple[Any, list[Any]]] = {}
    for one in found:
        groups.setdefault(key(one), (name(one), []))[1].append(one)
    return list(groups.values())


def total(context: RenderContext, value: Any, attribute: Any = None, start: Any = 0) -> Any:
    """The sum of numbers; with `start=[]` the lists put together into one."""
    items = _weighed(context, value)
    look = field(context, attribute, len(items))
    found = [look(one) for one in items]
    if isinstance(start, list):
        return list(start) + [one for part in found for one in items_of(context, part)]
    for one in (start, *found):
        if isinstance(one, Undefined):
            one._fail_with_undefined_error()
        if not isinstance(one, int | float):
            raise TemplateError(f"sum adds numbers, this is {kind(one)}; join puts texts together")
    return number(sum(found, start))


def batch(context: RenderContext, value: Any, linecount: int, fill_with: Any = None) -> list[list[Any]]:
    """Rows of `linecount` items, the last one filled up where there is something to fill with."""
    found = _weighed(context, value)
    size = max(1, texts.bounded(linecount))
    rows = [found[at : at + size] for at in range(0, len(found), size)]
    if rows and fill_with is not None:
        context.charge(size)
        rows[-1] += [fill_with] * (size - len(rows[-1]))
    return rows


def slices(context: RenderContext, value: Any, slices: int, fill_with: Any = None) -> list[list[Any]]:
    """The items in `slices` columns, the shorter ones filled up where there is something to fill with."""
    found = _weighed(context, value)
    context.charge(2 * texts.bounded(slices))
    size, more = divmod(len(found), max(1, slices))
    starts = [column * size + min(column, more) for column in range(slices + 1)]
    columns = [found[start:end] for start, end in pairwise(starts)]
    if more and fill_with is not None:
        for column in columns[more:]:
            column.append(fill_with)
    return columns


_WHOLE: Final = 2.0**53  # a float from here on has no places, and rounding 1e308 would take very long


def rounded(context: RenderContext, value: Any, precision: int = 0, method: str = "common") -> float:
    """Rounded to `precision` places: common, ceil or floor."""
    if (
        not isinstance(value, int | float)
        or method not in ("common", "ceil", "floor")
        or precision not in range(16)
    ):
        raise TemplateError("round needs a number, 0 to 15 places, and 'common', 'ceil' or 'floor'")
    if abs(value) >= _WHOLE:
        return float(value)
    if method == "common":
        return round(float(value), precision)
    scale = float(10**precision)
    scaled = value * scale
    return (scaled // 1 if method == "floor" else -(-scaled // 1)) / scale


def to_int(context: RenderContext, value: Any, default: int = 0, base: int = 10) -> int:
    """A whole number; `default` where it is none."""
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    try:
        made = int(value[:64], base) if isinstance(value, str) and base != 10 else _whole(value)
        return int(number(made))
    except (ValueError, TypeError, OverflowError, TemplateError):
        return default


def _whole(value: Any) -> int:
    if isinstance(value, str):
        return int(float(value[:64])) if "." in value[:64] else int(value[:64])
    return int(value)


def to_float(context: RenderContext, value: Any, default: float = 0.0) -> float:
    """A number; `default` where it is none."""
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    try:
        return float(number(float(value[:64] if isinstance(value, str) else value)))
    except (ValueError, TypeError, OverflowError, TemplateError):
        return default


def absolute(context: RenderContext, value: Any) -> int | float:
    """Without its sign."""
    if not isinstance(value, int | float):
        raise TemplateError(f"abs needs a number, this is {kind(value)}")
    return abs(value)


def join(context: RenderContext, value: Any, d: Any = "", attribute: Any = None) -> str:
    """Items (or a field of each) as one text, with `d` between."""
    items = items_of(context, value)
    if attribute is not None:
        look = field(context, attribute, len(items))
        items = [look(one) for one in items]
    return texts.join(context, items, d)


_FORMAT_STEPS: Final = 32  # 1e308 is written with all its digits


def filesize(context: RenderContext, value: Any, binary: bool = False) -> str:
    """`13.0 kB`, or `4.1 MiB` with `true`."""
    context.charge(_FORMAT_STEPS)
    size, base = to_float(context, value), 1024 if binary else 1000
    units = (
        ["Bytes", "KiB", "MiB", "GiB", "TiB", "PiB"] if binary else ["Bytes", "kB", "MB", "GB", "TB", "PB"]
    )
    while abs(size) >= base and len(units) > 1:
        size, units = size / base, units[1:]
    return f"{size:.0f} Bytes" if units[0] == "Bytes" else f"{size:.1f} {units[0]}"


FILTERS: Final[dict[str, texts.Operation]] = {
    "abs": absolute,
    "batch": batch,
    "count": length,
    "d": default,
    "default": default,
    "dictsort": dictsort,
    "filesizeformat": filesize,
    "first": first,
    "float": to_float,
    "groupby": groupby,
    "int": to_int,
    "items": pairs,
    "join": join,
    "json": to_json,
    "last": last,
    "length": length,
    "list": to_list,
    "max": _extreme(max),
    "min": _extreme(min),
    "reverse": reverse,
    "round": rounded,
    "slice": slices,
    "sort": sort,
    "sum": total,
    "tojson": to_json,
    "unique": unique,
}
