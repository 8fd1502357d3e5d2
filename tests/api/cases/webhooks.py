"""Rows about `Webhook` (SPEC 2), but for those about bounds, which stand in `bounds`."""

from __future__ import annotations

from typing import Any

from api.cases.case import (
    ABSENT,
    NO_SUBDOMAIN,
    OURS,
    REPEATED,
    TOO_FEW,
    UNKNOWN,
    WRONG_TYPE,
    Bad,
    Good,
    changed,
    manifest,
)

KIND = "Webhook"
REF = {"name": "credentials", "key": "value"}
FROM_SECRET = {"secretKeyRef": REF}
FROM_CONFIG = {"configMapKeyRef": REF}

PLAIN: dict[str, Any] = {"url": "https://hooks.example.com/in", "triggers": ["RequestCreated"]}

FULL: dict[str, Any] = {
    "displayName": "Access requests 2",
    "active": False,
    "method": "PUT",
    "url": "https://hooks.example.com/in/{{ data.id }}?by={{ data.requester.name }}",
    "triggers": ["RequestCreated", "RequestApproved", "Manual", "dev.example.deployed.v1", "com.example.*"],
    "filters": {
        "integrations": ["prod-*"],
        "integrationTypes": ["postgresql"],
        "resourceTypes": ["table"],
        "resources": ["orders"],
        "permissions": ["READ"],
        "requesters": ["*@example.com"],
        "grantees": ["jane"],
        "accessFlows": ["on call"],
        "bundles": ["db"],
        "approvals": "Manual",
        "matchExpressions": [{"path": "$.data.justification", "operator": "Prefix", "values": ["INC-"]}],
    },
    "headers": [
        {"name": "X-Request", "value": "{{ data.id }}"},
        {"name": "X-Api-Key", "valueFrom": FROM_SECRET},
    ],
    "auth": {
        "oauth2": {
            "clientID": "hookwright",
            "clientSecretRef": REF,
            "tokenURL": "https://login.example.com/oauth2/token?tenant=1",
            "scopes": ["hooks.write"],
            "audience": "https://hooks.example.com",
            "authStyle": "Body",
        }
    },
    "bodyTemplate": '{"text": "{{ data.justification }}"}',
    "contentType": "application/vnd.example+json",
    "responseValidators": [{"path": "$.status", "values": ["ok"]}],
    "timeout": "20s",
    "retry": {"schedule": ["1s", "24h"], "retryAfterMax": "30m", "maxAge": "72h"},
    "maxInFlight": 64,
    "rateLimit": {"requests": 100, "per": "Minute"},
    "signing": {"secretRef": REF, "previousSecretRef": REF},
    "tls": {"ca": {"secretKeyRef": {"name": "ca"}}, "clientCertSecretRef": {"name": "client"}},
}


def good(name: str, base: dict[str, Any] = PLAIN, **changes: Any) -> Good:
    """A good row; `__` in a name of a change stands for a dot."""
    return Good(name, manifest(KIND, changed(base, _paths(changes))))


def bad(
    name: str, field: str, sentence: str, server: str = OURS, base: dict[str, Any] = PLAIN, **changes: Any
) -> Bad:
    """A bad row; `field` is below spec."""
    spec = changed(base, _paths(changes))
    return Bad(name, manifest(KIND, spec), f"spec.{field}", sentence, server)


def _paths(changes: dict[str, Any]) -> dict[str, Any]:
    return {path.replace("__", "."): value for path, value in changes.items()}


def match(path: str = "$.data.id", operator: Any = "In", **members: Any) -> dict[str, Any]:
    """Filters with one match expression."""
    return {"matchExpressions": [{"path": path, "operator": operator, **members}]}


# --- names, switches -----------------------------------------------------------------------------

NAME = "metadata.name must be at most 63 lower-case letters, digits and hyphens, without dots"
DISPLAY = "displayName must hold only letters, digits and blanks, and not begin with a blank"

