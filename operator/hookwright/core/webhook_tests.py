"""What is wrong with a WebhookTest, as far as the other objects show it. Must not: run it, read files."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from hookwright.api.v1alpha1.manifest import WebhookTest, problems, readable
from hookwright.api.v1alpha1.webhooktest import WebhookTestSpec
from hookwright.core.event_json import read_json
from hookwright.core.findings import Finding, Severity, beside
from hookwright.core.objects import CONFIG_MAP, WEBHOOK, WEBHOOK_TEST, Object
from hookwright.core.references import Objects, UnfitError, absent, text_of
from hookwright.core.samples import SAMPLE_TRIGGERS


def findings_of_test(test: Object, known: Objects, *, stand_ins: bool) -> list[Finding]:
    """What is wrong with a WebhookTest. `stand_ins`: an object that is absent is a warning, and of a spec that breaks
    a rule the rest is looked at as well.
    """
    try:
        spec = WebhookTest.model_validate(test.body, by_alias=True, by_name=False).spec
    except ValidationError:
        wrong = problems(WEBHOOK_TEST, test.body)
        found = [Finding(WEBHOOK_TEST, test.key, each.field, each.sentence) for each in wrong]
        rest = readable(WEBHOOK_TEST, test.body) if stand_ins else None
        more = _beyond_rules(test, rest, known, stand_ins) if isinstance(rest, WebhookTestSpec) else []
        return found + beside(found, more)
    return _beyond_rules(test, spec, known, stand_ins)


def _beyond_rules(test: Object, spec: WebhookTestSpec, known: Objects, stand_ins: bool) -> list[Finding]:
    found: list[Finding] = []
    webhook = known.get((WEBHOOK, f"{test.namespace}/{spec.webhook_ref.name}"))
    if webhook is None:
        sentence = absent(WEBHOOK, spec.webhook_ref.name, test.namespace, stand_ins)
        found.append(_unresolved(test, "spec.webhookRef.name", sentence, "WebhookNotFound", warns=stand_ins))
    if spec.event_from is not None:
        found += _event_from(test, spec, known, stand_ins)
    elif problem := _no_event(spec, webhook):
        found.append(Finding(WEBHOOK_TEST, test.key, "spec.trigger", problem))
    elif spec.event is not None and not isinstance(spec.event.get("event_type", ""), str):
        problem = "must be a string such as AccessRequestCreated, or be left out"
        found.append(Finding(WEBHOOK_TEST, test.key, "spec.event.event_type", problem))
    return found


def _event_from(test: Object, spec: WebhookTestSpec, known: Objects, stand_ins: bool) -> list[Finding]:
    assert spec.event_from is not None
    ref = spec.event_from.config_map_key_ref
    source = known.get((CONFIG_MAP, f"{test.namespace}/{ref.name}"))
    where = "spec.eventFrom.configMapKeyRef"
    if source is None:
        sentence = absent(CONFIG_MAP, ref.name, test.namespace, stand_ins)
        return [_unresolved(test, where, sentence, "ConfigMapNotFound", warns=stand_ins)]
    try:
        _check_event(text_of(source, ref.key), f"key {ref.key} of ConfigMap {ref.name}")
    except UnfitError as error:
        return [_unresolved(test, where, str(error), error.reason, warns=False)]
    return []


def _unresolved(test: Object, where: str, sentence: str, reason: str, *, warns: bool) -> Finding:
    severity: Severity = "warning" if warns else "error"
    return Finding(WEBHOOK_TEST, test.key, where, sentence, severity, "ResolvedRefs", reason=reason)


def _no_event(spec: WebhookTestSpec, webhook: Object | None) -> str | None:
    """Why there would be no event to test with, if so."""
    if spec.trigger is not None:
        if spec.trigger in SAMPLE_TRIGGERS or spec.event is not None:
            return None
        return f"there is no sample event of {spec.trigger}: give the whole event in spec.event"
    triggers = webhook.spec.get("triggers") if webhook and isinstance(webhook.spec, Mapping) else None
    if not isinstance(triggers, list) or any(trigger in SAMPLE_TRIGGERS for trigger in triggers):
        return None
    return "none of the webhook's triggers has a sample event: name a concrete trigger and give spec.event"


def _check_event(text: str, what: str) -> None:
    """UnfitError unless the text is one event."""
    try:
        event, _ = read_json(text.encode())
    except ValueError as problem:
        raise UnfitError(f"{what} {problem}", "InvalidEvent") from None
    if not isinstance(event, dict) or not isinstance(event.get("event_type"), str):
        raise UnfitError(f"{what} is not an event: it must be a JSON object with event_type", "InvalidEvent")
