"""What both ports serve, as OpenAPI 3.1: `/openapi.json` for events, `/admin/v1/openapi.json` for the rest (SPEC 3, 7).

One table of operations a port; schemas come from the models that answer. Must not: route, or know more than a model says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

from hookwright import __version__
from hookwright.api.admin import (
    WEBHOOK_SORTS,
    WEBHOOK_STATES,
    Answer,
    DeadGroup,
    DeadLetter,
    Explanation,
    Invocation,
    Problem,
    Replayed,
    ReplayRequest,
    RunRequest,
    Session,
    Summary,
    TestRun,
    ValidatorResult,
    WebhookView,
)
from hookwright.api.admin_deliveries import DeliveryView
from hookwright.api.admin_workbench import Definition, Preview, PreviewRequest
from hookwright.api.event_schema import event_schema
from hookwright.limits import ADMIN_PAGE_DEFAULT, ADMIN_PAGE_MAX, TABLE_QUERY_CHARACTERS

_LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
_KEY = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"


class AcceptedDelivery(Answer):
    """One event for one webhook."""

    id: str
    webhook: str
    """`namespace/name`"""


class AcceptedEvent(Answer):
    """An event and the deliveries it makes; none: it matches no webhook."""

    id: str
    deliveries: list[AcceptedDelivery]


class AcceptedEvents(Answer):
    """Answer to posted events: every delivery is on stable storage."""

    events: list[AcceptedEvent]


class Invoked(Answer):
    """What a Manual call came to."""

    id: str
    webhook: str
    """`namespace/name`"""
    result: str
    message: str
    status_code: int | None
    validators: list[ValidatorResult]
    duration_millis: float
    hint: str | None = Field(default=None, exclude_if=lambda hint: hint is None)


class Webhooks(Answer):
    """A page of webhooks, by key; asked with `since`, those that changed since then (`api.admin.WebhookChanges`)."""

    items: list[WebhookView]
    next: str | None = None
    previous: str | None = Field(default=None, exclude_if=lambda previous: previous is None)
    """What to ask with as `after` for the page before; empty: nothing, as it is the first."""
    total: int | None = Field(default=None, exclude_if=lambda total: total is None)
    """How many fit."""
    skipped: int | None = Field(default=None, exclude_if=lambda skipped: skipped is None)
    """How many of them stand before this page."""
    counts: dict[str, int] | None = Field(default=None, exclude_if=lambda counts: counts is None)
    """How many of those that fit, whatever `state` was asked for, are in each state, and `all`."""
    namespaces: dict[str, int] | None = Field(default=None, exclude_if=lambda namespaces: namespaces is None)
    """How many webhooks each namespace has."""
    removed: list[str] | None = Field(default=None, exclude_if=lambda removed: removed is None)
    anew: bool | None = Field(default=None, exclude_if=lambda anew: anew is None)
    since: str | None = Field(default=None, exclude_if=lambda since: since is None)


class Invocations(Answer):
    """A page of invocations, newest first."""

    items: list[Invocation]
    next: str | None = None
    """Where the next page begins; null: nothing follows. If no index leads (a 2xx status) a page may be short or empty."""


class DeadGroups(Answer):
    """Dead letters by webhook and reason, the one whose newest died last first."""

    items: list[DeadGroup]
    next: str | None = None


class DeadLetters(Answer):
    """A page of dead letters, newest first. Where very many died at nearly the time asked for it may be short or empty."""

    items: list[DeadLetter]
    next: str | None = None


class Explanations(Answer):
    """Of each webhook, whether an event matches."""

    items: list[Explanation]
    next: str | None = None


class Parameter(NamedTuple):
    """A parameter of a path or a query."""

    name: str
    says: str
    schema: Mapping[str, Any]
    place: str = "query"


class Operation(NamedTuple):
    """What a path does for a method. `answer` is a model or a media type."""

    method: str
    path: str
    says: str
    answer: type[BaseModel] | str
    status: int = 200
    body: type[BaseModel] | str | None = None
    """A model, or `event`: an event in any mode of SPEC 3."""
    optional_body: bool = False
    parameters: Sequence[Parameter] = ()
    other: Mapping[int, type[BaseModel]] = {}
    open: bool = False
    """Asks for no token."""


def _query(name: str, says: str, **schema: Any) -> Parameter:
    return Parameter(name, says, {"type": "string"} | schema)


def _path(name: str, says: str, **schema: Any) -> Parameter:
    return Parameter(name, says, {"type": "string", "minLength": 1} | schema, "path")


_NAMESPACE = _path("namespace", "A namespace.", pattern=_LABEL)
_NAME = _path("name", "A webhook's name.", pattern=_LABEL)
_TYPE = _query(
    "type", "A CloudEvents type with a dot: the body is any JSON object, taken as an event of this type."
)
_WEBHOOK = _query("webhook", "Of this webhook only, namespace/name.", pattern=_KEY)
_REASON = _query("reason", "With this reason only.")
_BEFORE = _query("before", "The `next` of an earlier page.", pattern=r"^[0-9]{1,18}$")
_LIMIT = _query(
    "limit",
    f"How many a page may hold, {ADMIN_PAGE_DEFAULT} by default.",
    type="integer",
    minimum=1,
    maximum=ADMIN_PAGE_MAX,
)

EVENTS = (
    Operation("post", "/v1/events", "Take events.", AcceptedEvents, 202, "event", parameters=(_TYPE,)),
    Operation(
        "post", "/v1/namespaces/{namespace}/events", "Take events for the webhooks of one namespace.", AcceptedEvents,
        202, "event", parameters=(_NAMESPACE, _TYPE),
    ),
    Operation(
        "post", "/v1/webhooks/{namespace}/{name}/invoke", "Run a webhook that lists Manual, once, now, and wait.",
        Invoked, 200, "event", optional_body=True, parameters=(_NAMESPACE, _NAME), other={502: Invoked},
    ),
    Operation("get", "/v1/schema", "JSON Schema of the event.", "application/json"),
    Operation(
        "get", "/v1/samples/{trigger}", "A mock event.", "application/json",
        parameters=(_path("trigger", "A trigger that has a sample."),),
    ),
    Operation("get", "/openapi.json", "This document.", "application/json"),
)  # fmt: skip
"""What the events port serves."""

_ADMIN = "/admin/v1"
_ONE = f"{_ADMIN}/webhooks/{{namespace}}/{{name}}"
ADMIN = (
    Operation("get", "/healthz", "Whether the process lives.", "text/plain", open=True),
    Operation("get", "/readyz", "Whether events are taken.", "text/plain", open=True),
    Operation("get", "/metrics", "Prometheus metrics.", "text/plain", open=True),
    Operation("get", f"{_ADMIN}/session", "Who asks, and whether a token is needed.", Session, open=True),
    Operation("get", f"{_ADMIN}/summary", "What this dispatcher runs.", Summary),
    Operation(
        "get", f"{_ADMIN}/webhooks", "Webhooks, by key; without parameters all of them.", Webhooks,
        parameters=(
            _query(
                "q", "With this in namespace/name, host or display name, whatever its case.",
                maxLength=TABLE_QUERY_CHARACTERS,
            ),
            _query("namespace", "Of this namespace only.", pattern=_LABEL),
            _query("state", "In this state only; a webhook may be in several.", enum=list(WEBHOOK_STATES)),
            _query("active", "true or false.", enum=["true", "false"]),
            _query("sort", "`name`, by key, unless given; `attention`: those that need it first.", enum=list(WEBHOOK_SORTS)),
            _query("order", "`asc` unless given.", enum=["asc", "desc"]),
            _query("after", "The `next` or `previous` of another page."),
            _LIMIT,
            _query("since", "The `since` of an earlier answer, or nothing: what changed since then. Not with `after`."),
        ),
    ),
    Operation("get", _ONE, "One webhook.", WebhookView, parameters=(_NAMESPACE, _NAME)),
    Operation(
        "post", f"{_ONE}/invoke", "Run a webhook that lists Manual, once, now; shows request and response.",
        Invocation, body="event", optional_body=True, parameters=(_NAMESPACE, _NAME),
    ),
    Operation(
        "post", f"{_ONE}/probe", "Try a webhook now whose circuit is open.", WebhookView, parameters=(_NAMESPACE, _NAME),
    ),
    Operation(
        "get", f"{_ADMIN}/invocations", "Attempts, Manual calls and tests, newest first.", Invocations,
        parameters=(
            _WEBHOOK,
            _query("result", "With this result only."),
            _query("friendlyID", "Of events with this data.friendly_id only."),
            _query("kind", "Delivery, Manual or Test."),
            _query("delivery", "Of this delivery only."),
            _query("failed", "true: those that did not succeed only."),
            _query("status", "Answered with this status only, or with one of a hundred: 503, 5xx."),
            _query("since", "Begun at or after this: an RFC 3339 time, or a duration before now (2h)."),
            _query("until", "Begun before this."),
            _BEFORE,
            _query("after", "Newer than this position, a `next`.", pattern=r"^[0-9]{1,18}$"),
            _LIMIT,
            _query("fields", "summary: without requests and answers, but for status and duration."),
        ),
    ),
    Operation(
        "get", f"{_ADMIN}/invocations/{{id}}", "One, by invocation id, or the latest of a delivery id.", Invocation,
        parameters=(_path("id", "`<delivery>.<attempt>` or `<delivery>`."),),
    ),
    Operation(
        "get", f"{_ADMIN}/deliveries/{{id}}", "One delivery: where it stands, its event, all its attempts.", DeliveryView,
        parameters=(_path("id", "Its id, or that of one of its invocations."),),
    ),
    Operation(
        "get", f"{_ADMIN}/dead-letters", "Deliveries that ended without success, newest first.", DeadLetters,
        parameters=(
            _WEBHOOK,
            _REASON,
            _query("since", "Those that died at or after this: an RFC 3339 time, or a duration before now (2h)."),
            _query("until", "Those that died before this."),
            _BEFORE,
            _LIMIT,
        ),
    ),
    Operation(
        "get", f"{_ADMIN}/dead-letters/groups", "How many there are of each webhook and reason.", DeadGroups,
        parameters=(_WEBHOOK, _REASON, _BEFORE, _LIMIT),
    ),
    Operation("post", f"{_ADMIN}/replays", "Deliver dead letters once more.", Replayed, body=ReplayRequest),
    Operation("post", f"{_ADMIN}/tests", "Run a WebhookTest and wait for it.", TestRun, body=RunRequest),
    Operation(
        "post", f"{_ADMIN}/explain", "Of each webhook, whether an event matches, and if not, why.", Explanations,
        body="event", parameters=(_query("namespace", "As if posted to this namespace's path.", pattern=_LABEL),),
    ),
    Operation(
        "get", f"{_ONE}/definition", "One webhook as it is written, and its manifest.", Definition,
        parameters=(_NAMESPACE, _NAME),
    ),
    Operation(
        "post", f"{_ADMIN}/preview", "What would become of an event if a webhook said this; sends nothing.", Preview,
        body=PreviewRequest,
    ),
    Operation("get", f"{_ADMIN}/schema", "JSON Schema of the event.", "application/json"),
    Operation(
        "get", f"{_ADMIN}/samples/{{trigger}}", "A mock event.", "application/json",
        parameters=(_path("trigger", "A trigger that has a sample."),),
    ),
    Operation("get", f"{_ADMIN}/openapi.json", "This document.", "application/json"),
)  # fmt: skip
"""What the admin port serves."""


def openapi(title: str, operations: Sequence[Operation]) -> dict[str, Any]:
    """The document of a port; the same every time."""
    models = _models(operations)
    references, definitions = models_json_schema(
        [(model, "validation" if model in _bodies(operations) else "serialization") for model in models],
        ref_template="#/components/schemas/{model}",
    )
    schemas: dict[Any, Any] = {model: schema for (model, _), schema in references.items()}
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method] = _operation(each, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": __version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": {**definitions.get("$defs", {}), **_event()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _event() -> dict[str, Any]:
    """The event's schema and its parts, each with a name of its own here."""
    text = orjson.dumps(event_schema()).decode().replace('"#/$defs/', '"#/components/schemas/Event')
    event = orjson.loads(text)
    parts = event.pop("$defs")
    return {"Event": event, **{f"Event{name}": schema for name, schema in parts.items()}}