NAMES = [
    Good("name of 63 characters", manifest(KIND, PLAIN, "a" * 63)),
    Bad("name of 64 characters", manifest(KIND, PLAIN, "a" * 64), "metadata.name", NAME),
    Bad("name with a dot", manifest(KIND, PLAIN, "a.b"), "metadata.name", NAME),
    Bad("name in capitals", manifest(KIND, PLAIN, "Case"), "metadata.name", NAME, NO_SUBDOMAIN),
    Bad("name that ends with a hyphen", manifest(KIND, PLAIN, "a-"), "metadata.name", NAME, NO_SUBDOMAIN),
    good("display name", displayName="9 to 5"),
    bad("display name with a dash", "displayName", DISPLAY, displayName="a-b"),
    bad("display name that begins with a blank", "displayName", DISPLAY, displayName=" a"),
    bad("empty display name", "displayName", DISPLAY, displayName=""),
    bad("display name with a line break at its end", "displayName", DISPLAY, displayName="a\n"),
    good("inactive", active=False),
    bad("active as a text", "active", "active must be true or false", WRONG_TYPE, active="yes"),
    good("null counts as absent", active=None, displayName=None, filters=None),
]

METHODS = [
    *(good(f"method {method}", method=method) for method in ("POST", "PUT", "DELETE")),
    bad("method GET", "method", "method must be POST, PUT or DELETE", method="GET"),
    bad("method in small letters", "method", "method must be POST, PUT or DELETE", method="post"),
    bad("method as a number", "method", "method must be a text: put it in quotes", WRONG_TYPE, method=1),
]

# --- url -----------------------------------------------------------------------------------------

SCHEME = "url must begin with https://"
USER = "url must not hold a user or password before the host: remove it"
LITERAL = "url must have a literal host: {{ }} may only stand after it"
BRACKETS = "url must name its host, not an IPv6 address in brackets"
PORT = "url must not name a port other than :443: remove it"
HOST = "url must name a host made of letters, digits, dots and hyphens after https://"
STATEMENT = "url takes {{ }} expressions only: remove the {% %}"
REST = "url must not hold blanks, control characters or # outside {{ }}, and each {{ needs its }}"
SOURCE = "set exactly one of url and urlFrom"

GOOD_URLS = [
    "https://example.com",
    "https://Example.COM/",
    "https://example.com?a=b",
    "https://example.com:443",
    "https://example.com:443/a:b?c={{ data.id }}",
    "https://example.com:443?a=b",
    "https://10.0.0.1/in",
    "https://a-b.example.com/x:y@z/[1]",
    "https://example.com/{{ data.id }}",
    "https://example.com/{{ data['a b#'] | default('/?') }}/x?y={{data.id}}",
    "https://example.com/{single}",
    "https://example.com/größe",
    "https://example.com/\N{WOMAN}\u200d\N{ROCKET}\N{HIRAGANA LETTER A}",
    f"https://{'a' * 63}.example.com/",
]
BAD_URLS = [
    ("", SCHEME),
    ("http://example.com/", SCHEME),
    ("HTTPS://example.com/", SCHEME),
    ("ftp://user@example.com:21/a b", SCHEME),
    ("{{ data.url }}", SCHEME),
    ("https://user:password@example.com/", USER),
    ("https://user@example.com:8443/", USER),
    ("https://{{ data.host }}/", LITERAL),
    ("https://{{ data.tenant }}.example.com/", LITERAL),
    ("https://example.com{{ data.port }}", LITERAL),
    ("https://[::1]/", BRACKETS),
    ("https://[2001:db8::1]:443/", BRACKETS),
    ("https://example.com:4430/", PORT),
    ("https://example.com:0443/", PORT),
    ("https://example.com:443:443/", PORT),
    ("https://example.com:", PORT),
    (
        "https://exa_mple.com:443/",
        "url must name a host made of letters, digits, dots and hyphens after https://",
    ),
    ("https://example.com:8443", PORT),
    ("https://example.com:/", PORT),
    ("https://", HOST),
    ("https:///in", HOST),
    ("https://exa_mple.com/", HOST),
    ("https://-example.com/", HOST),
    ("https://example..com/", HOST),
    ("https://exa mple.com/", HOST),
    (f"https://{'a' * 64}.example.com/", HOST),
    ("https://example.com/{% if data.id %}a{% endif %}", STATEMENT),
    ("https://example.com/?a={%raw%}b", STATEMENT),
    ("https://example.com/a b", REST),
    ("https://example.com/a\n", REST),
    ("https://example.com/a\tb", REST),
    ("https://example.com/a\u00a0b", REST),
    ("https://example.com/a\u1680b", REST),
    ("https://example.com/a\u2003b", REST),
    ("https://example.com/a\u200bb", REST),
    ("https://example.com/a\u2028b", REST),
    ("https://example.com/?a=b\u2029", REST),
    ("https://example.com/a\u202eb", REST),
    ("https://example.com/a\u3000b", REST),
    ("https://example.com/\ufeff", REST),
    ("https://example.com/#top", REST),
    ("https://example.com#top", REST),
    ("https://example.com/{{ data.id", REST),
    ("https://example.com/{{ data.id }/x", REST),
]

