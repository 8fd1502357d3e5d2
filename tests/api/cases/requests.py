"""Rows about how a `Webhook` sends (SPEC 2): headers, credentials, body, answer, delivery."""

from __future__ import annotations

from typing import Any

from api.cases.case import ABSENT, REPEATED, REQUIRED, TOO_FEW, WRONG_TYPE
from api.cases.webhooks import FROM_CONFIG, FROM_SECRET, FULL, REF, bad, good

TOKEN = "name must be a header name of letters, digits and !#$%&'*+-.^_`|~, without blanks and colons"
OURS_ALONE = (
    "name must not be Host, Content-Length, Transfer-Encoding, Connection, Keep-Alive, TE, Trailer, Upgrade, "
    "Expect, Accept-Encoding, Proxy-* or webhook-*: those are set for you"
)
HEADER_SOURCE = "set exactly one of value and valueFrom"
TWO_CASES = "headers must not repeat a name in other letters of case: keep one of them"
TWICE = "headers must not hold Authorization beside auth: remove one of them"
BEARER = {"bearer": {"tokenSecretRef": REF}}
BASIC = {"basic": {"usernameSecretRef": REF, "passwordSecretRef": REF}}
REFUSED = (
    "Host",
    "content-length",
    "Transfer-Encoding",
    "connection",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Upgrade",
    "Expect",
    "Accept-Encoding",
    "Proxy-Authorization",
    "proxy-x",
    "webhook-id",
    "Webhook-Signature",
)


def header(name: str, **members: Any) -> list[dict[str, Any]]:
    """One header with a value."""
    return [{"name": name, "value": "x", **members}]


HEADERS = [
    *(
        good(f"header {name}", headers=header(name))
        for name in ("X-A", "a", "!#$%&'*+.^_`|~9", "User-Agent", "Tea")
    ),
    *(
        bad(f"header name {name!r}", "headers[0].name", TOKEN, headers=header(name))
        for name in ("", "X A", "X-A:", "X-ä", "X-A\n", "(x)")
    ),
    *(bad(f"header {name}", "headers[0].name", OURS_ALONE, headers=header(name)) for name in REFUSED),
    bad(
        "header Content-Type",
        "headers[0].name",
        "name must not be Content-Type: use contentType",
        headers=header("content-type"),
    ),
    bad("header without a name", "headers[0].name", "name must be set", REQUIRED, headers=[{"value": "x"}]),
    bad("header without a value", "headers[0].value", HEADER_SOURCE, headers=[{"name": "X-A"}]),
    bad(
        "header with two values",
        "headers[0].value",
        HEADER_SOURCE,
        headers=header("X-A", valueFrom=FROM_SECRET),
    ),
    bad(
        "the third header",
        "headers[2].value",
        HEADER_SOURCE,
        headers=[*header("A"), *header("B"), {"name": "C"}],
    ),
    bad(
        "header value as a number",
        "headers[0].value",
        "value must be a text: put it in quotes",
        WRONG_TYPE,
        headers=[{"name": "X-A", "value": 5}],
    ),
    bad(
        "a header twice",
        "headers[1]",
        "headers must not repeat an entry: remove one of them",
        REPEATED,
        headers=[*header("X-A"), *header("X-A")],
    ),
    bad("a header in two cases", "headers", TWO_CASES, headers=[*header("X-A"), *header("x-a")]),
    good("Authorization without auth", headers=header("Authorization")),
    bad("Authorization beside auth", "headers", TWICE, headers=header("authorization"), auth=BEARER),
    bad(
        "header from nowhere",
        "headers[0].valueFrom.secretKeyRef",
        "secretKeyRef must be set",
        headers=[{"name": "X-A", "valueFrom": {}}],
    ),
]

# --- credentials ---------------------------------------------------------------------------------

ONE = "auth must have at most one of bearer, oauth2 and basic"
CLIENT = "set exactly one of clientID and clientIDSecretRef"
TOKEN_SENTENCES = {
    "http://login.example.com/": "tokenURL must begin with https://",
    "https://a:b@login.example.com/": "tokenURL must not hold a user or password before the host: remove it",
    "https://{{ host }}/": "tokenURL must have a literal host without {{ }}",
    "https://[::1]/": "tokenURL must name its host, not an IPv6 address in brackets",
    "https://login.example.com:8443/": "tokenURL must not name a port other than :443: remove it",
    "https://login_1/": "tokenURL must name a host made of letters, digits, dots and hyphens after https://",
    "https://login.example.com/{{ tenant }}": "tokenURL takes no {{ }} and no {% %}: write it out",
    "https://login.example.com/{% if x %}": "tokenURL takes no {{ }} and no {% %}: write it out",
    "https://login.example.com/a b": "tokenURL must not hold blanks, control characters or #",
    "https://login.example.com/#a": "tokenURL must not hold blanks, control characters or #",
}
O = "auth__oauth2__"  # noqa: E741 - the place of all that follows

