"""CloudEvents by the SDKs of three languages, each with its own HTTP client, over HTTP to the running product."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings import http
from cloudevents.core.v1.event import CloudEvent

from product.conftest import Product

SENDER = Path(__file__).parent / "node" / "sender.js"
KIND = "dev.example.deployed.v1"
ATTRIBUTES = {
    "specversion": "1.0",
    "source": "/pipelines/shop?a=1",  # no percent sign: in headers the SDKs of Go and JavaScript leave it unencoded
    "type": KIND,
    "subject": "Straße 1",
    "time": "2026-01-31T12:00:00Z",
    "datacontenttype": "application/json",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
}
DATA = {"service": "shop «api» 😀", "parts": [1, 2.5, True, None]}
Send = Callable[[str, str, Sequence[dict[str, Any]]], list[str]]
MODES = [
    pytest.param("python", "binary"),
    pytest.param("python", "structured"),
    pytest.param("python", "batched"),
    pytest.param("go", "binary", marks=pytest.mark.needs_go),
    pytest.param("go", "structured", marks=pytest.mark.needs_go),
    pytest.param("go", "batched", marks=pytest.mark.needs_go),
    pytest.param("javascript", "binary", marks=pytest.mark.needs_npm),
    pytest.param("javascript", "structured", marks=pytest.mark.needs_npm),
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, receiver: Any) -> Iterator[Product]:
    """The product with one webhook whose template takes attributes, extension and data."""
    product = Product(tmp_path_factory.mktemp("cloudevents"), *receiver)
    names = ", ".join(f'"{name}": {{{{ event.cloudevent.{name} }}}}' for name in ("id", *ATTRIBUTES))
    product.webhook(
        "one",
        f"  url: https://target.test/one\n  triggers: [{KIND}]\n"
        f"  bodyTemplate: '{{{names}, \"data\": {{{{ data }}}} }}'\n",
    )
    product.start()
    product.loaded("default/one")
    yield product
    product.stop()
    product.http.close()


@pytest.fixture
def send(language: str, request: pytest.FixtureRequest) -> Send:
    """The sender of a language: mode, address and events, to the bodies of the answers."""
    if language == "python":
        return by_python
    if language == "go":
        return by_program([str(request.getfixturevalue("built") / "cloudevents")], {})
    return by_program(["node", str(SENDER)], {"NODE_PATH": str(request.getfixturevalue("packages"))})


def timed(event: dict[str, Any]) -> dict[str, Any]:
    """The event with its time as a moment, since one SDK adds milliseconds."""
    return {**event, "time": datetime.fromisoformat(event["time"])}


def by_python(mode: str, url: str, events: Sequence[dict[str, Any]]) -> list[str]:
    """By the SDK, which leaves posting to a client; a batch is an array of its structured form, as it has none."""
    made = [
        CloudEvent(
            attributes={name: value for name, value in timed(each).items() if name != "data"},
            data=each["data"],
        )
        for each in events
    ]
    encode = http.to_binary_event if mode == "binary" else http.to_structured_event
    messages = [(message.body, message.headers) for message in map(encode, made)]
    if mode == "batched":
        array = b"[%s]" % b",".join(bytes(body) for body, _ in messages)
        messages = [(array, {"content-type": "application/cloudevents-batch+json"})]
    return [httpx.post(url, content=body, headers=headers).text for body, headers in messages]


def by_program(command: Sequence[str], env: dict[str, str]) -> Send:
    """By a program that prints a line for each answer."""

    def send(mode: str, url: str, events: Sequence[dict[str, Any]]) -> list[str]:
        done = subprocess.run(
            [*command, mode, url], input=json.dumps(events), capture_output=True, text=True, env={**os.environ, **env},
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [json.loads(line)["body"] for line in done.stdout.splitlines()]

    return send


def deliveries(answers: Sequence[str]) -> list[str]:
    """The delivery of each event; what was refused has none."""
    read = [json.loads(answer) for answer in answers]
    assert all("events" in answer for answer in read), answers
    return [each["id"] for answer in read for event in answer["events"] for each in event["deliveries"]]


@pytest.mark.parametrize(("language", "mode"), MODES)
def test_an_event_is_taken_as_it_was_meant_once(
    running: Product, language: str, mode: str, send: Send
) -> None:
    """Attributes, an extension and data reach the template; a repeat, stamped anew, is answered like the first."""
    url = f"{running.events}/v1/events"
    events = [{**ATTRIBUTES, "id": f"{language} {mode} {number}", "data": DATA} for number in (1, 2)]
    first = deliveries(send(mode, url, events))
    assert len(set(first)) == 2
    again = [{**event, "time": "2026-01-31T12:00:07Z"} for event in events]
    assert deliveries(send(mode, url, again)) == first
    for delivery, event in zip(first, events, strict=True):
        assert timed(json.loads(running.arrived(delivery)["body"])) == timed(event)
        assert running.invocation(delivery)["result"] == "Delivered"
        assert len(running.received(delivery)) == 1
