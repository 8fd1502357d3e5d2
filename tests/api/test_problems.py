"""Manifests with several mistakes, or of no shape at all."""

from __future__ import annotations

from typing import Any

import pytest

from api.cases.case import changed, manifest
from api.cases.webhooks import FROM_SECRET, FULL, PLAIN
from hookwright.api.rules import URL_CHARACTERS, url_problem
from hookwright.api.v1alpha1.manifest import problems
from hookwright.api.v1alpha1.webhook import WebhookSpec


def told(spec: Any) -> dict[str, str]:
    """Field and sentence of each problem of a Webhook, none of them told twice."""
    found = problems("Webhook", manifest("Webhook", spec))
    assert len({problem.field for problem in found}) == len(found)
    return {problem.field: problem.sentence for problem in found}


def test_every_mistake_is_told() -> None:
    """Wrong types, broken rules of values and of objects, and unknown fields are told together."""
    spec = changed(PLAIN, {
        "method": "GET",
        "urlFrom": FROM_SECRET,
        "timeout": 15,
        "bodytemplate": "{}",
        "headers": [{"name": "X-A"}, {"name": "a b", "value": "x"}],
    })  # fmt: skip
    assert told(spec) == {
        "spec.method": "method must be POST, PUT or DELETE",
        "spec.url": "set exactly one of url and urlFrom",
        "spec.timeout": "timeout must be a duration with its unit, from 1s to 60s, such as 30s or 1m",
        "spec.bodytemplate": "unknown field; did you mean bodyTemplate?",
        "spec.headers[0].value": "set exactly one of value and valueFrom",
        "spec.headers[1].name": (
            "name must be a header name of letters, digits and !#$%&'*+-.^_`|~, without blanks and colons"
        ),
    }


def test_rule_waits_for_the_type_of_what_it_reads() -> None:
    """A `urlFrom` of the wrong type is one mistake, not also a second source beside `url`."""
    assert told(changed(PLAIN, {"urlFrom": "x"})) == {
        "spec.urlFrom": "urlFrom must be a mapping of names to values"
    }


def test_wrong_item_does_not_hide_its_neighbours() -> None:
    """An item that is no object leaves the other items, and the numbers they are told by, as they are."""
    assert told(changed(PLAIN, {"headers": ["x", {"name": "X-A"}], "triggers": [5, "x.y"]})) == {
        "spec.triggers[0]": "triggers[0] must be a text: put it in quotes",
        "spec.headers[0]": "headers[0] must be a mapping of names to values",
        "spec.headers[1].value": "set exactly one of value and valueFrom",
    }


def test_two_broken_rules_of_one_value_are_two_sentences() -> None:
    """A port and a statement in one URL are two mistakes."""
    found = problems("Webhook", manifest("Webhook", changed(PLAIN, {"url": "https://a:1/{% x %}"})))
    assert [problem.sentence for problem in found] == [
        "url must not name a port other than :443: remove it",
        "url takes {{ }} expressions only: remove the {% %}",
    ]


@pytest.mark.parametrize(
    ("obj", "fields"),
    [
        (None, [""]),
        ([], [""]),
        ("x", [""]),
        ({}, ["apiVersion", "metadata", "kind", "spec"]),
        ({"apiVersion": "v1", "kind": "Webhook", "metadata": [], "spec": PLAIN}, ["apiVersion", "metadata"]),
        (manifest("WebhookTest", PLAIN), ["kind"]),
        ({**manifest("Webhook", PLAIN), "metadata": {}}, ["metadata.name"]),
        ({**manifest("Webhook", PLAIN), "specs": 1}, ["specs"]),
        (manifest("Webhook", []), ["spec"]),
    ],
)
def test_whole_object_of_a_wrong_shape(obj: Any, fields: list[str]) -> None:
    """Whatever JSON or YAML gave is told by field, and never raises."""
    assert [problem.field for problem in problems("Webhook", obj)] == fields


def test_metadata_is_read_leniently_and_status_not_at_all() -> None:
    """What Kubernetes and the controller write into an object is no mistake."""
    obj = manifest("Webhook", PLAIN)
    obj["metadata"] |= {"uid": "1", "generation": 2, "managedFields": [{}], "labels": {"a": "b"}}
    assert problems("Webhook", obj | {"status": {"anything": [1]}}) == []


def test_no_value_of_the_object_is_repeated_in_a_sentence() -> None:
    """A secret that was put in the wrong place does not reach a message."""
    spec = changed(FULL, {
        "url": "https://user:s3cr3t@example.com/ s3cr3t",
        "headers[0].value": ["s3cr3t"],
        "auth.oauth2.clientID": {"s3cr3t": "s3cr3t"},
        "contentType": "s3cr3t",
        "timeout": "s3cr3t",
    })  # fmt: skip
    sentences = [problem.sentence for problem in problems("Webhook", manifest("Webhook", spec))]
    assert len(sentences) == 6
    assert not [sentence for sentence in sentences if "s3cr3t" in sentence]


def test_model_takes_python_names_where_code_builds_it() -> None:
    """Code may use the names of Python; a manifest may not."""
    spec = WebhookSpec(url="https://example.com/", triggers=["Manual"], content_type="application/json")
    assert spec.max_in_flight == 16
    assert told(changed(PLAIN, {"content_type": "application/json"})).keys() == {"spec.content_type"}


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("https://example.com/in?key={{ data.id }}", None),
        ("https://example.com:443/in?key={{ data.id }}", None),
        ("https://example.com:8443/", "url must not name a port other than :443: remove it"),
        ("https://" + "a" * URL_CHARACTERS, "url must have at most 2,048 characters"),
        ("", "url must begin with https://"),
    ],
)
def test_url_of_a_secret_has_the_same_rules(url: str, sentence: str | None) -> None:
    """`url_problem` says the first thing that is wrong with a URL, in the words of `url`."""
    assert url_problem(url) == sentence
