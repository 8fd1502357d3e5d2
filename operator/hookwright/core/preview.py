"""What would become of an event if a webhook's spec said something else: the template workbench's answer.

The changed resource goes the way of every manifest (`core.assemble`, with stand-ins for all Secrets, so that no value
can be shown) and the event that of `core.explain`; the problems are therefore those of `hookwright validate`, and the
request is that of `hookwright render`. Must not: send, judge anything itself, know a Secret's value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, Final

from hookwright.api.admin_workbench import Preview, PreviewProblem, PreviewRequest, PreviewShares
from hookwright.api.config import RouteConfig
from hookwright.core.assemble import assemble
from hookwright.core.cloudevents import STRUCTURED
from hookwright.core.decode import JSON, decode, decode_any, normalise_trigger
from hookwright.core.definition import manifest, resource, spec_as_written
from hookwright.core.event import Event
from hookwright.core.explain import Explained, explain
from hookwright.core.jsontext import dump_json
from hookwright.core.objects import CONFIG_MAP, WEBHOOK, Object
from hookwright.core.references import LABELS, absent
from hookwright.core.samples import SAMPLE_DELIVERY, SAMPLE_TRIGGERS, sample_event
from hookwright.errors import EventError, TemplateError

_NO_KEY: Final = bytes(32)  # of hashes, which nobody reads here
_place: Final = attrgetter("field", "line", "column")


def event_of_preview(wanted: PreviewRequest, config: RouteConfig, *, now_ms: int) -> Event:
    """The event that is meant, without that of a recorded delivery. EventError: there is none to be had."""
    if wanted.event is not None:
        return _given(wanted.event, wanted.trigger, now_ms)
    triggers = config.triggers if wanted.trigger is None else [wanted.trigger]
    found = next((each for each in triggers if each in SAMPLE_TRIGGERS), None)
    if found is None:
        raise EventError(
            f"There is a sample event of {', '.join(SAMPLE_TRIGGERS)} only; give an event for other triggers."
        )
    return sample_event(found)


def _given(document: dict[str, Any], trigger: str | None, now_ms: int) -> Event:
    """An event as `hookwright render --event` takes it."""
    try:
        body = dump_json(document)
    except ValueError as problem:
        raise EventError(f"The event {problem}.") from None
    bare = "event_type" not in document and "specversion" not in document
    if bare and trigger is not None and "." in trigger:
        return decode_any({}, body, trigger, now_ms=now_ms)
    (event,) = decode({"content-type": STRUCTURED if "specversion" in document else JSON}, body)
    return event if trigger is None else event._replace(trigger=normalise_trigger(trigger))


def preview(
    config: RouteConfig, wanted: PreviewRequest, event: Event, *, now: int, clock: Callable[[], float]
) -> Preview:
    """What `event` comes to. `now` is the request's timestamp (epoch seconds), `clock` tells seconds."""
    route, yaml = config, None
    problems: list[PreviewProblem] = []
    if config.spec is not None:
        changed = resource(config, _changed(config, wanted))
        route, problems = _assembled(config, changed)
        yaml = manifest(changed)
    began = clock()
    explained = explain(route, event, delivery_id=SAMPLE_DELIVERY, attempt=1, now=now)
    took = (clock() - began) * 1000
    return Preview(
        webhook=config.key,
        trigger=event.trigger,
        matched=explained.matched,
        reasons=explained.reasons,
        request=explained.request,
        problems=_with_own(problems, explained),
        yaml=yaml,
        took_millis=round(took, 3),
        shares=PreviewShares(filters=explained.filters_share, templates=explained.templates_share),
    )


def _changed(config: RouteConfig, wanted: PreviewRequest) -> dict[str, Any]:
    """The spec with what is to be tried."""
    assert config.spec is not None
    spec = spec_as_written(config.spec)
    given = wanted.model_dump(
        by_alias=True,
        exclude_none=True,
        include={"body_template", "url", "headers", "filters", "triggers"},
    )
    for name, other in (("bodyTemplate", "bodyTemplateFrom"), ("url", "urlFrom")):
        if name in given:
            spec.pop(other, None)
    return spec | given


def _assembled(config: RouteConfig, changed: dict[str, Any]) -> tuple[RouteConfig, list[PreviewProblem]]:
    """The changed webhook, ready to be explained, and what `hookwright validate` says of it."""
    webhook = Object(WEBHOOK, config.namespace, config.name, changed)
    objects = [webhook, *_config_maps(config)]
    assembly = assemble(objects, cluster_events=None, key=_NO_KEY, stand_ins=True)
    problems = [
        PreviewProblem(
            field=each.field,
            severity=each.severity,
            message=each.sentence,
            line=each.template_line,
            column=each.template_column,
            length=each.template_length,
            cure=each.cure or None,
        )
        for each in assembly.findings
        if each.severity == "error" or each.condition != "ResolvedRefs"  # Secrets are not looked at here
    ]
    route = assembly.webhooks[config.key].config
    if route.spec is None:
        return route, problems
    return route.model_copy(update={"held": _template_away(route), "held_cause": None}), problems


def _config_maps(config: RouteConfig) -> Iterator[Object]:
    """The ConfigMaps whose texts the configuration holds."""
    found: dict[str, dict[str, str]] = {}
    for label, text in config.configs.items():
        name, _, key = label.partition("/")
        found.setdefault(name, {})[key] = text
    for name, data in found.items():
        body = {"metadata": {"labels": {LABELS[CONFIG_MAP]: "true"}}, "data": data}
        yield Object(CONFIG_MAP, config.namespace, name, body)


def _template_away(route: RouteConfig) -> str | None:
    """Why there is no template, where its ConfigMap has none."""
    assert route.spec is not None
    if route.spec.body_template_from is None:
        return None
    ref = route.spec.body_template_from.config_map_key_ref
    if ref.label in route.configs:
        return None
    return absent(CONFIG_MAP, ref.name, route.namespace, stand_ins=False)


def _with_own(problems: list[PreviewProblem], explained: Explained) -> list[PreviewProblem]:
    """With what is wrong with this very event, if no sample event showed it as an error."""
    if explained.error is None:
        return problems
    own = _own(explained)
    errors = [each for each in problems if each.severity == "error"]
    if (explained.fault is None and errors) or any(_place(each) == _place(own) for each in errors):
        return problems
    return [own, *(each for each in problems if _place(each) != _place(own))]


def _own(explained: Explained) -> PreviewProblem:
    fault: TemplateError = explained.fault or TemplateError("")
    return PreviewProblem(
        field=f"spec.{fault.field}" if fault.field else "spec",
        severity="error",
        message=explained.error or "",
        line=fault.line,
        column=fault.column,
        length=fault.length,
    )
