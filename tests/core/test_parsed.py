"""Events kept parsed until their first attempt."""

from __future__ import annotations

import pytest

from hookwright.core.decode import decode
from hookwright.core.event import Event
from hookwright.core.parsed import Parsed
from hookwright.core.records import Delivery
from hookwright.limits import PARSED_BYTES, PARSED_EVENT_BYTES, PARSED_EVENTS


def event(more: bytes = b"1") -> Event:
    """One with this in its data."""
    body = b'{"event_type":"Manual","data":{"id":"1","more":%b}}' % more
    return decode({"content-type": "application/json"}, body)[0]


def delivery(event_key: int, *, sole: bool = False, raw: bytes = b"{}", number: int = 1) -> Delivery:
    """A delivery of an event."""
    return Delivery(event_key + number, event_key, "default/one", "Manual", "Manual", raw, 1, sole=sole)


def test_a_document_stays_until_the_last_delivery_asked_for_it() -> None:
    """The same for each; whoever comes after them has it parsed anew."""
    parsed, kept = Parsed(), event()
    parsed.keep(10, kept, 3)
    asked = [parsed.document(delivery(10, raw=kept.raw)) for _ in range(4)]
    assert all(each is kept.document for each in asked[:3])
    assert asked[3] == kept.document
    assert asked[3] is not kept.document


def test_the_only_delivery_takes_its_document_away() -> None:
    """However many were announced."""
    parsed, kept = Parsed(), event()
    parsed.keep(10, kept, 2)
    assert parsed.document(delivery(10, sole=True, raw=kept.raw)) is kept.document
    assert parsed.document(delivery(10, sole=True, raw=kept.raw)) is not kept.document


def test_what_was_claimed_shares_bytes_and_one_parse() -> None:
    """A hundred deliveries of one event, each read from the store by itself."""
    parsed, raw = Parsed(), event(b'"%b"' % (b"x" * 5_000)).raw
    claimed = [parsed.shared(delivery(10, raw=bytes([*raw]), number=number)) for number in range(100)]
    assert len({id(each.raw) for each in claimed}) == 1
    documents = [parsed.document(each) for each in claimed]
    assert all(document is documents[0] for document in documents)


def test_what_is_kept_is_bounded_by_count_and_by_what_it_weighs() -> None:
    """The one that nobody asked for longest goes; the latest is kept, whatever it weighs."""
    parsed = Parsed()
    for key in range(0, 10 * PARSED_EVENTS, 10):
        parsed.keep(key, event(), 9)
    parsed.document(delivery(0))
    parsed.keep(9_000_000, event(), 9)
    assert is_kept(parsed, 0, 9_000_000, without=10)
    for key in (9_100_000, 9_200_000):
        parsed.keep(key, event(b"[" + b"[]," * 250_000 + b"1]"), 9_999)
    for key in range(10_000_000, 10_000_000 + 5 * PARSED_EVENTS, 10):
        parsed.keep(key, event(), 9)
        assert is_kept(parsed, 9_200_000, without=10)
    parsed.keep(9_300_000, event(b"[" + b"[]," * 250_000 + b"1]"), 9)
    assert is_kept(parsed, 9_200_000, 9_300_000, without=9_100_000)


def test_of_the_heaviest_events_two_have_room() -> None:
    """So small ones which come meanwhile take nobody's place."""
    assert event(b"[" + b"[]," * 300_000 + b"1]").weight > PARSED_EVENT_BYTES
    assert 2 * PARSED_EVENT_BYTES < PARSED_BYTES < 3 * PARSED_EVENT_BYTES
    assert 100 < event().weight < 1_000


def is_kept(parsed: Parsed, *keys: int, without: int) -> bool:
    """Whether these have their own documents, and that one has none (its delivery's bytes are an empty object)."""
    return all(parsed.document(delivery(key)) for key in keys) and not parsed.document(delivery(without))


def test_an_event_that_is_no_json_is_told_each_time() -> None:
    """And not kept."""
    parsed = Parsed()
    for _ in range(2):
        with pytest.raises(ValueError, match="invalid literal"):
            parsed.document(parsed.shared(delivery(10, raw=b"not JSON")))
