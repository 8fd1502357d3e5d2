"""Objects → configuration and findings: what is held, what matches nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.builders import BEARER, assembled, config_map, only, said, secret, webhook, webhook_test
from hookwright.core.findings import Finding
from hookwright.core.matching import Matcher
from hookwright.core.objects import Object
from hookwright.core.routes import Route


def test_a_good_webhook_runs() -> None:
    """A webhook without a mistake has its whole spec and its secrets, and is not held."""
    found = assembled(webhook(auth=BEARER, bodyTemplate='{"id": "{{ data.id }}"}'), secret(token="t0ken"))
    route = only(found)
    assert found.findings == []
    assert (route.key, route.held, route.triggers) == ("default/w", None, ["RequestCreated"])
    assert route.secrets == {"s/token": "t0ken"}
    assert (
        Route(route)
        .build(b'{"data": {"id": "7"}}', trigger="RequestCreated", delivery_id="dlv_1", attempt=1, now=0)
        .body
        == b'{"id": "7"}'
    )


def test_null_members_are_absent_ones() -> None:
    """As at the API server, a member that is null is one that is not there."""
    found = assembled(webhook(auth=None, method=None, filters=None, headers=None))
    assert found.findings == []
    assert only(found).spec is not None


@pytest.mark.parametrize(
    ("spec", "held"),
    [
        ({"url": "http://a.example"}, "spec.url: url must begin with https://"),
        ({"timeuot": "3s"}, "spec.timeuot: unknown field; did you mean timeout?"),
        (
            {"auth": BEARER},
            "spec.auth.bearer.tokenSecretRef: Secret s does not exist in namespace default: create it there",
        ),
    ],
)
def test_a_mistake_apart_from_matching_holds(spec: dict[str, Any], held: str) -> None:
    """A webhook with such a mistake keeps triggers and filters, so that its events are stored and wait."""
    route = only(assembled(webhook(filters={"integrations": ["prod"]}, **spec)))
    assert route.held == held
    assert route.triggers == ["RequestCreated"]
    assert route.filters is not None
    assert route.filters.integrations == ["prod"]


def test_a_template_that_does_not_render_holds() -> None:
    """A template that fails for a sample event holds; the finding names the line and the event."""
    template = '{\n  "id": "{{ data.friendlyid }}"\n}'
    found = assembled(webhook(triggers=["Manual", "RequestCreated"], bodyTemplate=template))
    (finding,) = found.findings
    assert (finding.field, finding.template_line, finding.condition) == ("spec.bodyTemplate", 2, "Accepted")
    assert "friendlyid" in finding.sentence
    assert finding.sentence.endswith("(with the sample event of Manual)")
    assert only(found).held == f"spec.bodyTemplate: {finding.sentence}"


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"bodyTemplate": '{"a": {{ data.id '}, "spec.bodyTemplate"),
        ({"bodyTemplate": "{{ data.requester.name }}"}, "spec.bodyTemplate"),
        ({"url": "https://a.example/{{ data.friendlyid }}"}, "spec.url"),
        (
            {"headers": [{"name": "A", "value": "ok"}, {"name": "B", "value": "{{ data.friendlyid }}"}]},
            "spec.headers[1].value",
        ),
        ({"headers": [{"name": "A", "value": "a\r\nb"}]}, "spec.headers[0].value"),
        ({"responseValidators": [{"path": "$.a[?", "values": ["x"]}]}, "spec.responseValidators"),
    ],
)
def test_every_compiled_piece_is_tried(spec: dict[str, Any], field: str) -> None:
    """Body, URL, headers and validators are each compiled and tried, and the finding names the place."""
    found = assembled(webhook(**spec))
    assert [each.field.removesuffix("[0].path").removesuffix("[0]") for each in found.findings] == [field]
    assert only(found).held is not None


def test_a_template_from_a_config_map() -> None:
    """A template behind a reference is tried as well; its lines are not lines of the Webhook."""
    ref = {"configMapKeyRef": {"name": "c", "key": "body"}}
    good = assembled(webhook(bodyTemplateFrom=ref), config_map(body='{"a": "{{ data.id }}"}'))
    assert (good.findings, only(good).configs) == ([], {"c/body": '{"a": "{{ data.id }}"}'})
    bad = assembled(webhook(bodyTemplateFrom=ref), config_map(body="\n{{ data.friendlyid | json }}"))
    assert [(each.field, each.template_line) for each in bad.findings] == [("spec.bodyTemplateFrom", 0)]


def test_a_url_from_a_secret_is_tried_and_not_shown() -> None:
    """An expression in a secret URL is tried with the samples, and the finding does not show the URL."""
    found = assembled(
        webhook(url=None, urlFrom={"secretKeyRef": {"name": "s", "key": "url"}}),
        secret(url="https://a.example/s3cr3t/{{ data.friendlyid }}"),
    )
    (finding,) = found.findings
    assert finding.field == "spec.urlFrom"
    assert "s3cr3t" not in finding.sentence


def test_events_without_a_sample_only_compile() -> None:
    """A webhook for CloudEvents types has no sample, so a field that only its events have is no mistake."""
    found = assembled(webhook(triggers=["dev.example.*"], bodyTemplate='{"a": "{{ data.build.number }}"}'))
    assert found.findings == []


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"triggers": ["Nothing"]}, "spec.triggers[0]"),
        ({"triggers": "Manual"}, "spec.triggers"),
        ({"filters": {"requester": ["x"]}}, "spec.filters.requester"),
        (
            {"filters": {"matchExpressions": [{"path": "$.a[", "operator": "Exists"}]}},
            "spec.filters.matchExpressions[0]",
        ),
    ],
)
def test_unreadable_triggers_or_filters_match_nothing(spec: dict[str, Any], field: str) -> None:
    """Such a webhook stays listed and held, and matches nothing rather than too much."""
    found = assembled(webhook(**spec))
    assert [each.field.removesuffix(".path") for each in found.findings] == [field]
    route = only(found)
    assert (route.triggers, route.filters) == ([], None)
    assert route.held is not None


DEAR = [
    ({"path": "$", "operator": "Matches", "values": [r"\pL{300}~"]}, ".values[0]", "takes more than 128 KiB of memory"),
    (
        {"path": "$", "operator": "Matches", "values": [f"(prod|stage)-{n}-.*$" for n in range(64)]},
        "",
        r"\$ takes [\d,]+ steps or more for this event, .* \(with the sample event of RequestCreated\)",
    ),
    ({"path": "$..[?count($..[?count($..*) > 1]) > 1]", "operator": "DoesNotExist"}, "", "make the path more exact"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "place", "sentence"), DEAR)
def test_filters_over_their_budget_are_refused(expression: dict[str, Any], place: str, sentence: str) -> None:
    """From the spec alone, or with a sample event; the dispatcher holds the webhook with the same sentence."""
    found = assembled(webhook(triggers=["RequestCreated"], filters={"matchExpressions": [expression]}))
    (finding,) = found.findings
    assert finding.field == f"spec.filters.matchExpressions[0]{place}"
    assert re.search(sentence, finding.sentence)
    route = only(found)
    assert Matcher([route]).unreadable == {route.key: f"{finding.field}: {finding.sentence}"}


@pytest.mark.parametrize("body", [{}, {"spec": None}, {"spec": []}, {"spec": {}}, {"spec": "x"}])
def test_objects_of_any_shape_are_listed(body: dict[str, Any]) -> None:
    """Whatever shape an object has, it is listed, held and matches nothing."""
    start = {"apiVersion": "hookwright.io/v1alpha1", "kind": "Webhook", "metadata": {"name": "w"}}
    found = assembled(Object("Webhook", "default", "w", {**start, **body}))
    assert found.findings
    assert (only(found).triggers, only(found).held is None) == ([], False)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FULL: dict[str, Any] = {
    "displayName": "Full",
    "active": True,
    "method": "PUT",
    "url": "https://a.example/{{ data.id }}",
    "triggers": ["Manual", "dev.example.*"],
    "filters": {
        "requesters": ["a*"],
        "approvals": "Manual",
        "matchExpressions": [{"path": "$.a", "operator": "In", "values": ["x"]}],
    },
    "headers": [
        {"name": "A", "value": "{{ data.id }}"},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
    ],
    "auth": {
        "oauth2": {"clientID": "i", "clientSecretRef": {"name": "s", "key": "k"}, "tokenURL": "https://t.e"}
    },
    "bodyTemplate": '{"a": "{{ data.id }}"}',
    "contentType": "application/json",
    "responseValidators": [{"path": "$.ok", "values": ["true"]}],
    "timeout": "3s",
    "retry": {"schedule": ["1s"], "retryAfterMax": "1h", "maxAge": "2h"},
    "maxInFlight": 3,
    "rateLimit": {"requests": 3, "per": "Second"},
    "signing": {"secretRef": {"name": "s", "key": "k"}},
    "tls": {"ca": {"configMapKeyRef": {"name": "c"}}, "clientCertSecretRef": {"name": "s"}},
}


PEM = "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n"
GOOD = [
    secret(**{"k": "whsec_" + "A" * 44, "tls.crt": PEM, "tls.key": PEM}),
    config_map(**{"ca.crt": PEM}),
]


def test_every_field_together() -> None:
    """A webhook that uses every field runs."""
    found = assembled(webhook(**FULL), *GOOD)
    assert found.findings == []
    Route(only(found)).warm()


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of each value in a JSON value."""
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [place, *(below for name, inner in members for below in places(inner, (*place, name)))]


