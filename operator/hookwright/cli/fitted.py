"""Tables that fit a terminal: columns are left out, then texts are cut in their middle, until a row is one line.

A pipe gets `cli.show.table` instead, which cuts nothing. Must not: know what is shown.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import click

from hookwright.cli.terminal import width
from hookwright.core.redaction import printable

_GAP = "  "
_INDENT = "  "


@dataclass(slots=True)
class Column:
    """A column. `colours` goes with `cells`; numbers stand at the `right`.

    `least`: characters down to which its texts may be cut (0: never). `spare`: where there is no room, the column with
    the highest is cut and left out first (0: never left out); one without any text is left out in any case.
    """

    title: str
    cells: Sequence[str]
    colours: Sequence[str | None] = ()
    least: int = 0
    spare: int = 0
    right: bool = False
    width: int = field(init=False)

    def __post_init__(self) -> None:
        self.cells = [printable(cell) for cell in self.cells]
        self.width = max(map(len, (self.title, *self.cells)))

    @property
    def narrowest(self) -> int:
        """The width that it must have."""
        return max(len(self.title), min(self.least, self.width)) if self.least else self.width

    def cell(self, row: int) -> str:
        """A cell, cut, filled up and coloured."""
        text = shortened(self.cells[row], self.width)
        filling = " " * (self.width - len(text))
        colour = self.colours[row] if self.colours else None
        shown = click.style(text, fg=colour) if colour and text else text
        return filling + shown if self.right else shown + filling

    def head(self) -> str:
        """The title, filled up."""
        return self.title.rjust(self.width) if self.right else self.title.ljust(self.width)


def shortened(text: str, room: int) -> str:
    """The text in `room` characters: of what is longer the middle is left out, as both ends tell names apart."""
    if len(text) <= room:
        return text
    end = (room - 1) // 2
    return f"{text[: room - 1 - end]}…{text[len(text) - end :]}"


def fit(columns: Sequence[Column], room: int) -> list[Column]:
    """The columns that stay, their widths set so that a row takes `room` characters if that can be."""
    left = [column for column in columns if not column.spare or any(column.cells)]
    while _taken([each.narrowest for each in left]) > room and any(each.spare for each in left):
        left.remove(max(left, key=lambda each: each.spare))
    while _taken([each.width for each in left]) > room:
        long = [each for each in left if each.width > each.narrowest]
        if not long:
            break
        max(long, key=lambda each: (each.spare, each.width)).width -= 1
    return left


def _taken(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def lines(columns: Sequence[Column]) -> Iterator[str]:
    """The header and the rows, each in one line of the terminal."""
    fitting = fit(columns, width())
    yield joined([column.head() for column in fitting])
    for row in range(len(columns[0].cells)):
        yield joined([column.cell(row) for column in fitting])


def joined(cells: Sequence[str]) -> str:
    """Cells of one row, filled up to the widths of their columns, as a line."""
    return _GAP.join(cells).rstrip()


def paragraph(text: str, begin: str = _INDENT) -> str:
    """A sentence below a row, in lines of the terminal's width; words stay whole."""
    return textwrap.fill(
        printable(text),
        max(width(), 20),
        initial_indent=begin,
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def pasted(label: str, command: str) -> str:
    """A command to paste below a row: in a line of its own where it does not fit behind its label."""
    behind = f"{_INDENT}{label} {command}"
    return behind if len(behind) <= width() else f"{_INDENT}{label}\n{command}"