URLS = [
    *(good(f"url {url[:50]}", url=url) for url in GOOD_URLS),
    *(bad(f"url {url[:50]!r}", "url", sentence, url=url) for url, sentence in BAD_URLS),
    good("url from a Secret", url=ABSENT, urlFrom=FROM_SECRET),
    bad("url and urlFrom", "url", SOURCE, urlFrom=FROM_SECRET),
    bad("neither url nor urlFrom", "url", SOURCE, url=ABSENT),
    bad(
        "urlFrom without its reference",
        "urlFrom.secretKeyRef",
        "secretKeyRef must be set",
        url=ABSENT,
        urlFrom={},
    ),
    bad(
        "urlFrom without a key",
        "urlFrom.secretKeyRef.key",
        "key must be set",
        url=ABSENT,
        urlFrom={"secretKeyRef": {"name": "a"}},
    ),
    bad(
        "urlFrom without a name",
        "urlFrom.secretKeyRef.name",
        "name must be set",
        url=ABSENT,
        urlFrom={"secretKeyRef": {"key": "a"}},
    ),
]

# --- triggers, filters ---------------------------------------------------------------------------

TRIGGER = (
    "triggers must each be RequestCreated, RequestApproved, RequestRejected, RequestGranted, RequestExpired, "
    "RequestFailed or Manual, or a CloudEvents type that contains a dot, such as dev.example.deployed.v1 or "
    "com.example.*"
)
PATH = "path must be a JSONPath that begins with $, such as $.data.status"
OPERATOR = "operator must be In, NotIn, Exists, DoesNotExist, Prefix, Suffix or Matches"
WANTED = "values must hold at least one value, as operator is not Exists or DoesNotExist"
UNWANTED = "values must be left out, as Exists and DoesNotExist take none"
EXPRESSION = "filters.matchExpressions[0]"

TRIGGERS = [
    good(
        "all seven triggers",
        triggers=[
            "RequestCreated",
            "RequestApproved",
            "RequestRejected",
            "RequestGranted",
            "RequestExpired",
            "RequestFailed",
            "Manual",
        ],
    ),
    good("CloudEvents types", triggers=["a.b", "com.example.*", "dev.example.deployed.v1", "a.*"]),
    *(
        bad(f"trigger {trigger!r}", "triggers[0]", TRIGGER, triggers=[trigger])
        for trigger in (
            "",
            "*",
            ".*",
            "RequestDeleted",
            "AccessRequestCreated",
            "manual",
            "a.*.b",
            "a.b*",
            "a. b",
            "Manual\n",
        )
    ),
    bad("the second trigger", "triggers[1]", TRIGGER, triggers=["Manual", "x"]),
    bad("no triggers", "triggers", "triggers must be set", triggers=ABSENT),
    bad("an empty list of triggers", "triggers", "triggers must have at least 1 entry", TOO_FEW, triggers=[]),
    bad(
        "a trigger twice",
        "triggers[2]",
        "triggers must not repeat an entry: remove one of them",
        REPEATED,
        triggers=["Manual", "RequestCreated", "Manual"],
    ),
    bad("triggers as a text", "triggers", "triggers must be a list", WRONG_TYPE, triggers="Manual"),
]

