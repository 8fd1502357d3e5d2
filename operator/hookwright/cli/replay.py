"""`hookwright replay`: dead letters go back to waiting and are delivered once more.

Which ones is settled first, by reading the list of dead letters; they are then asked for by id in chunks. So
there is progress to show, and one that dies again meanwhile is not replayed in circles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.console import Console
from rich.progress import track

from hookwright.api.fields import span
from hookwright.cli.client import Client
from hookwright.cli.exits import FOUND_WRONG
from hookwright.cli.output import Format, format_option, print_one
from hookwright.cli.reach import Reach, reach_options
from hookwright.cli.show import note
from hookwright.errors import UsageError
from hookwright.limits import REPLAY_STEP


@click.command("replay")
@click.option("--id", "ids", multiple=True, metavar="ID", help="A delivery or invocation; may be repeated.")
@click.option("--webhook", metavar="[NS/]NAME", help="Dead letters of this webhook.")
@click.option("--since", metavar="2h|TIME", help="Those that died since then.")
@click.option("--until", metavar="2h|TIME", help="Those that died before then.")
@reach_options
@format_option
@click.pass_context
def command(
    context: click.Context,
    ids: tuple[str, ...],
    webhook: str | None,
    since: str | None,
    until: str | None,
    reach: Reach,
    output: Format,
) -> None:
    """Deliver dead letters once more; with several selectors, those that fit all."""
    if not ids and webhook is None and since is None and until is None:
        raise click.UsageError("Say what to replay: --id, --webhook, --since or --until.")
    now = datetime.now(UTC)
    first, end = moment("--since", since, now), moment("--until", until, now)
    client = reach.admin()
    wanted = list(dict.fromkeys(identifier.partition(".")[0] for identifier in ids))
    if webhook is not None or first is not None or end is not None:
        found = list(_dead(client, None if webhook is None else client.full_name(webhook), first, end))
        wanted = [identifier for identifier in found if not wanted or identifier in wanted]
    replayed = _replayed(client, wanted)
    missed = [identifier for identifier in wanted if identifier not in replayed] if ids else []
    for identifier in missed:
        note(f"{identifier} is not a dead letter any more, or never was.")
    if output != "table":
        print_one({"replayed": len(replayed), "ids": replayed}, output)
    elif not replayed:
        click.echo("No dead letter fits.")
    else:
        one = len(replayed) == 1
        click.echo(
            f"Replayed {len(replayed):,} dead letter{'' if one else 's'}; what becomes of {'it' if one else 'them'}: "
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


def _dead(client: Client, webhook: str | None, first: datetime | None, end: datetime | None) -> Iterator[str]:
    """Ids of the dead letters of a webhook (None: all) that died in [first, end)."""
    for page in client.pages("/admin/v1/dead-letters", webhook=webhook):
        for letter in page:
            died = datetime.fromisoformat(letter["time"])
            if first is not None and died < first:
                return  # newest first: all others are older
            if end is None or died < end:
                yield letter["id"]


def _replayed(client: Client, wanted: Sequence[str]) -> list[str]:
    """Ask for them in chunks, with a bar on a terminal where there are several; those that were replayed."""
    chunks = [wanted[start : start + REPLAY_STEP] for start in range(0, len(wanted), REPLAY_STEP)]
    console = Console(stderr=True)
    hidden = len(chunks) < 2 or not console.is_terminal
    replayed: list[str] = []
    for chunk in track(chunks, "Replaying", console=console, disable=hidden, transient=True):
        answer: dict[str, Any] = client.post("/admin/v1/replays", {"ids": list(chunk)})
        replayed += answer["ids"]
    return replayed
