"""`hookwright schema`: the JSON Schema of an event, for editors, generators and people. Only prints."""

from __future__ import annotations

import click

from hookwright.api.event_schema import event_schema
from hookwright.cli.output import emit, output_option


@click.command("schema")
@output_option
def command(output: str | None) -> None:
    """Print the JSON Schema of an event: what POST /v1/events takes and templates see."""
    emit(event_schema(), output)
