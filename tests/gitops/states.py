"""Webhooks and WebhookTests in every state, with what Argo CD and kstatus must make of each.

The statuses are written by the controller's own decisions (`controller.plan`), so they cannot drift from it;
the few that are written by hand are marked as such.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hookwright.api.admin import Assertion, TestRun, WebhookView
from hookwright.api.config import RouteConfig
from hookwright.controller.inventory import Entry, Id, Inventory, entry
from hookwright.controller.plan import Build, Report, build, plan, snapshot
from hookwright.core.objects import API_VERSION

Raw = dict[str, Any]
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
UNSEEN: Raw = {"observedGeneration": -1}
"""The status that the CRD gives to a new object."""
SPEC = {"url": "https://hooks.example.com/a", "triggers": ["RequestGranted"]}
TOKEN_REF = {"auth": {"bearer": {"tokenSecretRef": {"name": "slack", "key": "token"}}}}


def webhook(*, annotations: Mapping[str, str] | None = None, **spec: Any) -> Raw:
    """A webhook as the API server keeps it before the controller has seen it."""
    return _object("Webhook", "slack", 1, {**SPEC, **spec}, annotations)


def webhook_test(**spec: Any) -> Raw:
    """A test of that webhook, just as new."""
    return _object("WebhookTest", "slack", 2, {"webhookRef": {"name": "slack"}, **spec}, None)


def secret(*, labels: Mapping[str, str]) -> Raw:
    """The Secret that the webhook refers to."""
    metadata = {"name": "slack", "namespace": "shop", "resourceVersion": "3", "labels": dict(labels)}
    return {
        "kind": "Secret",
        "metadata": metadata,
        "data": {"token": base64.b64encode(b"0123456789").decode()},
    }


def _object(kind: str, name: str, number: int, spec: Raw, annotations: Mapping[str, str] | None) -> Raw:
    metadata = {
        "name": name,
        "namespace": "shop",
        "uid": f"00000000-0000-0000-0000-{number:012}",
        "generation": 1,
        "resourceVersion": str(number),
        **({"annotations": dict(annotations)} if annotations else {}),
    }
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
        "status": dict(UNSEEN),
    }


@dataclass
class Cluster:
    """A cluster that is settled by the controller's decisions, one step at a time."""

    objects: list[Raw]
    runs: dict[str, TestRun] = field(default_factory=dict)

    def settle(self, *, loaded: bool = True, **view: Any) -> Cluster:
        """Write the statuses that are due; `view`: what the one dispatcher says of the webhook, if it has loaded it."""
        made = self._build()
        for change in self._plan(made, loaded, view).statuses:
            _merge(self._raw(change.entry.id)["status"], change.patch)
        return self

    def run(self, result: str = "Test successful", **fields: Any) -> Cluster:
        """Run the test that is due, and settle."""
        (due,) = self._plan(self._build(), True, {}).runs
        given = {"message": "The target answered 200 OK.", **fields}
        self.runs[due.run_id] = TestRun(
            run_id=due.run_id,
            test=due.test,
            webhook=due.webhook,
            mode="Send",
            result=result,
            tested_config_hash=due.webhook_hash,
            time="2026-01-02T03:04:05.000Z",
            **given,
        )
        return self.settle()

    def edit(self, kind: str, **spec: Any) -> Cluster:
        """Change the spec of an object, as a user does; the controller has not seen it yet."""
        raw = self[kind]
        raw["spec"] |= spec
        raw["metadata"]["generation"] += 1
        return self

    def annotate(self, kind: str, value: str) -> Cluster:
        """Ask for a reconciliation."""
        self[kind]["metadata"].setdefault("annotations", {})["hookwright.io/requestedAt"] = value
        return self

    def __getitem__(self, kind: str) -> Raw:
        """The one object of a kind."""
        (raw,) = (each for each in self.objects if each["kind"] == kind)
        return raw

    def _build(self) -> Build:
        inventory = Inventory(lambda kind: None)
        for raw in self.objects:
            inventory.put(raw["kind"], raw)
        return build(snapshot(inventory, (), frozenset({"shop"})), b"key", None)

    def _plan(self, made: Build, loaded: bool, view: Mapping[str, Any]) -> Any:
        entries: list[Entry] = [entry(raw["kind"], raw) for raw in self.objects if "status" in raw]
        routes = made.assembly.config.webhooks
        views = {route.key: _view(route, view) for route in routes} if loaded else {}
        reports = [Report("10.0.0.1", made.assembly.config.hash if loaded else "before", views)]
        return plan(made, {each.id: each for each in entries}, reports, self.runs, NOW)

    def _raw(self, wanted: Id) -> Raw:
        return next(raw for raw in self.objects if (raw["kind"], f"shop/{raw['metadata']['name']}") == wanted)


def _view(route: RouteConfig, fields: Mapping[str, Any]) -> WebhookView:
    state = "running" if route.held is None else "held"
    given = {"active": route.active, "state": state, "message": route.held or "", **fields}
    return WebhookView(webhook=route.key, config_hash=route.hash, **given)


def _merge(target: Raw, patch: Mapping[str, Any]) -> None:
    """A JSON merge patch (RFC 7396)."""
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(target.get(name), dict):
            _merge(target[name], value)
        else:
            target[name] = deepcopy(value)


@dataclass(frozen=True)
class State:
    """An object, and what is to be made of it. `says`: a part of the message that Argo CD shows."""

    name: str
    object: Raw
    argo: str
    kstatus: str
    says: str


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
