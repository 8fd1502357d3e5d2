"""`hookwright invocations`: what happened, oldest first like a log; each failure with its tip.

On a terminal an invocation is one line, and each tip is said once; a pipe gets every tip. Must not: judge a name.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, Final

import click

from hookwright.cli.client import Client
from hookwright.cli.completion import complete_invocations, complete_webhooks
from hookwright.cli.happened import Stream, table_lines
from hookwright.cli.names import missing
from hookwright.cli.output import Format, format_option, print_one
from hookwright.cli.reach import Reach, reach_options
from hookwright.cli.show import invocation_in_full, invocation_line, note, print_line
from hookwright.cli.terminal import is_terminal
from hookwright.core.objects import LABEL
from hookwright.errors import HookwrightError, UsageError
from hookwright.limits import FOLLOW_SECONDS

PATH: Final = "/admin/v1/invocations"

Page = dict[str, Any]


@click.command("invocations")
@click.argument("what", metavar="[[NS/]NAME|FRIENDLY_ID]", required=False, shell_complete=complete_webhooks)
@click.option(
    "--id",
    "identifier",
    metavar="ID",
    shell_complete=complete_invocations,
    help="One invocation in full, by its id or its delivery's.",
)
@click.option("--follow", is_flag=True, help="Go on showing what happens.")
@reach_options
@format_option
def command(
    what: str | None,
    identifier: str | None,
    follow: bool,
    reach: Reach,
    output: Format,
) -> None:
    """Show the latest invocations: all, of one webhook, or of one request (AR-123)."""
    client = reach.admin()
    if identifier is not None:
        if what is not None or follow:
            raise click.UsageError("--id shows one invocation; leave the other selectors out.")
        _one(client, identifier, output)
    elif follow:
        if output == "yaml":
            raise click.UsageError("--follow prints JSON, one object a line; use -o json.")
        _follow(client, what, output)
    else:
        _latest(client, what, output)


def _follow(client: Client, what: str | None, output: Format) -> None:
    """Until Ctrl-C. HookwrightError: there is nothing of that name to wait for."""
    if what is not None and not selected(client, what)["items"]:
        _refuse_unknown(client, what)
    show = _shower(client, output)
    with suppress(KeyboardInterrupt):  # how one ends it
        for invocation in following(client, what, _pause):
            show(invocation)


def _shower(client: Client, output: Format) -> Callable[[Page], None]:
    """What shows one invocation after the other."""
    if output != "table":
        return print_line
    if not is_terminal():
        return partial(invocation_line, command=client.command)
    stream = Stream(client.command)
    click.echo(stream.header())
    return lambda invocation: click.echo("\n".join(stream.lines(invocation)))


def _latest(client: Client, what: str | None, output: Format) -> None:
    """The newest page. HookwrightError: it is empty, as there is no such webhook."""
    page = selected(client, what)
    shown = page["items"][::-1]
    if output != "table":
        print_one(page, output)
    elif shown and is_terminal():
        for line in table_lines(shown, client.command):
            click.echo(line)
    else:
        for invocation in shown:
            invocation_line(invocation, client.command)
    if shown:
        return
    if what is not None:
        _refuse_unknown(client, what)
    if output == "table":
        note("There is no invocation yet." if what is None else f"There is no invocation of {what}.")


def _refuse_unknown(client: Client, what: str) -> None:
    """HookwrightError: it is a name, and there is no webhook of that name."""
    if _may_be_name(what) and (sentence := missing(client, client.full_name(what))):
        raise HookwrightError(sentence)


def _may_be_name(what: str) -> bool:
    return "/" in what or LABEL.fullmatch(what) is not None


def selected(client: Client, what: str | None, before: str | None = None) -> Page:
    """The newest page of what is asked for.

    A text with capitals or the like is a friendly id. A plain word is a webhook, and if nothing happened
    there, the friendly id that it may be as well.
    """
    if what is None:
        return _page(client, before)
    if not _may_be_name(what):
        return _page(client, before, friendlyID=what)
    page = _page(client, before, webhook=client.full_name(what))
    return page if page["items"] or "/" in what else _page(client, before, friendlyID=what)


def following(client: Client, what: str | None, pause: Callable[[], bool]) -> Iterator[dict[str, Any]]:
    """What happened and what happens, oldest first, until `pause` (called between two looks) says False."""
    shown: set[str] = set()
    while True:
        fresh, page = [], selected(client, what)
        first = page["items"]
        while True:
            fresh += [each for each in page["items"] if each["id"] not in shown]
            # on the first look one page is enough; later everything since the last look, however many pages
            if not shown or page["next"] is None or any(each["id"] in shown for each in page["items"]):
                break
            page = selected(client, what, page["next"])
        yield from reversed(fresh)
        shown = {each["id"] for each in first} or shown
        if not pause():
            return


def _one(client: Client, identifier: str, output: Format) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_.]{1,64}", identifier):
        raise UsageError(f"--id {identifier}: that is no id of a delivery or an invocation.")
    invocation = client.get(f"{PATH}/{identifier}")
    if output != "table":
        print_one(invocation, output)
    else:
        invocation_in_full(invocation, client.command)


def _page(client: Client, before: str | None, **selector: str) -> Page:
    page: Page = client.get(PATH, before=before, **selector)
    return page


def _pause() -> bool:
    time.sleep(FOLLOW_SECONDS)
    return True
