"""Events kept parsed until their first attempt."""

from __future__ import annotations

from hookwright.core.decode import decode
from hookwright.core.event import Event
from hookwright.core.parsed import Parsed
from hookwright.core.records import Delivery
from hookwright.limits import PARSED_EVENT_BYTES, PARSED_EVENTS


def event(pad: int = 0) -> Event:
    """One with an id of this length."""
    return decode(
        {"content-type": "application/json"}, b'{"event_type":"Manual","data":{"id":"%b"}}' % (b"x" * pad)
    )[0]


def delivery(event_key: int, *, sole: bool) -> Delivery:
    """The first delivery of an event."""
    return Delivery(event_key + 1, event_key, "default/one", "Manual", "Manual", b"{}", 1, sole=sole)


def test_a_document_stays_while_more_than_one_delivery_may_want_it() -> None:
    """The only delivery takes it away, one of several leaves it."""
    parsed, kept = Parsed(), event()
    parsed.keep(10, kept)
    assert parsed.document(delivery(10, sole=False)) is kept.document
    assert parsed.document(delivery(10, sole=True)) is kept.document
    assert parsed.document(delivery(10, sole=True)) is None


def test_few_and_small_events_are_kept() -> None:
    """The oldest goes when there are too many; a large one is never kept."""
    parsed = Parsed()
    for key in range(PARSED_EVENTS + 1):
        parsed.keep(key, event())
    parsed.keep(9_999, event(PARSED_EVENT_BYTES))
    found = [key for key in range(10_000) if parsed.document(delivery(key, sole=True)) is not None]
    assert found == list(range(1, PARSED_EVENTS + 1))
