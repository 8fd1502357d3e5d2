"""Decide: from what the cluster holds and the dispatchers report to everything that is to be written. Pure.

Two steps, as they have two rhythms: `build` makes the configuration when an object changed, `plan` the statuses
when anything at all did. Must not: talk to cluster or dispatchers, read clocks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from hookwright.api.admin import TestRun, WebhookView
from hookwright.api.config import DispatchConfig, RouteConfig
from hookwright.api.v1alpha1.webhooktest import WebhookTestSpec
from hookwright.controller import webhook_status, webhooktest_status
from hookwright.controller.bounds import fitted
from hookwright.controller.conditions import Note, Status, difference, said
from hookwright.controller.inventory import (
    ASKED_BY,
    CLUSTER_EVENTS,
    HANDLED_BY,
    NAMESPACE,
    Entry,
    Id,
    Inventory,
)
from hookwright.controller.webhooktest_status import Due
from hookwright.core.assemble import Assembly, assemble
from hookwright.core.findings import Finding
from hookwright.core.objects import CONFIG_MAP, SECRET, WEBHOOK, WEBHOOK_TEST, Object
from hookwright.core.references import references, text_of
from hookwright.limits import CONFIG_CHECKS


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The objects of one moment. `unseen`: namespaces whose objects could not be listed since the process began."""

    webhooks: Mapping[str, Entry]
    tests: Mapping[str, Entry]
    referred: Mapping[Id, Object]
    cluster_events: frozenset[str]
    unseen: frozenset[str]

    def objects(self) -> list[Object]:
        """All of them, in an order that does not depend on when they were heard of."""
        ours = [each.object for known in (self.webhooks, self.tests) for _, each in sorted(known.items())]
        return ours + list(self.referred.values())


def snapshot(
    inventory: Inventory,
    unlabelled: Sequence[Object],
    cluster_events: frozenset[str],
    unseen: frozenset[str] = frozenset(),
) -> Snapshot:
    """What the inventory holds now. `unlabelled`: objects that are referred to and lack the label, without data."""
    referred = {(each.kind, each.key): each for each in unlabelled}
    for kind in (SECRET, CONFIG_MAP):
        referred |= {each.id: each.object for each in inventory.of(kind).values()}
    return Snapshot(
        dict(inventory.of(WEBHOOK)), dict(inventory.of(WEBHOOK_TEST)), referred, cluster_events, unseen
    )


def cluster_events(inventory: Inventory, release: str, watched: Sequence[str]) -> frozenset[str]:
    """Namespaces that /v1/events reaches (SPEC 3): the watched ones, or the release's and the labelled."""
    if watched:
        return frozenset(watched)
    labelled = (
        each.object.name
        for each in inventory.of(NAMESPACE).values()
        if each.object.labels.get(CLUSTER_EVENTS) == "true"
    )
    return frozenset((release, *labelled))


@dataclass(frozen=True, slots=True)
class Build:
    """The configuration of a snapshot: its files, and what is wrong with each object."""

    snapshot: Snapshot
    assembly: Assembly
    files: Mapping[str, bytes]
    errors: Mapping[Id, Sequence[Finding]]


def build(
    taken: Snapshot,
    key: bytes,
    previous: Assembly | None,
    running: DispatchConfig | None = None,
    checks: int | None = CONFIG_CHECKS,
) -> Build:
    """Make the configuration; what did not change since `previous` is taken over.

    `running`: what dispatchers have from an earlier process. `checks`: bounds those of a namespace (`assemble`),
    as the others wait for them.
    """
    assembly = assemble(
        taken.objects(), cluster_events=sorted(taken.cluster_events), key=key, previous=previous,
        running=running, checks=checks, unseen=taken.unseen,
    )  # fmt: skip
    errors: dict[Id, list[Finding]] = defaultdict(list)
    for finding in assembly.findings:
        if finding.severity == "error":
            errors[(finding.kind, finding.key)].append(finding)
    return Build(taken, assembly, assembly.slices.files(assembly.config), errors)


