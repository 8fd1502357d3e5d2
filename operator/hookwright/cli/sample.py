"""`hookwright sample`: the mock event of a trigger, as tests and `send` use it. Only prints."""

from __future__ import annotations

import click

from hookwright.cli.completion import complete_triggers
from hookwright.cli.output import Format, format_option, print_one
from hookwright.core.decode import normalise_trigger
from hookwright.core.samples import SAMPLE_TRIGGERS, sample
from hookwright.errors import UsageError


def sample_trigger(text: str) -> str:
    """A trigger that has a sample, in either spelling. Raises UsageError for any other."""
    trigger = normalise_trigger(text)
    if trigger not in SAMPLE_TRIGGERS:
        raise UsageError(f"There is no sample of {text}; there is one of {', '.join(SAMPLE_TRIGGERS)}.")
    return trigger


@click.command("sample")
@click.argument("trigger", shell_complete=complete_triggers)
@format_option
def command(trigger: str, output: Format) -> None:
    """Print a mock event of TRIGGER, such as RequestCreated."""
    print_one(sample(sample_trigger(trigger)), output)
