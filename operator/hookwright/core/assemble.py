"""Objects → the dispatch configuration, and what is wrong with each object (DESIGN 1).

The one way from manifests to something that runs: the controller, `dev`, `validate`, `render` and `test` all
come here. A webhook with a mistake apart from its triggers and filters is held, one whose triggers or filters
cannot be read matches nothing; both stay listed, and no webhook ever stops another one.
Must not: read files, clock or randomness, print, put a secret's value into a finding.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, overload

from pydantic import ValidationError

from hookwright.api.config import DispatchConfig, RouteConfig
from hookwright.api.v1alpha1.manifest import Webhook, WebhookTest, problems
from hookwright.api.v1alpha1.webhook import Filters, WebhookSpec
from hookwright.api.v1alpha1.webhooktest import WebhookTestSpec
from hookwright.core.event_json import read_json
from hookwright.core.filters import compile_filters
from hookwright.core.objects import CONFIG_MAP, WEBHOOK, WEBHOOK_TEST, Object
from hookwright.core.references import Objects, Resolved, UnfitError, absent, references, resolve, text_of
from hookwright.core.sample_checks import SampleChecks
from hookwright.core.samples import SAMPLE_TRIGGERS
from hookwright.core.validators import compile_validators
from hookwright.errors import Cause, FieldError
from hookwright.limits import REQUESTED_AT_CHARACTERS

REQUESTED_AT = "hookwright.io/requestedAt"

Severity = Literal["error", "warning"]
Condition = Literal["Accepted", "ResolvedRefs"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with an object.

    `field` is its path (`spec.url`), `condition` the condition that it makes False and `reason` that
    condition's reason, `template_line` the line inside the template that stands at `field` (from 1, 0: none),
    `cause` the tip that goes with it, if there is one of its own.
    """

    kind: str
    key: str
    field: str
    sentence: str
    severity: Severity = "error"
    condition: Condition = "Accepted"
    template_line: int = 0
    reason: str = "InvalidSpec"
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Assembled:
    """One webhook's part, with what it was made from, so that an unchanged one is not made again."""

    body: Mapping[str, Any]
    used: Mapping[tuple[str, str], Mapping[str, Any] | None]
    config: RouteConfig
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Assembly:
    """The configuration, the findings in the order of the objects, and the parts by webhook."""

    config: DispatchConfig
    findings: list[Finding]
    webhooks: dict[str, Assembled] = field(default_factory=dict)

    def route(self, key: str) -> RouteConfig | None:
        """The configuration of one webhook (`namespace/name`)."""
        part = self.webhooks.get(key)
        return part.config if part else None


def requested_at(owner: Object) -> str | None:
    """The request in the annotation; None: there is none.

    Of one that is too long its beginning and its hash: a status can echo it, and no two requests are taken for one.
    """
    value = owner.annotations.get(REQUESTED_AT)
    if not isinstance(value, str) or len(value) <= REQUESTED_AT_CHARACTERS:
        return value if isinstance(value, str) else None
    digest = hashlib.sha256(value.encode(errors="replace")).hexdigest()
    return f"{value[: REQUESTED_AT_CHARACTERS - len(digest) - 1]}…{digest}"


def assemble(
    objects: Sequence[Object],
    *,
    cluster_events: Sequence[str] | None,
    key: bytes,
    stand_ins: bool = False,
    previous: Assembly | None = None,
) -> Assembly:
    """Assemble `objects` (each kind and name once) into what a dispatcher runs.

    `cluster_events`: namespaces that /v1/events reaches, None: all. `key`: of the HMACs that are the hashes.
    `stand_ins`: an object that is referred to and absent is a warning, and ‹secret name/key› stands in for
    its value (`validate`, `render`: nothing is sent).
    `previous`: an earlier result under the same key and switches, whose unchanged webhooks are taken over.
    The same objects give the same bytes.
    """
    known = {(each.kind, each.key): each for each in objects}
    maker = _Maker(known, key, stand_ins)
    before = previous.webhooks if previous else {}
    webhooks: dict[str, Assembled] = {}
    findings: list[Finding] = []
    for each in objects:
        if each.kind == WEBHOOK:
            part = before.get(each.key)
            if part is None or not _unchanged(part, each, known):
                part = maker.webhook(each)
            webhooks[each.key] = part
            findings += part.findings
        elif each.kind == WEBHOOK_TEST:
            findings += maker.test(each)
    config = _whole([webhooks[name].config for name in sorted(webhooks)], cluster_events, key)
    return Assembly(config, findings, webhooks)


