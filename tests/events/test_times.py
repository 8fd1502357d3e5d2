"""Times: what the door takes, templates read."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookwright.core.decode import decode
from hookwright.core.times import epoch_text, hundredths, moment, timestamp
from hookwright.errors import EventError

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-01-31T12:00:00Z", NOON),
        ("2026-01-31t12:00:00z", NOON),
        ("2026-01-31 12:00:00Z", NOON),
        ("2026-01-31T13:30:00+01:30", NOON),
        ("2026-01-31T12:00:00-00:00", NOON),
        ("2026-01-31T12:00:00.5Z", NOON.replace(microsecond=500_000)),
        ("2026-01-31T12:00:00.123456789123Z", NOON.replace(microsecond=123_456)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2016-12-31T23:59:60.5+00:00", datetime(2017, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_every_form_of_rfc_3339_is_one_moment(text: str, meant: datetime) -> None:
    """In UTC, at the door and in templates."""
    assert timestamp(text) == moment(text) == meant
    assert timestamp(text).utcoffset() == meant.utcoffset()


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "2026-01-31", "2026-01-31T12:00:00", "2026-01-31T12:00Z", "2026-1-31T12:00:00Z",
        "2026-02-30T12:00:00Z", "2026-13-01T12:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z",
        "2026-01-31T12:00:61Z", "2026-01-31T12:00:00+24:00", "2026-01-31T12:00:00.Z", "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:60Z", "9999-12-31T23:59:59-23:59", "٢٠٢٦-01-31T12:00:00Z",
    ],
)  # fmt: skip
def test_what_is_no_timestamp_is_a_value_error(text: str) -> None:
    """Days and hours that there are not, and moments beyond the calendar, included."""
    with pytest.raises(ValueError, match=r".+"):
        timestamp(text)


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (1_769_860_800, NOON),
        (1_769_860_800.5, NOON.replace(microsecond=500_000)),
        ("1769860800.500000000", NOON.replace(microsecond=500_000)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:00:00", NOON),
    ],
)
def test_a_moment_may_be_seconds_or_iso_8601_too(value: object, meant: datetime) -> None:
    """As events bring them."""
    assert moment(value) == meant


@pytest.mark.parametrize(
    "value", [None, True, [], {}, "", "soon", 1e18, -1e18, float("nan"), "9" * 15, "x" * 5000]
)
def test_what_is_no_moment_is_a_value_error(value: object) -> None:
    """Whatever it is."""
    with pytest.raises(ValueError, match=r".+"):
        moment(value)


@given(
    st.from_regex(
        r"\A\d{4}-[01]\d-[0-3]\d[Tt ][0-2]\d:[0-5]\d:[0-6]\d(\.\d{1,9})?([Zz]|[+-][0-2]\d:[0-5]\d)\Z"
    )
)
def test_a_time_that_the_door_takes_is_one_that_templates_read(text: str) -> None:
    """No CloudEvent is accepted with a time at which a template then fails."""
    cloud = {"specversion": "1.0", "id": "1", "source": "/s", "type": "a.b", "time": text}
    try:
        (event,) = decode({"content-type": "application/cloudevents+json"}, orjson.dumps(cloud))
    except EventError:
        return
    assert event.document["event_time"] == text
    assert moment(text).tzinfo is UTC


def test_seconds_are_written_as_events_have_them() -> None:
    """Three places, zeros included."""
    assert epoch_text(1_696_263_265_007) == "1696263265.007"


@given(st.floats(0, 1e8))
def test_milliseconds_have_two_digits_behind_the_point(milliseconds: float) -> None:
    """As near as `round` comes, and as short in JSON."""
    short = hundredths(milliseconds)
    assert abs(short - milliseconds) <= 0.005 + 1e-6
    assert short == round(short, 2)
