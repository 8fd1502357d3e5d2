"""`hookwright doctor`: looks at what is most often wrong, on this machine or in a cluster, and says the cure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from hookwright.cli.addresses import DATA
from hookwright.cli.checks import Check
from hookwright.cli.checks_cluster import cluster_checks
from hookwright.cli.checks_local import local_checks
from hookwright.cli.exits import FOUND_WRONG
from hookwright.cli.output import Format, format_option, print_many
from hookwright.cli.reach import Reach, reach_options
from hookwright.core.redaction import printable

_MARKS: Final = {True: click.style("✔", fg="green"), False: click.style("✗", fg="red"), None: "–"}


@click.command("doctor")
@click.option(
    "--data", default=DATA, show_default=True, type=click.Path(path_type=Path), help="Data folder of dev."
)
@click.option(
    "--egress", is_flag=True, help="Connect to each webhook's host from here, too, without a request."
)
@reach_options
@format_option
@click.pass_context
def command(context: click.Context, data: Path, egress: bool, reach: Reach, output: Format) -> None:
    """Look at the installation, and say what is wrong and its cure; exit code 1 if something is.

    It changes nothing. A dash stands for what cannot be judged from here.
    """
    if reach.cluster is not None and reach.address is None:
        if egress:
            raise click.UsageError("--egress connects from this machine, so it goes without a cluster.")
        found = cluster_checks(reach, reach.cluster)
    else:
        found = local_checks(reach, data, egress=egress)
    looked = list(_shown(found) if output == "table" else found)
    if output != "table":
        print_many(({**asdict(each), "cure": each.cure or None} for each in looked), output)
    if any(each.ok is False for each in looked):
        context.exit(FOUND_WRONG)


def _shown(found: Iterable[Check]) -> Iterator[Check]:
    """Each as it is found, as some take a while."""
    for each in found:
        click.echo(f"{_MARKS[each.ok]} {printable(each.message)}")
        if each.cure:
            click.echo(f"  Cure: {printable(each.cure)}")
        yield each
