"""What is fuzzed: functions of bytes that hold what is promised of any input. A broken promise raises.

A target splits its bytes at 0xFF, which no UTF-8 text holds, so that a fuzzer can grow each part by itself. Seeds are
ordinary inputs. `test_fuzz.py` runs each for a bounded number of inputs, `make fuzz` for as long as it is told.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
from pydantic import ValidationError

from hookwright.api.v1alpha1.manifest import KINDS, problems
from hookwright.cli.yaml_reader import documents
from hookwright.core.assemble import assemble
from hookwright.core.budget import Budget, OverBudget
from hookwright.core.decode import decode
from hookwright.core.event import Event
from hookwright.core.jsonpath import compile_path
from hookwright.core.jsontext import check_depth
from hookwright.core.objects import Object
from hookwright.core.redaction import Redactor
from hookwright.core.samples import sample
from hookwright.core.templates import compile_body, compile_header, compile_url, template_context
from hookwright.errors import EventError, ManifestError, TemplateError
from hookwright.outbound.lenient import LenientParser, Unreadable

EDGE = b"\xff"
SAMPLE = sample("RequestGranted")
"""An event that templates and paths are tried on."""
_CE = {"ce-id": "1", "ce-source": "/s", "ce-type": "a.b", "ce-specversion": "1.0"}
SHAPES: list[dict[str, str]] = [
    {"content-type": "application/json"},
    {"content-type": "application/x-ndjson", "idempotency-key": "k"},
    {"content-type": "application/cloudevents+json"},
    {"content-type": "application/cloudevents-batch+json"},
    {"content-type": "application/json", **_CE},
]


def parts(data: bytes, count: int) -> list[bytes]:
    """So many parts of the bytes."""
    found = data.split(EDGE, count - 1)
    return found + [b""] * (count - len(found))


def text(data: bytes) -> str:
    """As UTF-8, whatever is none of it left out."""
    return data.decode(errors="ignore")


def decoding(data: bytes) -> None:
    """Any body is refused with EventError, or gives events whose text is the JSON of what filters and templates see."""
    kind, body = parts(data, 2)
    try:
        events = decode(SHAPES[sum(kind) % len(SHAPES)], body)
    except EventError as error:
        assert 400 <= error.status < 500
        assert str(error)
        return
    for event in events:
        _whole(event)


def _whole(event: Event) -> None:
    assert orjson.loads(event.raw) == event.document
    assert isinstance(event.event_type, str)
    assert isinstance(event.document["data"], dict | list | str | int | float | bool)
    check_depth(event.document, event.raw)


def templates(data: bytes) -> None:
    """Any template is refused with TemplateError, or renders any value: a body to JSON, a URL to the host it names."""
    source, value = map(text, parts(data, 2))
    document = SAMPLE | {"data": SAMPLE["data"] | {"justification": value, "id": value}}
    context = template_context(
        document,
        trigger="RequestGranted",
        webhook_name="w",
        webhook_namespace="n",
        delivery_id="d",
        attempt=1,
    )

    def rendered(made: Callable[[str], Any], source: str) -> str | None:
        try:
            return made(source).render(context)
        except TemplateError as error:
            assert str(error)
            return None

    body = rendered(compile_body, source)
    if body is not None:
        orjson.loads(body)
    url = None
    if not any(ord(each) < 33 for each in source):  # the rules of a spec come before
        url = rendered(compile_url, f"https://api.example.com/{source}")
    if url is not None:
        assert url.startswith("https://api.example.com/")
        assert not any(ord(each) < 33 for each in url)
    header = rendered(compile_header, source)
    assert header is None or not any(ord(each) < 32 or ord(each) == 127 for each in header)


def jsonpath(data: bytes) -> None:
    """Any query is refused with ValueError, goes over its budget, or finds parts of the event."""
    query, event = parts(data, 2)
    try:
        path = compile_path(text(query))
    except ValueError as error:
        assert str(error)
        return
    try:
        document = orjson.loads(event)
        check_depth(document, event)
    except ValueError:
        document = SAMPLE
    with suppress(OverBudget):
        path.find(document, Budget())


class _Heard:
    """What a parser tells of an answer."""

    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.parser = LenientParser(self)
        self.ended = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))

    def on_headers_complete(self) -> None:
        self.fields.append((b"", b""))

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.ended = self.parser.get_status_code() >= 200


def _read(answer: bytes, step: int) -> tuple[list[tuple[bytes, bytes]], bytes, bool, bool]:
    """What is heard of an answer that comes in pieces and ends with its connection, and whether it is readable."""
    heard = _Heard()
    parser = heard.parser
    readable = True
    try:
        for at in range(0, len(answer), step):
            parser.feed_data(answer[at : at + step])
            if heard.ended:
                break
        else:
            parser.feed_eof()
    except Unreadable as problem:
        assert str(problem)
        readable = False
    return heard.fields, heard.body, heard.ended, readable


def answers(data: bytes) -> None:
    """Any answer is read or called unreadable, and it is the same however its bytes are cut."""
    whole = _read(data, max(1, len(data)))
    for step in (1, 7):
        fields, body, ended, readable = _read(data, step)
        assert (fields, ended, readable) == (whole[0], whole[2], whole[3])
        assert body == whole[1]


def manifests(data: bytes) -> None:
    """Any YAML is refused with ManifestError, or gives objects of which every mistake is said in a sentence."""
    try:
        values = [document.value for document in documents(text(data))]
    except ManifestError as error:
        assert str(error)
        return
    for value in values:
        for kind in KINDS:
            for problem in problems(kind, value):
                assert problem.sentence


def specs(data: bytes) -> None:
    """Any JSON as a Webhook's spec is assembled: held, refused or running, never an exception."""
    try:
        spec = orjson.loads(data)
    except orjson.JSONDecodeError:
        return
    body = {
        "apiVersion": "hookwright.io/v1alpha1",
        "kind": "Webhook",
        "metadata": {"name": "w", "namespace": "n"},
    }
    made = assemble([Object("Webhook", "n", "w", body | {"spec": spec})], cluster_events=None, key=b"key")
    assert len(made.config.webhooks) == 1
    assert all(finding.sentence for finding in made.findings)


