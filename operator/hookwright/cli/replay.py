"""`hookwright replay`: dead letters go back to waiting and are delivered once more.

It goes in steps, with a bar on a terminal, and takes what was dead when it began: one that dies again meanwhile is not
replayed in circles. Letters that are named, or are to be told by their ids, are asked for by these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from hookwright.api.fields import span
from hookwright.cli.client import Client
from hookwright.cli.exits import FOUND_WRONG
from hookwright.cli.output import Format, format_option, print_one
from hookwright.cli.reach import Reach, reach_options
from hookwright.cli.show import note
from hookwright.core.redaction import printable
from hookwright.errors import UsageError
from hookwright.limits import REPLAY_GROUPS_SHOWN, REPLAY_STEP

Selected = dict[str, str | None]
"""What is selected beside ids, as the admin port takes it."""


@click.command("replay")
@click.option("--id", "ids", multiple=True, metavar="ID", help="A delivery or invocation; may be repeated.")
@click.option("--webhook", metavar="[NS/]NAME", help="Dead letters of this webhook.")
@click.option("--since", metavar="2h|TIME", help="Those that died since then.")
@click.option("--until", metavar="2h|TIME", help="Those that died before then.")
@click.option("--reason", metavar="REASON", help="Those with this reason, such as Rejected.")
@reach_options
@format_option
@click.pass_context
def command(
    context: click.Context,
    ids: tuple[str, ...],
    webhook: str | None,
    since: str | None,
    until: str | None,
    reason: str | None,
    reach: Reach,
    output: Format,
) -> None:
    """Deliver dead letters once more; with several selectors, those that fit all."""
    if not ids and (webhook, since, until, reason) == (None, None, None, None):
        raise click.UsageError("Say what to replay: --id, --webhook, --since, --until or --reason.")
    now = datetime.now(UTC)
    first, end = moment("--since", since, now), moment("--until", until, now)
    client = reach.admin()
    selected: Selected = {
        "webhook": None if webhook is None else client.full_name(webhook),
        "since": None if first is None else first.isoformat(),
        "until": None if end is None else end.isoformat(),
        "reason": reason,
    }
    named = list(dict.fromkeys(identifier.partition(".")[0] for identifier in ids))
    if named or output != "table":
        replayed = _by_id(client, _wanted(client, named, selected))
        count, missed = len(replayed), _missed(named, replayed, selected)
    else:
        count, missed, replayed = _by_selection(client, selected), [], []
    for identifier in missed:
        note(f"{identifier} is not a dead letter any more, or never was.")
    if output != "table":
        print_one({"replayed": count, "ids": replayed}, output)
    elif not count:
        click.echo("No dead letter fits." + printable(_others(client)))
    else:
        click.echo(
            f"Replayed {_letters(count)}; what becomes of {'it' if count == 1 else 'them'}: "
            f"{client.command('invocations')}"
        )
    if missed:
        context.exit(FOUND_WRONG)


def moment(flag: str, text: str | None, now: datetime) -> datetime | None:
    """A time from a duration before `now` or RFC 3339. UsageError for what is neither."""
    if text is None:
        return None
    try:
        return now - timedelta(seconds=span(text))
    except ValueError:
        pass
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        given = None
    if given is None or given.tzinfo is None:
        raise UsageError(
            f"{flag} {text}: write a duration such as 2h, or a time such as 2026-01-02T03:04:05Z."
        )
    return given


def _wanted(client: Client, named: list[str], selected: Selected) -> list[str]:
    """Ids of what is to be replayed: those that are named, of them those that are selected, or all of these."""
    if set(selected.values()) == {None}:
        return named
    pages = client.pages("/admin/v1/dead-letters", "before", **selected)
    found = [letter["id"] for page in pages for letter in page]
    return [identifier for identifier in found if not named or identifier in named]


def _missed(named: list[str], replayed: list[str], selected: Selected) -> list[str]:
    """Those that were named alone and are no dead letters."""
    alone = set(selected.values()) == {None}
    return [identifier for identifier in named if identifier not in replayed] if alone else []


def _by_id(client: Client, wanted: Sequence[str]) -> list[str]:
    """Replay these; the ids of those that were."""
    replayed: list[str] = []
    with _bar(len(wanted)) as advance:
        for start in range(0, len(wanted), REPLAY_STEP):
            chunk = wanted[start : start + REPLAY_STEP]
            replayed += client.post("/admin/v1/replays", {"ids": chunk})["ids"]
            advance(len(chunk))
    return replayed


def _by_selection(client: Client, selected: Selected) -> int:
    """Replay what is selected and dead by now; how many that were."""
    newest = _groups(client, limit=1, webhook=selected["webhook"], reason=selected["reason"])
    if not newest:
        return 0
    begun = datetime.fromisoformat(newest[0]["newest"]) + timedelta(
        milliseconds=1
    )  # by the dispatcher's own clock
    if selected["until"] is None or begun < datetime.fromisoformat(selected["until"]):
        selected = selected | {"until": begun.isoformat()}
    asked = {name: value for name, value in selected.items() if value is not None}
    left = client.post("/admin/v1/replays", asked | {"dryRun": True})["remaining"]
    replayed = 0
    with _bar(left) as advance:
        while left:
            answer: Mapping[str, int] = client.post("/admin/v1/replays", asked)
            replayed += answer["replayed"]
            advance(answer["replayed"])
            left = answer["remaining"] if answer["replayed"] else 0
    return replayed


@contextmanager
def _bar(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal where there are several steps; what it gives takes how many more are done."""
    console = Console(stderr=True)
    hidden = total <= REPLAY_STEP or not console.is_terminal
    with Progress(console=console, disable=hidden, transient=True) as progress:
        task = progress.add_task("Replaying", total=total)
        yield lambda count: progress.advance(task, count)


def _groups(client: Client, **selected: str | int | None) -> list[Any]:
    found: list[Any] = client.get("/admin/v1/dead-letters/groups", **selected)["items"]
    return found


def _others(client: Client) -> str:
    """How many dead letters there are of whom, as a sentence that follows another one."""
    groups = _groups(client, limit=REPLAY_GROUPS_SHOWN + 1)
    shown = [
        f"{group['count']:,} of {group['webhook']} ({group['reason']})"
        for group in groups[:REPLAY_GROUPS_SHOWN]
    ]
    if not shown:
        return " There is none at all."
    return f" There are {', '.join(shown)}{' and others' if len(groups) > len(shown) else ''}."


def _letters(count: int) -> str:
    return f"{count:,} dead letter{'' if count == 1 else 's'}"
