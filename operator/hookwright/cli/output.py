"""How the commands print: tables, JSON, YAML, errors, and what ends a command.

Data goes to stdout, the rest to stderr. On a terminal tables have colour, elsewhere they are plain columns
like kubectl's. Whatever comes from events, answers or files is escaped before a terminal sees it.
Must not: decide, or know what is printed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click

from hookwright.errors import HookwrightError, ManifestError, UsageError

DONE, FOUND_WRONG, USED_WRONG = 0, 1, 2

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Ended(click.ClickException):
    """A command ends with one sentence on stderr and an exit code."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.exit_code = code  # type: ignore[misc]  # click reads it from the instance

    def show(self, file: Any = None) -> None:
        """Print the sentence."""
        click.echo(f"hookwright: {printable(self.message)}", err=True)


def ended_by(error: HookwrightError) -> Ended:
    """How a command ends with this error: used wrong for a UsageError, found wrong for any other."""
    if isinstance(error, ManifestError):
        return Ended(manifest_error(error), FOUND_WRONG)
    return Ended(str(error), USED_WRONG if isinstance(error, UsageError) else FOUND_WRONG)


def output_option(command: _Command) -> _Command:
    """`-o json|yaml`, given to the command as `output` (None: for people)."""
    option = click.option("-o", "--output", type=click.Choice(["json", "yaml"]), help="Print JSON or YAML.")
    return option(command)


def emit(data: Any, output: str | None) -> None:
    """Print JSON types to stdout, as JSON unless `output` is yaml."""
    if output == "yaml":
        import yaml

        text = yaml.dump(
            data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=1_000, indent=2
        )
        click.echo(text, nl=False)
    else:
        click.echo(json.dumps(data, ensure_ascii=False, indent=2))


def emit_line(data: Any) -> None:
    """Print JSON types as one line (`--follow -o json`)."""
    click.echo(json.dumps(data, ensure_ascii=False, separators=(",", ":")))


def emit_items(items: Iterable[Any], output: str | None, following: str | None = None) -> None:
    """Print several things: `{"items": […], "next": …}`."""
    emit({"items": list(items), "next": following}, output)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table to stdout."""
    cells = [[printable(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _rich_table(columns, cells)
        return
    widths = [max(len(cell) for cell in column) for column in zip(columns, *cells, strict=True)]
    for row in (columns, *cells):
        click.echo("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _rich_table(columns: Sequence[str], cells: Iterable[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in cells:
        grid.add_row(*(Text(cell) for cell in row))
    Console().print(grid)


def note(sentence: str) -> None:
    """Print one line for people to stderr."""
    click.echo(printable(sentence), err=True)


def manifest_error(error: ManifestError) -> str:
    """`file:line: field: sentence`, without what is not known."""
    place = f"{error.file}:{error.line}" if error.line else error.file
    return ": ".join(part for part in (place, error.field, error.message) if part)


def printable(text: str) -> str:
    """Control characters escaped, so that no event or answer can steer a terminal."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
