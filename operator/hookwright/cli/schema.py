"""`hookwright schema`: the JSON Schema of an event, for editors, generators and people. Only prints."""

from __future__ import annotations

import click

from hookwright.api.event_schema import event_schema
from hookwright.cli.output import Format, format_option, print_one


@click.command("schema")
@format_option
def command(output: Format) -> None:
    """Print the JSON Schema of an event: what POST /v1/events takes and templates see."""
    print_one(event_schema(), output)