def redaction(data: bytes) -> None:
    """A secret of eight characters and more never stands in what is shown, wherever it stood."""
    secret, before, after = map(text, parts(data, 3))
    if not 8 <= len(secret.encode()) <= 4096:
        return
    try:
        redactor = Redactor({"s/k": secret})
    except ValidationError:
        return
    redactor.prepare()
    shown = redactor.text(before + secret + after)
    assert secret not in shown.replace("‹secret s/k›", "\0")


TARGETS: dict[str, tuple[Callable[[bytes], None], list[bytes]]] = {
    "decoding": (
        decoding,
        [EDGE + orjson.dumps(SAMPLE), b"\1" + EDGE + orjson.dumps(SAMPLE) + b"\n", b"\2" + EDGE + b"{}"],
    ),
    "templates": (
        templates,
        [
            b'{"a": {{ data.id }}, "b": "{{ data.justification | upper }}"}' + EDGE + b'"\n',
            b"{% for g in data.access_groups %}{{ g.integration.name }}{% endfor %}" + EDGE,
            b"a/{{ data.id }}?b={{ data.justification }}" + EDGE + b"../x",
        ],
    ),
    "jsonpath": (
        jsonpath,
        [
            b"$.data.access_groups[?@.integration.name == 'x'].id" + EDGE,
            b"$..[?count(@.*) > 1]",
            b"$..[?4 > 1 > 1]",
        ],
    ),
    "answers": (
        answers,
        [
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            b"HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n2 \nok\n0\n\n",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404 No\r\na: b\r\n c\r\n\r\nbody",
        ],
    ),
    "manifests": (
        manifests,
        [
            b"apiVersion: hookwright.io/v1alpha1\nkind: Webhook\nmetadata: {name: a}\nspec:\n  url: https://x.y\n",
            b"a: &a [1, *a]\n---\n<<: {b: !!binary aGk=}\n",
        ],
    ),
    "specs": (
        specs,
        [
            b'{"url": "https://x.example/{{ data.id }}", "triggers": ["RequestGranted"], "bodyTemplate": "{}"}',
            b'{"url": "https://x.example/", "triggers": ["a.b"], "filters": {"matchExpressions": [{"path": "$.a", '
            b'"operator": "Matches", "values": ["^a+$"]}]}, "responseValidators": [{"path": "$.ok", "values": ["true"]}]}',
        ],
    ),
    "redaction": (redaction, [b"s3cret-of-8" + EDGE + b"before" + EDGE + b"after"]),
}
"""Name → the target and its seeds."""