def unresolved(made: Build) -> list[Id]:
    """Objects that are referred to and not among those with the label: they may exist without it."""
    wanted: dict[Id, None] = {}
    for key, part in made.assembly.webhooks.items():
        if part.config.spec is not None:
            namespace = key.partition("/")[0]
            for each in references(part.config.spec):
                wanted[(each.kind, f"{namespace}/{each.name}")] = None
    for key, entry in made.snapshot.tests.items():
        spec = _spec(entry)
        if spec is not None and spec.event_from is not None:
            ref = spec.event_from.config_map_key_ref
            wanted[(CONFIG_MAP, f"{key.partition('/')[0]}/{ref.name}")] = None
    known = made.snapshot.referred
    return [each for each in wanted if each not in known or not known[each].labels]


@dataclass(frozen=True, slots=True)
class Report:
    """What one dispatcher says: the configuration it runs, and of each webhook how it is."""

    address: str
    config_hash: str | None
    webhooks: Mapping[str, WebhookView]
    problem: str | None = None
    """Why it refused a newer configuration."""

    def runs(self, route: RouteConfig) -> bool:
        """Whether it runs exactly this route."""
        view = self.webhooks.get(route.key)
        return view is not None and view.config_hash == route.hash


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A status to write. `runtime`: only run-time fields changed; `at_once`: even so it may not wait.

    `of_webhook`: the webhook whose status is only written after this one.
    """

    entry: Entry
    patch: Mapping[str, Any]
    notes: Sequence[Note]
    runtime: bool = False
    at_once: bool = True
    of_webhook: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Statuses in the order in which they are to be written (tests first), and runs to start."""

    statuses: list[StatusChange]
    runs: list[Due]
    waiting: bool
    """Whether a dispatcher that answers is yet to load the configuration."""


def plan(
    made: Build,
    current: Mapping[Id, Entry],
    reports: Sequence[Report],
    runs: Mapping[str, TestRun],
    now: datetime,
    unwritten: str | None = None,
    release: str | None = None,
) -> Plan:
    """What is to be written now. `current`: the entries that are ours, with the statuses that stand in the cluster.

    `unwritten`: why the configuration does not stand in its Secrets; None: it does. `release`: who writes the
    statuses, None: the CRDs have no field for it.
    """
    tests, runs_due, by_webhook = _plan_tests(made, current, reports, runs, now, release)
    webhooks: list[StatusChange] = []
    for key in sorted(made.snapshot.webhooks):
        entry, route = current.get((WEBHOOK, key)), made.assembly.route(key)
        if entry is None or not _same(entry, made.snapshot.webhooks[key]):
            continue  # changed since: the next build knows it
        if key in made.assembly.waiting:
            change = _waiting_change(entry, now, release)
        else:
            assert route is not None
            facts = _webhook_facts(made, entry, route, reports, by_webhook[key])
            change = _webhook_change(replace(facts, unwritten=unwritten), now, release)
        if change is not None:
            webhooks.append(change)
    waiting = any(report.config_hash != made.assembly.config.hash for report in reports)
    return Plan([*tests, *webhooks], runs_due, waiting)


def _plan_tests(
    made: Build,
    current: Mapping[Id, Entry],
    reports: Sequence[Report],
    runs: Mapping[str, TestRun],
    now: datetime,
    release: str | None,
) -> tuple[list[StatusChange], list[Due], dict[str, list[Status]]]:
    """Statuses to write, runs to start, and the statuses of each webhook's tests as they then stand."""
    changes: list[StatusChange] = []
    runs_due: list[Due] = []
    by_webhook: dict[str, list[Status]] = defaultdict(list)
    for key in sorted(made.snapshot.tests):
        entry = current.get((WEBHOOK_TEST, key))
        if entry is None:
            continue
        spec = _spec(entry)
        webhook = f"{entry.object.namespace}/{spec.webhook_ref.name}" if spec else None
        status: Status = entry.status
        if _same(entry, made.snapshot.tests[key]):
            decided, due = webhooktest_status.test_status(
                _test_facts(made, entry, spec, webhook, reports, runs), now
            )
            status = _signed(WEBHOOK_TEST, decided, release)
            runs_due += [due] if due is not None else []
        if webhook is not None:
            by_webhook[webhook].append(status)
        patch = difference(entry.status, status)
        if patch:
            notes = webhooktest_status.notes(entry, status)
            changes.append(StatusChange(entry, patch, notes, of_webhook=webhook))
    return changes, runs_due, by_webhook


def _signed(kind: str, status: Status, release: str | None) -> dict[str, Any]:
    """A status within its bounds and with the name of its writer, which answers a question about him."""
    said = {name: value for name, value in status.items() if name not in (HANDLED_BY, ASKED_BY)}
    return fitted(kind, said if release is None else {**said, HANDLED_BY: release})


