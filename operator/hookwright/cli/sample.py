"""`hookwright sample`: the mock event of a trigger, as tests and `send` use it. Only prints."""

from __future__ import annotations

import click

from hookwright.cli.output import emit, output_option
from hookwright.core.decode import normalise_trigger
from hookwright.core.samples import SAMPLE_TRIGGERS, sample
from hookwright.errors import UsageError


def sample_trigger(text: str) -> str:
    """A trigger that has a sample, in either spelling. Raises UsageError for any other."""
    trigger = normalise_trigger(text)
    if trigger not in SAMPLE_TRIGGERS:
        raise UsageError(f"there is no sample of {text}: there is one of {', '.join(SAMPLE_TRIGGERS)}")
    return trigger


@click.command("sample")
@click.argument("trigger")
@output_option
def command(trigger: str, output: str | None) -> None:
    """Print a mock event of TRIGGER, such as RequestCreated."""
    emit(sample(sample_trigger(trigger)), output)
