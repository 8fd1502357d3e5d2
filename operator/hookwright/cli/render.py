"""`hookwright render`: the request that one event would cause at one webhook, and why it matches or not.

Nothing is sent and no secret is shown. Must not: decide anything; `core.explain` does.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from hookwright.api.admin import RequestRecord
from hookwright.cli.events import read_event
from hookwright.cli.exits import FOUND_WRONG, Ended
from hookwright.cli.manifests import Loaded, Manifest, load
from hookwright.cli.output import Format, format_option, print_error, print_one
from hookwright.cli.sample import sample_trigger
from hookwright.cli.validate import NO_KEY
from hookwright.core.assemble import Assembly, assemble
from hookwright.core.decode import decode, decode_any, normalise_trigger
from hookwright.core.event import Event
from hookwright.core.explain import Explained, explain
from hookwright.core.objects import CONFIG_MAP, SECRET, WEBHOOK, full_name
from hookwright.core.redaction import printable
from hookwright.core.samples import SAMPLE_DELIVERY, SAMPLE_TRIGGERS, sample_event
from hookwright.errors import Cause, EventError, UsageError

_TEMPLATE_FROM = "spec.bodyTemplateFrom.configMapKeyRef"


@click.command("render")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--webhook", metavar="[NS/]NAME", help="Which one, where PATHS hold several.")
@click.option(
    "--trigger", metavar="T", help="Sample event to use; default: the webhook's first that has one."
)
@click.option("-f", "--event", metavar="FILE|-", help="The event, JSON; - is standard input.")
@format_option
@click.pass_context
def command(
    ctx: click.Context,
    paths: Sequence[Path],
    webhook: str | None,
    trigger: str | None,
    event: str | None,
    output: Format,
) -> None:
    """Show the request that would go out, and why the event matches or not. Sends nothing.

    Secrets need not be among PATHS; credentials show as ‹secret name/key› in any case.
    """
    loaded = load(paths)
    chosen = _choose(loaded, webhook)
    assembly = assemble(_needed(loaded, chosen), cluster_events=None, key=NO_KEY, stand_ins=True)
    _refuse_broken(assembly, chosen, given=event is not None)
    route = assembly.webhooks[chosen.key].config.model_copy(update={"held": None, "held_cause": None})
    document = _read_event(event, trigger) if event else _sample(trigger, route.triggers)
    explained = explain(route, document, delivery_id=SAMPLE_DELIVERY, attempt=1, now=int(time.time()))
    if output == "table":
        _print(explained, document)
    else:
        print_one(_record(explained), output)
    if explained.error is not None:
        print_error(chosen.error("spec", explained.error))
        ctx.exit(FOUND_WRONG)


def _choose(loaded: Loaded, name: str | None) -> Manifest:
    """The one webhook that is meant."""
    webhooks = loaded.of_kind(WEBHOOK)
    if name is not None:
        found = loaded.find(WEBHOOK, full_name(name))
        if found is not None:
            return found
    elif len(webhooks) == 1:
        return webhooks[0]
    for error in loaded.errors:
        print_error(error)
    names = ", ".join(sorted(manifest.key for manifest in webhooks))
    if not webhooks:
        raise UsageError("There is no readable Webhook in these files.")
    if name is None:
        raise UsageError(f"Say which webhook with --webhook: {names}.")
    raise UsageError(f"There is no Webhook {full_name(name)} in these files; there is {names}.")


def _needed(loaded: Loaded, webhook: Manifest) -> list[Manifest]:
    """The webhook and what it may refer to: the others' templates need not be compiled."""
    sources = (SECRET, CONFIG_MAP)
    return [webhook, *(each for each in loaded.manifests if each.kind in sources)]


def _refuse_broken(assembly: Assembly, webhook: Manifest, *, given: bool) -> None:
    """Print what is wrong with the webhook; Ended if it cannot be rendered. `given`: with an event other than a sample."""
    broken = False
    for finding in assembly.findings:
        sentence, wrong = finding.sentence, finding.severity == "error"
        if finding.field == _TEMPLATE_FROM and not wrong:  # nothing can stand in for a template
            sentence, wrong = "the ConfigMap that holds the template is not among these files: add it", True
        if given and finding.cause is Cause.UNDEFINED_FIELD:  # of a sample event
            wrong = False
        print_error(webhook.error(finding.field, sentence, finding.template_line), warning=not wrong)
        broken = broken or wrong
    if broken:
        raise Ended(f"Error: {webhook.key} cannot be rendered.", FOUND_WRONG)


def _sample(trigger: str | None, triggers: Sequence[str]) -> Event:
    """The sample event of `trigger`, or of the first of the webhook's that has one."""
    if trigger is not None:
        return sample_event(sample_trigger(trigger))
    found = next((each for each in triggers if each in SAMPLE_TRIGGERS), None)
    if found is None:
        raise UsageError("None of its triggers has a sample event; give an event with --event FILE.")
    return sample_event(found)


def _read_event(file: str, trigger: str | None) -> Event:
    """The event in a file (`-`: standard input); `trigger` replaces its own, or is the type of JSON that has none."""
    body = read_event(file)
    if body.bare:
        if trigger is None or "." not in trigger:
            raise EventError(
                f"{file}: has no event_type; if it is other JSON, name its type with --trigger dev.example.alert."
            )
        return decode_any({}, body.content, trigger, now_ms=time.time_ns() // 1_000_000)
    events = decode({"content-type": body.content_type}, body.content)
    if len(events) != 1:
        raise UsageError(f"{file}: holds {len(events)} events; render takes one.")
    return events[0]._replace(trigger=normalise_trigger(trigger)) if trigger else events[0]


def _record(explained: Explained) -> dict[str, Any]:
    request = explained.request
    record: dict[str, Any] = {
        "webhook": explained.webhook,
        "matched": explained.matched,
        "reasons": explained.reasons,
        "request": request.model_dump(by_alias=True) if request else None,
    }
    return record | ({"error": explained.error} if explained.error else {})


def _print(explained: Explained, event: Event) -> None:
    verdict = "matches" if explained.matched else "does not match"
    click.echo(f"{explained.webhook} {verdict} {printable(event.event_type)}")
    for reason in explained.reasons:
        click.echo(f"  {printable(reason)}")
    if explained.request is not None:
        _print_request(explained.request)
    filters, templates = explained.filters_share, explained.templates_share
    click.echo(f"Of their budgets, filters take {filters:.1%} and templates {templates:.1%}.", err=True)


def _print_request(request: RequestRecord) -> None:
    click.echo(f"\n{request.method} {printable(request.url)}")
    for name, value in request.headers.items():
        click.echo(f"{printable(name)}: {printable(value)}")
    for line in ("", *(request.body or "").split("\n")):
        click.echo(printable(line.replace("\t", "    ")))
