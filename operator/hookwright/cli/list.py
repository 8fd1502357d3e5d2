"""`hookwright list`: the table of webhooks; a filled dot stands for an active one, a hollow one for an inactive.

On a terminal a webhook is one line, and those that need attention stand first; a pipe gets all columns in the order of
the names. Must not: decide what a state is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

import click

from hookwright.cli.completion import complete_webhooks
from hookwright.cli.fitted import Column, lines
from hookwright.cli.looks import looks, pause, read_views
from hookwright.cli.output import Format, format_option, print_one
from hookwright.cli.reach import Reach, reach_options
from hookwright.cli.selection import SORTS, STATES, View, ordered, selected, state_of
from hookwright.cli.show import COLOURS, age, note, print_line, table
from hookwright.cli.terminal import height, is_terminal
from hookwright.core.redaction import printable

COLUMNS: Final = (
    "ACTIVE",
    "NAME",
    "METHOD",
    "HOST",
    "STATE",
    "LAST RESULT",
    "LAST INVOCATION",
    "PENDING",
    "DEAD",
)
_MORE: Final = ("DISPLAY NAME", "TRIGGERS")
_MESSAGES: Final = 10  # on a terminal; a row says that something is wrong in any case
_BESIDE: Final = 4  # lines of a watched terminal for header, counts and prompt
_CLEAR: Final = "\x1b[2J\x1b[H"
_DOTS: Final = {"running": "green", "failing": "yellow", "inactive": None, "pending": None}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be shown of all webhooks."""

    pattern: str | None
    namespace: str | None
    state: str | None
    sort: str | None

    def of(self, views: Sequence[View]) -> list[View]:
        """Those that fit, in the order that is wanted."""
        found = selected(views, pattern=self.pattern, namespace=self.namespace, state=self.state)
        return found if self.sort is None else ordered(found, self.sort)


@click.command("list")
@click.argument("pattern", required=False, metavar="[PATTERN]", shell_complete=complete_webhooks)
@click.option("--state", type=click.Choice(list(STATES)), help="Only those in this state.")
@click.option("--sort", type=click.Choice(list(SORTS)), help="The order; on a terminal: attention.")
@click.option("--watch", is_flag=True, help="Go on showing what changes.")
@partial(reach_options, namespaced=True)
@partial(format_option, more=("wide", "name"))
def command(
    pattern: str | None,
    state: str | None,
    sort: str | None,
    watch: bool,
    namespace: str | None,
    reach: Reach,
    output: Format,
) -> None:
    """Show the webhooks of a dispatcher; of a cluster, its resources.

    PATTERN is a part of a name or display name, or a glob such as shop/*.
    """
    fitted = output == "table" and is_terminal()
    wanted = Wanted(pattern, namespace, state, sort or ("attention" if fitted else None))
    if watch:
        _watch(reach, wanted, output)
        return
    views = read_views(reach)
    chosen = wanted.of(views)
    if output in ("json", "yaml"):
        print_one({"items": chosen, "next": None}, output)
    elif not chosen:
        note(f"No webhook fits; there are {len(views):,}." if views else "There is no webhook.")
    elif output == "name":
        for view in chosen:
            click.echo(view["webhook"])
    elif fitted:
        for line in (*lines(_columns(chosen)), *_messages(chosen)):
            click.echo(line)
    else:
        _print_all(chosen, wide=output == "wide")


def _watch(reach: Reach, wanted: Wanted, output: Format) -> None:
    """Go on until Ctrl-C: on a terminal the table, drawn anew; as JSON each webhook that changed, one a line."""
    if output != "json" and not (output == "table" and is_terminal()):
        raise click.UsageError(
            "--watch draws on a terminal; elsewhere it prints JSON, one object a line: -o json."
        )
    told: dict[str, View] = {}
    with suppress(KeyboardInterrupt):  # how one ends it
        for views in looks(reach, pause):
            chosen = wanted.of(views)
            if output == "json":
                for view in chosen:
                    if told.get(view["webhook"]) != view:
                        print_line(view)
                told = {view["webhook"]: view for view in chosen}
            else:
                click.echo(_CLEAR, nl=False, color=True)  # not a colour, so NO_COLOR does not concern it
                click.echo("\n".join(_frame(chosen)))


def _frame(chosen: Sequence[View]) -> Iterator[str]:
    """As many rows as the terminal has room for."""
    shown = chosen[: max(1, height() - _BESIDE)]
    yield from lines(_columns(shown))
    left = f", the first {len(shown):,} shown" if len(shown) < len(chosen) else ""
    yield f"{len(chosen):,} webhook{'' if len(chosen) == 1 else 's'}{left}"


def _columns(views: Sequence[View]) -> list[Column]:
    """What stays on a narrow terminal is cut before anything is left out."""
    now = datetime.now(UTC)
    states = [state_of(view) for view in views]
    last = [view["lastInvocation"] or {} for view in views]
    results = [each.get("result", "") for each in last]
    colours = [_DOTS.get(state, "red") for state in states]
    return [
        Column("", ["●" if view["active"] else "○" for view in views], colours),
        Column("NAME", [view["webhook"] for view in views], least=16),
        Column("DISPLAY NAME", [view["displayName"] or "" for view in views], least=12, spare=3),
        Column("STATE", states, colours),
        Column("LAST", results, [COLOURS.get(result, "red") for result in results], spare=2),
        Column("AGO", [age(each.get("time"), now) for each in last], spare=4, right=True),
        Column("PENDING", [str(view["pending"]) for view in views], spare=1, right=True),
        Column("DEAD", [str(view["deadLettered"]) for view in views], right=True),
    ]


def _messages(views: Sequence[View]) -> Iterator[str]:
    """What is wrong with the first ones."""
    said = [printable(f"{view['webhook']}: {view['message']}") for view in views if view["message"]]
    yield from said[:_MESSAGES]
    if len(said) > _MESSAGES:
        yield f"… and {len(said) - _MESSAGES:,} more; -o wide shows all."


def _print_all(views: Sequence[View], *, wide: bool) -> None:
    """Every column in full, whatever the width."""
    now = datetime.now(UTC)
    rows = [(*_row(view, now), *(_more(view) if wide else ())) for view in views]
    table((*COLUMNS, *(_MORE if wide else ())), rows)
    for view in views:
        if view["message"]:
            click.echo(printable(f"{view['webhook']}: {view['message']}"))


def _row(view: View, now: datetime) -> tuple[str, ...]:
    last = view["lastInvocation"] or {}
    return (
        "●" if view["active"] else "○",
        view["webhook"],
        view["method"] or "",
        view["host"] or "",
        "circuit open" if view["circuit"] == "Open" else view["state"],
        last.get("result", ""),
        age(last.get("time"), now),
        str(view["pending"]),
        str(view["deadLettered"]),
    )


def _more(view: View) -> tuple[str, ...]:
    return view["displayName"] or "", ",".join(view["triggers"])
