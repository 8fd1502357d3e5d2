"""Rows about every bound of length and count: one at the bound that is right, one beyond that is wrong.

The API server speaks of these in Kubernetes' words. `test_cases` holds this table against the CRDs, so that
no bound is without its two rows.
"""

from __future__ import annotations

from typing import Any

from api.cases import tests, webhooks
from api.cases.case import ABSENT, EMPTY, TOO_LONG, TOO_MANY, Bad, Good, changed, manifest
from api.cases.webhooks import FROM_CONFIG, REF

BASES = {"Webhook": webhooks.FULL, "WebhookTest": tests.FULL}


def text(path: str, limit: int, begin: str = "", *, kind: str = "Webhook", **others: Any) -> list[Good | Bad]:
    """A text of `limit` characters, and one that is longer."""
    fitting, longer = begin + "x" * (limit - len(begin)), begin + "x" * (limit - len(begin) + 1)
    sentence = f"{_name(path)} must have at most {limit} characters"
    return _pair(kind, path, limit, fitting, longer, sentence, TOO_LONG, others)


def word(path: str, *, kind: str = "Webhook") -> Bad:
    """A word of a fixed list; there is none at the bound."""
    spec = changed(BASES[kind], {path: "x" * 65})
    sentence = f"{_name(path)} must have at most 64 characters"
    return Bad(f"{kind} {path} of 65", manifest(kind, spec), f"spec.{path}", sentence, TOO_LONG)


def duration(path: str, *, kind: str = "Webhook") -> list[Good | Bad]:
    """A duration that is too long; at the bound stands none that a person would write."""
    spec = changed(BASES[kind], {path: "9" * 33})
    sentence = f"{_name(path)} must have at most 32 characters"
    return [Bad(f"{kind} {path} of 33", manifest(kind, spec), f"spec.{path}", sentence, TOO_LONG)]


def entries(path: str, limit: int, values: list[Any], *, kind: str = "Webhook") -> list[Good | Bad]:
    """`values` has one more than the limit."""
    sentence = f"{_name(path)} must have at most {limit} entries"
    return _pair(kind, path, limit, values[:limit], values, sentence, TOO_MANY, {})


def reference(path: str, **others: Any) -> list[Good | Bad]:
    """Name and key of a reference: 1 to 253 characters."""
    rows = [*text(f"{path}.name", 253, **others), *text(f"{path}.key", 253, **others)]
    return [*rows, empty(f"{path}.name", **others), empty(f"{path}.key", **others)]


def empty(path: str, *, kind: str = "Webhook", **others: Any) -> Bad:
    """A text that must not be empty."""
    spec = changed(BASES[kind], _paths(others) | {path: ""})
    return Bad(
        f"{kind} {path} empty",
        manifest(kind, spec),
        f"spec.{path}",
        f"{_name(path)} must not be empty",
        EMPTY,
    )


def _pair(
    kind: str, path: str, limit: int, fitting: Any, longer: Any, sentence: str, server: str, others: Any
) -> list[Good | Bad]:
    base = changed(BASES[kind], _paths(others))
    return [
        Good(f"{kind} {path} of {limit}", manifest(kind, changed(base, {path: fitting}))),
        Bad(
            f"{kind} {path} of {limit + 1}",
            manifest(kind, changed(base, {path: longer})),
            f"spec.{path}",
            sentence,
            server,
        ),
    ]


def _name(path: str) -> str:
    return path.split(".")[-1]


def _paths(changes: dict[str, Any]) -> dict[str, Any]:
    return {path.replace("__", "."): value for path, value in changes.items()}


def _many(count: int, begin: str = "x") -> list[str]:
    return [f"{begin}{number}" for number in range(count)]


_MATCH = {"path": "$.data.id", "operator": "Exists"}
_CHECK = {"path": "$.status", "values": ["ok"]}
_BEARER = {"auth": {"bearer": {"tokenSecretRef": REF}}}
_BASIC = {"auth": {"basic": {"usernameSecretRef": REF, "passwordSecretRef": REF}}}
_CLIENT = {"auth__oauth2__clientID": ABSENT, "auth__oauth2__clientIDSecretRef": REF}
_CA_CONFIG = {"tls__ca": {"configMapKeyRef": REF}}
_LISTS = (
    "integrations",
    "integrationTypes",
    "resourceTypes",
    "resources",
    "permissions",
    "requesters",
    "grantees",
    "accessFlows",
    "bundles",
)

