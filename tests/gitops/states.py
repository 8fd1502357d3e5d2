"""Webhooks and WebhookTests in every state, with what Argo CD and kstatus must make of each.

The statuses are written by the controller's own decisions, so they cannot drift from it; the few that are written
by hand are marked as such.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gitops.settled import Cluster, Raw, secret, webhook, webhook_test
from hookwright.api.admin import Assertion


@dataclass(frozen=True)
class State:
    """An object, and what is to be made of it. `says`: a part of the message that Argo CD shows."""

    name: str
    object: Raw
    argo: str
    kstatus: str
    says: str


TOKEN_REF = {"auth": {"bearer": {"tokenSecretRef": {"name": "slack", "key": "token"}}}}
FAILING = {
    "consecutive_failures": 3,
    "last_invocation": {
        "time": "2026-01-02T03:04:00Z",
        "result": "Retrying",
        "message": "It answered 503 Service Unavailable.",
    },
}
DELIVERED = {
    "last_invocation": {
        "time": "2026-01-02T03:04:00Z",
        "result": "Delivered",
        "message": "It answered 200 OK.",
    }
}
LABEL = {"hookwright.io/webhook-secret": "true"}
BROKEN = {"bodyTemplate": '{"a": {{ data.nope( }}}'}


def of_webhook(**spec: Any) -> Cluster:
    """A cluster with one webhook."""
    return Cluster([webhook(**spec)])


def of_test(**spec: Any) -> Cluster:
    """A cluster with a webhook that runs and a test of it that waits for its run."""
    return Cluster([webhook(), webhook_test(**spec)]).settle()


def failed() -> Cluster:
    """A test that has failed."""
    return of_test().run(
        "Test failed",
        message="The target answered 404 Not Found.",
        hint="Check the path of the URL.",
        assertions=[Assertion(name="statusCodes", passed=False, expected="200", actual="404")],
    )


def by_hand(kind: Callable[[], Raw], *conditions: tuple[str, str]) -> Raw:
    """An object whose conditions (type, status) are written here, for what the controller does not write today."""
    raw = kind()
    listed = [
        {
            "type": each,
            "status": status,
            "reason": "ByHand",
            "message": f"{each} is {status}.",
            "observedGeneration": 1,
        }
        for each, status in conditions
    ]
    raw["status"] = {"observedGeneration": 1, "conditions": listed}
    return raw


def bare(raw: Raw) -> Raw:
    """An object without any status."""
    return {name: value for name, value in raw.items() if name != "status"}


UNSEEN_SAYS = "Waiting for the controller to see this version."
WEBHOOKS = [
    # only before the CRD's default: kstatus takes it for done, which is why there is a default
    State("without a status", bare(webhook()), "Progressing", "Current", UNSEEN_SAYS),
    State("new", webhook(), "Progressing", "InProgress", UNSEEN_SAYS),
    State("new and inactive", webhook(active=False), "Progressing", "InProgress", UNSEEN_SAYS),
    State(
        "not loaded yet",
        of_webhook().settle(loaded=False)["Webhook"],
        "Progressing",
        "InProgress",
        "Waiting for the dispatcher to load it.",
    ),
    State("running", of_webhook().settle()["Webhook"], "Healthy", "Current", "Events reach it at /v1/events"),
    State(
        "running and changed since",
        of_webhook().settle().edit("Webhook", method="PUT")["Webhook"],
        "Progressing",
        "InProgress",
        UNSEEN_SAYS,
    ),
    State(
        "changed, seen, not loaded yet",
        of_webhook().settle().edit("Webhook", method="PUT").settle(loaded=False)["Webhook"],
        "Progressing",
        "InProgress",
        "Waiting for the dispatcher to load it.",
    ),
    State(
        "Secret is missing",
        of_webhook(**TOKEN_REF).settle()["Webhook"],
        "Progressing",
        "InProgress",
        "Secret slack does not exist",
    ),
    State(
        "Secret is not labelled",
        Cluster([webhook(**TOKEN_REF), secret(labels={})]).settle()["Webhook"],
        "Progressing",
        "InProgress",
        "hookwright.io/webhook-secret",
    ),
    State(
        "Secret is there",
        Cluster([webhook(**TOKEN_REF), secret(labels=LABEL)]).settle()["Webhook"],
        "Healthy",
        "Current",
        "Events reach it",
    ),
    State(
        "template does not compile",
        of_webhook(**BROKEN).settle()["Webhook"],
        "Degraded",
        "Failed",
        "spec.bodyTemplate",
    ),
    State(
        "refused by the dispatcher",
        of_webhook().settle(state="held", message="Its template needs a newer release.")["Webhook"],
        "Degraded",
        "Failed",
        "Its template needs a newer release.",
    ),
    State("inactive", of_webhook(active=False).settle()["Webhook"], "Healthy", "Current", "Inactive"),
    State(
        "inactive and broken",
        of_webhook(active=False, **BROKEN).settle()["Webhook"],
        "Healthy",
        "Failed",
        "Inactive: it takes no events. spec.bodyTemplate",
    ),
    State("delivers", of_webhook().settle(**DELIVERED)["Webhook"], "Healthy", "Current", "Events reach it"),
    State(
        "deliveries fail",
        of_webhook().settle(**FAILING)["Webhook"],
        "Healthy",
        "Current",
        "Deliveries fail (Failing): It answered 503",
    ),
    State(
        "circuit is open",
        of_webhook().settle(circuit="Open", **FAILING)["Webhook"],
        "Healthy",
        "Current",
        "Deliveries fail (CircuitOpen): Probing",
    ),
    State(
        "target is gone",
        of_webhook().settle(**FAILING | {"state": "gone", "message": "The target answered 410 Gone."})[
            "Webhook"
        ],
        "Healthy",
        "Current",
        "Deliveries fail (Gone): The target answered 410",
    ),
]
TESTS = [
    State("without a status", bare(webhook_test()), "Progressing", "Current", UNSEEN_SAYS),
    State("new", webhook_test(), "Progressing", "InProgress", UNSEEN_SAYS),
    State(
        "webhook is missing",
        Cluster([webhook_test()]).settle()["WebhookTest"],
        "Progressing",
        "InProgress",
        "Webhook slack does not exist in namespace shop",
    ),
    State(
        "webhook waits for its Secret",
        Cluster([webhook(**TOKEN_REF), webhook_test()]).settle()["WebhookTest"],
        "Progressing",
        "InProgress",
        "Waiting for its webhook: ",
    ),
    State(
        "webhook is not loaded yet",
        Cluster([webhook(), webhook_test()]).settle(loaded=False)["WebhookTest"],
        "Progressing",
        "InProgress",
        "Waiting for a dispatcher to load its webhook.",
    ),
    State("running", of_test()["WebhookTest"], "Progressing", "InProgress", "Running."),
    State("passed", of_test().run()["WebhookTest"], "Healthy", "Current", "The target answered 200 OK."),
    State(
        "failed",
        failed()["WebhookTest"],
        "Degraded",
        "Failed",
        "The target answered 404 Not Found. Tip: Check the path of the URL.",
    ),
    State(
        "passed and changed since",
        of_test().run().edit("WebhookTest", mode="Render")["WebhookTest"],
        "Progressing",
        "InProgress",
        UNSEEN_SAYS,
    ),
    State(
        "failed and changed since",
        failed().edit("WebhookTest", mode="Render")["WebhookTest"],
        "Progressing",
        "InProgress",
        UNSEEN_SAYS,
    ),
    State(
        "failed, changed and seen",
        failed().edit("WebhookTest", mode="Render").settle()["WebhookTest"],
        "Progressing",
        "InProgress",
        "Running.",
    ),
    State(
        "passed before its webhook changed",
        of_test().run().edit("Webhook", method="PUT").settle(loaded=False)["WebhookTest"],
        "Progressing",
        "InProgress",
        "Waiting for a dispatcher",
    ),
    State(
        "failed and asked for once more",
        failed().annotate("WebhookTest", "2026-01-02T03:05:00Z").settle()["WebhookTest"],
        "Progressing",
        "InProgress",
        "Running.",
    ),
    State(
        "spec is not valid",
        of_test(timeout="never")["WebhookTest"],
        "Degraded",
        "Failed",
        "spec.timeout",
    ),
]
BY_HAND = [
    State(
        f"{kind.__name__}: {' '.join(f'{each}={status}' for each, status in conditions) or 'no condition'}",
        by_hand(kind, *conditions),
        argo,
        kstatus,
        says,
    )
    for kind in (webhook, webhook_test)
    for conditions, argo, kstatus, says in [
        ((), "Progressing", "Current", "Waiting for the condition Ready."),
        ([("Ready", "Unknown")], "Progressing", "InProgress", "Waiting for the condition Ready."),
        ([("Ready", "False")], "Degraded", "InProgress", "Ready is False."),
        ([("Ready", "True"), ("DeliveryHealthy", "Unknown")], "Healthy", "Current", "Ready is True."),
        ([("Stalled", "True")], "Degraded", "Failed", "Stalled is True."),
        ([("Ready", "True"), ("Reconciling", "True")], "Progressing", "InProgress", "Reconciling is True."),
        (
            [("Stalled", "False"), ("Reconciling", "False"), ("Ready", "True")],
            "Healthy",
            "Current",
            "Ready is",
        ),
    ]
]
STATES = [*WEBHOOKS, *TESTS, *BY_HAND]


def identity(state: State) -> str:
    """How a state is called among the tests."""
    return f"{state.object['kind']}: {state.name}"
