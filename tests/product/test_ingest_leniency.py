"""What the event port reads as others read it: marks, halves of pairs, repeats, any JSON (SPEC 3)."""

from __future__ import annotations

import json
import socket

import httpx
import pytest

from product.conftest import Product, granted
from product.test_ingest import CLOUD
from rig import HANGS


@pytest.mark.parametrize("path", ["/v1/events/", "/v1/namespaces/default/events/"])
def test_a_slash_at_the_end_of_the_path_is_nothing(shared: Product, path: str) -> None:
    """Many forms write one."""
    assert len(shared.accepted(granted(), path)) == 1
    answer = shared.http.get(shared.events + path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")


def test_what_others_read_reaches_the_target(shared: Product) -> None:
    """A byte order mark is gone, half an emoji is U+FFFD, a long number has all its digits."""
    (delivery,) = shared.accepted(
        b"\xef\xbb\xbf"
        + rb'{"event_type":"RequestGranted","data":{"t":"cut \ud83d","n":12345678901234567890123}}'
    )
    body = shared.arrived(delivery)["body"]
    assert body.startswith('{"event_type"')
    assert "12345678901234567890123" in body
    assert json.loads(body)["data"]["t"] == "cut \ufffd"


def test_a_key_that_stands_twice_is_named(shared: Product) -> None:
    """What was matched would not be what the target reads."""
    answer = shared.post(b'{"event_type":"RequestGranted","data":{"id":1,"id":2}}')
    assert (answer.status_code, answer.json()["detail"]) == (
        400, 'the event has the key "id" twice in one object: send it once',
    )  # fmt: skip


def test_a_repeat_may_be_written_otherwise(shared: Product) -> None:
    """Layout and order of keys are no content."""
    first = shared.post(b'{"event_type":"RequestGranted","data":{"id":"layout"}}', idempotency_key="layout")
    again = shared.post(
        b'{ "data": {"id": "layout"},\n"event_type": "RequestGranted" }', idempotency_key="layout"
    )
    assert (again.status_code, again.json()) == (202, first.json())


def test_a_repeat_at_a_broker_is_one_whatever_the_broker_stamps(shared: Product) -> None:
    """A CloudEvent is known again by type and data."""

    def sent(stamp: int, data: bytes = b'{"a":1}') -> httpx.Response:
        return shared.post(
            data, ce_specversion="1.0", ce_id="stamped", ce_source="/s", ce_type="dev.example.x",
            ce_knativearrivaltime=f"2026-01-31T12:00:0{stamp}Z", ce_traceparent=f"00-{stamp}",
        )  # fmt: skip

    first, again = sent(1), sent(2)
    assert (again.status_code, again.json()) == (202, first.json())
    assert sent(3, b'{"a":2}').status_code == 409


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ([7, 1], "Event 1 of the batch has the identity of another that was posted within the last 24 h; "),
        ([8, 9, 8], "Event 2 of the batch has the identity of another that stands in this batch already; "),
    ],
)
def test_a_batch_with_a_taken_identity_says_which_event(
    shared: Product, numbers: list[int], says: str
) -> None:
    """And whether the other one stands beside it."""
    batched = {"content_type": "application/cloudevents-batch+json"}
    one = {**CLOUD, "id": "taken 1", "data": {"n": "first"}}
    assert shared.post([one], **batched).status_code == 202
    batch = [{**CLOUD, "id": f"taken {number}", "data": {"n": at}} for at, number in enumerate(numbers)]
    answer = shared.post(batch, **batched)
    assert (answer.status_code, answer.json()["detail"].startswith(says)) == (409, True), answer.text
    assert answer.json()["detail"].endswith("use a new Idempotency-Key or CloudEvents id.")


def test_a_header_in_raw_utf_8_arrives(product: Product) -> None:
    """As Go's and Java's SDK send it."""
    product.webhook("all", '  url: https://target.test/all\n  triggers: ["dev.example.*"]\n')
    product.start()
    head = "POST /v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 2\r\n"
    head += "ce-specversion: 1.0\r\nce-id: 1\r\nce-source: /s\r\nce-type: dev.example.x\r\nce-subject: Straße 😀\r\n"
    host, port = product.events.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=HANGS) as sending:
        sending.sendall(head.encode() + b"connection: close\r\n\r\n{}")
        answer = sending.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 202")
    delivery = json.loads(answer.partition(b"\r\n\r\n")[2])["events"][0]["deliveries"][0]["id"]
    assert json.loads(product.arrived(delivery)["body"])["cloudevent"]["subject"] == "Straße 😀"


def test_any_json_is_an_event_where_the_url_names_its_type(product: Product) -> None:
    """On both paths; filters and templates see the body as data, and the same body under one key is one event."""
    product.webhook(
        "alerts",
        '  url: https://target.test/alerts\n  triggers: ["dev.example.*"]\n'
        "  filters:\n    matchExpressions: [{path: $.data.status, operator: In, values: [firing]}]\n"
        "  bodyTemplate: '{\"type\": {{ event_type }}, \"at\": {{ event_time | datetime }}, \"who\": {{ data.who }} }'\n",
    )  # fmt: skip
    product.start()
    for path in ("/v1/events", "/v1/namespaces/default/events", "/v1/events/"):
        (delivery,) = product.accepted(
            {"status": "firing", "who": "Zürich"}, f"{path}?type=dev.example.alert"
        )
        body = json.loads(product.arrived(delivery)["body"])
        assert (body["type"], body["who"]) == ("dev.example.alert", "Zürich")
        assert body["at"].startswith("20")
    url = "/v1/events?type=dev.example.alert"
    assert product.accepted({"status": "resolved"}, url) == []
    first = product.post({"status": "firing", "who": "x"}, url, idempotency_key="k")
    assert product.post({"who": "x", "status": "firing"}, url, idempotency_key="k").json() == first.json()
    for query, says in (
        ("type=alert", "a type with a dot"),
        ("type=", "a type with a dot"),
        ("type=a.b&type=a.c", "?type= stands twice in the URL"),
        ("type=dev.example%20x", "without blanks"),
    ):
        refused = product.post({"status": "firing"}, f"/v1/events?{query}")
        assert (refused.status_code, says in refused.json()["detail"]) == (400, True), refused.text
    assert "one JSON object" in product.post([], url).json()["detail"]
    assert "take ?type= out" in product.post(CLOUD, url, content_type="application/cloudevents+json").text
    assert product.accepted(granted(), "/v1/events?other=1") == []
