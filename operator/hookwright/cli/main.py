"""`hookwright`: the commands, each imported only when it is called.

A start costs little more than Python and click, and a command that cannot be imported takes no other one with
it. Our own errors become one sentence and an exit code here (SPEC 7: 0 done, 1 found wrong, 2 used wrong).
Must not: know what a command does.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any, Final

import click

from hookwright import __version__
from hookwright.cli.exits import DONE, USED_WRONG, Ended, ended_by
from hookwright.cli.terminal import colours
from hookwright.errors import HookwrightError

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "dev": ("dev:command", "Run everything on this machine with a folder of manifests."),
    "validate": ("validate:command", "Check manifests against schema, rules and templates."),
    "render": ("render:command", "Show the request of an event, and why it matches or not."),
    "test": ("test:command", "Run the WebhookTests found in manifests."),
    "send": ("send:command", "Post an event to a dispatcher."),
    "invoke": ("invoke:command", "Run one webhook now and show what happened."),
    "list": ("list:command", "Show the webhooks of a dispatcher."),
    "invocations": ("invocations:command", "Show what happened, each failure with its tip."),
    "retry": ("retry:command", "Try a webhook now whose circuit is open or that is gone."),
    "open": ("open:command", "Open the page of a dispatcher in a browser."),
    "replay": ("replay:command", "Deliver dead letters once more."),
    "import": ("import_:command", "Make manifests of a curl command, of a form or of Terraform."),
    "doctor": ("doctor:command", "Look at the installation and say what is wrong."),
    "schema": ("schema:command", "Print the JSON Schema of an event."),
    "sample": ("sample:command", "Print a mock event of a trigger."),
    "completion": ("completion:command", "Print what makes bash, zsh or fish complete words."),
    "help": ("help:command", "Show what there is, or what a command does."),
    "version": ("version:command", "Show the versions of this and of the dispatcher."),
    "store": ("store:command", "Move what is stored to a database, and back."),
    "dispatcher": ("dispatcher:command", "Run the dispatcher process."),
    "controller": ("controller:command", "Run the controller process."),
}
"""Name → "module:function" below `hookwright.cli`, and the line that --help shows without an import."""


class Commands(click.Group):
    """The group that imports late and turns our errors into exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command. Ended (used wrong) when it cannot be imported."""
        if cmd_name not in COMMANDS:
            return None
        from hookwright.cli.examples import epilog

        module, _, function = COMMANDS[cmd_name][0].partition(":")
        try:
            command: click.Command = getattr(import_module(f"hookwright.cli.{module}"), function)
        except (ImportError, AttributeError) as error:
            sentence = f"Error: the command {cmd_name} cannot be loaded in this installation: {error}"
            raise Ended(sentence, USED_WRONG) from error
        command.epilog = epilog(cmd_name)
        for name, part in command.commands.items() if isinstance(command, click.Group) else ():
            part.epilog = epilog(f"{cmd_name} {name}")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a guess at what an unknown name was meant to be."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches  # only a slip of the pen pays for it

            near = get_close_matches(name, COMMANDS)
            guess = f" Did you mean {' or '.join(near)}?" if near else ""
            raise click.UsageError(f"No such command '{name}'.{guess}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of --help, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; our own exceptions end it with a sentence."""
        try:
            return super().invoke(ctx)
        except HookwrightError as error:
            raise ended_by(error) from error
        except BrokenPipeError:
            _drop_output()  # its reader has gone: say nothing
            ctx.exit(DONE)
        except OSError as error:
            _drop_output()
            place = "" if error.filename is None else f"{error.filename}: "
            raise Ended(f"Error: {place}{error.strerror or error}.", USED_WRONG) from error


def _drop_output() -> None:
    """What cannot be written must not be tried once more when Python flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(
    "hookwright",
    cls=Commands,
    epilog="The options of a command, with examples: hookwright help COMMAND.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="hookwright")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Outbound webhooks, declared as Kubernetes resources, delivered without loss."""
    ctx.color = colours(os.environ)
