"""Every example renders full, lean, long and nasty events, within what its target's documentation allows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from examples.conftest import EXAMPLES
from hookwright.cli.manifests import load
from hookwright.core.assemble import assemble
from hookwright.core.routes import Route
from hookwright.core.samples import SAMPLE_TRIGGERS, event_of, lean_samples, sample

NASTY = '<!channel> & "quoted" \\ {{ x }} \x00\x01\x1f\r\n\t\u2028 \N{SNAKE} <b>*_~`|'
LONG = {
    "word": "word " * 8_000,
    "unbroken": "x" * 40_000,
    "emoji": "\N{SNAKE}" * 20_000,
    "markup": "<&>" * 13_000,
}
KEPT = ("event_type", "event_time", "creation_date", "revocation_date", "status")


def filled(value: Any, text: str, name: str = "") -> Any:
    """A copy of an event in which every text that people choose is `text`."""
    if isinstance(value, dict):
        return {key: filled(each, text, key) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, text) for each in value]
    return text if isinstance(value, str) and name not in KEPT else value


def events(trigger: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is sent to the example, each with its name."""
    yield "full", sample(trigger)
    for number, document in enumerate(lean_samples(trigger)):
        yield f"lean {number}", document
    yield "nasty", filled(sample(trigger), NASTY)
    for name, text in LONG.items():
        document = sample(trigger)
        document["data"] |= {"justification": text}
        yield f"long {name}", document
        named = sample(trigger)
        for place in ("requester", "grantee", "access_flow", "access_bundle"):
            named["data"][place]["name"] = text[:1_000]
        groups = named["data"]["access_groups"]
        groups[0]["integration"] |= {"name": text[:300], "type": text[:300]}
        named["data"]["access_groups"] = groups * 60  # as much as an event may hold
        yield f"long names {name}", named


@cache
def route(example: str) -> Route:
    """The example as it runs; `assemble` has nothing to say about it."""
    found = assemble(load([EXAMPLES / example]).manifests, cluster_events=None, key=bytes(32))
    assert [each.sentence for each in found.findings] == []
    (part,) = found.webhooks.values()
    return Route(part.config)


def cases() -> list[Any]:
    """(example, trigger), for those with access-request triggers."""
    names = sorted(path.name for path in EXAMPLES.iterdir() if (path / "webhook.yaml").exists())
    chosen = [
        (name, each) for name in names for each in route(name).config.triggers if each in SAMPLE_TRIGGERS
    ]
    return [pytest.param(*each, id="-".join(each)) for each in chosen]


def slack(body: Any) -> None:
    """https://docs.slack.dev/reference/block-kit/blocks, and the escaping of mrkdwn."""
    assert 1 <= len(body["text"]) <= 40_000
    assert 1 <= len(body["blocks"]) <= 50
    marked = [body["text"]]
    for block in body["blocks"]:
        if block["type"] == "section":
            marked.append(block["text"]["text"])
            assert 1 <= len(block["text"]["text"]) <= 3_000
        else:
            assert block["type"] == "context"
            assert 1 <= len(block["elements"]) <= 10
            assert all(1 <= len(each["text"]) <= 2_000 for each in block["elements"])
    assert not any("<" in text or ">" in text for text in marked)


def teams(body: Any) -> None:
    """28 KB a message: learn.microsoft.com, limits of incoming webhooks and Workflows."""
    assert len(json.dumps(body).encode()) <= 28 * 1024
    assert all(each.get("text", "-") for each in body["attachments"][0]["content"]["body"])


def jira(body: Any) -> None:
    """Summary of one line and 255 characters, description of 32,767, labels without blanks."""
    fields = body["fields"]
    assert 1 <= len(fields["summary"]) <= 255
    assert fields["summary"].isprintable() or "\n" not in fields["summary"]
    assert len(fields["description"]) <= 32_767
    assert all(label and len(label) <= 255 and not any(map(str.isspace, label)) for label in fields["labels"])


def freshdesk(body: Any) -> None:
    """Subject of 255 characters, a description that is not empty."""
    assert len(body["subject"]) <= 255
    assert body["description"]


def servicenow(body: Any) -> None:
    """short_description is a field of 160 characters."""
    assert len(body["short_description"]) <= 160


def datadog(body: Any) -> None:
    """5 MB a request and 1 MB a log; the message is JSON again."""
    assert len(json.dumps(body).encode()) <= 1_000_000
    assert json.loads(body[0]["message"])["id"]


def logz_io(body: Any) -> None:
    """500,000 bytes a line; the message is JSON again."""
    assert len(json.dumps(body).encode()) <= 500_000
    assert json.loads(body["message"])["event_type"]


CHECKS: dict[str, Callable[[Any], None]] = {
    "slack": slack,
    "microsoft-teams": teams,
    "jira": jira,
    "freshdesk": freshdesk,
    "servicenow": servicenow,
    "datadog": datadog,
    "logz-io": logz_io,
}


@pytest.mark.parametrize(("example", "trigger"), cases())
def test_an_example_survives_every_kind_of_event(example: str, trigger: str) -> None:
    """Its body is JSON, nowhere says null for a text that is not there, and keeps to the target's limits."""
    for name, document in events(trigger):
        event = event_of(document)
        built = route(example).build(
            event.raw, trigger=trigger, delivery_id="dlv_1", attempt=1, now=0, document=document
        )
        if not built.body:
            continue
        body = json.loads(built.body)
        if name.startswith("lean") and example not in (
            "grafana",
            "oauth2",
            "servicenow",
        ):  # send what they got
            assert '"null"' not in built.body.decode(), name
            assert r"\"null\"" not in built.body.decode(), name
        CHECKS.get(example, lambda body: None)(body)
