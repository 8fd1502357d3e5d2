"""The status of one WebhookTest and which run of it is due (SPEC 6).

`runID` names the run (`core.runs`) that the rest of the status speaks of; a test whose present run is the one named
there is done, whoever asks and however often. Must not: run tests, write, read clocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from hookwright.api.admin import Invocation, TestRun
from hookwright.api.config import RouteConfig
from hookwright.api.fields import seconds
from hookwright.api.v1alpha1.webhooktest import WebhookTestSpec
from hookwright.controller.conditions import READY, Condition, Note, Status, changed, cut, found, merged, said
from hookwright.controller.inventory import Entry
from hookwright.core.assemble import requested_at
from hookwright.core.findings import Finding
from hookwright.core.objects import WEBHOOK_TEST
from hookwright.core.runs import run_id
from hookwright.limits import (
    CONDITION_CHARACTERS,
    STATUS_HEADER_CHARACTERS,
    STATUS_HEADERS,
    TEST_BODY_BYTES,
    TEST_VALUE_CHARACTERS,
)

SUCCESSFUL: Final = "Test successful"
FINISHED: Final = "Finished"
_OUTCOME: Final = ("runID", "result", "message", "hint", "invocation", "assertions")


@dataclass(frozen=True, slots=True)
class Due:
    """A run to start, against a webhook with this hash."""

    test: str
    run_id: str
    spec: WebhookTestSpec
    event_from: str | None
    webhook: str
    webhook_hash: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one test.

    `findings`: its errors. `spec`: None when it is not valid. `route`: its webhook, None: there is none.
    `waits`: why the webhook cannot be tested yet (it waits for a Secret), None: it can. `loaded`: some dispatcher
    runs this route. `runs`: the answers of runs by id.
    """

    entry: Entry
    findings: Sequence[Finding]
    spec: WebhookTestSpec | None
    event_from: str | None
    route: RouteConfig | None
    webhook_generation: int
    waits: str | None
    loaded: bool
    runs: Mapping[str, TestRun]


def test_status(facts: Facts, now: datetime) -> tuple[dict[str, Any], Due | None]:
    """The status as it is to be, and the run that is to be started."""
    wrong = [each for each in facts.findings if each.condition == "Accepted"]
    if wrong or facts.spec is None:
        return _invalid(facts, wrong, now), None
    if facts.findings:
        return _waiting(facts, facts.findings[0].reason, said(facts.findings), now), None
    if facts.waits is not None:
        return _waiting(facts, "WebhookNotReady", f"Waiting for its webhook: {facts.waits}", now), None
    if facts.route is None:
        return _waiting(facts, "WebhookNotFound", "Waiting for its webhook.", now), None
    return _present(facts, facts.spec, facts.route, now)


test_status.__test__ = False  # type: ignore[attr-defined]


def _present(
    facts: Facts, spec: WebhookTestSpec, route: RouteConfig, now: datetime
) -> tuple[dict[str, Any], Due | None]:
    present = run_id(facts.entry.object, route.hash, facts.event_from)
    done = _done(facts.entry.status, present)
    wanted = _next_of_interval(facts.entry.status, spec, present, now) if done else present
    if wanted is not None and wanted in facts.runs:
        return _finished(facts, present, facts.runs[wanted], now), None
    due = None
    if wanted is not None and facts.loaded:
        due = Due(facts.entry.object.key, wanted, spec, facts.event_from, route.key, route.hash)
    if done:
        return dict(facts.entry.status), due
    why = "Running." if facts.loaded else "Waiting for a dispatcher to load its webhook."
    return _waiting(facts, "Running" if facts.loaded else "Pending", why, now), due


def _done(status: Status, present: str) -> bool:
    """Whether the status speaks of the present run."""
    condition = found(status, FINISHED)
    if condition is None or condition.get("status") != "True":
        return False
    if "runID" in status:
        return bool(status["runID"] == present)
    # a status of the release before, or one whose CRD drops the field: an upgrade must not send again
    return f"Run {present} " in condition.get("message", "")


def _next_of_interval(status: Status, spec: WebhookTestSpec, present: str, now: datetime) -> str | None:
    """The id of the next run of a test with an interval, once it is due; the same until it is done."""
    last = status.get("lastRunTime")
    if spec.interval is None or not isinstance(last, str):
        return None
    began = datetime.fromisoformat(last)
    if now < began + timedelta(seconds=seconds(spec.interval)):
        return None
    return f"{present}.{int(began.timestamp())}"


