"""Invocations on a terminal: one line each, and below them why some failed, each tip once.

Nothing that is pasted is cut or broken: neither ids nor commands. Must not: ask the dispatcher anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import click

from hookwright.cli.fitted import Column, joined, lines, paragraph, pasted
from hookwright.cli.show import COLOURS, SUCCESSFUL, age
from hookwright.cli.terminal import width

Invocation = Mapping[str, Any]

_MARKS: Final = dict.fromkeys(SUCCESSFUL, "✓") | {"Retrying": "↻"}
"""The mark of a result; ✗ for all others."""
_STREAM: Final = {"TIME": 8, "": 1, "CODE": 4, "WEBHOOK": 0, "REQUEST": 8, "MS": 6, "ID": 26}
"""Widths of lines that come one by one; WEBHOOK has the rest."""
_WEBHOOK: Final = 12


def table_lines(page: Sequence[Invocation], command: Callable[[str], str]) -> Iterator[str]:
    """Invocations, oldest first, and what the failed ones say. `command` makes words a command to paste."""
    now = datetime.now(UTC)
    ages = Column("AGE", [age(each["time"], now) for each in page], spare=1, right=True)
    yield from lines([ages, *_columns(page)])
    tips: dict[str, list[Invocation]] = {}
    for each in reversed(page):
        if each["result"] not in SUCCESSFUL:
            tips.setdefault(_tip(each), []).append(each)
    for failures in tips.values():
        yield ""
        yield from failure_lines(failures[0], command, len(failures) - 1)


class Stream:
    """Invocations that are shown as they happen, the tip of a failure where it is first heard."""

    def __init__(self, command: Callable[[str], str]) -> None:
        self._command = command
        self._said: set[str] = set()
        self._widths = dict(_STREAM)
        taken = sum(_STREAM.values()) + 2 * (len(_STREAM) - 1)
        self._widths["WEBHOOK"] = max(_WEBHOOK, width() - taken)

    def header(self) -> str:
        """The titles."""
        return joined([column.head() for column in self._fixed([])])

    def lines(self, invocation: Invocation) -> Iterator[str]:
        """One invocation."""
        yield joined([column.cell(0) for column in self._fixed([invocation])])
        if invocation["result"] not in SUCCESSFUL and _tip(invocation) not in self._said:
            self._said.add(_tip(invocation))
            yield from failure_lines(invocation, self._command)

    def _fixed(self, page: Sequence[Invocation]) -> list[Column]:
        times = [datetime.fromisoformat(each["time"]).astimezone().strftime("%H:%M:%S") for each in page]
        columns = [Column("TIME", times), *_columns(page)]
        for column in columns:
            column.width = self._widths[column.title]
        columns[-1].width = max(columns[-1].width, *(len(each["id"]) for each in page), 0)
        return columns


def failure_lines(failed: Invocation, command: Callable[[str], str], alike: int = 0) -> Iterator[str]:
    """Why it failed, how many others did so, its tip, and the command that shows more."""
    said = paragraph(f"{failed['webhook']}: {failed.get('message') or failed['result']}", _mark(failed) + " ")
    yield click.style(said[0], fg=_colour(failed)) + said[1:]
    if alike:
        yield f"  {alike:,} more like this"
    if hint := failed.get("hint"):
        yield paragraph(f"Tip: {hint}")
    yield pasted("Next:", command(f"invocations --id {failed['id']}"))


def _columns(page: Sequence[Invocation]) -> list[Column]:
    codes = [str((each.get("response") or {}).get("statusCode") or "-") for each in page]
    took = [f"{(each.get('timings') or {}).get('total') or 0.0:.0f}" for each in page]
    return [
        Column("", [_mark(each) for each in page], [_colour(each) for each in page]),
        Column("CODE", codes, spare=2),
        Column("WEBHOOK", [each["webhook"] for each in page], least=_WEBHOOK),
        Column("REQUEST", [each.get("friendlyID") or "" for each in page], least=8, spare=3),
        Column("MS", took, spare=4, right=True),
        Column("ID", [each["id"] for each in page]),
    ]


def _mark(invocation: Invocation) -> str:
    return _MARKS.get(invocation["result"], "✗")


def _colour(invocation: Invocation) -> str:
    return COLOURS.get(invocation["result"], "red")


def _tip(failed: Invocation) -> str:
    """What failures have in common."""
    return str(failed.get("hint") or failed.get("message") or failed["result"])
