"""`hookwright send`: posts an event, and says what was accepted and why other webhooks do not match.

The event port answers only what it accepted; the reasons come from the admin port, which may be out of reach:
then that is said, and the command has done its work all the same.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import click

from hookwright.cli.accepted import in_a_pipe, on_a_terminal
from hookwright.cli.addresses import EVENTS
from hookwright.cli.client import Answer, Client
from hookwright.cli.completion import complete_webhooks
from hookwright.cli.edits import edited
from hookwright.cli.events import Body, read_event
from hookwright.cli.names import missing
from hookwright.cli.output import Format, format_option, print_one
from hookwright.cli.reach import Reach, reach_options
from hookwright.cli.show import note
from hookwright.cli.terminal import is_terminal
from hookwright.core.samples import SAMPLE_TRIGGERS, sample
from hookwright.errors import HookwrightError

EVENTS_PATH: Final = "/v1/events"


@click.command("send")
@click.option(
    "--to",
    metavar="URL",
    help="The event port, or a path of it, ?type= included; "
    f"else {EVENTS.variable}, else where dev serves, {EVENTS.default} at first.",
)
@click.option("-f", "--file", metavar="FILE|-", help="The event; - reads it from stdin. Default: a sample.")
@click.option(
    "--trigger",
    type=click.Choice(SAMPLE_TRIGGERS),
    metavar="TRIGGER",
    help=f"The trigger whose sample is sent: {', '.join(SAMPLE_TRIGGERS)}.",
)
@click.option("--token-file", type=click.Path(path_type=Path), help="File with the token of the event port.")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Give a field of the event another value, JSON or else text: data.requester.email=ann@example.com.",
)
@click.option(
    "--why", metavar="[NS/]NAME", shell_complete=complete_webhooks, help="Why this one does not match."
)
@click.option("--all", "every", is_flag=True, help="Why each of the others does not match.")
@reach_options
@format_option
def command(
    to: str | None,
    file: str | None,
    trigger: str | None,
    token_file: Path | None,
    assignments: tuple[str, ...],
    why: str | None,
    every: bool,
    reach: Reach,
    output: Format,
) -> None:
    """Post an event to a dispatcher; print what was accepted and why other webhooks do not match.

    On a terminal those whose trigger is another one are only counted.
    """
    if file is not None and trigger is not None:
        raise click.UsageError("--file and --trigger exclude each other: a trigger names a sample.")
    if file is None:
        body = Body(
            json.dumps(sample(trigger or SAMPLE_TRIGGERS[0])).encode(), "application/json", single=True
        )
    else:
        body = read_event(file)
    body = edited(body, assignments)
    asked = None if why is None else _known(reach.admin(), why)
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
    others = [each for each in explained or () if not each["matched"]]
    if asked is not None:
        others = [each for each in explained or () if each["webhook"] == asked]
    if is_terminal():
        told = on_a_terminal(accepted, others, every=every or asked is not None)
    else:
        told = in_a_pipe(accepted, others)
    for line in told:
        click.echo(line)


def _known(admin: Client, name: str) -> str:
    """The full name of a webhook that is there. HookwrightError: it is not, so nothing is sent."""
    key = admin.full_name(name)
    if sentence := missing(admin, key):
        raise HookwrightError(sentence)
    return key


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
