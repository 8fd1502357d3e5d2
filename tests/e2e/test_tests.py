"""WebhookTests in the cluster: what they end with, when they run again and when not."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

import pytest

from e2e.conftest import PRODUCT, RELEASE, Receiver
from e2e.kube import Kube, ours, until

HOST = "https://hooks.slack.com"
LABEL = {"hookwright.io/webhook-secret": "true"}
HEALTHY = {"Ready": "True", "Finished": "True"}
FAILED = {"Ready": "False", "Stalled": "True", "Finished": "True"}


def webhook(name: str, place: str, path: str, **spec: Any) -> dict[str, Any]:
    """A webhook to a path of the receiver."""
    return ours("Webhook", name, place, {"url": HOST + path, "triggers": ["RequestGranted"], **spec})


def webhook_test(name: str, place: str, **spec: Any) -> dict[str, Any]:
    """The test of the webhook of the same name."""
    return ours("WebhookTest", name, place, {"webhookRef": {"name": name}, **spec})


def states(kube: Kube, name: str, place: str) -> dict[str, str]:
    """Conditions of a test: type → status."""
    return {kind: each["status"] for kind, each in kube.conditions("webhooktest", name, place).items()}


def run_of(kube: Kube, name: str, place: str) -> str | None:
    """What Finished says of the latest run; None while there is none."""
    finished = kube.conditions("webhooktest", name, place).get("Finished")
    return finished and finished["message"]


@dataclass(frozen=True)
class Case:
    """A webhook with its test, and what becomes of them."""

    name: str
    ends: dict[str, str]
    sent: int
    path: str = ""
    webhook: dict[str, Any] = field(default_factory=dict)
    test: dict[str, Any] = field(default_factory=dict)
    hint: bool = False


CASES = [
    Case("passes", HEALTHY, 1),
    Case("fails", FAILED, 1, path="/-/status/404/fails", hint=True),
    Case("not-matched", HEALTHY, 0, test={"trigger": "RequestRejected", "expect": {"matched": False}}),
    Case(
        "should-match",
        FAILED,
        0,
        webhook={"filters": {"requesters": ["nobody"]}},
        test={"expect": {"matched": True}},
    ),
    Case("renders", HEALTHY, 0, test={"mode": "Render", "expect": {"request": {"method": "POST"}}}),
    Case("inactive", HEALTHY, 1, webhook={"active": False}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_ends_as_it_should(kube: Kube, place: str, receiver: Receiver, case: Case) -> None:
    """Passed or failed, `kubectl wait --for=condition=Finished` ends, and the conditions say which."""
    path = case.path or f"/tests/{case.name}"
    kube.apply(webhook(case.name, place, path, **case.webhook), webhook_test(case.name, place, **case.test))
    kube.wait("Finished", f"webhooktest/{case.name}", namespace=place, seconds=20)
    status = kube.get("webhooktest", case.name, place)["status"]
    assert states(kube, case.name, place) == case.ends, status["message"]
    assert status["result"] == ("Test successful" if case.ends is HEALTHY else "Test failed")
    assert bool(status.get("hint")) >= case.hint
    got = receiver.at(path)
    assert [each["headers"]["webhook-test"] for each in got] == ["true"] * case.sent


def test_waits_for_a_webhook_that_appears_later(kube: Kube, place: str) -> None:
    """Without its webhook a test is under way, neither passed nor failed; it runs once the webhook is there."""
    kube.apply(webhook_test("later", place))
    waits = until(lambda: kube.conditions("webhooktest", "later", place))
    assert (waits["Ready"]["status"], waits["Ready"]["reason"]) == ("Unknown", "WebhookNotFound")
    assert "Finished" not in waits
    kube.apply(webhook("later", place, "/tests/later"))
    kube.wait("Ready", "webhooktest/later", namespace=place)
    assert states(kube, "later", place) == HEALTHY


def test_result_of_the_old_webhook_is_never_taken_for_the_new_one(kube: Kube, place: str) -> None:
    """A gate that waits for the webhook, then for the test, has the result of what was applied just before."""
    kube.apply(webhook_test("gate", place))
    for turn in range(6):
        good = turn % 2 == 0
        kube.apply(webhook("gate", place, f"/tests/gate/{turn}" if good else f"/-/status/500/{turn}"))
        kube.wait("Ready", "webhook/gate", namespace=place)
        kube.wait("Finished", "webhooktest/gate", namespace=place)
        assert states(kube, "gate", place) == (HEALTHY if good else FAILED), turn
        tested = kube.get("webhooktest", "gate", place)["status"]
        assert tested["testedGeneration"] == kube.get("webhook", "gate", place)["metadata"]["generation"]


def test_runs_again_when_a_secret_is_rotated(kube: Kube, place: str, receiver: Receiver) -> None:
    """The new value is tested, and the result of the old one is taken away."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "rotated", "namespace": place, "labels": LABEL},
        "stringData": {"url": f"{HOST}/tests/rotated/old"},
    }
    spec = {"urlFrom": {"secretKeyRef": {"name": "rotated", "key": "url"}}, "triggers": ["RequestGranted"]}
    kube.apply(secret, ours("Webhook", "rotated", place, spec), webhook_test("rotated", place))
    kube.wait("Ready", "webhooktest/rotated", namespace=place)
    before = run_of(kube, "rotated", place)
    kube.apply({**secret, "stringData": {"url": f"{HOST}/-/status/403/rotated"}})
    until(lambda: run_of(kube, "rotated", place) not in (None, before))
    assert states(kube, "rotated", place) == FAILED
    assert len(receiver.at("/-/status/403/rotated")) == 1
    encoded = base64.b64encode(b"/-/status/403/rotated").decode()
    shown = kube("-n", place, "get", "webhooktest", "rotated", "-o", "yaml")
    assert "/-/status/403/rotated" not in shown
    assert encoded not in shown


def test_runs_again_on_request_and_not_because_of_a_restart(
    kube: Kube, place: str, receiver: Receiver
) -> None:
    """One annotation, one run; a new controller finds what was done and sends nothing."""
    kube.apply(webhook("asked", place, "/tests/asked"), webhook_test("asked", place))
    kube.wait("Ready", "webhooktest/asked", namespace=place)
    kube("-n", place, "annotate", "webhooktest", "asked", "hookwright.io/requestedAt=now")

    def handled() -> bool:
        return kube.get("webhooktest", "asked", place)["status"].get("lastHandledReconcileAt") == "now"

    until(handled)
    assert len(receiver.at("/tests/asked")) == 2
    before = run_of(kube, "asked", place)
    kube("-n", PRODUCT, "delete", "pod", "-l", "app.kubernetes.io/component=controller")
    kube.wait("Available", f"deployment/{RELEASE}-controller", namespace=PRODUCT)
    kube.apply(webhook("after", place, "/tests/after"), webhook_test("after", place))
    kube.wait("Ready", "webhooktest/after", namespace=place)  # the new controller starts runs
    assert run_of(kube, "asked", place) == before
    assert len(receiver.at("/tests/asked")) == 2
