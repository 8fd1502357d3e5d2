"""Any JSON object as an event, its type named in the URL."""

from __future__ import annotations

import orjson
import pytest

from hookwright.core.decode import decode_any
from hookwright.errors import EventError
from hookwright.limits import EVENT_DEPTH

NOW = 1_696_263_265_851
ALERT = {"status": "firing", "alerts": [{"labels": {"alertname": "Down"}}]}


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/json"},
        {"content-type": "application/vnd.example+json; charset=utf-8"},
        {"content-type": "text/plain; charset=UTF-8"},
        {"content-type": "application/x-www-form-urlencoded"},
        {},
    ],
)
def test_any_object_is_the_data_of_an_event(headers: dict[str, str]) -> None:
    """Type, time of arrival and the body, whatever content type the sender sets or leaves out."""
    event = decode_any(headers, b"\xef\xbb\xbf" + orjson.dumps(ALERT), "dev.example.alert", now_ms=NOW)
    assert event.document == orjson.loads(event.raw)
    assert event.document == {
        "event_type": "dev.example.alert",
        "event_time": "1696263265.851",
        "data": ALERT,
    }
    assert (event.event_type, event.trigger, event.identity) == (*["dev.example.alert"] * 2, None)


@pytest.mark.parametrize(
    "body",
    [
        {"event_type": "AccessRequestGranted", "data": {"id": "1"}},
        {"specversion": "1.0", "id": "1", "source": "/s", "type": "a.b"},
        {},
    ],
)
def test_what_looks_like_an_event_is_data_all_the_same(body: dict[str, object]) -> None:
    """Many tools have a field event_type; the URL decides."""
    event = decode_any({"content-type": "application/json"}, orjson.dumps(body), "a.b", now_ms=NOW)
    assert (event.trigger, event.document["data"]) == ("a.b", body)


def test_a_repeat_under_one_key_is_known_by_type_and_body() -> None:
    """The time of arrival is no content."""
    headers = {"idempotency-key": "k"}
    first = decode_any(headers, b'{"a":1,"b":2}', "a.b", now_ms=NOW)
    assert decode_any(headers, b'{"b":2, "a":1}', "a.b", now_ms=NOW + 5000).content == first.content
    assert decode_any(headers, b'{"a":1,"b":2}', "a.c", now_ms=NOW).content != first.content
    assert decode_any(headers, b'{"a":1,"b":3}', "a.b", now_ms=NOW).content != first.content


@pytest.mark.parametrize(
    ("kind", "headers", "body", "status", "sentence"),
    [
        (
            "alert",
            {},
            b"{}",
            400,
            "must be a type with a dot and without blanks, such as ?type=dev.example.alert",
        ),
        ("", {}, b"{}", 400, "it is ''"),
        ("RequestGranted", {}, b"{}", 400, "it is 'RequestGranted'"),
        ("dev.example alert", {}, b"{}", 400, "without blanks"),
        ("dev.example.*", {}, b"{}", 400, "it is 'dev.example.*'"),
        (".", {}, b"{}", 400, "it is '.'"),
        ("dev.example\n", {}, b"{}", 400, "without blanks"),
        ("a." + "x" * 300, {}, b"{}", 400, "longer than 256 characters"),
        (
            "a.b",
            {},
            b"[]",
            400,
            "with ?type= in the URL the body must be one JSON object: send each by itself",
        ),
        ("a.b", {}, b'"text"', 400, "must be one JSON object"),
        ("a.b", {}, b"null", 400, "must be one JSON object"),
        ("a.b", {}, b"", 400, "the event is not valid JSON: it is empty"),
        ("a.b", {}, b"a=1", 400, "the event is not valid JSON"),
        ("a.b", {}, b'{"a":1,"a":2}', 400, 'has the key "a" twice'),
        ("a.b", {"content-type": "application/x-ndjson"}, b"{}\n{}", 400, "send each by itself"),
        ("a.b", {"content-type": "application/cloudevents+json"}, b"{}", 400, "take ?type= out of the URL"),
        ("a.b", {"content-type": "application/cloudevents-batch+json"}, b"[]", 400, "names its own type"),
        ("a.b", {"ce-type": "a.b"}, b"{}", 400, "a CloudEvent names its own type"),
        ("a.b", {"content-encoding": "gzip"}, b"{}", 415, "gzip"),
        ("a.b", {}, b'{"x":%s}' % (b"[" * EVENT_DEPTH + b"]" * EVENT_DEPTH), 400, "deeper than 64 levels"),
    ],
)
def test_what_cannot_be_taken_is_said(
    kind: str, headers: dict[str, str], body: bytes, status: int, sentence: str
) -> None:
    """One sentence with the cure."""
    with pytest.raises(EventError) as refusal:
        decode_any(headers, body, kind, now_ms=NOW)
    assert (refusal.value.status, sentence in str(refusal.value)) == (status, True), str(refusal.value)
    assert "\n" not in str(refusal.value)
