"""Decoding of every accepted shape of request, and each refusal with its status and sentence."""

from __future__ import annotations

import contextlib

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookwright.core.decode import decode, normalise_trigger
from hookwright.core.samples import SAMPLE_TRIGGERS, sample, sample_event
from hookwright.errors import EventError
from hookwright.limits import BATCH_BYTES, BATCH_EVENTS, EVENT_BYTES, EVENT_DEPTH

JSON = {"content-type": "application/json"}
NDJSON = {"content-type": "application/x-ndjson"}
STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCHED = {"content-type": "application/cloudevents-batch+json"}
CLOUD = b'{"specversion":"1.0","id":"1","source":"/s","type":"dev.example.x"}'
BINARY = {**JSON, "ce-specversion": "1.0", "ce-type": "a.b", "ce-source": "/s", "ce-id": "1"}


def nested(levels: int) -> bytes:
    """An envelope of exactly `levels` levels of objects and arrays."""
    inner = b"[" * (levels - 2) + b"]" * (levels - 2)
    return b'{"event_type":"Manual","data":{"x":%s}}' % (inner or b"1")


@pytest.mark.parametrize("trigger", SAMPLE_TRIGGERS)
def test_single_envelope_keeps_its_bytes(trigger: str) -> None:
    """A single envelope becomes one event whose raw text is what was received, byte for byte."""
    body = b" " + orjson.dumps(sample(trigger), option=orjson.OPT_INDENT_2) + b"\n"
    (event,) = decode(JSON, body)
    assert event.raw == body
    assert event.document == sample(trigger)
    assert event.trigger == trigger
    assert event.identity is None


@pytest.mark.parametrize(
    ("event_type", "trigger"),
    [
        ("AccessRequestCreated", "RequestCreated"),
        ("RequestCreated", "RequestCreated"),
        ("AccessRequestFailed", "RequestFailed"),
        ("Manual", "Manual"),
        ("dev.example.deployed.v1", "dev.example.deployed.v1"),
        ("AccessManual", None),
        ("AccessRequestRevoked", None),
        ("requestcreated", None),
        ("AccessAccessRequestCreated", None),
        ("", None),
    ],
)
def test_trigger_of_an_event_type(event_type: str, trigger: str | None) -> None:
    """Both spellings of the six request triggers are known, Manual, and whatever has a dot; nothing else."""
    assert normalise_trigger(event_type) == trigger


def test_unknown_event_type_is_no_error() -> None:
    """An unknown event type is decoded with no trigger, and stays as it was sent."""
    (event,) = decode(JSON, b'{"event_type":"AccessRequestRevoked","data":{}}')
    assert (event.event_type, event.trigger) == ("AccessRequestRevoked", None)


@pytest.mark.parametrize("data", [b"", b',"data":null'])
def test_missing_data_becomes_an_empty_object(data: bytes) -> None:
    """An envelope without data, or with null, has an empty object there, in the kept text too."""
    (event,) = decode(JSON, b'{"event_type":"Manual","extra":7%s}' % data)
    assert event.document == {"event_type": "Manual", "extra": 7, "data": {}}
    assert orjson.loads(event.raw) == event.document


def test_unknown_fields_pass_through() -> None:
    """Fields that the documentation does not know reach templates and filters."""
    (event,) = decode(JSON, b'{"event_type":"Manual","data":{"custom":{"team":"sre"}},"v":[1,2.5,true]}')
    assert event.document["data"]["custom"]["team"] == "sre"
    assert event.document["v"] == [1, 2.5, True]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=utf-8",
        'Application/JSON;charset="UTF-8"',
        "application/json ; profile=x; charset=us-ascii",
        "application/json; charset=ISO-8859-1",
        "application/json; charset=windows-1252",
        "application/json; charset=",
        "application/json; charset",
        "application/json;",
        "text/json",
        "application/vnd.example+json; charset=utf-8",
    ],
)
def test_content_type_with_parameters(content_type: str) -> None:
    """Parameters and letter case of the content type do not matter, as long as the text is UTF-8."""
    body = '{"event_type":"Manual","data":{"x":"Zürich"}}'.encode()
    assert decode({"content-type": content_type}, body)[0].document["data"] == {"x": "Zürich"}


