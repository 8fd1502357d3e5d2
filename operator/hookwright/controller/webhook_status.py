"""The status of one Webhook (SPEC 2): from what is wrong with it and what the dispatchers report.

Pure: the same facts give the same status. Run-time fields (SPEC 2) are set apart, since they are written
at a slower pace. Must not: write, read clocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hookwright.api.admin import WebhookView
from hookwright.api.config import RouteConfig
from hookwright.controller.conditions import (
    READY,
    Condition,
    Note,
    Status,
    changed,
    cut,
    found,
    kept,
    merged,
    said,
)
from hookwright.controller.inventory import Entry
from hookwright.core.findings import Finding
from hookwright.core.objects import WEBHOOK
from hookwright.core.routes import host_of
from hookwright.limits import CONDITION_CHARACTERS

PENDING: Final = "Pending"
REFUSED: Final = "Refused"
WHOLE_REFUSED: Final = "ConfigurationRefused"
UNCHECKED: Final = "CheckPending"
WAITS: Final = "Others of its namespace are checked before it; until then it stays as it was."
_HEALS_ELSEWHERE: Final = frozenset({PENDING, WHOLE_REFUSED})
"""Reasons of Programmed that no change of this spec ends: parts come one after the other."""
RUNTIME: Final = (
    "lastInvocation", "lastSuccessTime", "lastFailureTime", "consecutiveFailures", "pending", "deadLettered",
)  # fmt: skip
HEALTHY: Final = "DeliveryHealthy"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one webhook.

    `route`: what is written of it, `whole`: what would be if there were room. `findings`: its errors. `warnings`:
    what only some events show. `views`: what each dispatcher that answered says of it, None: it does not know it.
    `problem`: why a dispatcher that does not run its present configuration refused a newer one.
    `handled`: every dispatcher that answered runs the whole present configuration. `cluster_events`: whether
    /v1/events reaches its namespace. `tests`: the roll-up, None when it has none. `unwritten`: why no dispatcher can be
    given the present configuration, None: each is.
    """

    entry: Entry
    route: RouteConfig
    whole: RouteConfig
    findings: Sequence[Finding]
    views: Sequence[WebhookView | None]
    problem: str | None
    handled: bool
    cluster_events: bool
    tests: Mapping[str, int] | None
    warnings: Sequence[Finding] = ()
    unwritten: str | None = None


