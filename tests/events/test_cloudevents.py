"""CloudEvents in every mode, sent by the official SDK."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from cloudevents.core.bindings import http
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1.conversion import to_binary as old_to_binary
from cloudevents.v1.conversion import to_structured as old_to_structured
from cloudevents.v1.http import CloudEvent as OldCloudEvent

from hookwright.core.decode import decode
from hookwright.core.event import Event
from hookwright.core.samples import SAMPLE_TRIGGERS, sample
from hookwright.errors import EventError
from hookwright.limits import EVENT_BYTES

ATTRIBUTES = {
    "type": "dev.example.deployed.v1",
    "source": "https://ci.example.com/pipelines/7",
    "id": "run 7/ünï \"quoted\" 100%",
    "subject": "servïce «api» 🚀",
    "time": datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC),
    "dataschema": "https://example.com/schema.json",
    "datacontenttype": "application/json",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
}  # fmt: skip
REQUIRED = b'"specversion":"1.0","id":"1","source":"/s","type":"a.b"'
BINARY = {"ce-specversion": "1.0", "ce-type": "a.b", "ce-source": "/s", "ce-id": "1"}
DATA = {"service": "api", "grüße": ["ß", 1, 2.5, None, True], "nested": {"deep": {"er": "x"}}}


def receive(headers: dict[str, str], body: bytes | None) -> list[Event]:
    """What our side makes of a message as the SDK would send it."""
    return decode({name.lower(): value for name, value in headers.items()}, body or b"")


def binary(attributes: dict[str, Any], data: Any) -> list[Event]:
    """The SDK's binary mode."""
    message = http.to_binary_event(CloudEvent(attributes=attributes, data=data))
    return receive(message.headers, message.body)


def structured(attributes: dict[str, Any], data: Any) -> list[Event]:
    """The SDK's structured mode."""
    message = http.to_structured_event(CloudEvent(attributes=attributes, data=data))
    return receive(message.headers, message.body)


def batched(attributes: dict[str, Any], data: Any) -> list[Event]:
    """A batch of one: the SDK has no batched mode, which is a JSON array of its structured form."""
    message = http.to_structured_event(CloudEvent(attributes=attributes, data=data))
    return receive({"content-type": "application/cloudevents-batch+json"}, b"[%s]" % message.body)


def old_binary(attributes: dict[str, Any], data: Any) -> list[Event]:
    """Binary mode of the SDK's earlier interface, which does not percent-encode."""
    plain = {**attributes, "id": "run-7", "subject": "api", "time": attributes["time"].isoformat()}
    return receive(*old_to_binary(OldCloudEvent(plain, data)))


def old_structured(attributes: dict[str, Any], data: Any) -> list[Event]:
    """Structured mode of the SDK's earlier interface."""
    plain = {**attributes, "time": attributes["time"].isoformat()}
    return receive(*old_to_structured(OldCloudEvent(plain, data)))


MODES = [binary, structured, batched, old_binary, old_structured]
Mode = Callable[[dict[str, Any], Any], list[Event]]


@pytest.mark.parametrize("mode", MODES)
def test_any_cloud_event_becomes_an_event_with_its_attributes(mode: Mode) -> None:
    """A CloudEvent of another kind keeps type, time, data and all its attributes, in its text too."""
    (event,) = mode(ATTRIBUTES, DATA)
    attributes = event.document["cloudevent"]
    assert event.event_type == event.trigger == ATTRIBUTES["type"]
    assert event.document["data"] == DATA
    assert datetime.fromisoformat(event.document["event_time"]) == ATTRIBUTES["time"]
    assert attributes["traceparent"] == ATTRIBUTES["traceparent"]
    assert attributes.keys() == {*ATTRIBUTES, "specversion"}
    assert orjson.loads(event.raw) == event.document
    assert event.identity == ("cloudevent", attributes["source"], attributes["id"])


