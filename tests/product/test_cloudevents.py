"""CloudEvents as the official SDK sends them, over HTTP to the running product, in all three modes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings import http
from cloudevents.core.v1.event import CloudEvent

from hookwright.core.samples import sample
from product.conftest import Product

TYPE, SOURCE = "dev.example.deployed.v1", "https://ci.example.com/pipelines/ünï?a=1"
DATA = {"service": "shop «api»", "version": "1.4.2", "parts": [1, 2.5, True, None]}
TIME = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory, receiver: Any) -> Iterator[Product]:
    """A webhook for one type of CloudEvents, one for all of a prefix, one for access requests."""
    product = Product(tmp_path_factory.mktemp("cloudevents"), *receiver)
    template = (
        '{"id": {{ event.cloudevent.id }}, "source": {{ event.cloudevent.source }}, "data": {{ data }} }'
    )
    product.webhook(
        "exact", f"  url: https://target.test/exact\n  triggers: [{TYPE}]\n  bodyTemplate: '{template}'\n"
    )
    product.webhook("prefix", '  url: https://target.test/prefix\n  triggers: ["dev.example.*"]\n')
    product.webhook("requests", "  url: https://target.test/requests\n  triggers: [RequestGranted]\n")
    yield product.start()
    product.stop()
    product.http.close()


def event(identifier: str, kind: str = TYPE, data: Any = DATA) -> CloudEvent:
    """One CloudEvent of the SDK."""
    attributes = {"id": identifier, "source": SOURCE, "type": kind, "datacontenttype": "application/json",
                  "subject": "a subject", "time": TIME}  # fmt: skip
    return CloudEvent(attributes=attributes, data=data)


def binary(product: Product, *each: CloudEvent) -> list[httpx.Response]:
    """One request for each event, its attributes as headers."""
    return [posted(product, http.to_binary_event(one)) for one in each]


def structured(product: Product, *each: CloudEvent) -> list[httpx.Response]:
    """One request for each event, a JSON object."""
    return [posted(product, http.to_structured_event(one)) for one in each]


def batched(product: Product, *each: CloudEvent) -> list[httpx.Response]:
    """All in one request; the SDK has no such mode, which is a JSON array of its structured form."""
    bodies = b",".join(bytes(http.to_structured_event(one).body) for one in each)
    headers = {"content-type": "application/cloudevents-batch+json"}
    return [product.http.post(f"{product.events}/v1/events", content=b"[%s]" % bodies, headers=headers)]


def posted(product: Product, message: http.HTTPMessage) -> httpx.Response:
    """Send a message of the SDK as it is."""
    return product.http.post(f"{product.events}/v1/events", content=message.body, headers=message.headers)


def deliveries(answers: list[httpx.Response]) -> list[dict[str, str]]:
    """webhook → delivery of each event, in order."""
    assert {answer.status_code for answer in answers} == {202}, [answer.text for answer in answers]
    return [
        {each["webhook"].removeprefix("default/"): each["id"] for each in listed["deliveries"]}
        for answer in answers
        for listed in answer.json()["events"]
    ]


@pytest.mark.parametrize("send", [binary, structured, batched])
def test_a_cloudevent_arrives_as_it_was_meant(
    events: Product, send: Callable[..., list[httpx.Response]]
) -> None:
    """Attributes and data reach templates; without a template the whole event is sent on."""
    identifier = f"{send.__name__} ü/1"
    first, second = deliveries(send(events, event(identifier), event(f"{identifier} b", "dev.example.other")))
    assert (set(first), set(second)) == ({"exact", "prefix"}, {"prefix"})
    exact = json.loads(events.arrived(first["exact"])["body"])
    assert exact == {"id": identifier, "source": SOURCE, "data": DATA}
    whole = json.loads(events.arrived(first["prefix"])["body"])
    assert (whole["event_type"], whole["data"]) == (TYPE, DATA)
    assert whole["cloudevent"] == {
        "specversion": "1.0", "id": identifier, "source": SOURCE, "type": TYPE, "subject": "a subject",
        "datacontenttype": "application/json", "time": "2026-01-31T12:00:00Z",
    }  # fmt: skip


@pytest.mark.parametrize("send", [binary, structured, batched])
def test_an_access_request_in_a_cloudevent_is_one(
    events: Product, send: Callable[..., list[httpx.Response]]
) -> None:
    """Its data is the envelope: it matches and is sent like one that was posted bare."""
    envelope = sample("RequestGranted")
    (found,) = deliveries(send(events, event(f"{send.__name__} request", "io.apono.request", envelope)))
    assert set(found) == {"requests"}
    body = json.loads(events.arrived(found["requests"])["body"])
    assert {name: body[name] for name in envelope} == envelope


@pytest.mark.parametrize("send", [binary, structured, batched])
def test_source_and_id_are_the_identity(events: Product, send: Callable[..., list[httpx.Response]]) -> None:
    """A repeat is answered like the first and delivered once; another body under the same identity is 409."""
    name = f"{send.__name__} repeated"
    first = deliveries(send(events, event(name)))
    assert deliveries(send(events, event(name))) == first
    events.arrived(first[0]["exact"])
    assert [answer.status_code for answer in send(events, event(name, data={"something": "else"}))] == [409]
    assert len(events.received(first[0]["exact"])) == 1


def test_the_handshake_of_a_sender_is_answered(events: Product) -> None:
    """OPTIONS with WebHook-Request-Origin, as CloudEvents senders begin."""
    answer = events.http.options(
        f"{events.events}/v1/events", headers={"webhook-request-origin": "ci.example.com"}
    )
    assert (answer.status_code, answer.headers["webhook-allowed-origin"]) == (200, "ci.example.com")