def _models(operations: Sequence[Operation]) -> list[type[BaseModel]]:
    found: dict[type[BaseModel], None] = {Problem: None}
    for each in operations:
        for model in (each.answer, each.body, *each.other.values()):
            if isinstance(model, type):
                found[model] = None
    return list(found)


def _bodies(operations: Sequence[Operation]) -> set[type[BaseModel]]:
    return {each.body for each in operations if isinstance(each.body, type)}


def _operation(each: Operation, schemas: Mapping[type[BaseModel], Any]) -> dict[str, Any]:
    answers = {each.status: each.answer, **each.other}
    described: dict[str, Any] = {
        "summary": each.says,
        "responses": {
            **{str(status): _answer(answer, schemas) for status, answer in answers.items()},
            "default": {
                "description": "A problem document (RFC 9457).",
                "content": {"application/problem+json": {"schema": schemas[Problem]}},
            },
        },
    }
    for status in each.other:  # a webhook that cannot be sent is a problem, too
        described["responses"][str(status)]["content"] |= described["responses"]["default"]["content"]
    if each.parameters:
        described["parameters"] = [
            {
                "name": one.name,
                "in": one.place,
                "description": one.says,
                "schema": dict(one.schema),
                "required": one.place == "path",
            }
            for one in each.parameters
        ]
    if each.body is not None:
        described["requestBody"] = {"required": not each.optional_body, "content": _body(each.body, schemas)}
    if each.open:
        described["security"] = []
    return described


def _answer(answer: type[BaseModel] | str, schemas: Mapping[type[BaseModel], Any]) -> dict[str, Any]:
    if isinstance(answer, str):
        return {"description": "As asked.", "content": {answer: {}}}
    says = " ".join((answer.__doc__ or "").split())
    return {"description": says, "content": {"application/json": {"schema": schemas[answer]}}}


def _body(body: type[BaseModel] | str, schemas: Mapping[type[BaseModel], Any]) -> dict[str, Any]:
    if not isinstance(body, str):
        return {"application/json": {"schema": schemas[body]}}
    event = {"$ref": "#/components/schemas/Event"}
    return {
        "application/json": {"schema": {"anyOf": [event, {"type": "array", "items": event}]}},
        "application/x-ndjson": {"schema": {"type": "string"}},
        "application/cloudevents+json": {"schema": {"type": "object"}},
        "application/cloudevents-batch+json": {"schema": {"type": "array"}},
    }


def events_api() -> dict[str, Any]:
    """The events port."""
    return openapi("Hookwright events", EVENTS)


def admin_api() -> dict[str, Any]:
    """The admin port."""
    return openapi("Hookwright admin", ADMIN)