def webhook_status(facts: Facts, now: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(status with the run-time fields as they stand, the whole status with those of now)."""
    before = facts.entry.status
    accepted, resolved, programmed = _accepted(facts), _resolved(facts), _programmed(facts)
    ready = _ready(facts, (accepted, resolved, programmed))
    old = found(before, HEALTHY)
    fresh = _healthy(facts)
    held_back = kept(old) if old is not None else fresh
    runtime = _runtime(facts.views, before)

    def whole(healthy: Condition, run_time: Mapping[str, Any]) -> dict[str, Any]:
        wanted = [accepted, resolved, programmed, ready, healthy, *_progress(accepted, resolved, programmed)]
        status = {
            "observedGeneration": facts.entry.generation,
            "conditions": merged(before, wanted, facts.entry.generation, now),
            "host": _host(facts.whole),
            "configHash": facts.route.hash,
            **run_time,
            "tests": facts.tests,
            "lastHandledReconcileAt": facts.route.requested_at
            if facts.handled
            else before.get("lastHandledReconcileAt"),
        }
        return {name: value for name, value in status.items() if value is not None}

    as_it_stands = {name: before[name] for name in RUNTIME if name in before}
    return whole(held_back, as_it_stands), whole(fresh, as_it_stands if runtime is None else runtime)


def waiting_status(entry: Entry, now: str) -> dict[str, Any]:
    """The status of a generation that is yet to be checked: what was told of the one before stays, unconfirmed."""
    kinds = ("Accepted", "ResolvedRefs", "Programmed", READY)
    wanted = [Condition(kind, "Unknown", UNCHECKED, WAITS) for kind in kinds]
    health = found(entry.status, HEALTHY)
    wanted += [kept(health)] if health is not None else []
    wanted.append(Condition("Reconciling", "True", UNCHECKED, WAITS))
    conditions = merged(entry.status, wanted, entry.generation, now)
    return {**entry.status, "observedGeneration": entry.generation, "conditions": conditions}


def flipped(before: Status, after: Status) -> bool:
    """Whether the result of deliveries changed, which is written at once (SPEC 2)."""
    result = (before.get("lastInvocation") or {}).get("result")
    return (
        result != (after.get("lastInvocation") or {}).get("result")
        or changed(before, after, HEALTHY) is not None
    )


def notes(entry: Entry, after: Status) -> list[Note]:
    """Events for the conditions that changed: Ready once it is settled, and health once there was traffic."""
    posted = []
    for kind in (READY, HEALTHY):
        condition = changed(entry.status, after, kind)
        if condition is not None and condition["reason"] not in (PENDING, UNCHECKED, "NoTraffic"):
            warning = condition["status"] == "False"
            key, uid = entry.object.key, entry.uid
            posted.append(Note(WEBHOOK, key, uid, warning, condition["reason"], condition["message"]))
    return posted


def _accepted(facts: Facts) -> Condition:
    wrong = [each for each in facts.findings if each.condition == "Accepted"]
    if wrong:
        return Condition("Accepted", "False", wrong[0].reason, said(wrong))
    message = "The spec is valid and its templates render the sample events."
    if facts.warnings:
        message = cut(f"{message} Warning: {said(facts.warnings)}", CONDITION_CHARACTERS)
    return Condition("Accepted", "True", "Accepted", message)


def _resolved(facts: Facts) -> Condition:
    if facts.whole.spec is None:
        return Condition(
            "ResolvedRefs", "Unknown", "InvalidSpec", "Not looked at while the spec is not valid."
        )
    wrong = [each for each in facts.findings if each.condition == "ResolvedRefs"]
    if wrong:
        return Condition("ResolvedRefs", "False", wrong[0].reason, said(wrong))
    return Condition(
        "ResolvedRefs", "True", "ResolvedRefs", "Everything that is referred to is there and allowed."
    )


def _programmed(facts: Facts) -> Condition:
    """A dispatcher that is away or a rotation under way changes nothing (SPEC 2)."""
    route = facts.route
    loaded = [view for view in facts.views if view is not None and view.config_hash == route.hash]
    refused = next((view for view in loaded if view.state == "held" and route.held is None), None)
    if refused is not None:
        return Condition("Programmed", "False", REFUSED, cut(refused.message, CONDITION_CHARACTERS))
    if facts.views and len(loaded) == len(facts.views):
        return Condition(
            "Programmed", "True", "Programmed", "Every dispatcher that answers runs this configuration."
        )
    before = found(facts.entry.status, "Programmed")
    if before is not None and before.get("observedGeneration") != facts.entry.generation:
        before = None
    if before is not None and before["reason"] == UNCHECKED:
        before = None
    problem = _whole_refused(facts)
    if problem is not None and (before is None or before["status"] != "True"):
        return Condition("Programmed", "False", WHOLE_REFUSED, cut(problem, CONDITION_CHARACTERS))
    if before is not None and before["reason"] == WHOLE_REFUSED:
        before = None
    if before is not None:
        return kept(before)
    waits = "for the dispatcher to load it" if facts.views else "for a dispatcher to answer"
    return Condition("Programmed", "False", PENDING, f"Waiting {waits}.")


def _whole_refused(facts: Facts) -> str | None:
    """Why the present configuration, with this webhook in it, runs nowhere."""
    if facts.unwritten is not None:
        return f"The configuration cannot be written for the dispatchers: {facts.unwritten}"
    if facts.problem is not None:
        return f"A dispatcher refused the whole configuration: {facts.problem}"
    return None


def _ready(facts: Facts, parts: Sequence[Condition]) -> Condition:
    failing = next((each for each in parts if not each.true), None)
    if failing is not None:
        return Condition(READY, "False", failing.reason, failing.message)
    if not facts.route.active:
        return Condition(
            READY, "True", "Inactive", "Inactive: it takes no events; tests and Manual calls still work."
        )
    own = f"/v1/namespaces/{facts.route.namespace}/events"
    if facts.cluster_events:
        return Condition(READY, "True", "Succeeded", f"Events reach it at /v1/events and {own}.")
    return Condition(READY, "True", "Succeeded", f"Events reach it at {own} only.")


def _progress(accepted: Condition, resolved: Condition, programmed: Condition) -> list[Condition]:
    """Stalled or Reconciling, present only while True (kstatus); what needs a change of spec goes first."""
    for each in (accepted, programmed):
        if not each.true and each.reason not in _HEALS_ELSEWHERE:
            return [Condition("Stalled", "True", each.reason, each.message)]
    for each in (resolved, programmed):
        if not each.true:
            return [Condition("Reconciling", "True", each.reason, each.message)]
    return []


def _healthy(facts: Facts) -> Condition:
    views = _owned(facts.views)
    old = found(facts.entry.status, HEALTHY)
    worst = max(views, key=_trouble, default=None)
    if worst is None or worst.last_invocation is None:
        nothing = Condition(HEALTHY, "Unknown", "NoTraffic", "Nothing has been delivered yet.")
        return (
            kept(old) if old is not None else nothing
        )  # a dispatcher that lost its history, or is not the one that works on it, knows less than we
    last = worst.last_invocation.get("message") or ""
    if worst.state == "gone":
        return Condition(HEALTHY, "False", "Gone", worst.message)
    if worst.circuit == "Open":
        return Condition(
            HEALTHY, "False", "CircuitOpen", f"Probing with one delivery at a time. Last: {last}"
        )
    if worst.consecutive_failures:
        return Condition(HEALTHY, "False", "Failing", last)
    return Condition(HEALTHY, "True", "Healthy", "The last delivery succeeded.")


def _owned(views: Sequence[WebhookView | None]) -> list[WebhookView]:
    """What is said by those that work on it: none for a moment, where it moves from one to another."""
    return [view for view in views if view is not None and view.owned]


def _trouble(view: WebhookView) -> tuple[bool, bool, int, bool]:
    return (
        view.state == "gone",
        view.circuit == "Open",
        view.consecutive_failures,
        bool(view.last_invocation),
    )


def _runtime(views: Sequence[WebhookView | None], before: Status) -> dict[str, Any] | None:
    """Run-time fields over all dispatchers, what they do not know as it was; None: none works on the webhook."""
    known = _owned(views)
    if not known:
        return None
    latest = max(known, key=lambda view: (view.last_invocation or {}).get("time") or "")
    runtime = {
        "lastInvocation": _invocation(latest.last_invocation),
        "lastSuccessTime": max(view.last_success_time or "" for view in known) or None,
        "lastFailureTime": max(view.last_failure_time or "" for view in known) or None,
        "consecutiveFailures": max(view.consecutive_failures for view in known),
        "pending": sum(view.pending for view in known),
        "deadLettered": sum(view.dead_lettered for view in known),
    }
    known_before = {name: before[name] for name in RUNTIME if name in before}
    return known_before | {name: value for name, value in runtime.items() if value is not None}


def _invocation(last: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if last is None:
        return None
    shown = {name: value for name, value in last.items() if value is not None}
    return {
        name: cut(value, CONDITION_CHARACTERS) if isinstance(value, str) else value
        for name, value in shown.items()
    }


def _host(route: RouteConfig) -> str | None:
    """The host it sends to; None while that is not known."""
    if route.spec is None:
        return None
    url = route.spec.url
    if url is None and route.spec.url_from is not None:
        url = route.secrets.get(route.spec.url_from.secret_key_ref.label)
    return host_of(url) if url else None
