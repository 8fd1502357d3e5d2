"""Does a webhook's every template compile, and render the sample events of its triggers? Do its filters fit their
budget with them? (SPEC 2, Accepted)

Each piece (body, URL, header) is tried alone, through `Route.build`, so that what passes here is what an
attempt does; equal pieces cost once, as many webhooks share a template. What only a lean sample shows, or the
lack of a field in the full one, is a warning with the line to write. Must not: send, resolve references.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hookwright.api.config import RouteConfig
from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.event import Event, delivery_id
from hookwright.core.filters import FilterProgram
from hookwright.core.objects import Object
from hookwright.core.redaction import Redactor
from hookwright.core.references import Resolved
from hookwright.core.routes import Route
from hookwright.core.samples import SAMPLE_TRIGGERS, event_of, lean_samples, sample_event
from hookwright.core.templates.cures import cures, tag_of
from hookwright.core.templates.explain import shortened
from hookwright.errors import Cause, FieldError, TemplateError

_SAMPLE_DELIVERY: Final = delivery_id(0, "sample")
_URL: Final = "https://sample.invalid"
_URL_FROM: Final = "spec.urlFrom"
_FAULTS_MAX: Final = 6  # shown of one template


@dataclass(frozen=True, slots=True)
class Failure:
    """A template that does not compile or render; `template_line` from 1, 0 if it stands elsewhere.

    `warning`: only events that have less than the full sample, or more, are concerned.
    """

    field: str
    sentence: str
    template_line: int
    cause: Cause
    warning: bool


@dataclass(frozen=True, slots=True)
class _Piece:
    """One template, as the part of a spec that holds it and nothing else."""

    field: str
    source: str
    spec: Callable[[str], dict[str, Any]]
    here: bool = True
    """Whether the text stands at `field` itself, not behind a reference."""


@dataclass(frozen=True, slots=True)
class _Sample:
    """An event to try; without one a template is only compiled."""

    trigger: str
    lean: bool
    event: Event | None


@dataclass(frozen=True, slots=True)
class _Fault:
    """What failed first, and the whole source and the tag that would do."""

    error: TemplateError
    sample: _Sample
    cured: tuple[str, str] | None

    @property
    def warning(self) -> bool:
        """An error shows a mistake with every event."""
        return self.sample.lean or (self.error.lacking and self.cured is not None)

    def sentence(self, secret: bool) -> str:
        """For people; of a `secret` URL no more is shown than the place."""
        cure = "" if self.cured is None or secret else f", so write {self.cured[1]}"
        trigger = self.sample.trigger
        if not trigger:
            return str(self.error)
        if self.sample.lean:
            return f"{self.error}; an event of {trigger} may lack it{cure}"
        if self.warning:
            return f"{self.error}; the sample event of {trigger} lacks it{cure}"
        return f"{self.error} (with the sample event of {trigger})"


_NOTHING: Final = _Sample("", False, None)


class SampleChecks:
    """Checks webhooks, remembering what was tried."""

    def __init__(self) -> None:
        self._tried: dict[tuple[str, str, str, tuple[str, ...]], list[_Fault]] = {}
        self._fitting: set[tuple[FilterProgram, str]] = set()
        self._full = {trigger: _Sample(trigger, False, sample_event(trigger)) for trigger in SAMPLE_TRIGGERS}
        self._lean = {
            trigger: [_Sample(trigger, True, event_of(each)) for each in lean_samples(trigger)]
            for trigger in SAMPLE_TRIGGERS
        }

    def check_filters(self, program: FilterProgram, triggers: Sequence[str]) -> None:
        """FieldError if the filters do not fit their budget for the full sample event of one of the triggers.

        All of them count, as if each passed: another event may have no more than the sample and pass.
        """
        for trigger in triggers:
            key = (program, trigger)
            sample = self._full.get(trigger)
            if sample is None or sample.event is None or key in self._fitting or not program.clauses:
                continue
            try:
                program.share(sample.event.document)
            except FieldError as error:
                raise FieldError(
                    error.field, f"{error.sentence} (with the sample event of {trigger})"
                ) from None
            self._fitting.add(key)

    def failures(self, webhook: Object, spec: WebhookSpec, resolved: Resolved) -> Iterator[Failure]:
        """What fails of each piece, with the first sample event that shows it."""
        triggers = tuple(trigger for trigger in spec.triggers if trigger in self._full)
        for piece in _pieces(spec, resolved):
            # only a template that mentions its webhook can depend on its name
            owner = webhook.key if "webhook" in piece.source else ""
            tried = (piece.field.partition("[")[0], piece.source, owner, triggers)
            if tried not in self._tried:
                self._tried[tried] = list(self._faults(piece, webhook, self._samples(triggers)))
            for fault in self._tried[tried]:
                secret = piece.field == _URL_FROM  # an expression in it is quoted
                sentence = fault.sentence(secret)
                if secret:
                    sentence = Redactor(resolved.secrets).text(sentence)
                line = fault.error.line if piece.here else 0
                yield Failure(piece.field, sentence, line, fault.error.cause, fault.warning)

    def _samples(self, triggers: Sequence[str]) -> list[_Sample]:
        """What is tried, in order: compiling, the full samples, the lean ones."""
        lean = [each for trigger in triggers for each in self._lean[trigger]]
        return [_NOTHING, *(self._full[trigger] for trigger in triggers), *lean]

    def _faults(self, piece: _Piece, webhook: Object, samples: list[_Sample]) -> Iterator[_Fault]:
        """The faults of a piece one after the other: what comes behind one that can be mended shows as well."""
        source = piece.source
        for _ in range(_FAULTS_MAX):
            fault = _first_fault(piece, source, webhook, samples)
            if fault is None:
                return
            yield fault
            if fault.cured is None:
                return
            source = fault.cured[0]


def _first_fault(piece: _Piece, source: str, webhook: Object, samples: list[_Sample]) -> _Fault | None:
    for each in samples:
        error = _error(piece, source, webhook, each)
        if error is not None:
            may_lack = each.lean or error.lacking
            cured = _cured(piece, source, webhook, error, samples) if may_lack else None
            return _Fault(error, each, cured)
    return None


def _cured(
    piece: _Piece, source: str, webhook: Object, error: TemplateError, samples: list[_Sample]
) -> tuple[str, str] | None:
    """The source with another tag where the error is, and that tag, if with it no sample fails there."""
    tag = tag_of(source, error)
    for line in cures(tag) if tag is not None else ():
        mended = source.replace(tag or "", line)
        left = [_error(piece, mended, webhook, each) for each in samples]
        if all(each is None or each.expression not in ("", shortened(line)) for each in left):
            return mended, line
    return None


def _error(piece: _Piece, source: str, webhook: Object, tried: _Sample) -> TemplateError | None:
    """Why a source does not compile, or not render one sample."""
    spec = WebhookSpec(**{"url": _URL, "triggers": ["Manual"], **piece.spec(source)})
    config = RouteConfig(
        namespace=webhook.namespace, name=webhook.name, hash="", triggers=spec.triggers, spec=spec
    )
    route = Route(config)
    try:
        route.warm()
        if tried.event is not None:
            route.build(
                tried.event.raw,
                trigger=tried.trigger,
                delivery_id=_SAMPLE_DELIVERY,
                attempt=1,
                now=0,
                document=tried.event.document,
            )
    except TemplateError as error:
        return error
    return None


def _pieces(spec: WebhookSpec, resolved: Resolved) -> Iterator[_Piece]:
    """The templates of a spec. A URL without an expression has passed the rules, and there are many."""
    if spec.body_template is not None:
        yield _Piece("spec.bodyTemplate", spec.body_template, _body)
    elif spec.body_template_from is not None:
        source = resolved.configs.get(spec.body_template_from.config_map_key_ref.label)
        if source is not None:
            yield _Piece("spec.bodyTemplateFrom", source, _body, here=False)
    url, where = spec.url, "spec.url"
    if spec.url_from is not None:
        url, where = resolved.secrets.get(spec.url_from.secret_key_ref.label), _URL_FROM
    if url is not None and "{{" in url:
        yield _Piece(where, url, lambda source: {"url": source}, here=spec.url is not None)
    for index, header in enumerate(spec.headers or ()):
        if header.value is not None:
            yield _Piece(f"spec.headers[{index}].value", header.value, _header)


def _body(source: str) -> dict[str, Any]:
    return {"body_template": source}


def _header(source: str) -> dict[str, Any]:
    return {"headers": [{"name": "X-Sample", "value": source}]}
