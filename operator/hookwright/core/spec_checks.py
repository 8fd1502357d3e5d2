"""What is wrong with a Webhook's spec beyond its rules: references, response validators, templates, filters.

Of a spec that breaks a rule the rest is looked at all the same where somebody corrects files, so that one run tells
every mistake. Must not: decide what a mistake means for the webhook, put a secret's value into a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hookwright.api.v1alpha1.manifest import readable
from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.filters import compile_filters
from hookwright.core.findings import Finding, Severity, beside
from hookwright.core.objects import WEBHOOK, Object
from hookwright.core.references import HOST_NOT_ALLOWED, Objects, Resolved, resolve
from hookwright.core.sample_checks import Checked, SampleChecks
from hookwright.core.samples import SAMPLE_TRIGGERS
from hookwright.core.validators import compile_validators
from hookwright.errors import FieldError

_HOSTS = ("spec.url", "spec.auth")  # of these it depends where a Secret may go


def of_field(webhook: Object, error: FieldError) -> Finding:
    """A part of the spec that cannot be compiled."""
    return Finding(WEBHOOK, webhook.key, f"spec.{error.field}", error.sentence)


def of_references(webhook: Object, resolved: Resolved, *, stand_ins: bool) -> Iterator[Finding]:
    """References that give no value. `stand_ins`: an object that is absent is a warning."""
    for each in resolved.unresolved:
        severity: Severity = "warning" if each.absent and stand_ins else "error"
        yield Finding(
            WEBHOOK, webhook.key, each.field, each.sentence, severity, "ResolvedRefs", reason=each.reason
        )


def of_compiled(webhook: Object, spec: WebhookSpec, checked: Checked) -> Iterator[Finding]:
    """What only shows when a spec is compiled, and rendered with the sample events."""
    try:
        compile_validators(spec.response_validators)
    except FieldError as error:
        yield of_field(webhook, error)
    for failure in checked.failures:
        yield Finding(
            WEBHOOK,
            webhook.key,
            failure.field,
            failure.sentence,
            "warning" if failure.warning else "error",
            template_line=failure.template_line,
            template_column=failure.template_column,
            template_length=failure.template_length,
            cure=failure.cure,
            reason="InvalidTemplate",
            cause=failure.cause,
        )


def other_mistakes(
    webhook: Object, known: Objects, samples: SampleChecks, found: Iterable[Finding]
) -> list[Finding]:
    """What else is wrong with a spec that breaks rules, which `found` tells; an absent object is a warning."""
    broken = list(found)
    spec = readable(WEBHOOK, webhook.body)
    if not isinstance(spec, WebhookSpec):
        return []
    resolved = resolve(spec, webhook.namespace, known, stand_ins=True)
    more = [*of_references(webhook, resolved, stand_ins=True)]
    if any(each.field.startswith(_HOSTS) for each in broken):
        more = [each for each in more if each.reason != HOST_NOT_ALLOWED]
    spec = _without(webhook, spec, [each.field for each in broken])
    try:
        compile_filters(spec.filters)
    except FieldError as error:
        more.append(of_field(webhook, error))
    more += of_compiled(webhook, spec, samples.check(webhook, spec, resolved))
    return beside(broken, more)


def _without(webhook: Object, spec: WebhookSpec, wrong: Sequence[str]) -> WebhookSpec:
    """The spec without what is compiled and breaks a rule (`wrong`: the fields that do).

    Where all its triggers do, with one that has a sample event, else no template were tried, unless CloudEvents seem
    to be meant.
    """
    fields = {"filters": "spec.filters", "response_validators": "spec.responseValidators", "url": "spec.url"}
    out: dict[str, object] = {
        name: None for name, path in fields.items() if any(each.startswith(path) for each in wrong)
    }
    if any(each.startswith("spec.triggers") for each in wrong) and _all_unknown(webhook, spec):
        out["triggers"] = [SAMPLE_TRIGGERS[0]]
    return spec.model_copy(update=out)


def _all_unknown(webhook: Object, spec: WebhookSpec) -> bool:
    """Whether no trigger has a sample event, and none looks like a CloudEvents type."""
    return "." not in str(webhook.spec.get("triggers")) and set(SAMPLE_TRIGGERS).isdisjoint(spec.triggers)