def test_content_encoding_identity_is_accepted() -> None:
    """Content-Encoding: identity says that nothing is encoded."""
    assert decode({**JSON, "content-encoding": "Identity"}, b'{"event_type":"Manual"}')


def test_list_of_envelopes() -> None:
    """A JSON array is a batch: its events in order, each with its own text and its index in the identity."""
    body = orjson.dumps([sample("RequestCreated"), {"event_type": "Manual"}])
    first, second = decode({**JSON, "idempotency-key": "k"}, b"\n " + body)
    assert first.document == orjson.loads(first.raw) == sample("RequestCreated")
    assert second.document == orjson.loads(second.raw) == {"event_type": "Manual", "data": {}}
    assert (first.identity, second.identity) == (("key", "k", "0"), ("key", "k", "1"))


def test_lines() -> None:
    """NDJSON is a batch: one envelope a line, empty lines and carriage returns skipped, bytes kept."""
    body = b'{"event_type":"Manual","data":{"n": 1}}\r\n\n{"event_type":"RequestFailed","data":{}}'
    first, second = decode({**NDJSON, "webhook-id": "w"}, body)
    assert first.raw == b'{"event_type":"Manual","data":{"n": 1}}'
    assert (first.trigger, second.trigger) == ("Manual", "RequestFailed")
    assert (first.identity, second.identity) == (("key", "w", "0"), ("key", "w", "1"))


@pytest.mark.parametrize(
    ("headers", "body"), [(JSON, b"[]"), (NDJSON, b""), (NDJSON, b"\n"), (BATCHED, b"[]")]
)
def test_an_empty_batch_is_accepted(headers: dict[str, str], body: bytes) -> None:
    """A batch without events is no mistake of its sender."""
    assert decode(headers, body) == []


@pytest.mark.parametrize(
    ("headers", "identity"),
    [
        ({"idempotency-key": " k-1 "}, "k-1"),
        ({"webhook-id": "msg_1"}, "msg_1"),
        ({"idempotency-key": "k-1", "webhook-id": "msg_1"}, "k-1"),
        ({}, None),
        ({"idempotency-key": "k" * 1024}, "k" * 1024),
    ],
)
def test_identity_from_headers(headers: dict[str, str], identity: str | None) -> None:
    """The identity of an event is its Idempotency-Key, else its webhook-id."""
    (event,) = decode({**JSON, **headers}, sample_event("Manual").raw)
    assert event.identity == (None if identity is None else ("key", identity))


def test_numbers_of_64_bits_are_exact() -> None:
    """The largest and smallest integers that fit into 64 bits arrive as they are."""
    body = b'{"event_type":"Manual","data":{"a":18446744073709551615,"b":-9223372036854775808}}'
    assert decode(JSON, body)[0].document["data"] == {"a": 2**64 - 1, "b": -(2**63)}


@pytest.mark.parametrize(
    "value",
    [
        b'"123456789012345678901234567890"',
        b"1696263265.8518980001234567890123",
        b"123456789012345678901234567890.5",
        b"123456789012345678901234567890e3",
        rb'"\"123456789012345678901234567890"',
        b"1e0000000000000000000000001",
    ],
)
def test_long_digits_that_are_no_integer(value: bytes) -> None:
    """Digits in a string, a fraction or an exponent are not taken for an integer that is too long."""
    (event,) = decode(JSON, b'{"event_type":"Manual","data":{"x":%s}}' % value)
    assert event.document["data"]["x"] == orjson.loads(value)


def test_depth_is_allowed_up_to_its_limit() -> None:
    """An event of exactly the allowed depth is accepted in every shape, a batch's own array not counted."""
    body = nested(EVENT_DEPTH)
    assert decode(JSON, body)[0].raw == body
    assert len(decode(JSON, b"[%s]" % body)) == 1
    assert len(decode(NDJSON, body)) == 1