def _same(entry: Entry, built: Entry) -> bool:
    return entry.object.body == built.object.body


def _webhook_facts(
    made: Build, entry: Entry, route: RouteConfig, reports: Sequence[Report], tests: Sequence[Status]
) -> webhook_status.Facts:
    return webhook_status.Facts(
        entry=entry,
        route=route,
        whole=made.assembly.webhooks[route.key].config,
        findings=made.errors.get(entry.id, ()),
        warnings=_warnings(made.assembly, route.key),
        views=[report.webhooks.get(route.key) for report in reports],
        problem=next((each.problem for each in reports if each.problem and not each.runs(route)), None),
        handled=bool(reports) and all(each.config_hash == made.assembly.config.hash for each in reports),
        cluster_events=entry.object.namespace in made.snapshot.cluster_events,
        tests=webhooktest_status.counts(tests),
    )


def _warnings(assembly: Assembly, key: str) -> list[Finding]:
    part = assembly.webhooks.get(key)
    return [each for each in part.findings if each.severity == "warning"] if part is not None else []


def _webhook_change(facts: webhook_status.Facts, now: datetime, release: str | None) -> StatusChange | None:
    """Everything when something apart from run-time fields changed, otherwise those alone, at their own pace."""
    before = facts.entry.status
    decided = webhook_status.webhook_status(facts, webhooktest_status.rfc3339(now))
    slow, fresh = (_signed(WEBHOOK, each, release) for each in decided)
    patch = difference(before, fresh)
    if not patch:
        return None
    posted = webhook_status.notes(facts.entry, fresh)
    if difference(before, slow):
        return StatusChange(facts.entry, patch, posted)
    return StatusChange(
        facts.entry, patch, posted, runtime=True, at_once=webhook_status.flipped(before, fresh)
    )


def _waiting_change(entry: Entry, now: datetime, release: str | None) -> StatusChange | None:
    """A new generation is told to wait for its check; one that was checked before stays as it is."""
    status = entry.status
    if status.get("observedGeneration") != entry.generation:
        status = webhook_status.waiting_status(entry, webhooktest_status.rfc3339(now))
    patch = difference(entry.status, _signed(WEBHOOK, status, release))
    return StatusChange(entry, patch, ()) if patch else None


def _test_facts(
    made: Build,
    entry: Entry,
    spec: WebhookTestSpec | None,
    webhook: str | None,
    reports: Sequence[Report],
    runs: Mapping[str, TestRun],
) -> webhooktest_status.Facts:
    owner = made.snapshot.webhooks.get(webhook) if webhook else None
    route = made.assembly.route(webhook) if webhook else None
    loaded = route is not None and any(report.runs(route) for report in reports)
    return webhooktest_status.Facts(
        entry=entry,
        findings=made.errors.get(entry.id, ()),
        spec=spec,
        event_from=_event_from(made, entry, spec),
        route=route,
        webhook_generation=owner.generation if owner else 0,
        waits=_waits(made, webhook),
        loaded=loaded,
        runs=runs,
    )


def _waits(made: Build, webhook: str | None) -> str | None:
    """Why a webhook waits for something to appear; a mistake in its spec is none: a test shows it at once."""
    if webhook in made.assembly.waiting and made.assembly.route(webhook) is None:
        return webhook_status.WAITS
    errors = made.errors.get((WEBHOOK, webhook or ""), ())
    if not errors or any(each.condition == "Accepted" for each in errors):
        return None
    return said(errors)


def _event_from(made: Build, entry: Entry, spec: WebhookTestSpec | None) -> str | None:
    """The text that spec.eventFrom names; None when there is none, or it cannot be had (then a finding says so)."""
    if spec is None or spec.event_from is None:
        return None
    ref = spec.event_from.config_map_key_ref
    source = made.snapshot.referred.get((CONFIG_MAP, f"{entry.object.namespace}/{ref.name}"))
    try:
        return None if source is None else text_of(source, ref.key)
    except ValueError:
        return None


def _spec(entry: Entry) -> WebhookTestSpec | None:
    try:
        return WebhookTestSpec.model_validate(entry.object.spec, by_alias=True, by_name=False)
    except ValidationError:
        return None
