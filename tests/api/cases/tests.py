"""Rows about `WebhookTest` (SPEC 6)."""

from __future__ import annotations

from typing import Any

from api.cases.case import ABSENT, OURS, UNKNOWN, WRONG_TYPE, Bad, Good, changed, manifest

KIND = "WebhookTest"
PLAIN: dict[str, Any] = {"webhookRef": {"name": "target"}}
FULL: dict[str, Any] = {
    "webhookRef": {"name": "target"},
    "trigger": "RequestCreated",
    "event": {"data": {"id": "x", "access_groups": [None, {"a": None}]}},
    "mode": "Send",
    "expect": {
        "matched": True,
        "request": {
            "method": "POST",
            "url": "https://hooks.example.com/in",
            "headers": {"X-Api-Key": "‹secret credentials/value›"},
            "body": {"json": {"text": ["x", None, 1]}, "contains": ["x"]},
        },
        "response": {"statusCodes": [200, 204], "validatorsPass": True, "bodyContains": "ok"},
    },
    "runPolicy": "Interval",
    "interval": "1h",
    "timeout": "45s",
}


def good(name: str, base: dict[str, Any] = PLAIN, **changes: Any) -> Good:
    """A good row."""
    return Good(name, manifest(KIND, changed(base, changes)))


def bad(name: str, field: str, sentence: str, server: str = OURS, **changes: Any) -> Bad:
    """A bad row; `field` is below spec."""
    return Bad(name, manifest(KIND, changed(PLAIN, changes)), f"spec.{field}", sentence, server)


TRIGGER = (
    "trigger must be RequestCreated, RequestApproved, RequestRejected, RequestGranted, RequestExpired, "
    "RequestFailed or Manual, or one CloudEvents type that contains a dot, without *"
)
INTERVAL = "interval must be a duration with its unit, of at least 1m, such as 5m or 1h30m"
TIMEOUT = "timeout must be a duration with its unit, from 1s to 5m, such as 30s or 5m"
WANTED = "interval must be set, as runPolicy is Interval"
UNWANTED = "interval must be left out unless runPolicy is Interval"
RESPONSE = "expect.response must be left out in mode Render, as nothing is sent"
CODE = "statusCodes must be a number from 100 to 599"
HEADERS = "headers must have names of 1 to 128 characters"
NAME = "metadata.name must be at most 63 lower-case letters, digits and hyphens, without dots"

ROWS: list[Good | Bad] = [
    good("the least test"),
    good("everything in a test", FULL),
    Bad("test name with a dot", manifest(KIND, PLAIN, "a.b"), "metadata.name", NAME),
    Bad("a test without spec", manifest(KIND, None), "spec", "spec must be set"),
    bad("no webhook", "webhookRef", "webhookRef must be set", webhookRef=ABSENT),
    bad("a webhook without a name", "webhookRef.name", "name must be set", webhookRef={}),
    *(good(f"test trigger {t}", trigger=t) for t in ("Manual", "RequestFailed", "dev.example.deployed.v1")),
    *(bad(f"test trigger {t!r}", "trigger", TRIGGER, trigger=t) for t in ("", "x", "com.example.*", "a. b")),
    good("an exact event", eventFrom={"configMapKeyRef": {"name": "events", "key": "one.json"}}),
    bad(
        "two events",
        "eventFrom",
        "set at most one of event and eventFrom",
        event={},
        eventFrom={"configMapKeyRef": {"name": "events", "key": "one.json"}},
    ),
    bad("an event from nowhere", "eventFrom.configMapKeyRef", "configMapKeyRef must be set", eventFrom={}),
    bad("an event as a list", "event", "event must be a mapping of names to values", WRONG_TYPE, event=[]),
    good("mode Render", mode="Render", expect={"request": {"method": "PUT"}}),
    bad("mode", "mode", "mode must be Send or Render", mode="Dry"),
    bad("an answer in mode Render", "expect.response", RESPONSE, mode="Render", expect={"response": {}}),
    bad(
        "expected method",
        "expect.request.method",
        "method must be POST, PUT or DELETE",
        expect={"request": {"method": "PATCH"}},
    ),
    *(good(f"expected status {code}", expect={"response": {"statusCodes": [code]}}) for code in (100, 599)),
    *(
        bad(
            f"expected status {code}",
            "expect.response.statusCodes[0]",
            CODE,
            expect={"response": {"statusCodes": [code]}},
        )
        for code in (99, 600)
    ),
    bad(
        "expected status as a text",
        "expect.response.statusCodes[0]",
        "statusCodes[0] must be a whole number",
        WRONG_TYPE,
        expect={"response": {"statusCodes": ["200"]}},
    ),
    good("a long header name", expect={"request": {"headers": {"x" * 128: "a"}}}),
    bad(
        "a header name that is too long",
        "expect.request.headers",
        HEADERS,
        expect={"request": {"headers": {"x" * 129: "a"}}},
    ),
    bad(
        "a header value as a number",
        "expect.request.headers.X-A",
        "X-A must be a text: put it in quotes",
        WRONG_TYPE,
        expect={"request": {"headers": {"X-A": 1}}},
    ),
    bad(
        "matched as a text",
        "expect.matched",
        "matched must be true or false",
        WRONG_TYPE,
        expect={"matched": "no"},
    ),
    good("an interval of a minute", runPolicy="Interval", interval="60s"),
    bad("run policy", "runPolicy", "runPolicy must be OnChange or Interval", runPolicy="Once"),
    bad("Interval without interval", "interval", WANTED, runPolicy="Interval"),
    bad("interval without Interval", "interval", UNWANTED, interval="1h"),
    bad("interval beside OnChange", "interval", UNWANTED, interval="1h", runPolicy="OnChange"),
    bad("a short interval", "interval", INTERVAL, runPolicy="Interval", interval="59.999s"),
    bad("an interval that is none", "interval", INTERVAL, runPolicy="Interval", interval="hourly"),
    *(good(f"test timeout {t}", timeout=t) for t in ("1s", "5m")),
    *(bad(f"test timeout {t!r}", "timeout", TIMEOUT, timeout=t) for t in ("", "999ms", "5m1ms", "30")),
    bad(
        "unknown field in a test",
        "expect.status",
        "unknown field: remove it",
        UNKNOWN,
        expect={"status": 200},
    ),
]
