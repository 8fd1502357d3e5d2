"""`hookwright version`: of this command line and, where it can be reached, of the dispatcher. Only prints."""

from __future__ import annotations

import click

from hookwright import __version__
from hookwright.cli.output import Format, format_option, print_one
from hookwright.cli.reach import Reach, reach_options
from hookwright.cli.show import note
from hookwright.core.redaction import printable
from hookwright.errors import HookwrightError


@click.command("version")
@reach_options
@format_option
def command(reach: Reach, output: Format) -> None:
    """Show the version of this command line and, where it can be reached, of the dispatcher."""
    try:
        dispatcher = reach.admin().get("/admin/v1/summary")["version"]
    except HookwrightError as error:
        dispatcher = None
        note(f"The dispatcher's version is not known: {error}")
    if output != "table":
        print_one({"hookwright": __version__, "dispatcher": dispatcher}, output)
        return
    click.echo(f"hookwright {__version__}")
    if dispatcher is not None:
        click.echo(printable(f"dispatcher {dispatcher}"))
