"""`hookwright invocations`: what happened, oldest first like a log; each failure with its tip."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

import click

from hookwright.cli.client import Client
from hookwright.cli.output import Format, format_option, print_one
from hookwright.cli.reach import Reach, reach_options
from hookwright.cli.show import invocation_in_full, invocation_line, note, print_line
from hookwright.core.objects import LABEL
from hookwright.errors import UsageError
from hookwright.limits import FOLLOW_SECONDS

PATH: Final = "/admin/v1/invocations"

Page = dict[str, Any]


@click.command("invocations")
@click.argument("what", metavar="[[NS/]NAME|FRIENDLY_ID]", required=False)
@click.option("--id", "identifier", metavar="ID", help="One invocation in full, by its id or its delivery's.")
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
        with suppress(KeyboardInterrupt):  # how one ends it
            for invocation in following(client, what, _pause):
                _line(client, invocation, output)
    else:
        page = selected(client, what)
        if output != "table":
            print_one(page, output)
        elif not page["items"]:
            note("There is no invocation yet." if what is None else f"There is no invocation of {what}.")
        else:
            for invocation in reversed(page["items"]):
                _line(client, invocation, "table")


def selected(client: Client, what: str | None, before: str | None = None) -> Page:
    """The newest page of what is asked for.

    A text with capitals or the like is a friendly id. A plain word is a webhook, and if nothing happened
    there, the friendly id that it may be as well.
    """
    if what is None:
        return _page(client, before)
    if "/" not in what and not LABEL.fullmatch(what):
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


def _line(client: Client, invocation: dict[str, Any], output: Format) -> None:
    if output != "table":
        print_line(invocation)
    else:
        invocation_line(invocation, client.command)


def _page(client: Client, before: str | None, **selector: str) -> Page:
    page: Page = client.get(PATH, before=before, **selector)
    return page


def _pause() -> bool:
    time.sleep(FOLLOW_SECONDS)
    return True