WEBHOOK: list[Good | Bad] = [
    *text("displayName", 63),
    word("method"),
    *text("url", 2048, "https://example.com/"),
    *reference("urlFrom.secretKeyRef", url=ABSENT, urlFrom={"secretKeyRef": dict(REF)}),
    *entries("triggers", 32, _many(33, "com.example.a")),
    *text("triggers[0]", 256, "com.example."),
    *(row for name in _LISTS for row in entries(f"filters.{name}", 64, _many(65))),
    *(row for name in _LISTS for row in text(f"filters.{name}[0]", 256)),
    word("filters.approvals"),
    *entries("filters.matchExpressions", 16, [_MATCH] * 17),
    *text("filters.matchExpressions[0].path", 512, "$."),
    word("filters.matchExpressions[0].operator"),
    *entries("filters.matchExpressions[0].values", 64, _many(65)),
    *text("filters.matchExpressions[0].values[0]", 512),
    *entries("headers", 32, [{"name": name, "value": ""} for name in _many(33, "X-")]),
    *text("headers[0].name", 128),
    *text("headers[0].value", 4096),
    *reference("headers[1].valueFrom.secretKeyRef"),
    *reference("auth.bearer.tokenSecretRef", **_BEARER),
    *reference("auth.basic.usernameSecretRef", **_BASIC),
    *reference("auth.basic.passwordSecretRef", **_BASIC),
    *text("auth.oauth2.clientID", 1024),
    *reference("auth.oauth2.clientIDSecretRef", **_CLIENT),
    *reference("auth.oauth2.clientSecretRef"),
    *text("auth.oauth2.tokenURL", 2048, "https://example.com/"),
    *entries("auth.oauth2.scopes", 32, _many(33)),
    *text("auth.oauth2.scopes[0]", 256),
    *text("auth.oauth2.audience", 1024),
    word("auth.oauth2.authStyle"),
    *text("bodyTemplate", 65_536),
    *reference("bodyTemplateFrom.configMapKeyRef", bodyTemplate=ABSENT, bodyTemplateFrom=FROM_CONFIG),
    Good(
        "Webhook contentType of 128",
        manifest("Webhook", changed(webhooks.FULL, {"contentType": f"application/{'x' * 111}+json"})),
    ),
    Bad(
        "Webhook contentType of 129",
        manifest("Webhook", changed(webhooks.FULL, {"contentType": f"application/{'x' * 112}+json"})),
        "spec.contentType",
        "contentType must have at most 128 characters",
        TOO_LONG,
    ),
    *entries("responseValidators", 16, [_CHECK] * 17),
    *text("responseValidators[0].path", 512, "$."),
    *entries("responseValidators[0].values", 64, _many(65)),
    *text("responseValidators[0].values[0]", 1024),
    *duration("timeout"),
    *entries("retry.schedule", 32, ["1s"] * 33),
    *duration("retry.schedule[0]"),
    *duration("retry.retryAfterMax"),
    *duration("retry.maxAge"),
    word("rateLimit.per"),
    *reference("signing.secretRef"),
    *reference("signing.previousSecretRef"),
    *reference("tls.ca.secretKeyRef"),
    *reference("tls.ca.configMapKeyRef", **_CA_CONFIG),
    *text("tls.clientCertSecretRef.name", 253),
    empty("tls.clientCertSecretRef.name"),
]

_T = "WebhookTest"
_EVENT_FROM = {"event": ABSENT, "eventFrom": FROM_CONFIG}
_MEMBERS = dict.fromkeys(_many(257), "x")

TEST: list[Good | Bad] = [
    *text("webhookRef.name", 253, kind=_T),
    empty("webhookRef.name", kind=_T),
    *text("trigger", 256, "com.example.", kind=_T),
    *reference("eventFrom.configMapKeyRef", kind=_T, **_EVENT_FROM),
    Bad(
        "WebhookTest event of 257",
        manifest(_T, changed(tests.FULL, {"event": _MEMBERS})),
        "spec.event",
        "event must have at most 256 entries",
        TOO_MANY,
    ),
    word("mode", kind=_T),
    word("expect.request.method", kind=_T),
    *text("expect.request.url", 8192, kind=_T),
    Bad(
        "WebhookTest expect.request.headers of 33",
        manifest(_T, changed(tests.FULL, {"expect.request.headers": dict.fromkeys(_many(33), "x")})),
        "spec.expect.request.headers",
        "headers must have at most 32 entries",
        TOO_MANY,
    ),
    Bad(
        "WebhookTest expect.request.headers value of 4097",
        manifest(_T, changed(tests.FULL, {"expect.request.headers": {"X-A": "x" * 4097}})),
        "spec.expect.request.headers.X-A",
        "X-A must have at most 4096 characters",
        TOO_LONG,
    ),
    *entries("expect.request.body.contains", 16, _many(17), kind=_T),
    *text("expect.request.body.contains[0]", 4096, kind=_T),
    *entries("expect.response.statusCodes", 32, [200] * 33, kind=_T),
    *text("expect.response.bodyContains", 4096, kind=_T),
    word("runPolicy", kind=_T),
    *duration("interval", kind=_T),
    *duration("timeout", kind=_T),
]

ROWS = [*WEBHOOK, *TEST]