CREDENTIALS = [
    good("no scheme", auth={}),
    good("token URL with its port", FULL, **{f"{O}tokenURL": "https://login.example.com:443/token"}),
    good("bearer", auth=BEARER),
    good("basic", auth=BASIC),
    good("client id from a Secret", FULL, **{f"{O}clientID": ABSENT, f"{O}clientIDSecretRef": REF}),
    bad("two schemes", "auth", ONE, auth=BEARER | BASIC),
    bad("three schemes", "auth", ONE, auth=BEARER | BASIC | FULL["auth"]),
    bad(
        "bearer without a token",
        "auth.bearer.tokenSecretRef",
        "tokenSecretRef must be set",
        auth={"bearer": {}},
    ),
    bad(
        "basic without a user",
        "auth.basic.usernameSecretRef",
        "usernameSecretRef must be set",
        auth={"basic": {"passwordSecretRef": REF}},
    ),
    bad(
        "basic without a password",
        "auth.basic.passwordSecretRef",
        "passwordSecretRef must be set",
        auth={"basic": {"usernameSecretRef": REF}},
    ),
    bad("two client ids", "auth.oauth2.clientID", CLIENT, base=FULL, **{f"{O}clientIDSecretRef": REF}),
    bad("no client id", "auth.oauth2.clientID", CLIENT, base=FULL, **{f"{O}clientID": ABSENT}),
    bad(
        "no client secret",
        "auth.oauth2.clientSecretRef",
        "clientSecretRef must be set",
        base=FULL,
        **{f"{O}clientSecretRef": ABSENT},
    ),
    bad(
        "no token URL", "auth.oauth2.tokenURL", "tokenURL must be set", base=FULL, **{f"{O}tokenURL": ABSENT}
    ),
    *(
        bad(f"token URL {url}", "auth.oauth2.tokenURL", sentence, base=FULL, **{f"{O}tokenURL": url})
        for url, sentence in TOKEN_SENTENCES.items()
    ),
    good("auth style Header", FULL, **{f"{O}authStyle": "Header"}),
    good("no auth style", FULL, **{f"{O}authStyle": ABSENT}),
    bad(
        "auth style",
        "auth.oauth2.authStyle",
        "authStyle must be Header or Body",
        base=FULL,
        **{f"{O}authStyle": "Query"},
    ),
    bad("signing without a secret", "signing.secretRef", "secretRef must be set", signing={}),
    good("a private CA from a ConfigMap", tls={"ca": {"configMapKeyRef": {"name": "ca", "key": "root.pem"}}}),
    bad(
        "an empty CA",
        "tls.ca.secretKeyRef",
        "set exactly one of secretKeyRef and configMapKeyRef",
        tls={"ca": {}},
    ),
    bad(
        "two CAs",
        "tls.ca.secretKeyRef",
        "set exactly one of secretKeyRef and configMapKeyRef",
        tls={"ca": FROM_SECRET | FROM_CONFIG},
    ),
    bad(
        "a CA without a name",
        "tls.ca.secretKeyRef.name",
        "name must be set",
        tls={"ca": {"secretKeyRef": {}}},
    ),
    bad(
        "a client certificate without a name",
        "tls.clientCertSecretRef.name",
        "name must be set",
        tls={"clientCertSecretRef": {}},
    ),
]

# --- body, answer --------------------------------------------------------------------------------

CONTENT = "contentType must be application/json or application/*+json, without parameters"

BODIES = [
    good("template from a ConfigMap", bodyTemplateFrom=FROM_CONFIG),
    bad(
        "two templates",
        "bodyTemplateFrom",
        "set at most one of bodyTemplate and bodyTemplateFrom",
        bodyTemplate="{}",
        bodyTemplateFrom=FROM_CONFIG,
    ),
    bad(
        "template from nowhere",
        "bodyTemplateFrom.configMapKeyRef",
        "configMapKeyRef must be set",
        bodyTemplateFrom={},
    ),
    bad(
        "template as a list",
        "bodyTemplate",
        "bodyTemplate must be a text: put it in quotes",
        WRONG_TYPE,
        bodyTemplate=["x"],
    ),
    *(
        good(f"content type {kind}", contentType=kind)
        for kind in ("application/json", "application/a.b-c+d+json")
    ),
    *(
        bad(f"content type {kind!r}", "contentType", CONTENT, contentType=kind)
        for kind in (
            "",
            "text/plain",
            "application/xml",
            "application/+json",
            "application/json; charset=utf-8",
            "application/jsonp",
            "Application/JSON",
        )
    ),
    bad(
        "validator without a path",
        "responseValidators[0].path",
        "path must be set",
        responseValidators=[{"values": ["x"]}],
    ),
    bad(
        "validator without values",
        "responseValidators[0].values",
        "values must be set",
        responseValidators=[{"path": "$"}],
    ),
    bad(
        "validator with no value",
        "responseValidators[0].values",
        "values must have at least 1 entry",
        TOO_FEW,
        responseValidators=[{"path": "$", "values": []}],
    ),
    bad(
        "validator's path",
        "responseValidators[0].path",
        "path must be a JSONPath that begins with $, such as $.data.status",
        responseValidators=[{"path": "status", "values": ["x"]}],
    ),
    bad(
        "validator's value as a boolean",
        "responseValidators[0].values[0]",
        "values[0] must be a text: put it in quotes",
        WRONG_TYPE,
        responseValidators=[{"path": "$.ok", "values": [True]}],
    ),
]