def test_many_brackets_are_not_depth() -> None:
    """A wide event with more brackets than levels is accepted."""
    assert decode(JSON, b'{"event_type":"Manual","data":{"x":[%s]}}' % b",".join([b"[{}]"] * 500))


REFUSED = [
    # id, headers, body, status, part of the sentence
    ("empty body", JSON, b"", 400, "the event is not valid JSON"),
    ("not JSON", JSON, b'{"event_type":', 400, "the event is not valid JSON"),
    (
        "not UTF-8",
        JSON,
        b'{"event_type":"\xff"}',
        400,
        "the event is not valid JSON: it is not valid UTF-8 at byte 16",
    ),
    ("mark alone", JSON, b"\xef\xbb\xbf", 400, "the event is not valid JSON: it is empty"),
    (
        "UTF-16",
        JSON,
        '{"event_type":"Manual"}'.encode("utf-16"),
        400,
        "not valid UTF-8 at byte 1; send it in",
    ),
    ("NaN", JSON, b'{"event_type":"Manual","data":{"x":NaN}}', 400, "the event is not valid JSON"),
    ("beyond a double", JSON, b'{"event_type":"Manual","data":{"x":1e400}}', 400, "not valid JSON"),
    (
        "two values",
        JSON,
        b'{"event_type":"Manual"}{}',
        400,
        "at character 24; several events are a JSON array, or",
    ),
    ("lines as one", JSON, b"{}\n{}", 400, "or stand one a line as application/x-ndjson"),
    ("scalar", JSON, b'"Manual"', 400, "the event must be a JSON object with event_type and data"),
    ("no event_type", JSON, b'{"data":{}}', 400, "the event has no event_type"),
    ("event_type null", JSON, b'{"event_type":null}', 400, "the event has no event_type"),
    ("event_type empty", JSON, b'{"event_type":""}', 400, "the event has no event_type"),
    ("event_type number", JSON, b'{"event_type":7}', 400, "the event has no event_type"),
    ("event_type long", JSON, b'{"event_type":"%s"}' % (b"x" * 257), 400, "longer than 256 characters"),
    ("data list", JSON, b'{"event_type":"Manual","data":[]}', 400, "data of the event must be a JSON object"),
    ("data string", JSON, b'{"event_type":"Manual","data":"x"}', 400, "data of the event must be"),
    ("too deep", JSON, nested(EVENT_DEPTH + 1), 400, "the event is nested deeper than 64 levels"),
    ("far too deep", JSON, nested(2000), 400, "the event is nested deeper than 64 levels"),
    (
        "integer endless",
        JSON,
        b'{"event_type":"Manual","data":{"x":%s}}' % (b"9" * 400),
        400,
        "not valid JSON",
    ),
    ("event too large", JSON, b'{"event_type":"Manual"}' + b" " * EVENT_BYTES, 413, "larger than 1,048,576"),
    ("list: bad member", JSON, b'[{"event_type":"Manual"},7]', 400, "event 1 of the batch must be a JSON"),
    ("list: no type", JSON, b'[{"event_type":"Manual"},{}]', 400, "event 1 of the batch has no event_type"),
    ("list: not JSON", JSON, b'[{"event_type":"Manual"}', 400, "the batch is not valid JSON"),
    ("list: deep", JSON, b"[%s]" % nested(EVENT_DEPTH + 1), 400, "event 0 of the batch is nested deeper"),
    ("list: very deep", JSON, b"[%s]" % nested(500), 400, "event 0 of the batch is nested deeper"),
    (
        "list: large member",
        JSON,
        b'[{"event_type":"Manual","data":{"x":"%s"}}]' % (b"x" * EVENT_BYTES),
        413,
        "event 0 of the batch is larger than",
    ),
    (
        "list: too many",
        JSON,
        b"[%s]" % b",".join([b"{}"] * (BATCH_EVENTS + 1)),
        413,
        "holds more than 1,000 events",
    ),
    ("list: too large", JSON, b"[" + b" " * BATCH_BYTES + b"]", 413, "the batch is larger than 4,194,304"),
    ("lines: bad line", NDJSON, b'{"event_type":"Manual"}\n\n{"event_type"', 400, "line 3 is not valid JSON"),
    ("lines: no type", NDJSON, b'{"event_type":"Manual"}\n{}', 400, "line 2 has no event_type"),
    ("lines: a list", NDJSON, b"[]", 400, "line 1 must be a JSON object"),
    ("lines: deep", NDJSON, nested(EVENT_DEPTH + 1), 400, "line 1 is nested deeper than 64 levels"),
    ("lines: large", NDJSON, b'{"x":"%s"}' % (b"x" * EVENT_BYTES), 413, "line 1 is larger than"),
    ("lines: too many", NDJSON, b"{}\n" * (BATCH_EVENTS + 1), 413, "holds more than 1,000 events"),
    ("lines: too large", NDJSON, b" " * (BATCH_BYTES + 1), 413, "the batch is larger than"),
    ("no content type", {}, b"{}", 415, "the content type (none) is not understood"),
    ("form", {"content-type": "application/x-www-form-urlencoded"}, b"{}", 415, "send application/json"),
    ("text", {"content-type": "text/plain; charset=utf-8"}, b"{}", 415, "text/plain is not understood"),
    ("charset", {"content-type": "application/json; charset=latin1"}, b'{"x":"\xfc"}', 415, "charset latin1"),
    (
        "charset UTF-16",
        {"content-type": "application/json; charset=utf-16"},
        '{"event_type":"Manual"}'.encode("utf-16-le"),
        415,
        "the charset utf-16 is not accepted: send JSON as UTF-8",
    ),
    ("CloudEvent", JSON, CLOUD, 400, "the event is a CloudEvent: send it as application/cloudevents+json"),
    ("list: CloudEvent", JSON, b"[%s]" % CLOUD, 400, "event 0 of the batch is a CloudEvent: send it as"),
    (
        "lines: CloudEvent",
        NDJSON,
        CLOUD,
        400,
        "as a JSON array of them as application/cloudevents-batch+json",
    ),
    ("other JSON", JSON, b'{"status":"firing"}', 400, "as in /v1/events?type=dev.example.alert"),
    ("gzip", {**JSON, "content-encoding": "gzip"}, b"{}", 415, "content encoding gzip is not accepted"),
    ("empty key", {**JSON, "idempotency-key": " "}, b"{}", 400, "the header idempotency-key is empty"),
    ("long key", {**JSON, "webhook-id": "k" * 1025}, b"{}", 400, "webhook-id is longer than 1,024 bytes"),
]


@pytest.mark.parametrize(
    ("headers", "body", "status", "sentence"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_refused(headers: dict[str, str], body: bytes, status: int, sentence: str) -> None:
    """What cannot be an event is refused with its status and one sentence that names the place."""
    with pytest.raises(EventError) as refusal:
        decode(headers, body)
    assert sentence in str(refusal.value)
    assert refusal.value.status == status
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 400


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON_VALUES))
def test_any_data_arrives_as_it_was_sent(data: dict[str, object]) -> None:
    """Whatever JSON stands in data, the event holds exactly that, alone, in a list and on a line."""
    envelope = {"event_type": "Manual", "data": data}
    body = orjson.dumps(envelope)
    for events in (decode(JSON, body), decode(JSON, b"[%s]" % body), decode(NDJSON, body)):
        assert [event.document for event in events] == [envelope]
        assert orjson.loads(events[0].raw) == envelope


@given(st.binary(max_size=200), st.sampled_from([JSON, NDJSON, STRUCTURED, BATCHED, BINARY]))
def test_no_bytes_break_decoding(body: bytes, headers: dict[str, str]) -> None:
    """Any bytes at all are decoded or refused with a sentence, never anything else."""
    with contextlib.suppress(EventError):
        decode(headers, body)
