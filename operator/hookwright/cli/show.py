"""How the client commands show what a dispatcher says: tables, notes, an invocation in one line or in full.

The last words of a failed invocation are its tip and the next command (SPEC 7). Everything that came from
outside passes `printable`. Must not: ask the dispatcher anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import click

from hookwright.cli.terminal import is_terminal
from hookwright.core.redaction import printable

COLOURS: Final = {"Delivered": "green", "Test successful": "green", "Retrying": "yellow"}
"""The colour of a result; red for all others."""

SUCCESSFUL: Final = frozenset({"Delivered", "Test successful"})
DEAD: Final = frozenset({"Rejected", "Gone", "Exhausted"})
_STYLES: Final = COLOURS | {"●": "green"} | dict.fromkeys(DEAD, "red")


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns like kubectl's; on a terminal an active dot is green and a result has its colour."""
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(titles, *shown, strict=True)]
    for row in (titles, *shown):
        cells = (_styled(cell) + " " * (width - len(cell)) for cell, width in zip(row, widths, strict=True))
        click.echo("   ".join(cells).rstrip())


def _styled(cell: str) -> str:
    return click.style(cell, _STYLES[cell]) if cell in _STYLES else cell


def print_line(document: Any) -> None:
    """JSON types on stdout as one line (`--follow -o json`)."""
    click.echo(json.dumps(document, ensure_ascii=False, separators=(",", ":")))


def note(sentence: str) -> None:
    """One sentence for people on stderr."""
    click.echo(printable(sentence), err=True)


def age(time: str | None, now: datetime) -> str:
    """How long ago an RFC 3339 time was, in one unit like kubectl: 12s, 5m, 3h, 2d; empty for None."""
    if time is None:
        return ""
    passed = max(0, int((now - datetime.fromisoformat(time)).total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if passed >= 2 * size:
            return f"{passed // size}{unit}"
    return f"{passed}s"


def invocation_line(invocation: Mapping[str, Any], command: Callable[[str], str]) -> None:
    """An invocation in one line, a failed one with its message, tip and the next command below."""
    status = (invocation.get("response") or {}).get("statusCode")
    total = (invocation.get("timings") or {}).get("total") or 0.0
    words = (
        invocation["time"],
        invocation["webhook"],
        invocation.get("trigger") or "-",
        invocation["id"],
        str(status or "-"),
        f"{total:.0f} ms",
    )
    click.echo(f"{_result(invocation)}  {'  '.join(printable(word) for word in words)}")
    if invocation["result"] not in SUCCESSFUL:
        click.echo(f"    {printable(invocation.get('message') or '')}")
        last_words(invocation, command(f"invocations --id {invocation['id']}"), indent="    ")


def invocation_in_full(invocation: Mapping[str, Any], command: Callable[[str], str]) -> None:
    """An invocation with request, answer and timings; the last words of a failed one: its tip, the next
    command.
    """
    click.echo(f"{_result(invocation)}  {printable(invocation['webhook'])}  {printable(invocation['id'])}")
    click.echo(printable(invocation.get("message") or ""))
    # a request for access, not the HTTP request below; outside scripts know it by its old title
    request, room = ("Access request", 16) if is_terminal() else ("Request", 10)
    for title, value in (
        ("Trigger", invocation.get("trigger")),
        ("Event", invocation.get("eventID")),
        (request, invocation.get("friendlyID")),
        ("Attempt", str(invocation["attempt"])),
        ("Time", invocation["time"]),
        ("Took", _timings(invocation.get("timings") or {})),
    ):
        if value:
            click.echo(f"{title + ':':{room}}{printable(value)}")
    if sent := invocation.get("request"):
        _message(f"{sent['method']} {sent['url']}", sent)
    if response := invocation.get("response"):
        _message(f"HTTP {response['statusCode']}", response)
    if unread := invocation.get("unread"):
        click.echo(printable(unread))
    click.echo()
    for result in invocation.get("validators") or []:
        mark = click.style("✓", fg="green") if result["passed"] else click.style("✗", fg="red")
        seen = result["actual"] or result.get("problem") or "nothing"
        click.echo(f"{mark} {printable(result['path'])}: {printable(seen)}")
    if invocation["result"] not in SUCCESSFUL:
        last_words(invocation, command(_next(invocation)))


def _result(invocation: Mapping[str, Any]) -> str:
    result: str = invocation["result"]
    return click.style(printable(result), fg=COLOURS.get(result, "red"), bold=True)


_PHASES: Final = {
    "dns": "DNS",
    "connect": "connect",
    "tls": "TLS",
    "firstByte": "first byte",
    "total": "in all",
}


def _timings(timings: Mapping[str, float | None]) -> str:
    parts = ((name, timings.get(key)) for key, name in _PHASES.items())
    return ", ".join(f"{name} {value:.1f} ms" for name, value in parts if value is not None)


def _message(first: str, message: Mapping[str, Any]) -> None:
    """A request or an answer as it went over the wire."""
    click.echo("\n" + click.style(printable(first), bold=True))
    for name, value in (message.get("headers") or {}).items():
        click.echo(f"{printable(name)}: {printable(value)}")
    body = message.get("body")
    if body is None:
        click.echo(click.style("(the body was not kept)", dim=True))
    elif body:
        click.echo("\n" + _pretty(body))


def _pretty(body: str) -> str:
    """JSON with indents, other text as it is; control characters escaped."""
    with suppress(ValueError, RecursionError):
        body = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    return "\n".join(printable(line) for line in body.split("\n"))


def _next(invocation: Mapping[str, Any]) -> str:
    """What to do after a failure: nothing is lost, so it is a question of when."""
    delivery = invocation["id"].partition(".")[0]
    if invocation.get("kind") == "Manual":
        return f"invoke {invocation['webhook']}"
    if invocation["result"] in DEAD and invocation.get("kind") == "Delivery":
        return f"replay --id {delivery}"
    return f"invocations {invocation['webhook']}"


def last_words(failed: Mapping[str, Any], command: str, *, indent: str = "", err: bool = False) -> None:
    """The tip of what failed, an invocation or a refusal, and the next command."""
    if hint := failed.get("hint"):
        click.echo(f"{indent}{click.style('Tip:', bold=True)} {printable(hint)}", err=err)
    click.echo(f"{indent}{click.style('Next:', bold=True)} {printable(command)}", err=err)