def _unchanged(part: Assembled, webhook: Object, known: Objects) -> bool:
    return part.body == webhook.body and all(
        _body(known.get(name)) == body for name, body in part.used.items()
    )


def _whole(routes: list[RouteConfig], cluster_events: Sequence[str] | None, key: bytes) -> DispatchConfig:
    namespaces = None if cluster_events is None else sorted(cluster_events)
    config = DispatchConfig(hash="", cluster_events=namespaces, webhooks=routes)
    parts = [
        f"{config.version} {namespaces}",
        *(f"{route.key} {route.hash} {route.requested_at}" for route in routes),
    ]
    return config.model_copy(update={"hash": hmac.digest(key, "\n".join(parts).encode(), "sha256").hex()})


class _Maker:
    """Makes the part of one webhook after the other."""

    def __init__(self, known: Objects, key: bytes, stand_ins: bool) -> None:
        self._known = known
        self._key = key
        self._stand_ins = stand_ins
        self._samples = SampleChecks()

    def webhook(self, webhook: Object) -> Assembled:
        """The configuration of a webhook and what is wrong with it."""
        found: list[Finding] = []
        spec = _read(Webhook, webhook, found)
        triggers, filters = self._matching(webhook, found)
        resolved = Resolved()
        if spec is not None:
            resolved = self._resolve(webhook, spec, found)
            self._check_spec(webhook, spec, resolved, found)
        wrong = next((each for each in found if each.severity == "error"), None)
        config = RouteConfig(
            namespace=webhook.namespace,
            name=webhook.name,
            hash="",
            active=_active(webhook),
            triggers=triggers,
            filters=filters,
            held=None if wrong is None else f"{wrong.field}: {wrong.sentence}",
            held_cause=None if wrong is None else wrong.cause,
            spec=spec,
            secrets=dict(sorted(resolved.secrets.items())),
            configs=dict(sorted(resolved.configs.items())),
            requested_at=requested_at(webhook),
        )
        return Assembled(webhook.body, self._used(webhook, spec), self._hashed(config), tuple(found))

    def _matching(self, webhook: Object, found: list[Finding]) -> tuple[list[str], Filters | None]:
        """Triggers and filters, read even when the rest of the spec is wrong; none of them if they cannot be."""
        if any(_concerns_matching(finding.field) for finding in found):
            return [], None
        given = webhook.spec.get("filters")
        filters = None if given is None else Filters.model_validate(given, by_alias=True, by_name=False)
        triggers = list(webhook.spec["triggers"])
        try:
            self._samples.check_filters(compile_filters(filters), triggers)
        except FieldError as error:
            found.append(_of_field(webhook, error))
            return [], None
        return triggers, filters

    def _used(
        self, webhook: Object, spec: WebhookSpec | None
    ) -> dict[tuple[str, str], Mapping[str, Any] | None]:
        wanted = references(spec) if spec is not None else ()
        names = {(each.kind, f"{webhook.namespace}/{each.name}") for each in wanted}
        return {name: _body(self._known.get(name)) for name in names}

    def _hashed(self, config: RouteConfig) -> RouteConfig:
        text = config.model_dump_json(by_alias=True, exclude_none=True, exclude={"hash", "requested_at"})
        return config.model_copy(update={"hash": hmac.digest(self._key, text.encode(), "sha256").hex()})

    def _resolve(self, webhook: Object, spec: WebhookSpec, found: list[Finding]) -> Resolved:
        resolved = resolve(spec, webhook.namespace, self._known, stand_ins=self._stand_ins)
        for each in resolved.unresolved:
            severity = self._severity(each.absent)
            found.append(
                Finding(
                    WEBHOOK,
                    webhook.key,
                    each.field,
                    each.sentence,
                    severity,
                    "ResolvedRefs",
                    reason=each.reason,
                )
            )
        return resolved

    def _severity(self, absent: bool) -> Severity:
        return "warning" if absent and self._stand_ins else "error"

    def _check_spec(
        self, webhook: Object, spec: WebhookSpec, resolved: Resolved, found: list[Finding]
    ) -> None:
        """What only shows when a valid spec is compiled, and rendered with the sample events."""
        try:
            compile_validators(spec.response_validators)
        except FieldError as error:
            found.append(_of_field(webhook, error))
        for failure in self._samples.failures(webhook, spec, resolved):
            found.append(
                Finding(
                    WEBHOOK,
                    webhook.key,
                    failure.field,
                    failure.sentence,
                    "warning" if failure.warning else "error",
                    template_line=failure.template_line,
                    reason="InvalidTemplate",
                    cause=failure.cause,
                )
            )

    def test(self, test: Object) -> list[Finding]:
        """What is wrong with a WebhookTest."""
        found: list[Finding] = []
        spec = _read(WebhookTest, test, found)
        if spec is None:
            return found
        webhook = self._known.get((WEBHOOK, f"{test.namespace}/{spec.webhook_ref.name}"))
        if webhook is None:
            sentence = absent(WEBHOOK, spec.webhook_ref.name, test.namespace, self._stand_ins)
            found.append(
                self._unresolved(test, "spec.webhookRef.name", sentence, "WebhookNotFound", absent=True)
            )
        if spec.event_from is not None:
            found += self._event_from(test, spec)
        elif problem := _no_event(spec, webhook):
            found.append(Finding(WEBHOOK_TEST, test.key, "spec.trigger", problem))
        elif spec.event is not None and not isinstance(spec.event.get("event_type", ""), str):
            problem = "must be a string such as AccessRequestCreated, or be left out"
            found.append(Finding(WEBHOOK_TEST, test.key, "spec.event.event_type", problem))
        return found

    def _event_from(self, test: Object, spec: WebhookTestSpec) -> list[Finding]:
        assert spec.event_from is not None
        ref = spec.event_from.config_map_key_ref
        source = self._known.get((CONFIG_MAP, f"{test.namespace}/{ref.name}"))
        where = "spec.eventFrom.configMapKeyRef"
        if source is None:
            sentence = absent(CONFIG_MAP, ref.name, test.namespace, self._stand_ins)
            return [self._unresolved(test, where, sentence, "ConfigMapNotFound", absent=True)]
        try:
            _check_event(text_of(source, ref.key), f"key {ref.key} of ConfigMap {ref.name}")
        except UnfitError as error:
            return [self._unresolved(test, where, str(error), error.reason, absent=False)]
        return []

    def _unresolved(self, test: Object, where: str, sentence: str, reason: str, *, absent: bool) -> Finding:
        severity = self._severity(absent)
        return Finding(WEBHOOK_TEST, test.key, where, sentence, severity, "ResolvedRefs", reason=reason)


