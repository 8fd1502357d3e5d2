"""The event that a WebhookTest runs with (SPEC 6).

Must not: run anything.
"""

from __future__ import annotations

from typing import Any

from hookwright.api.config import RouteConfig
from hookwright.api.v1alpha1.webhooktest import WebhookTestSpec
from hookwright.core.decode import normalise_trigger
from hookwright.core.event import Event
from hookwright.core.event_json import read_json
from hookwright.core.jsontext import check_text_depth, dump_json
from hookwright.core.samples import SAMPLE_TRIGGERS, merge, sample
from hookwright.limits import EVENT_BYTES


def event_of_test(spec: WebhookTestSpec, webhook: RouteConfig, event_from: str | None) -> Event:
    """The event of a test. ValueError with one sentence when there is none to be had."""
    if event_from is not None:
        return _event(_parse(event_from))
    trigger = spec.trigger or next((each for each in webhook.triggers if each in SAMPLE_TRIGGERS), None)
    if trigger is None:
        raise ValueError(
            "None of the webhook's triggers has a sample event; name a concrete trigger in spec.trigger and give "
            "the whole event in spec.event."
        )
    if trigger in SAMPLE_TRIGGERS:
        base = sample(trigger)
        return _event(base if spec.event is None else merge(base, spec.event))
    if spec.event is None:
        raise ValueError(f"There is no sample event of {trigger}; give the whole event in spec.event.")
    return _event({"event_type": trigger, **spec.event})


def _parse(text: str) -> Any:
    try:
        return read_json(text.encode())[0]
    except ValueError as problem:
        raise ValueError(f"spec.eventFrom: the text {problem}.") from None


def _event(document: Any) -> Event:
    if not isinstance(document, dict) or not isinstance(document.get("event_type"), str):
        raise ValueError("The event must be a JSON object with an event_type.")
    event_type = document["event_type"]
    try:
        raw = dump_json(document)
        check_text_depth(raw)
    except ValueError as problem:
        raise ValueError(f"The event {problem}.") from None
    if len(raw) > EVENT_BYTES:
        raise ValueError(f"The event is larger than {EVENT_BYTES:,} bytes.")
    return Event(event_type, normalise_trigger(event_type), document, raw)
