"""Does a webhook's every template compile, and render the sample events of its triggers? Do its filters fit their
budget with them? (SPEC 2, Accepted)

Each piece (body, URL, header) is tried alone (`core.trials`); equal pieces cost once, as many webhooks share a
template. What only a lean sample shows, or the lack of a field in the full one, is a warning with the line to
write. One webhook may cost so much and no more, and its pieces together no more than one delivery may.
Must not: send, resolve references.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hookwright import limits
from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.filters import FilterProgram
from hookwright.core.objects import Object
from hookwright.core.redaction import Redactor
from hookwright.core.references import Resolved
from hookwright.core.samples import SAMPLE_TRIGGERS, event_of, lean_samples, sample_event
from hookwright.core.templates import Budget
from hookwright.core.trials import Fault, Piece, Purse, Sample, Trial, Tried
from hookwright.errors import Cause, FieldError

_URL_FROM = "spec.urlFrom"


@dataclass(frozen=True, slots=True)
class Failure:
    """A template that does not compile or render; line, column and length as in `core.findings`.

    `warning`: only events that have less than the full sample, or more, are concerned. `cure`: the tag to write instead.
    """

    field: str
    sentence: str
    template_line: int
    cause: Cause
    warning: bool
    template_column: int = 0
    template_length: int = 0
    cure: str = ""


@dataclass(slots=True)
class Checked:
    """What a webhook's templates are like: `share`, 0 to 1, is the most that a sample took of a delivery's budget."""

    failures: list[Failure] = field(default_factory=list)
    share: float = 0.0


class SampleChecks:
    """Checks webhooks, remembering what was tried."""

    def __init__(self) -> None:
        self.tried = 0
        """How often a template was compiled or rendered, or filters tried, so far."""
        self._tried: dict[tuple[Any, ...], Tried] = {}
        self._fitting: dict[tuple[FilterProgram, str], float] = {}
        self._full = {trigger: Sample(trigger, False, sample_event(trigger)) for trigger in SAMPLE_TRIGGERS}
        self._lean = {
            trigger: [Sample(trigger, True, event_of(each)) for each in lean_samples(trigger)]
            for trigger in SAMPLE_TRIGGERS
        }

    def check_filters(self, program: FilterProgram, triggers: Sequence[str]) -> float:
        """What filters take of their budget, 0 to 1, at most for the full sample event of one of the triggers.

        All of them count, as if each passed: another event may have no more than the sample and pass. FieldError: they
        do not fit.
        """
        share = 0.0
        for trigger in triggers if program.clauses else ():
            sample = self._full.get(trigger)
            if sample is None:
                continue
            key = (program, trigger)
            if key not in self._fitting:
                self.tried += 1
                self._fitting[key] = _fitting(program, sample)
            share = max(share, self._fitting[key])
        return share

    def check(self, webhook: Object, spec: WebhookSpec, resolved: Resolved) -> Checked:
        """What fails of each piece, with the first sample event that shows it, and of all of them together."""
        samples = self._samples([trigger for trigger in spec.triggers if trigger in self._full])
        purse = Purse()
        tried: list[tuple[str, Tried]] = []
        checked = Checked()
        for piece in _pieces(spec, resolved):
            each = self._try(piece, webhook, samples, purse)
            tried.append((piece.field, each))
            purse = Purse(purse.checks - each.took.checks, max(0, purse.cures - each.took.cures))
            checked.failures += (_failure(piece, fault, resolved) for fault in each.faults)
            if each.ended:
                checked.failures.append(_too_dear(tried))
                break
        for number, sample in enumerate(samples):
            renders = [(where, each.renders[number]) for where, each in tried if number < len(each.renders)]
            total = _total(each for _, each in renders)
            checked.share = max(checked.share, total.share)
            if min(total.steps, total.bytes) < 0 and all(each.warning for each in checked.failures):
                checked.failures.append(_too_much(renders, sample, total))
        return checked

    def _samples(self, triggers: Sequence[str]) -> list[Sample]:
        """What is tried, in order: the full samples, the lean ones."""
        lean = [each for trigger in triggers for each in self._lean[trigger]]
        return [*(self._full[trigger] for trigger in triggers), *lean]

    def _try(self, piece: Piece, webhook: Object, samples: list[Sample], purse: Purse) -> Tried:
        """What was found of it before, unless it then took more than there is now."""
        # only a template that mentions its webhook can depend on its name
        owner = webhook.key if "webhook" in piece.source else ""
        triggers = tuple(sample.trigger for sample in samples if not sample.lean)
        key: tuple[Any, ...] = (piece.field.partition("[")[0], piece.source, owner, triggers)
        known = self._tried.get(key)
        if known is None or known.took.checks > purse.checks or known.took.cures > purse.cures:
            known = self._tried.get((*key, purse))
        if known is None:
            known = Trial(piece, webhook, samples).run(purse)
            self.tried += 1 + len(samples)
            self._tried[(*key, purse) if known.short else key] = known
        return known


def _fitting(program: FilterProgram, sample: Sample) -> float:
    try:
        return program.share(sample.event.document)
    except FieldError as error:
        sentence = f"{error.sentence} (with the sample event of {sample.trigger})"
        raise FieldError(error.field, sentence) from None


def _failure(piece: Piece, fault: Fault, resolved: Resolved) -> Failure:
    secret = piece.field == _URL_FROM  # an expression in it is quoted
    sentence = fault.sentence(secret)
    if secret:
        sentence = Redactor(resolved.secrets).text(sentence)
    if not piece.here:
        return Failure(piece.field, sentence, 0, fault.error.cause, fault.warning)
    return Failure(
        piece.field,
        sentence,
        fault.error.line,
        fault.error.cause,
        fault.warning,
        fault.error.column,
        fault.error.length,
        "" if fault.cured is None else fault.cured[1],
    )


def _too_dear(tried: list[tuple[str, Tried]]) -> Failure:
    """More work than is done to try one webhook."""
    where, dearest = max(tried, key=lambda each: each[1].took.checks)
    sentence = (
        f"trying this webhook's templates with the sample events takes more than the {limits.CHECK_STEPS:,} steps that "
        f"one webhook may take, {dearest.took.checks:,} of them for this one; loop over fewer items, do less in each "
        "round, or write shorter templates"
    )
    return Failure(where, sentence, 0, Cause.BUDGET, warning=False)


def _too_much(renders: list[tuple[str, Budget]], sample: Sample, total: Budget) -> Failure:
    """Each template is within the budget, and all together are not."""
    where, _ = max(renders, key=lambda each: each[1].share)
    took = limits.RENDER_STEPS - total.steps
    sentence = (
        f"URL, headers and body of one delivery may take {limits.RENDER_STEPS:,} steps and "
        f"{limits.RENDERED_BYTES // limits.KIB} KiB together, and take {took:,} steps and "
        f"{(limits.RENDERED_BYTES - total.bytes) // limits.KIB} KiB with the sample event of {sample.trigger}, this "
        "template the most; loop over fewer items, or do less in each round"
    )
    return Failure(where, sentence, 0, Cause.BUDGET, warning=False)


def _total(budgets: Iterator[Budget]) -> Budget:
    total = Budget()
    for each in budgets:
        total.steps -= limits.RENDER_STEPS - each.steps
        total.bytes -= limits.RENDERED_BYTES - each.bytes
    return total


def _pieces(spec: WebhookSpec, resolved: Resolved) -> Iterator[Piece]:
    """The templates of a spec. A URL without an expression has passed the rules, and there are many."""
    if spec.body_template is not None:
        yield Piece("spec.bodyTemplate", spec.body_template, _body)
    elif spec.body_template_from is not None:
        source = resolved.configs.get(spec.body_template_from.config_map_key_ref.label)
        if source is not None:
            yield Piece("spec.bodyTemplateFrom", source, _body, here=False)
    url, where = spec.url, "spec.url"
    if spec.url_from is not None:
        url, where = resolved.secrets.get(spec.url_from.secret_key_ref.label), _URL_FROM
    if url is not None and "{{" in url:
        yield Piece(where, url, lambda source: {"url": source}, here=spec.url is not None)
    for index, header in enumerate(spec.headers or ()):
        if header.value is not None:
            yield Piece(f"spec.headers[{index}].value", header.value, _header)


def _body(source: str) -> dict[str, Any]:
    return {"body_template": source}


def _header(source: str) -> dict[str, Any]:
    return {"headers": [{"name": "X-Sample", "value": source}]}
