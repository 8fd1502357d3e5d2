"""`hookwright help`: the help of a command, as its `--help` prints it. Only prints."""

from __future__ import annotations

import click

from hookwright.cli.main import COMMANDS, Commands


def _names(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    return [name for name in COMMANDS if name.startswith(begun)]


@click.command("help")
@click.argument("name", metavar="[COMMAND]", required=False, shell_complete=_names)
@click.pass_context
def command(ctx: click.Context, name: str | None) -> None:
    """Show what there is, or what a command does."""
    root = ctx.find_root()
    assert isinstance(root.command, Commands)  # every command's root
    if name is None:
        click.echo(root.get_help())
        return
    found = root.command.resolve_command(root, [name])[1]
    assert found is not None  # else it is refused, with a guess
    click.echo(found.get_help(click.Context(found, info_name=name, parent=root)))
