"""From an empty cluster to deliveries: the examples, applied as they are, with a receiver behind real TLS."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.conftest import APPS, PRODUCT, RELEASE, Receiver, Release, Source
from e2e.kube import Kube, until
from examples.cases import CASES, Case


def status(kube: Kube, kind: str, name: str) -> dict[str, Any]:
    """Status of an object of the examples."""
    return kube.get(kind, name, APPS)["status"]


def test_every_example_becomes_ready(kube: Kube, examples: list[str]) -> None:
    """`kubectl wait` for the webhooks ends well, with all that Ready stands for."""
    kube.wait("Ready", "webhooks", "--all", namespace=APPS)
    for name in examples:
        conditions = {each["type"]: each["status"] for each in status(kube, "webhook", name)["conditions"]}
        assert (
            conditions.items() >= {"Accepted": "True", "ResolvedRefs": "True", "Programmed": "True"}.items()
        )


def test_every_test_of_the_examples_passes(kube: Kube, examples: list[str]) -> None:
    """Each WebhookTest is run by the dispatcher against the receiver, and its wait ends well."""
    kube.wait("Finished", "webhooktests", "--all", namespace=APPS)
    results = {test["metadata"]["name"]: test["status"] for test in kube.items("webhooktests", APPS)}
    assert set(results) >= set(examples)
    failed = {name: got.get("message") for name, got in results.items() if got["result"] != "Test successful"}
    assert failed == {}
    kube.wait("Ready", "webhooktests", "--all", namespace=APPS, seconds=10)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.example}-{case.trigger}")
def test_event_of_another_pod_arrives(
    kube: Kube, examples: list[str], source: Source, receiver: Receiver, case: Case
) -> None:
    """An event posted to the Service reaches the target over TLS; what exactly is judged in tests/examples."""
    kube.wait("Ready", f"webhook/{case.example}", namespace=APPS)
    request = receiver.arrived(source.post(case.event)[f"{APPS}/{case.example}"])
    assert (request["method"], request["host"], request["path"]) == (case.method, case.host, case.path)
    assert bool(request["body"]) == (case.body is not None)


def test_status_shows_the_last_invocation(kube: Kube, examples: list[str], source: Source) -> None:
    """Within 35 seconds the webhook's status tells what became of its latest event."""
    case = next(case for case in CASES if case.example == "grafana")
    kube.wait("Ready", "webhook/grafana", namespace=APPS)
    source.post(case.event)
    before = status(kube, "webhook", "grafana").get("lastInvocation", {}).get("time")
    last = until(
        lambda: (
            (found := status(kube, "webhook", "grafana").get("lastInvocation"))
            and found["time"] != before
            and found
        ),
        35,
    )
    assert (last["result"], last["statusCode"], last["trigger"]) == ("Delivered", 200, case.trigger)


def test_secret_that_changes_is_used_by_the_next_delivery(
    kube: Kube, examples: list[str], source: Source, receiver: Receiver
) -> None:
    """A rotated Secret is in use within 10 seconds, without a restart."""
    kube.wait("Ready", "webhook/slack", namespace=APPS)
    case = next(case for case in CASES if case.example == "slack")
    rotated = "https://hooks.slack.com/services/T00000000/B00000000/rotated"
    kube("-n", APPS, "patch", "secret", "slack", "-p", json.dumps({"stringData": {"url": rotated}}))
    until(lambda: receiver.arrived(source.post(case.event)[f"{APPS}/slack"])["path"].endswith("/rotated"), 10)


def test_helm_test_passes(release: Release) -> None:
    """The chart's own test: the dispatcher is ready, and its events port takes the token."""
    assert "Phase:          Succeeded" in release.helm("test", RELEASE)


def test_pods_run_under_the_restricted_level(kube: Kube, release: Release) -> None:
    """The namespace refuses anything less, and both pods are there."""
    labels = kube.get("namespace", PRODUCT, PRODUCT)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    pods = kube.items("pods", PRODUCT, "--selector", "app.kubernetes.io/name=hookwright")
    assert {pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in pods} >= {
        "controller",
        "dispatcher",
    }