# --- delivery ------------------------------------------------------------------------------------

TIMEOUT = "timeout must be a duration with its unit, from 1s to 60s, such as 30s or 1m"
STEP = "schedule must be a duration with its unit, from 1s to 24h, such as 30s, 5m or 1h30m"
PER = "per must be Second, Minute or Hour"
NUMBER = "maxInFlight must be a number from 1 to 1,024"
REQUESTS = "requests must be a number from 1 to 100,000"

DELIVERY = [
    *(good(f"timeout {t}", timeout=t) for t in ("1s", "1000ms", "60s", "1m", "0h1m", "59.999s1ms", "1.5s")),
    *(
        bad(f"timeout {t!r}", "timeout", TIMEOUT, timeout=t)
        for t in (
            "",
            "0s",
            "999ms",
            "0.999s",
            "61s",
            "60.001s",
            "1m1ms",
            "15",
            "15 s",
            "15S",
            "-1s",
            "1d",
            "1s\n",
            "100000ms",
            "1.0001s",
            "1s1s1s1s1s",
            ".5s",
        )
    ),
    bad("timeout as a number", "timeout", TIMEOUT, WRONG_TYPE, timeout=15),
    good("no retry", retry={"schedule": []}),
    good("a long schedule", retry={"schedule": ["1s"] * 32}),
    good("an empty retry", retry={}),
    bad("a step under 1s", "retry.schedule[1]", STEP, retry={"schedule": ["1s", "999ms"]}),
    bad("a step over 24h", "retry.schedule[0]", STEP, retry={"schedule": ["24h1ms"]}),
    bad("a step that is none", "retry.schedule[0]", STEP, retry={"schedule": ["soon"]}),
    bad(
        "retryAfterMax",
        "retry.retryAfterMax",
        "retryAfterMax must be a duration with its unit, such as 30s, 5m or 1h30m",
        retry={"retryAfterMax": "1 hour"},
    ),
    bad(
        "maxAge",
        "retry.maxAge",
        "maxAge must be a duration with its unit, such as 30s, 5m or 1h30m",
        retry={"maxAge": "1w"},
    ),
    *(good(f"maxInFlight {n}", maxInFlight=n) for n in (1, 1024)),
    *(bad(f"maxInFlight {n}", "maxInFlight", NUMBER, maxInFlight=n) for n in (0, -1, 1025)),
    bad(
        "maxInFlight as a text",
        "maxInFlight",
        "maxInFlight must be a whole number",
        WRONG_TYPE,
        maxInFlight="16",
    ),
    bad(
        "maxInFlight as a boolean",
        "maxInFlight",
        "maxInFlight must be a whole number",
        WRONG_TYPE,
        maxInFlight=True,
    ),
    bad(
        "maxInFlight with a fraction",
        "maxInFlight",
        "maxInFlight must be a whole number",
        WRONG_TYPE,
        maxInFlight=1.5,
    ),
    *(
        good(f"rate {n}", rateLimit={"requests": n, "per": per})
        for n, per in ((1, "Second"), (100_000, "Hour"))
    ),
    *(
        bad(f"rate {n}", "rateLimit.requests", REQUESTS, rateLimit={"requests": n, "per": "Minute"})
        for n in (0, 100_001)
    ),
    bad("rate per day", "rateLimit.per", PER, rateLimit={"requests": 1, "per": "Day"}),
    bad("rate without a period", "rateLimit.per", "per must be set", rateLimit={"requests": 1}),
    bad("rate without a number", "rateLimit.requests", "requests must be set", rateLimit={"per": "Hour"}),
]

ROWS = [*HEADERS, *CREDENTIALS, *BODIES, *DELIVERY]
