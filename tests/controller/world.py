"""A cluster on paper: YAML in, plans and statuses out, no process and no network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from controller import crds
from hookwright.api.admin import TestRun, WebhookView
from hookwright.controller.inventory import Inventory, key_of
from hookwright.controller.plan import Build, Plan, Report, build, plan, snapshot
from hookwright.core.assemble import Assembly
from hookwright.core.objects import Object
from hookwright.core.runs import run_id
from hookwright.limits import CONFIG_CHECKS

KEY = b"k" * 32
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PLURALS = {"Webhook": "webhooks", "WebhookTest": "webhooktests"}


def merge_patch(value: Any, patch: Any) -> Any:
    """RFC 7396, as an API server does it."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(value) if isinstance(value, dict) else {}
    for name, member in patch.items():
        if member is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), member)
    return merged


class World:
    """Objects, what dispatchers report, answers of tests, and the time.

    `before`: what was made last, `checks`: of a namespace in one build.
    """

    def __init__(self, text: str = "", *, cluster_events: tuple[str, ...] = ("shop",)) -> None:
        self.inventory = Inventory(lambda kind: None)
        self.raws: dict[tuple[str, str], dict[str, Any]] = {}
        self.unlabelled: list[Object] = []
        self.reports: list[Report] = []
        self.runs: dict[str, TestRun] = {}
        self.before: Assembly | None = None
        self.checks = CONFIG_CHECKS
        self.now = START
        self._cluster_events = frozenset(cluster_events)
        self._version = 0
        if text:
            self.apply(text)

    # --- objects -----------------------------------------------------------------------------------

    def apply(self, text: str) -> None:
        """Create or change objects as kubectl apply would; a namespace that is left out is `shop`."""
        for document in yaml.safe_load_all(text):
            document.setdefault("apiVersion", "hookwright.io/v1alpha1")
            document["metadata"].setdefault("namespace", "shop")
            name = (document["kind"], key_of(document))
            before = self.raws.get(name)
            changed = before is None or before.get("spec") != document.get("spec")
            generation = (before["metadata"]["generation"] if before else 0) + int(changed)
            document["metadata"] |= {"uid": f"uid-{name[1]}", "generation": generation}
            document["status"] = before["status"] if before else {"observedGeneration": -1}
            self._put(name, document)

    def _put(self, name: tuple[str, str], raw: dict[str, Any]) -> None:
        self._version += 1
        raw["metadata"]["resourceVersion"] = str(self._version)
        self.raws[name] = raw
        self.inventory.put(name[0], raw)

    def delete(self, kind: str, name: str) -> None:
        """Take an object away."""
        raw = self.raws.pop((kind, f"shop/{name}"))
        self._version += 1
        self.inventory.remove(
            kind, {**raw, "metadata": {**raw["metadata"], "resourceVersion": str(self._version)}}
        )

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    # --- dispatchers -------------------------------------------------------------------------------

    def built(self) -> Build:
        """The configuration of the present objects."""
        taken = snapshot(self.inventory, self.unlabelled, self._cluster_events)
        return build(taken, KEY, self.before, checks=self.checks)

    def hash(self, name: str) -> str:
        """The present configuration hash of a webhook."""
        route = self.built().assembly.route(f"shop/{name}")
        assert route is not None
        return route.hash

    def report(self, address: str = "10.0.0.1", **views: dict[str, Any]) -> Report:
        """A dispatcher that runs the present configuration; `views`: what differs, by webhook's name."""
        config = self.built().assembly.config
        known = {}
        for route in config.webhooks:
            given = {
                "state": "held" if route.held else "running",
                **views.get(route.name.replace("-", "_"), {}),
            }
            view = {"webhook": route.key, "active": route.active, "config_hash": route.hash, **given}
            known[route.key] = WebhookView.model_validate(view)
        return Report(address, config.hash, known)

    def refused(self, problem: str) -> None:
        """One dispatcher answers, runs nothing, and refused the present configuration."""
        self.reports = [Report("10.0.0.1", None, {}, problem)]

    def loaded(self, **views: dict[str, Any]) -> None:
        """One dispatcher answers and runs everything as it is now."""
        self.reports = [self.report(**views)]

    def answer(
        self, test: str, webhook: str, *, passed: bool = True, run: str | None = None, **more: Any
    ) -> None:
        """The run of a test against the present webhook is over."""
        identifier = run or self.run_id(test, webhook)
        self.runs[identifier] = TestRun(
            run_id=identifier, test=f"shop/{test}", webhook=f"shop/{webhook}", mode="Send",
            result="Test successful" if passed else "Test failed",
            message="The target answered 200." if passed else "The target answered 404.",
            tested_config_hash=self.hash(webhook), time=self.now.strftime("%Y-%m-%dT%H:%M:%S.250Z"), **more,
        )  # fmt: skip

    def run_id(self, test: str, webhook: str, event_from: str | None = None) -> str:
        """The id of the present run of a test."""
        entry = self.inventory.of("WebhookTest")[f"shop/{test}"]
        return run_id(entry.object, self.hash(webhook), event_from)

    # --- plans -------------------------------------------------------------------------------------

    def plan(self) -> Plan:
        """What would be written now."""
        current = {each.id: each for kind in PLURALS for each in self.inventory.of(kind).values()}
        return plan(self.built(), current, self.reports, self.runs, self.now)

    def settle(self) -> Plan:
        """Write everything that is planned, as often as it takes; the first plan. Fails if it never ends."""
        first = decided = self.plan()
        for _ in range(3):
            for change in decided.statuses:
                self._write(change.entry.object, dict(change.patch))
            decided = self.plan()
            if not decided.statuses:
                return first
        raise AssertionError(f"never settles: {decided.statuses}")

    def write(self, kind: str, name: str, **patch: Any) -> None:
        """Change a status, None takes a field away."""
        self._write(self.inventory.of(kind)[f"shop/{name}"].object, patch)

    def _write(self, owner: Object, patch: dict[str, Any]) -> None:
        name = (owner.kind, owner.key)
        raw = {**self.raws[name], "metadata": dict(self.raws[name]["metadata"])}
        raw["status"] = merge_patch(raw["status"], patch)
        refused = crds.refusal(owner.kind, raw, "status")
        assert refused is None, refused
        raw["status"] = crds.pruned(owner.kind, "status", raw["status"])
        self._put(name, raw)

    def status(self, kind: str, name: str) -> dict[str, Any]:
        """A status as it stands."""
        status: dict[str, Any] = self.raws[(kind, f"shop/{name}")]["status"]
        return status

    def conditions(self, kind: str, name: str) -> list[str]:
        """Its conditions as `type status reason`."""
        return [f"{c['type']} {c['status']} {c['reason']}" for c in self.status(kind, name)["conditions"]]