@pytest.mark.parametrize("mode", [binary, structured, batched])
def test_attributes_arrive_as_they_were_given(mode: Mode) -> None:
    """Quotes, blanks, percent signs and letters beyond ASCII survive, percent-encoded headers included."""
    (event,) = mode(ATTRIBUTES, DATA)
    assert event.document["cloudevent"]["id"] == ATTRIBUTES["id"]
    assert event.document["cloudevent"]["subject"] == ATTRIBUTES["subject"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("trigger", SAMPLE_TRIGGERS)
def test_an_envelope_inside_is_treated_as_one(mode: Mode, trigger: str) -> None:
    """A CloudEvent that carries an access-request envelope is that envelope, under its own identity."""
    (event,) = mode(ATTRIBUTES, sample(trigger))
    assert event.document == orjson.loads(event.raw) == sample(trigger)
    assert event.trigger == trigger
    assert event.identity is not None
    assert event.identity[:2] == ("cloudevent", "https://ci.example.com/pipelines/7")


def test_an_envelope_in_binary_mode_keeps_its_bytes() -> None:
    """In binary mode the envelope's own bytes are kept."""
    message = http.to_binary_event(CloudEvent(attributes=ATTRIBUTES, data=sample("Manual")))
    assert receive(message.headers, message.body)[0].raw == message.body


@pytest.mark.parametrize("data", [{"event_type": "build", "data": {}}, {"event_type": "RequestCreated"}])
def test_data_that_only_looks_like_an_envelope(data: dict[str, Any]) -> None:
    """Without a known event type and an object of data beside it, it stays a CloudEvent of its own type."""
    (event,) = structured(ATTRIBUTES, data)
    assert (event.trigger, event.document["data"]) == ("dev.example.deployed.v1", data)


@pytest.mark.parametrize("mode", [binary, structured, batched])
def test_a_cloud_event_without_data(mode: Mode) -> None:
    """A CloudEvent needs no data: it is then an empty object."""
    (event,) = mode({"type": "a.b", "source": "/s", "id": "1"}, None)
    assert event.document["data"] == {}


@pytest.mark.parametrize("body", [b"", b"null", b"\xef\xbb\xbf", b" null\n"])
def test_data_that_is_null_is_an_empty_object_in_the_text_too(body: bytes) -> None:
    """In binary mode the text of an event holds the body as it came, but not null."""
    (event,) = receive(BINARY, body)
    assert event.document["data"] == {}
    assert orjson.loads(event.raw) == event.document


def test_a_cloud_event_without_time() -> None:
    """A CloudEvent needs no time: event_time is then left out."""
    (event,) = receive({"content-type": "application/cloudevents+json"}, b"{%s}" % REQUIRED)
    assert event.document.keys() == {"event_type", "data", "cloudevent"}


def test_base64_data_that_holds_json() -> None:
    """The SDK sends bytes as data_base64; where they are JSON they are read."""
    (event,) = structured(ATTRIBUTES, orjson.dumps(DATA))
    assert event.document["data"] == DATA


@pytest.mark.parametrize("data", [["a", 1], "text", 7, 1.5, True, {}])
def test_data_may_be_any_json(data: Any) -> None:
    """The data of a CloudEvent may be any JSON value, not only an object."""
    (event,) = structured(ATTRIBUTES, data)
    assert event.document["data"] == data


def test_extension_attributes_keep_their_type() -> None:
    """In structured mode integers and booleans stay what they are; null counts as left out."""
    body = b'{"specversion":"1.0","id":"1","source":"/s","type":"a.b","n":7,"b":true,"gone":null,"data":{}}'
    (event,) = receive({"content-type": "application/cloudevents+json; charset=utf-8"}, body)
    attributes = event.document["cloudevent"]
    assert (attributes["n"], attributes["b"], "gone" in attributes) == (7, True, False)


def test_a_header_in_double_quotes_is_unquoted() -> None:
    """Values in double quotes, as older senders write them, are unquoted before they are percent-decoded."""
    assert receive({**BINARY, "ce-id": r'"a \"b\" %20"'}, b"{}")[0].document["cloudevent"]["id"] == 'a "b"  '


def test_the_content_type_tells_structured_from_binary() -> None:
    """With a structured content type, ce- headers beside the body are ignored."""
    body = b'{"specversion":"1.0","id":"body","source":"/s","type":"a.b"}'
    (event,) = receive({"content-type": "application/cloudevents+json", "ce-id": "header"}, body)
    assert event.document["cloudevent"]["id"] == "body"


def test_a_json_suffix_is_json() -> None:
    """Binary data of a +json content type is JSON, and the content type is kept as datacontenttype."""
    (event,) = receive({**BINARY, "content-type": "application/vnd.example+json; v=1"}, b"[]")
    assert event.document["cloudevent"]["datacontenttype"] == "application/vnd.example+json; v=1"


def test_the_identity_of_a_cloud_event_wins_over_headers() -> None:
    """Source and id are the identity, also where an Idempotency-Key stands beside them."""
    body = b'{"specversion":"1.0","id":"1","source":"/s","type":"a.b"}'
    headers = {"content-type": "application/cloudevents+json", "idempotency-key": "k"}
    assert receive(headers, body)[0].identity == ("cloudevent", "/s", "1")


@pytest.mark.parametrize(
    "time", ["2026-01-31T12:00:00Z", "2026-01-31t12:00:00z", "2016-12-31T23:59:60.5+01:00"]
)
def test_times_of_rfc_3339(time: str) -> None:
    """Every form of RFC 3339 is taken, and kept as it was sent."""
    body = orjson.dumps({"specversion": "1.0", "id": "1", "source": "/s", "type": "a.b", "time": time})
    assert receive({"content-type": "application/cloudevents+json"}, body)[0].document["event_time"] == time


REFUSED_OBJECTS = [
    # id, the CloudEvent, part of the sentence
    ("not an object", b"[]", "the event is not a CloudEvent: it must be a JSON object"),
    ("no id", b'{"specversion":"1.0","source":"/s","type":"t"}', "is not a CloudEvent: it has no id"),
    ("no source", b'{"specversion":"1.0","id":"1","type":"t"}', "it has no source"),
    ("no type", b'{"specversion":"1.0","id":"1","source":"/s"}', "it has no type"),
    ("no version", b'{"id":"1","source":"/s","type":"t"}', "it has no specversion"),
    (
        "old version",
        b'{"specversion":"0.3","id":"1","source":"/s","type":"t"}',
        "is 0.3: only 1.0 is understood",
    ),
    ("id null", b'{"specversion":"1.0","id":null,"source":"/s","type":"t"}', "it has no id"),
    (
        "id empty",
        b'{"specversion":"1.0","id":"","source":"/s","type":"t"}',
        "id of the event must be a string",
    ),
    (
        "id number",
        b'{"specversion":"1.0","id":1,"source":"/s","type":"t"}',
        "id of the event must be a string",
    ),
    ("object", b'{%s,"ext":{}}' % REQUIRED, "ext of the event must be a string, an integer or a boolean"),
    ("float", b'{%s,"ext":1.5}' % REQUIRED, "ext of the event must be a string, an integer or a boolean"),
    ("control", rb'{%s,"ext":"a\nb"}' % REQUIRED, "ext of the event must not contain control characters"),
    ("time", b'{%s,"time":"yesterday"}' % REQUIRED, "time of the event is no RFC 3339 timestamp"),
    (
        "month",
        b'{%s,"time":"2026-13-01T00:00:00Z"}' % REQUIRED,
        "time of the event is no moment of the calendar",
    ),
    (
        "day",
        b'{%s,"time":"2026-02-30T00:00:00Z"}' % REQUIRED,
        "time of the event is no moment of the calendar",
    ),
    ("envelope", b'{"event_type":"Manual"}', "event_type, no CloudEvent: send it as application/json"),
    ("base64 repeated", b'{%s,"data_base64":"eyJhIjoxLCJhIjoyfQ=="}' % REQUIRED, 'has the key "a" twice'),
    ("XML", b'{%s,"datacontenttype":"text/xml"}' % REQUIRED, "event is text/xml: data must be JSON"),
    ("both", b'{%s,"data":{},"data_base64":"e30="}' % REQUIRED, "has both data and data_base64"),
    ("bad base64", b'{%s,"data_base64":"e30"}' % REQUIRED, "data_base64 of the event is not base64"),
    ("base64 number", b'{%s,"data_base64":7}' % REQUIRED, "data_base64 of the event is not base64"),
    ("base64 text", b'{%s,"data_base64":"YWJj"}' % REQUIRED, "data_base64 of the event is not valid JSON"),
    (
        "long id",
        b'{"specversion":"1.0","id":"%s","source":"s","type":"t"}' % (b"i" * 1024),
        "than 1,024 bytes",
    ),
    (
        "long type",
        b'{"specversion":"1.0","id":"i","source":"s","type":"%s"}' % (b"t" * 257),
        "256 characters",
    ),
    ("deep", b'{%s,"data":%s}' % (REQUIRED, b"[" * 64 + b"]" * 64), "the event is nested deeper than 64"),
]


@pytest.mark.parametrize(
    ("body", "sentence"), [row[1:] for row in REFUSED_OBJECTS], ids=[row[0] for row in REFUSED_OBJECTS]
)
def test_a_wrong_cloud_event_is_refused(body: bytes, sentence: str) -> None:
    """A wrong CloudEvent is a 400 that names what is wrong, and in a batch which event."""
    with pytest.raises(EventError, match=re.escape(sentence)) as refusal:
        receive({"content-type": "application/cloudevents+json"}, body)
    assert refusal.value.status == 400
    with pytest.raises(EventError, match="event 1 of the batch"):
        receive({"content-type": "application/cloudevents-batch+json"}, b"[{%s},%s]" % (REQUIRED, body))


REFUSED_HEADERS = [
    # headers beside or in place of the required ones, body, status, part of the sentence
    ({"ce-type": None}, b"{}", 400, "the event is not a CloudEvent: it has no type"),
    (
        {"ce-specversion": None, "ce-id": None},
        b"{}",
        400,
        "the event is not a CloudEvent: it has no specversion",
    ),
    ({"ce-specversion": "2.0"}, b"{}", 400, "specversion of the event is 2.0: only 1.0 is understood"),
    ({"ce-subject": "a%0Ab"}, b"{}", 400, "subject of the event must not contain control characters"),
    (
        {"content-type": "application/xml"},
        b"<a/>",
        415,
        "application/xml of the CloudEvent's data is not JSON",
    ),
    ({"content-type": "application/x-ndjson"}, b"{}", 415, "the CloudEvent's data is not JSON"),
    ({"content-encoding": "gzip"}, b"{}", 415, "the content encoding gzip is not accepted"),
    ({}, b"{", 400, "the data of the CloudEvent is not valid JSON"),
    ({}, b'"%s"' % (b"x" * EVENT_BYTES), 413, "the event is larger than 1,048,576 bytes"),
    ({}, b'"%s"' % (b"x" * (EVENT_BYTES - 2)), 413, "the event is larger than 1,048,576 bytes"),
]


@pytest.mark.parametrize(("changed", "body", "status", "sentence"), REFUSED_HEADERS)
def test_a_wrong_binary_cloud_event_is_refused(
    changed: dict[str, str | None], body: bytes, status: int, sentence: str
) -> None:
    """A wrong CloudEvent in headers and body is refused with its status and what is wrong."""
    headers = {name: value for name, value in {**BINARY, **changed}.items() if value is not None}
    with pytest.raises(EventError, match=re.escape(sentence)) as refusal:
        receive(headers, body)
    assert refusal.value.status == status


def test_an_object_is_no_batch() -> None:
    """The batched mode wants an array."""
    with pytest.raises(
        EventError, match="JSON array of events: send a single one as application/cloudevents"
    ):
        receive({"content-type": "application/cloudevents-batch+json"}, b"{%s}" % REQUIRED)


def wire(text: str) -> str:
    """A header's value as raw UTF-8 on the wire is read: byte by byte."""
    return text.encode().decode("latin-1")


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (wire("Zürich"), "Zürich"),
        (wire("Straße 😀"), "Straße 😀"),
        (wire('"Zürich \\"x\\""'), 'Zürich "x"'),
        (wire("Zürich %C3%BC"), "Zürich ü"),
        (wire("東京"), "東京"),
        ("Z\xfcrich", "Zürich"),
        ("Stra\xdfe 100%", "Straße 100%"),
        ("don\x92t", "don’t"),
        ("\xfc\x81", None),
        ("/caf%E9", "/caf%E9"),
        ("/caf%C3%A9", "/café"),
        ("100%", "100%"),
        ("%ED%A0%BD", "%ED%A0%BD"),
    ],
)
def test_headers_in_raw_utf_8_are_read_as_such(sent: str, meant: str | None) -> None:
    """Some SDKs do not encode what is beyond ASCII; Latin-1 is read only where it is no UTF-8; a bare percent stays."""
    headers = {**BINARY, "ce-subject": sent, "ce-id": sent, "ce-place": sent}
    if meant is None:
        with pytest.raises(EventError, match="must not contain control characters"):
            receive(headers, b"{}")
        return
    (event,) = receive(headers, b"{}")
    attributes = event.document["cloudevent"]
    assert [attributes[name] for name in ("subject", "id", "place")] == [meant] * 3
    assert event.identity == ("cloudevent", "/s", meant)


