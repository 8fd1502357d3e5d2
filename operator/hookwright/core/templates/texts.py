"""Operations on texts, for filters and for methods of strings: all paid for before they are done.

What could grow without bound (`center`, `replace`, `join`, `indent`) is sized first. `str.format`, `%` and
everything else that takes a width from a text is left out. Must not: be called without a context.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape as html_escape
from typing import Any, Final

from hookwright import limits
from hookwright.core.templates.budget import CHARACTERS_PER_STEP, RenderContext, check_search, check_text
from hookwright.core.templates.values import UrlText, kind, percent_encoded, text
from hookwright.errors import TemplateError

Operation = Callable[..., Any]


def read(context: RenderContext, value: Any) -> str:
    """A value as text, paid for."""
    known = text(context, value)
    if len(known) >= CHARACTERS_PER_STEP:
        context.charge(len(known) // CHARACTERS_PER_STEP)
    return known


def bounded(number: Any) -> int:
    """A width, count or size that a template gives. Raises TemplateError over what a body could hold."""
    if type(number) is not int or not 0 <= number <= limits.TEMPLATE_CHARACTERS:
        raise TemplateError(
            f"a width or count must be a whole number from 0 to {limits.TEMPLATE_CHARACTERS:,}"
        )
    return number


def join(context: RenderContext, values: list[Any], separator: Any = "") -> str:
    """Items as text, with a separator between."""
    context.charge(2 * len(values))
    parts = [text(context, value) for value in values]
    between = text(context, separator)
    check_text(context, sum(map(len, parts)) + len(between) * len(parts))
    return between.join(parts)


_SEARCHES: Final = 4  # that replacing does: it counts, and counts again, and then finds each


def replace(context: RenderContext, value: Any, old: Any, new: Any, count: int | None = None) -> str:
    """Every occurrence, or the first `count`."""
    whole, before, after = read(context, value), read(context, old), read(context, new)
    for _ in range(_SEARCHES):
        check_search(context, whole, before)
    times = whole.count(before) if count is None else min(whole.count(before), bounded(count))
    check_text(context, len(whole) + times * len(after))
    return whole.replace(before, after, times)


def center(context: RenderContext, value: Any, width: int = 80) -> str:
    """Between blanks."""
    check_text(context, bounded(width))
    return read(context, value).center(width)


def indent(
    context: RenderContext, value: Any, width: int | str = 4, first: bool = False, blank: bool = False
) -> str:
    """Every line but the first, and empty ones, `width` blanks (or that text) to the right."""
    whole = read(context, value)
    wide = len(width) if isinstance(width, str) else bounded(width)
    count = whole.count("\n") + 1
    check_text(context, len(whole) + count * wide)
    context.charge(count)
    pad = width if isinstance(width, str) else " " * wide
    lines = whole.split("\n")
    moved = [
        pad + line if (line or blank) and (number or first) else line for number, line in enumerate(lines)
    ]
    return "\n".join(moved)


def truncate(
    context: RenderContext,
    value: Any,
    length: int = 255,
    killwords: bool = False,
    end: str = "...",
    leeway: int = 5,
) -> str:
    """At most `length` characters with `end`; cut at a blank unless `killwords`."""
    whole = read(context, value)
    if len(whole) <= bounded(length) + bounded(leeway):
        return whole
    if length < len(end):
        raise TemplateError(f"truncate({length}) has no room for its own end of {len(end)} characters")
    cut = whole[: length - len(end)]
    return (cut if killwords else cut.rsplit(" ", 1)[0]) + read(context, end)


def split(context: RenderContext, value: Any, separator: str | None = None, count: int = -1) -> list[str]:
    """The parts between separators (or blanks)."""
    whole = read(context, value)
    context.charge(len(whole))
    if isinstance(separator, str):
        check_search(context, whole, separator)
    return whole.split(separator, count)


def splitlines(context: RenderContext, value: Any) -> list[str]:
    """The lines of a text, without their ends."""
    whole = read(context, value)
    context.charge(len(whole))
    return whole.splitlines()


def wordcount(context: RenderContext, value: Any) -> int:
    """How many words."""
    return len(split(context, value))


def url_encode(context: RenderContext, value: Any) -> UrlText:
    """Percent-encoded for a query or a path segment; an object becomes `key=value&…`."""
    if isinstance(value, Mapping):
        made = "&".join(
            f"{percent_encoded(context, key)}={percent_encoded(context, item)}" for key, item in value.items()
        )
    elif isinstance(value, list):
        raise TemplateError(f"urlencode needs a text or an object, this is {kind(value)}")
    else:
        made = percent_encoded(context, value)
    check_text(context, len(made))
    return UrlText(made)


def escape_html(context: RenderContext, value: Any) -> str:
    """`&`, `<`, `>` and quotes as HTML entities: for targets that read HTML."""
    made = html_escape(read(context, value))
    check_text(context, len(made))
    return made


def _plain(method: Callable[..., Any]) -> Operation:
    """A method of str that reads its text once and makes none that is longer."""

    def call(context: RenderContext, value: Any, *args: Any) -> Any:
        context.weigh(args)
        return method(read(context, value), *args)

    return call


_SAME: Final = {
    method.__name__: _plain(method)
    for method in (
        *(str.startswith, str.endswith, str.removeprefix, str.removesuffix),
        *(str.isdigit, str.isalpha, str.isalnum),
    )
}
_CASED_PER_STEP: Final = (
    8  # characters whose case is mapped: beyond ASCII each is looked up, and may become three
)


def _cased(method: Callable[[str], str]) -> Operation:
    def call(context: RenderContext, value: Any) -> str:
        whole = text(context, value)
        context.charge(len(whole) // _CASED_PER_STEP)
        return method(whole)

    return call


_CASED: Final = {
    method.__name__: _cased(method) for method in (str.upper, str.lower, str.title, str.capitalize)
}


def _sought(method: Callable[..., int]) -> Operation:
    def call(context: RenderContext, value: Any, part: Any, *bounds: Any) -> int:
        whole = read(context, value)
        if isinstance(part, str):
            check_search(context, whole, part)
        return method(whole, part, *bounds)

    return call


_SOUGHT: Final = {method.__name__: _sought(method) for method in (str.find, str.count)}

_STRIPPED_MAX: Final = 64  # characters to strip: each character of the text is compared with all of them


def _strip(method: Callable[..., str]) -> Operation:
    def call(context: RenderContext, value: Any, chars: str | None = None) -> str:
        if chars is not None and len(chars) > _STRIPPED_MAX:
            raise TemplateError(f"at most {_STRIPPED_MAX} different characters can be stripped")
        whole = read(context, value)
        context.charge(len(whole) * len(chars or "") // CHARACTERS_PER_STEP)
        return method(whole, chars)

    return call


_STRIP: Final = {method.__name__: _strip(method) for method in (str.strip, str.lstrip, str.rstrip)}


def _join_method(context: RenderContext, separator: str, values: Any) -> str:
    if not isinstance(values, list | tuple):
        raise TemplateError(f"join needs a list, this is {kind(values)}")
    return join(context, list(values), separator)


METHODS: Final[dict[str, Operation]] = {
    **_SAME,
    **_CASED,
    **_SOUGHT,
    **_STRIP,
    "join": _join_method,
    "replace": replace,
    "split": split,
    "splitlines": splitlines,
}
"""What may be called on a text: `x.upper()`."""


FILTERS: Final[dict[str, Operation]] = {
    **_CASED,
    "trim": _STRIP["strip"],
    "center": center,
    "e": escape_html,
    "escape": escape_html,
    "indent": indent,
    "replace": replace,
    "string": read,
    "truncate": truncate,
    "urlencode": url_encode,
    "wordcount": wordcount,
}