def replaced(value: Any, place: tuple[Any, ...], by: Any) -> Any:
    """A copy with another value at a path."""
    if not place:
        return by
    name, *rest = place
    if isinstance(value, dict):
        return {**value, name: replaced(value[name], tuple(rest), by)}
    return [replaced(item, tuple(rest), by) if at == name else item for at, item in enumerate(value)]


@settings(max_examples=300)
@given(place=st.sampled_from(places({"spec": FULL})), by=JSON_VALUES)
def test_whatever_a_user_writes_is_a_finding_at_most(place: tuple[Any, ...], by: Any) -> None:
    """Any JSON value at any place gives a listed webhook that runs, or is held with findings."""
    start = {"apiVersion": "hookwright.io/v1alpha1", "kind": "Webhook", "metadata": {"name": "w"}}
    body = replaced({"spec": FULL}, place, by)
    body = {**start, **body} if isinstance(body, dict) else start
    odd = Object("Secret", "default", "s", {"metadata": by, "stringData": by, "data": {"k": by}})
    for others in (GOOD, [odd]):
        found = assembled(Object("Webhook", "default", "w", body), *others)
        route = only(found)
        assert (route.held is None) == (not found.findings)
        if route.held is None:
            Route(route).warm()


def test_an_inactive_webhook_stays_inactive_whatever_else_is_wrong() -> None:
    """A mistake elsewhere must not turn an inactive webhook on."""
    assert not only(assembled(webhook(active=False, url="http://x"))).active


