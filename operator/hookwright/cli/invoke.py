"""`hookwright invoke`: runs one webhook now (Manual), waits, and shows the invocation."""

from __future__ import annotations

from pathlib import Path

import click

from hookwright.cli.client import Client, admin_options, full_name
from hookwright.cli.events import read_event
from hookwright.cli.exits import FOUND_WRONG
from hookwright.cli.output import Format, format_option, print_one
from hookwright.cli.show import SUCCESSFUL, invocation_in_full


@click.command("invoke")
@click.argument("webhook", metavar="[NS/]NAME")
@click.option("-f", "--file", metavar="FILE|-", help="The event; - reads it from stdin. Default: the sample.")
@admin_options
@format_option
@click.pass_context
def command(
    context: click.Context,
    webhook: str,
    file: str | None,
    admin: str,
    admin_token_file: Path | None,
    output: Format,
) -> None:
    """Run one webhook now; it must list the trigger Manual. Exit code 1 if it was not delivered."""
    client = Client.admin(admin, admin_token_file)
    path = f"/admin/v1/webhooks/{full_name(webhook)}/invoke"
    if file is None:
        answer = client.ask("POST", path)
    else:
        body = read_event(file)
        answer = client.ask("POST", path, content=body.content, content_type=body.content_type)
    invocation = answer.document.get("invocation") if answer.status == 502 and answer.document else None
    if invocation is None:
        invocation = client.done(answer)
    if output != "table":
        print_one(invocation, output)
    else:
        invocation_in_full(invocation, client.command)
    if invocation["result"] not in SUCCESSFUL:
        context.exit(FOUND_WRONG)