def _body(found: Object | None) -> Mapping[str, Any] | None:
    return found.body if found is not None else None


@overload
def _read(model: type[Webhook], owner: Object, found: list[Finding]) -> WebhookSpec | None: ...
@overload
def _read(model: type[WebhookTest], owner: Object, found: list[Finding]) -> WebhookTestSpec | None: ...
def _read(
    model: type[Webhook] | type[WebhookTest], owner: Object, found: list[Finding]
) -> WebhookSpec | WebhookTestSpec | None:
    """The spec, None if a rule is broken; then `found` gets every mistake."""
    try:
        return model.model_validate(owner.body, by_alias=True, by_name=False).spec
    except ValidationError:
        wrong = problems(owner.kind, owner.body)
        found += [Finding(owner.kind, owner.key, each.field, each.sentence) for each in wrong]
        return None


def _of_field(webhook: Object, error: FieldError) -> Finding:
    return Finding(WEBHOOK, webhook.key, f"spec.{error.field}", error.sentence)


def _concerns_matching(path: str) -> bool:
    return path in ("", "spec") or path.startswith(("spec.triggers", "spec.filters"))


def _active(webhook: Object) -> bool:
    """Whether it accepts events: a mistake elsewhere in the spec must not turn an inactive webhook on."""
    return not (isinstance(webhook.spec, Mapping) and webhook.spec.get("active") is False)


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
