"""`hookwright invoke`: runs one webhook now (Manual), waits, and shows the invocation."""

from __future__ import annotations

import click

from hookwright.cli.completion import complete_webhooks
from hookwright.cli.events import read_event
from hookwright.cli.exits import FOUND_WRONG
from hookwright.cli.names import missing
from hookwright.cli.output import Format, format_option, print_one
from hookwright.cli.reach import Reach, reach_options
from hookwright.cli.show import SUCCESSFUL, invocation_in_full, last_words, note
from hookwright.errors import UsageError


@click.command("invoke")
@click.argument("webhook", metavar="[NS/]NAME", shell_complete=complete_webhooks)
@click.option("-f", "--file", metavar="FILE|-", help="The event; - reads it from stdin. Default: the sample.")
@reach_options
@format_option
@click.pass_context
def command(
    context: click.Context,
    webhook: str,
    file: str | None,
    reach: Reach,
    output: Format,
) -> None:
    """Run one webhook now; it must list the trigger Manual. Exit code 1 if it was not delivered."""
    client = reach.admin()
    name = client.full_name(webhook)
    path = f"/admin/v1/webhooks/{name}/invoke"
    if file is None:
        answer = client.ask("POST", path)
    else:
        body = read_event(file)
        answer = client.ask("POST", path, content=body.content, content_type=body.content_type)
    if answer.status == 404 and (sentence := missing(client, name)):
        raise UsageError(sentence)
    problem = answer.document if answer.status == 502 and isinstance(answer.document, dict) else {}
    if "hint" in problem:  # it is held, so nothing was sent
        note(f"Error: {answer.detail}")
        last_words(problem, client.command(f"invoke {name}"), err=True)
        context.exit(FOUND_WRONG)
    invocation = problem.get("invocation") or client.done(answer)
    if output != "table":
        print_one(invocation, output)
    else:
        invocation_in_full(invocation, client.command)
    if invocation["result"] not in SUCCESSFUL:
        context.exit(FOUND_WRONG)
