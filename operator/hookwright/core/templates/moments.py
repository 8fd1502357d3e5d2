"""The `datetime` filter: a moment of an event, in the form that a target wants, always in UTC.

Must not: read the clock, know other time zones.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from hookwright.core.templates.budget import CHARACTERS_PER_STEP, RenderContext
from hookwright.core.templates.values import kind
from hookwright.core.times import moment as read_time
from hookwright.errors import TemplateError

_ISO: Final = "%Y-%m-%dT%H:%M:%SZ"
_FORMAT: Final = re.compile(r"(?:[^%]|%[-]?[aAbBdHIjmMpSyYfzZTFeuV%s])*")
_FORMAT_CHARACTERS: Final = 128
_STEPS: Final = 8  # reading a moment and writing it, beside its format


def moment(context: RenderContext, value: Any, form: str = _ISO) -> str:
    """Epoch seconds (number or text) or an RFC 3339 text, by a strftime format (default ISO 8601, UTC).

    Raises TemplateError for what is no moment, and for a format with anything but the usual letters.
    """
    if type(form) is not str or len(form) > _FORMAT_CHARACTERS or not _FORMAT.fullmatch(form):
        raise TemplateError(
            f"datetime needs a format such as '%d.%m.%Y %H:%M', of at most {_FORMAT_CHARACTERS} characters"
        )
    context.charge(_STEPS + len(form) // 2 + (len(value) // CHARACTERS_PER_STEP if type(value) is str else 0))
    when = _parse(value)
    return when.strftime(form.replace("%s", str(int(when.timestamp()))))


def _parse(value: Any) -> datetime:
    try:
        return read_time(value)
    except ValueError:
        pass
    raise TemplateError(
        f"datetime needs seconds since 1970 or a text like 2030-01-31T12:00:00Z; this is {_shown(value)}"
    )


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return repr(value[:40])
    return str(value)[:40] if isinstance(value, int | float) else kind(value)