@pytest.mark.parametrize("name", ["traceParent", "correlation_id", "my-ext", "Foo"])
def test_extensions_keep_the_name_they_came_with(name: str) -> None:
    """A name that the specification does not allow harms nobody, and the event is worth more."""
    (event,) = receive(
        {"content-type": "application/cloudevents+json"}, b'{%s,"%s":"x"}' % (REQUIRED, name.encode())
    )
    assert event.document["cloudevent"][name] == "x"
    (event,) = receive({**BINARY, f"ce-{name}": "x"}, b"{}")
    assert event.document["cloudevent"][name.lower()] == "x"


@pytest.mark.parametrize(
    "changed",
    [
        {"ce-knativearrivaltime": "2026-01-31T12:00:01Z"},
        {"ce-traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
        {"ce-time": "2026-01-31T12:00:05Z"},
        {"ce-subject": "another"},
        {"content-type": "application/json; charset=utf-8"},
    ],
)
def test_a_repeat_is_known_by_type_and_data(changed: dict[str, str]) -> None:
    """What brokers, tracers and senders stamp at each hop is no other content; another type or data is."""
    first = receive({**BINARY, "content-type": "application/json"}, b'{"a": 1, "b": 2}')[0].content
    assert receive({**BINARY, **changed}, b'{"b":2,"a":1}')[0].content == first
    assert receive({**BINARY, **changed, "ce-type": "a.c"}, b'{"b":2,"a":1}')[0].content != first
    assert receive({**BINARY, **changed}, b'{"b":2,"a":2}')[0].content != first


def test_the_modes_of_one_cloud_event_have_the_same_content() -> None:
    """A bridge may send again in another mode, or an envelope inside with other attributes."""
    for data in (DATA, sample("Manual")):
        assert len({mode(ATTRIBUTES, data)[0].content for mode in (binary, structured, batched)}) == 1


def test_a_byte_order_mark_inside_base64_is_skipped() -> None:
    """What .NET wrote and a broker then packed."""
    (event,) = structured(ATTRIBUTES, b"\xef\xbb\xbf" + orjson.dumps(DATA))
    assert event.document["data"] == DATA


def test_a_key_twice_in_a_cloud_event_is_refused() -> None:
    """In the event, in its data, and in a batch of them."""
    for body in (b'{%s,"data":{"a":[{"b":1,"b":1}]}}' % REQUIRED, b'{%s,"b":"x","b":"y"}' % REQUIRED):
        with pytest.raises(EventError, match='the event has the key "b" twice in one object'):
            receive({"content-type": "application/cloudevents+json"}, body)
        with pytest.raises(EventError, match='the batch has the key "b" twice in one object'):
            receive({"content-type": "application/cloudevents-batch+json"}, b"[%s]" % body)
