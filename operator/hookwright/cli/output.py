"""What the commands that work on files print: JSON, YAML, and mistakes in manifests.

Data goes to stdout, the rest to stderr; whatever comes from a file is escaped first. (What a
dispatcher says is shown by `cli.show`.) Must not: decide, or know what is printed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeVar

import click

from hookwright.cli.exits import manifest_line
from hookwright.core.redaction import printable
from hookwright.errors import ManifestError

Format = Literal["table", "json", "yaml", "wide", "name"]
"""How a command prints: for people, or for scripts. `wide` and `name` are of commands that offer them."""

_Command = TypeVar("_Command", bound=Callable[..., Any])


def format_option(command: _Command, *, more: Sequence[str] = ()) -> _Command:
    """`-o json|yaml`, given to the command as `output`; `more`: formats beside them."""
    words = ", ".join(("json", "yaml", *more)[:-1]) + f" or {('yaml', *more)[-1]}"
    return click.option(
        "-o",
        "--output",
        type=click.Choice(["table", "json", "yaml", "yml", *more]),
        default="table",
        callback=_one_spelling,
        metavar="FORMAT",
        help=f"How to print: {words}.",
    )(command)


def _one_spelling(ctx: click.Context, parameter: click.Parameter, output: str) -> str:
    return "yaml" if output == "yml" else output


def print_one(document: Any, output: Format) -> None:
    """JSON types on stdout; as JSON unless YAML is asked for."""
    if output == "yaml":
        import yaml

        text = yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=1_000)
        click.echo(text, nl=False)
    else:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def print_many(items: Iterable[Any], output: Format, following: str | None = None) -> None:
    """Several things: `{"items": […], "next": …}`."""
    print_one({"items": list(items), "next": following}, output)


def print_error(error: ManifestError, *, warning: bool = False) -> None:
    """One mistake in a manifest on stderr: `file:line: field: sentence`."""
    click.echo(finding_line(error, warning=warning), err=True)


def finding_line(error: ManifestError, *, warning: bool = False) -> str:
    """The line that is printed for a mistake, or for what only deserves a warning."""
    return f"{'warning: ' if warning else ''}{printable(manifest_line(error))}"
