"""Does a webhook's every template compile, and render the sample events of its triggers? (SPEC 2, Accepted)

Each piece (body, URL, header) is tried alone, through `Route.build`, so that what passes here is what an
attempt does; equal pieces cost once, as many webhooks share a template. Must not: send, resolve references.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from hookwright.api.config import RouteConfig
from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.event import delivery_id
from hookwright.core.objects import Object
from hookwright.core.redaction import Redactor
from hookwright.core.references import Resolved
from hookwright.core.routes import Route
from hookwright.core.samples import SAMPLE_TRIGGERS, sample_event
from hookwright.errors import Cause, TemplateError

_SAMPLE_DELIVERY: Final = delivery_id(0, "sample")
_URL: Final = "https://sample.invalid"
_URL_FROM: Final = "spec.urlFrom"


@dataclass(frozen=True, slots=True)
class Failure:
    """A template that does not compile or render; `template_line` from 1, 0 if it stands elsewhere."""

    field: str
    sentence: str
    template_line: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class _Piece:
    """One template, as the part of a spec that holds it and nothing else."""

    field: str
    source: str
    spec: dict[str, Any]
    here: bool = True
    """Whether the text stands at `field` itself, not behind a reference."""


class SampleChecks:
    """Checks webhooks, remembering what was tried."""

    def __init__(self) -> None:
        self._tried: dict[tuple[str, str, str, tuple[str, ...]], tuple[TemplateError, str] | None] = {}
        self._events = {trigger: sample_event(trigger) for trigger in SAMPLE_TRIGGERS}

    def failures(self, webhook: Object, spec: WebhookSpec, resolved: Resolved) -> Iterator[Failure]:
        """One failure for each piece that fails, with the first sample event that shows it."""
        triggers = tuple(trigger for trigger in spec.triggers if trigger in self._events)
        for piece in _pieces(spec, resolved):
            # only a template that mentions its webhook can depend on its name
            owner = webhook.key if "webhook" in piece.source else ""
            tried = (piece.field.partition("[")[0], piece.source, owner, triggers)
            if tried not in self._tried:
                self._tried[tried] = self._try(piece, webhook, triggers)
            failed = self._tried[tried]
            if failed is not None:
                error, trigger = failed
                note = f" (with the sample event of {trigger})" if trigger else ""
                sentence = f"{error}{note}"
                if piece.field == _URL_FROM:  # an expression in it is quoted
                    sentence = Redactor(resolved.secrets).text(sentence)
                yield Failure(piece.field, sentence, error.line if piece.here else 0, error.cause)

    def _try(
        self, piece: _Piece, webhook: Object, triggers: tuple[str, ...]
    ) -> tuple[TemplateError, str] | None:
        """Compile the piece and render the samples; the first error and its trigger ("": compiling)."""
        spec = WebhookSpec(**{"url": _URL, "triggers": ["Manual"], **piece.spec})
        route = Route(
            RouteConfig(
                namespace=webhook.namespace, name=webhook.name, hash="", triggers=spec.triggers, spec=spec
            )
        )
        trigger = ""
        try:
            route.warm()
            for trigger in triggers:
                event = self._events[trigger]
                route.build(
                    event.raw,
                    trigger=trigger,
                    delivery_id=_SAMPLE_DELIVERY,
                    attempt=1,
                    now=0,
                    document=event.document,
                )
        except TemplateError as error:
            return error, trigger
        return None


def _pieces(spec: WebhookSpec, resolved: Resolved) -> Iterator[_Piece]:
    """The templates of a spec. A URL without an expression has passed the rules, and there are many."""
    if spec.body_template is not None:
        yield _Piece("spec.bodyTemplate", spec.body_template, {"body_template": spec.body_template})
    elif spec.body_template_from is not None:
        source = resolved.configs.get(spec.body_template_from.config_map_key_ref.label)
        if source is not None:
            yield _Piece("spec.bodyTemplateFrom", source, {"body_template": source}, here=False)
    url, where = spec.url, "spec.url"
    if spec.url_from is not None:
        url, where = resolved.secrets.get(spec.url_from.secret_key_ref.label), _URL_FROM
    if url is not None and "{{" in url:
        yield _Piece(where, url, {"url": url}, here=spec.url is not None)
    for index, header in enumerate(spec.headers or ()):
        if header.value is not None:
            alone = {"headers": [{"name": "X-Sample", "value": header.value}]}
            yield _Piece(f"spec.headers[{index}].value", header.value, alone)
