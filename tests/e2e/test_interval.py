"""A WebhookTest that runs again and again, over time and over a restart of the controller."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from e2e.conftest import PRODUCT, RELEASE, Receiver
from e2e.kube import Kube, ours, until

INTERVAL = timedelta(seconds=60)
"""The shortest there is."""
LATE = timedelta(seconds=20)
URL, PATH = "https://hooks.slack.com", "/interval"
CONTROLLER = f"deployment/{RELEASE}-controller"


def status(kube: Kube, name: str, place: str) -> dict[str, Any]:
    """Of a test; with its result, or the assertion fails."""
    found = kube.get("webhooktest", name, place)["status"]
    assert found.get("result") == "Test successful", found
    return found


def ran(found: dict[str, Any]) -> datetime:
    """When the run was that a status speaks of."""
    return datetime.fromisoformat(found["lastRunTime"])


def restart(kube: Kube, place: str) -> None:
    """A new controller, which has run what it found to run when this returns: a test that is new."""
    kube("-n", PRODUCT, "delete", "pod", "-l", "app.kubernetes.io/component=controller")
    kube.wait("Available", CONTROLLER, namespace=PRODUCT)
    kube.apply(ours("WebhookTest", "after", place, {"webhookRef": {"name": "again"}}))
    kube.wait("Ready", "webhooktest/after", namespace=place)


def test_runs_again_after_the_interval_and_not_before(kube: Kube, place: str, receiver: Receiver) -> None:
    """A minute from one run to the next, a restart in between changes nothing, each run is sent under its own id."""
    kube.apply(
        ours("Webhook", "again", place, {"url": URL + PATH, "triggers": ["RequestGranted"]}),
        ours(
            "WebhookTest",
            "again",
            place,
            {"webhookRef": {"name": "again"}, "runPolicy": "Interval", "interval": "1m"},
        ),
    )
    kube.wait("Ready", "webhooktest/again", namespace=place)
    first = status(kube, "again", place)
    restart(kube, place)
    assert ran(status(kube, "after", place)) < ran(first) + INTERVAL
    assert status(kube, "again", place) == first

    def later() -> dict[str, Any] | None:
        """The result of the first run stands until that of the second takes its place."""
        found = status(kube, "again", place)
        assert [each["status"] for each in found["conditions"] if each["type"] == "Finished"] == ["True"]
        return found if found["lastRunTime"] != first["lastRunTime"] else None

    second = until(later, (INTERVAL + LATE).total_seconds())
    assert INTERVAL <= ran(second) - ran(first) < INTERVAL + LATE
    sent = [each["headers"]["webhook-id"] for each in receiver.at(PATH)]
    assert (len(sent), len(set(sent))) == (3, 3)