def test_one_bad_webhook_stops_no_other() -> None:
    """The others run, in the order of their keys."""
    found = assembled(webhook("z"), webhook("bad", url="x"), webhook("a", namespace="team"))
    assert [(route.key, route.held is None) for route in found.config.webhooks] == [
        ("default/bad", False),
        ("default/z", True),
        ("team/a", True),
    ]


def test_what_is_absent_is_a_warning_where_nothing_is_sent() -> None:
    """With stand-ins an absent object is a warning, the webhook is not held and shows a placeholder."""
    found = assembled(webhook(auth=BEARER), stand_ins=True)
    assert said(found) == [
        "warning: spec.auth.bearer.tokenSecretRef: "
        "Secret s of namespace default is not among these files, so it was not checked"
    ]
    assert found.findings[0].condition == "ResolvedRefs"
    assert (only(found).held, only(found).secrets) == (None, {"s/token": "‹secret s/token›"})


def test_findings_are_plain_records() -> None:
    """A finding says whose it is."""
    assert assembled(webhook(url="x")).findings[0] == Finding(
        "Webhook", "default/w", "spec.url", "url must begin with https://"
    )


# --- tests as resources ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({}, None),
        (
            {"webhookRef": {"name": "other"}},
            "spec.webhookRef.name: Webhook other does not exist in namespace default: create it there",
        ),
        ({"mode": "Maybe"}, "spec.mode: mode must be Send or Render"),
        (
            {"eventFrom": {"configMapKeyRef": {"name": "n", "key": "k"}}},
            "spec.eventFrom.configMapKeyRef: "
            "ConfigMap n does not exist in namespace default: create it there",
        ),
        (
            {"eventFrom": {"configMapKeyRef": {"name": "c", "key": "bad"}}},
            "spec.eventFrom.configMapKeyRef: key bad of ConfigMap c is not an event: "
            "it must be a JSON object with event_type",
        ),
        (
            {"eventFrom": {"configMapKeyRef": {"name": "c", "key": "twice"}}},
            "spec.eventFrom.configMapKeyRef: key twice of ConfigMap c "
            'has the key "event_type" twice in one object: send it once',
        ),
        ({"eventFrom": {"configMapKeyRef": {"name": "c", "key": "good"}}}, None),
        ({"eventFrom": {"configMapKeyRef": {"name": "c", "key": "marked"}}}, None),
        ({"eventFrom": {"configMapKeyRef": {"name": "c", "key": "half"}}}, None),
        (
            {"trigger": "dev.example.built"},
            "spec.trigger: there is no sample event of dev.example.built: give the whole event in spec.event",
        ),
        ({"trigger": "dev.example.built", "event": {"data": {}}}, None),
        (
            {"event": {"event_type": 5}},
            "spec.event.event_type: must be a string such as AccessRequestCreated, or be left out",
        ),
    ],
)
def test_webhook_tests_are_checked(spec: dict[str, Any], sentence: str | None) -> None:
    """A WebhookTest's own rules, its webhook and its event are checked."""
    good = '{"event_type": "RequestCreated"}'
    half = r'{"event_type": "RequestCreated", "data": {"x": "\ud83d"}}'
    events = config_map(
        good=good, bad="[]", marked=f"\ufeff{good}", half=half, twice=f'{good[:-1]}, "event_type": "x"}}'
    )
    assert said(assembled(webhook(), events, webhook_test(**spec))) == ([sentence] if sentence else [])


def test_a_test_of_a_webhook_without_a_sample_needs_a_trigger() -> None:
    """Where no trigger has a sample, the test must name one."""
    found = assembled(webhook(triggers=["dev.example.*"]), webhook_test())
    assert said(found) == [
        "spec.trigger: none of the webhook's triggers has a sample event: "
        "name a concrete trigger and give spec.event"
    ]