def _invalid(facts: Facts, wrong: Sequence[Finding], now: datetime) -> dict[str, Any]:
    """Nothing to wait for: whoever waits for Finished is let go at once."""
    message = said(wrong) if wrong else "The spec is not valid."
    reason = wrong[0].reason if wrong else "InvalidSpec"
    return _without_outcome(
        facts,
        (
            Condition(READY, "False", reason, message),
            Condition("Stalled", "True", reason, message),
            Condition(FINISHED, "True", reason, "There is nothing to run."),
        ),
        now,
    )


def _waiting(facts: Facts, reason: str, message: str, now: datetime) -> dict[str, Any]:
    """The result of another configuration is taken away, so that nobody takes it for this one's."""
    conditions = (
        Condition(READY, "Unknown", reason, message),
        Condition("Reconciling", "True", reason, message),
    )
    return _without_outcome(facts, conditions, now)


def _without_outcome(facts: Facts, conditions: Sequence[Condition], now: datetime) -> dict[str, Any]:
    before = facts.entry.status
    rest = {name: value for name, value in before.items() if name not in _OUTCOME}
    return {
        **rest,
        **_head(facts, conditions, now),
        "message": cut(conditions[0].message, CONDITION_CHARACTERS),
    }


def _head(facts: Facts, conditions: Sequence[Condition], now: datetime) -> dict[str, Any]:
    generation = facts.entry.generation
    return {
        "observedGeneration": generation,
        "conditions": merged(facts.entry.status, conditions, generation, rfc3339(now)),
    }


def _finished(facts: Facts, present: str, run: TestRun, now: datetime) -> dict[str, Any]:
    passed = run.result == SUCCESSFUL
    reason = "TestPassed" if passed else "TestFailed"
    conditions = [Condition(READY, "True" if passed else "False", reason, run.message)]
    if not passed:
        conditions.append(Condition("Stalled", "True", reason, run.message))
    conditions.append(
        Condition(FINISHED, "True", reason, f"Run {present} is of this test, its webhook and their Secrets.")
    )
    status = {
        **_head(facts, conditions, now),
        "runID": present,
        "result": run.result,
        "message": cut(run.message, CONDITION_CHARACTERS),
        "hint": None if run.hint is None else cut(run.hint, CONDITION_CHARACTERS),
        "invocation": None if run.invocation is None else _invocation(run.invocation, run.mode),
        "assertions": [
            {
                "passed": each.passed,
                **_texts(TEST_VALUE_CHARACTERS, name=each.name, expected=each.expected, actual=each.actual),
            }
            for each in run.assertions
        ],
        "testedGeneration": facts.webhook_generation,
        "testedConfigHash": run.tested_config_hash,
        "lastRunTime": run.time,
        "lastHandledReconcileAt": requested_at(facts.entry.object),
    }
    return {name: value for name, value in status.items() if value is not None}


def _invocation(run: Invocation, mode: str) -> dict[str, Any]:
    """Request and answer, bounded for an object that is kept in memory by every API server."""
    shown: dict[str, Any] = {"attempts": 0 if mode == "Render" else run.attempts}
    if run.request is not None:
        shown["request"] = {
            **_texts(TEST_BODY_BYTES, method=run.request.method, url=run.request.url, body=run.request.body),
            "headers": _headers(run.request.headers),
        }
    if run.response is not None:
        shown["response"] = {
            "statusCode": run.response.status_code,
            "headers": _headers(run.response.headers),
            **_texts(TEST_BODY_BYTES, body=run.response.body),
        }
    if mode != "Render":
        shown["timings"] = run.timings.model_dump(by_alias=True, exclude_none=True)
    return shown


def _texts(characters: int, **texts: str | None) -> dict[str, str]:
    return {name: cut(text, characters) for name, text in texts.items() if text is not None}


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    first = list(headers.items())[:STATUS_HEADERS]
    return {
        cut(name, STATUS_HEADER_CHARACTERS): cut(value, STATUS_HEADER_CHARACTERS) for name, value in first
    }


def rfc3339(moment: datetime) -> str:
    """A time as Kubernetes writes it: UTC, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def counts(statuses: Sequence[Status]) -> dict[str, int] | None:
    """The roll-up of a webhook's tests; None when it has none."""
    if not statuses:
        return None
    states = [(found(status, READY) or {}).get("status") for status in statuses]
    return {"total": len(states), "passed": states.count("True"), "failed": states.count("False")}


def notes(entry: Entry, after: Status) -> list[Note]:
    """An Event when a test passed or failed and was not so before."""
    condition = changed(entry.status, after, READY)
    if condition is None or condition["status"] == "Unknown":
        return []
    warning = condition["status"] == "False"
    return [
        Note(WEBHOOK_TEST, entry.object.key, entry.uid, warning, condition["reason"], condition["message"])
    ]
