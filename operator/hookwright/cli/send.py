"""`hookwright send`: posts an event, and says what was accepted and, per webhook, why it does not match.

The event port answers only what it accepted; the reasons come from the admin port, which may be out of reach:
then that is said, and the command has done its work all the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import click

from hookwright.cli.client import EVENTS_URL, Answer
from hookwright.cli.events import Body, read_event
from hookwright.cli.output import Format, format_option, print_one
from hookwright.cli.reach import Reach, reach_options
from hookwright.cli.show import note
from hookwright.core.redaction import printable
from hookwright.core.samples import SAMPLE_TRIGGERS, sample
from hookwright.errors import HookwrightError

EVENTS_PATH: Final = "/v1/events"


@click.command("send")
@click.option(
    "--to", show_default=EVENTS_URL, metavar="URL", help="The event port, or a path of it, ?type= included."
)
@click.option("-f", "--file", metavar="FILE|-", help="The event; - reads it from stdin. Default: a sample.")
@click.option("--trigger", type=click.Choice(SAMPLE_TRIGGERS), help="The trigger whose sample is sent.")
@click.option("--token-file", type=click.Path(path_type=Path), help="File with the token of the event port.")
@reach_options
@format_option
def command(
    to: str | None,
    file: str | None,
    trigger: str | None,
    token_file: Path | None,
    reach: Reach,
    output: Format,
) -> None:
    """Post an event to a dispatcher; print what was accepted and, per webhook, why not."""
    if file is not None and trigger is not None:
        raise click.UsageError("--file and --trigger exclude each other: a trigger names a sample.")
    if file is None:
        body = Body(
            json.dumps(sample(trigger or SAMPLE_TRIGGERS[0])).encode(), "application/json", single=True
        )
    else:
        body = read_event(file)
    address, _, query = (to or "").partition("?")
    client = reach.events(address or None, token_file)
    given = urlsplit(client.url).path
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    answer = client.ask(
        "POST",
        "" if given else EVENTS_PATH,
        parameters=parameters,
        content=body.content,
        content_type=body.content_type,
    )
    accepted = client.done(answer)["events"]
    explained = _explained(reach, _typed(body, parameters.get("type")), given)
    if output != "table":
        print_one({"events": accepted, "webhooks": explained}, output)
        return
    _show(accepted, explained)


def _typed(body: Body, event_type: str | None) -> Body:
    """As the event port takes it where the URL names a type: the admin port has no such parameter."""
    if event_type is None:
        return body
    envelope = {"event_type": event_type, "data": json.loads(body.content)}
    return Body(json.dumps(envelope).encode(), "application/json", single=True)


def _explained(reach: Reach, body: Body, path: str) -> list[dict[str, Any]] | None:
    """Of each webhook whether the event matches and why not; None: cannot be had, which is said on stderr."""
    if not body.single:
        note("Why a webhook does not match is shown for a single event only.")
        return None
    parts = path.strip("/").split("/")
    namespace = parts[2] if len(parts) == 4 and parts[1] == "namespaces" else None
    try:
        admin = reach.admin()
        answer: Answer = admin.ask(
            "POST",
            "/admin/v1/explain",
            parameters={} if namespace is None else {"namespace": namespace},
            content=body.content,
            content_type=body.content_type,
        )
        explained: list[dict[str, Any]] = admin.done(answer)["items"]
    except HookwrightError as error:
        note(f"Why other webhooks do not match is not known: {error}")
        return None
    return explained


def _show(accepted: Sequence[Mapping[str, Any]], explained: Sequence[Mapping[str, Any]] | None) -> None:
    for event in accepted:
        deliveries = event["deliveries"]
        click.echo(f"Accepted {printable(event['id'])}: {_count(len(deliveries), 'delivery', 'deliveries')}")
        for delivery in deliveries:
            dot = click.style("●", fg="green")
            click.echo(f"  {dot} {printable(delivery['webhook'])}  {printable(delivery['id'])}")
    if not accepted:
        click.echo("Accepted nothing: the batch is empty.")
    for webhook in explained or ():
        if not webhook["matched"]:
            reasons = "; ".join(reason.removesuffix(".") for reason in webhook["reasons"])
            click.echo(f"  ○ {printable(webhook['webhook'])}  {printable(reasons)}")


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
