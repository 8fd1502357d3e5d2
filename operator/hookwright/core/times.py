"""Times as people and machines write them: one reader for the door and for templates, one writer.

What `timestamp` takes, `moment` takes, so that no event is accepted with a time that a template then refuses.
Must not: read the clock, know other zones than an offset.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:)(\d\d)(?:\.(\d+))?(?:([Zz])|([+-]\d\d:\d\d))", re.ASCII
)
_SECONDS: Final = re.compile(r"-?\d{1,15}(\.\d{1,12})?", re.ASCII)
_LEAP: Final = "60"
_CHARACTERS: Final = 64


def rfc3339(epoch_ms: int) -> str:
    """Epoch milliseconds → `2026-01-02T03:04:05.678Z`."""
    moment = datetime.fromtimestamp(epoch_ms / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{epoch_ms % 1000:03d}Z"


def hundredths(milliseconds: float) -> float:
    """Milliseconds with two digits behind the point. Each attempt has some, and `round` takes three times as long."""
    return int(milliseconds * 100 + 0.5) / 100


def timestamp(text: str) -> datetime:
    """An RFC 3339 text (either case, a blank for the T, any fraction, a leap second) → the moment in UTC.

    Raises ValueError for any other text and for a day or hour that there is not.
    """
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError("is no RFC 3339 timestamp")
    day, minute, second, fraction, _, offset = found.groups()
    leap = second == _LEAP  # fromisoformat knows none: it is the second after 59
    micros = (fraction or "")[:6].ljust(6, "0")
    try:
        when = datetime.fromisoformat(
            f"{day}T{minute}{'59' if leap else second}.{micros}{offset or '+00:00'}"
        )
        return when.astimezone(UTC) + timedelta(seconds=leap)
    except (ValueError, OverflowError):
        raise ValueError("is no moment of the calendar") from None


def moment(value: Any) -> datetime:
    """Seconds since 1970 (number or text) or a text (RFC 3339, ISO 8601; UTC where it names no zone) → UTC.

    Raises ValueError for everything else.
    """
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if not isinstance(value, str):
            raise ValueError("is neither number nor text")
        if len(value) <= _CHARACTERS and _SECONDS.fullmatch(value):
            return datetime.fromtimestamp(float(value), UTC)
        if _RFC3339.fullmatch(value):
            return timestamp(value)
        when = datetime.fromisoformat(value[:_CHARACTERS])
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (OverflowError, OSError):
        raise ValueError("is beyond the years 1 to 9999") from None


def epoch_text(epoch_ms: int) -> str:
    """Epoch milliseconds → seconds with a fraction, as `event_time` is written (`1696263265.851`)."""
    return f"{epoch_ms // 1000}.{epoch_ms % 1000:03d}"