FILTERS = [
    good("no filter", filters={}),
    good("approvals Automatic", filters={"approvals": "Automatic"}),
    bad(
        "approvals",
        "filters.approvals",
        "approvals must be Manual or Automatic",
        filters={"approvals": "Any"},
    ),
    bad(
        "an empty filter",
        "filters.resources",
        "resources must have at least 1 entry",
        TOO_FEW,
        filters={"resources": []},
    ),
    bad(
        "a filter as a text",
        "filters.resources",
        "resources must be a list",
        WRONG_TYPE,
        filters={"resources": "x"},
    ),
    *(
        good(f"operator {operator}", filters=match(operator=operator, values=["x"]))
        for operator in ("In", "NotIn", "Prefix", "Suffix", "Matches")
    ),
    *(
        good(f"operator {operator}", filters=match(operator=operator))
        for operator in ("Exists", "DoesNotExist")
    ),
    good("Exists with an empty list", filters=match(operator="Exists", values=[])),
    bad(
        "unknown operator", f"{EXPRESSION}.operator", OPERATOR, filters=match(operator="Equals", values=["x"])
    ),
    bad(
        "no operator",
        f"{EXPRESSION}.operator",
        "operator must be set",
        filters={"matchExpressions": [{"path": "$"}]},
    ),
    bad(
        "no path",
        f"{EXPRESSION}.path",
        "path must be set",
        filters={"matchExpressions": [{"operator": "Exists"}]},
    ),
    bad("path without $", f"{EXPRESSION}.path", PATH, filters=match("data.id", values=["x"])),
    bad("In without values", f"{EXPRESSION}.values", WANTED, filters=match()),
    bad(
        "Matches with an empty list",
        f"{EXPRESSION}.values",
        WANTED,
        filters=match(operator="Matches", values=[]),
    ),
    bad(
        "Exists with values", f"{EXPRESSION}.values", UNWANTED, filters=match(operator="Exists", values=["x"])
    ),
    bad(
        "DoesNotExist with values",
        f"{EXPRESSION}.values",
        UNWANTED,
        filters=match(operator="DoesNotExist", values=["x"]),
    ),
    bad(
        "a value as a number",
        f"{EXPRESSION}.values[0]",
        "values[0] must be a text: put it in quotes",
        WRONG_TYPE,
        filters=match(values=[5]),
    ),
]

UNKNOWN_FIELDS = [
    bad(
        "unknown field, other case",
        "bodytemplate",
        "unknown field; did you mean bodyTemplate?",
        UNKNOWN,
        bodytemplate="{}",
    ),
    bad(
        "unknown field, snake case",
        "body_template",
        "unknown field; did you mean bodyTemplate?",
        UNKNOWN,
        body_template="{}",
    ),
    bad("unknown field like nothing", "colour", "unknown field: remove it", UNKNOWN, colour="red"),
    bad(
        "unknown field in a list",
        "headers[0].vale",
        "unknown field; did you mean value?",
        UNKNOWN,
        headers=[{"name": "X-A", "value": "a", "vale": "a"}],
    ),
    bad(
        "unknown field in a reference",
        "auth.bearer.tokenSecretRef.namespace",
        "unknown field; did you mean name?",
        UNKNOWN,
        auth={"bearer": {"tokenSecretRef": {**REF, "namespace": "other"}}},
    ),
    Bad(
        "no spec", {k: v for k, v in manifest(KIND, None).items() if k != "spec"}, "spec", "spec must be set"
    ),
    Bad(
        "spec as a text", manifest(KIND, "x"), "spec", "spec must be a mapping of names to values", WRONG_TYPE
    ),
]

ROWS = [*NAMES, *METHODS, *URLS, *TRIGGERS, *FILTERS, *UNKNOWN_FIELDS, good("everything", FULL)]
