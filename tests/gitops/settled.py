"""Objects whose statuses are written by the controller's own decisions (`controller.plan`), without a cluster."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hookwright.api.admin import TestRun, WebhookView
from hookwright.api.config import RouteConfig
from hookwright.controller.inventory import Entry, Id, Inventory, entry
from hookwright.controller.plan import Build, Report, build, plan, snapshot
from hookwright.core.objects import API_VERSION

Raw = dict[str, Any]
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
UNSEEN: Raw = {"observedGeneration": -1}
"""The status that the CRD gives to a new object."""
SPEC = {"url": "https://hooks.example.com/a", "triggers": ["RequestGranted"], "method": "POST"}


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
