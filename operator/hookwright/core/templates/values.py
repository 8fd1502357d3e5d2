"""How a value of an event is written into a text: as JSON, or as the inside of a JSON string.

Every place of a template (`core.templates.places`) has one writer here. A writer takes the render's context
(for the budget) and the value, and gives text that cannot leave its place, whatever the value holds.
Must not: know templates or Jinja's syntax.
"""

from __future__ import annotations

from collections.abc import Callable
from json.encoder import encode_basestring
from typing import Any, Final
from urllib.parse import quote

import orjson
from jinja2 import Undefined

from hookwright import limits
from hookwright.core.templates.budget import CHARACTERS_PER_STEP, RenderContext, check_text
from hookwright.errors import BudgetError, TemplateError

Writer = Callable[[RenderContext, Any], str]

_LONG: Final = (list, tuple, dict)
_ENCODE_STEPS: Final = 4  # percent encoding, beside its bytes
_ENCODED_PER_STEP: Final = 4  # bytes

_KINDS: Final = {
    dict: "an object",
    list: "a list",
    tuple: "a list",
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


class JsonText(str):
    """JSON that the `json` filter made: written as it is outside strings, escaped inside them."""

    __slots__ = ()


class UrlText(str):
    """Text that the `urlencode` filter made: not encoded again in a URL."""

    __slots__ = ()


def kind(value: Any) -> str:
    """What a value is, in words for a sentence."""
    return _KINDS.get(type(value)) or ("a text" if isinstance(value, str) else "not a value of an event")


def kinds(*values: Any) -> str:
    """What some values are: `a list, a text and a number`."""
    *most, last = map(kind, values)
    return f"{', '.join(most)} and {last}" if most else last


def _refuse(value: Any) -> Any:
    """What orjson calls for anything that is not JSON: a missing field says which, the rest is refused."""
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    if isinstance(value, str):
        return str(value)
    raise TemplateError(f"this is {kind(value)}, so it cannot be written as JSON")


def dumps(context: RenderContext, value: Any, option: int = 0) -> str:
    """Compact JSON text. Raises TemplateError for what is not JSON, UndefinedError for a missing field."""
    if (
        isinstance(value, _LONG) and 2 * len(value) > limits.RENDERED_BYTES
    ):  # orjson asks for memory by the item
        raise BudgetError(f"this is {kind(value)} of {len(value):,} items; a body holds 256 KiB")
    try:
        text = orjson.dumps(value, _refuse, option).decode()
    except orjson.JSONEncodeError as error:
        raise error.__cause__ or TemplateError(f"this cannot be written as JSON: {error}") from None
    check_text(context, len(text))
    return text


def text(context: RenderContext, value: Any) -> str:
    """A value as plain text: strings as they are, everything else as its compact JSON text."""
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    if isinstance(value, str):
        return str(value)
    return dumps(context, value)


def _escape(value: str) -> str:
    return encode_basestring(value)[1:-1]


def write_text(context: RenderContext, value: Any) -> str:
    """For a place outside JSON: a header, a `{% set %}` block."""
    written = text(context, value)
    context.charge(len(written) // CHARACTERS_PER_STEP)
    return written


def write_json(context: RenderContext, value: Any) -> str:
    """For a place outside every string."""
    if type(value) is str:
        written = encode_basestring(value)
        if len(written) > CHARACTERS_PER_STEP:
            context.charge(len(written) // CHARACTERS_PER_STEP)
        return written
    if type(value) is int:
        return str(value)
    if type(value) is JsonText:
        return write_text(context, value)
    return dumps(context, value)


def write_string(context: RenderContext, value: Any) -> str:
    """For a place inside a string: the hot path, most expressions stand there."""
    written = encode_basestring(value if type(value) is str else text(context, value))[1:-1]
    if len(written) > CHARACTERS_PER_STEP:
        context.charge(len(written) // CHARACTERS_PER_STEP)
    return written


def _nested(inner: Writer, times: int) -> Writer:
    """What `inner` writes, escaped `times` more."""

    def write(context: RenderContext, value: Any) -> str:
        written = inner(context, value)
        for _ in range(times):
            written = _escape(written)
            context.charge(len(written) // CHARACTERS_PER_STEP)
        return written

    return write


STRING_WRITERS: Final[tuple[Writer, ...]] = (write_string, _nested(write_string, 1), _nested(write_string, 2))
"""Inside a string, inside a string in a string, and once more."""

JSON_WRITERS: Final[tuple[Writer, ...]] = (
    write_json,
    _nested(write_json, 1),
    _nested(write_json, 2),
    _nested(write_json, 3),
)
"""Where a value stands in JSON: of the body itself, of a JSON text in a string of it, and so on."""


def write_url(context: RenderContext, value: Any) -> str:
    """For a URL: percent-encoded, nothing left that could end a path segment or a parameter."""
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    if type(value) is UrlText:
        return write_text(context, value)
    if value is None or not isinstance(value, str | int | float):
        raise TemplateError(f"this is {kind(value)}, and a URL needs a text or a number")
    return percent_encoded(context, value)


def percent_encoded(context: RenderContext, value: Any) -> str:
    """A value as text with everything but letters, digits and `-._~` percent-encoded; paid for before it is made."""
    known = text(context, value)
    context.charge(_ENCODE_STEPS + len(known) // _ENCODED_PER_STEP)
    data = known.encode()
    if len(data) > len(known):
        context.charge((len(data) - len(known)) // _ENCODED_PER_STEP)
    return quote(data, safe="")
