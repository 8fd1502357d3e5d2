"""What `dev` says on a terminal: a greeting, one line per delivery, above 20 a second one summary a second.

With a sink the request that it took stands below the delivery, as the history keeps it: without secrets.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import click
import orjson

from hookwright.api.admin import TestRun
from hookwright.core.expectations import SUCCESSFUL
from hookwright.core.redaction import printable
from hookwright.telemetry.record import AttemptDetails

_LINES_PER_SECOND = 20
_INDENT = " " * 9


class DeliveryLines:
    """Shows attempts as they end. `pause`: seconds after which a summary comes even if nothing else ends.

    `requests`: show what was sent, too.
    """

    def __init__(self, pause: float = 1.0, *, requests: bool = False) -> None:
        self._pause, self._requests = pause, requests
        self._second = 0
        self._shown = 0
        self._counts: dict[str, int] = {}

    def show(self, details: AttemptDetails) -> None:
        """One attempt; called for each."""
        second = int(time.monotonic())
        if second != self._second:
            self._summary()
            self._second, self._shown = second, 0
        if self._shown >= _LINES_PER_SECOND:
            self._count(details.record.result)
            return
        self._shown += 1
        record = details.record
        colour = (
            "green" if record.result == "Delivered" else "yellow" if record.result == "Retrying" else "red"
        )
        request = sent(details) if self._requests else None
        message = details.message if request is None or record.result != "Delivered" else ""
        click.echo(
            f"{time.strftime('%H:%M:%S')} {click.style(record.result, fg=colour)} {record.route} "
            f"{record.trigger or ''} {record.duration:.0f} ms  {printable(message)}".rstrip()
        )
        if request is not None:
            _show_request(request)

    def _count(self, result: str) -> None:
        if not self._counts:
            with suppress(RuntimeError):  # the loop has ended: so do the lines
                asyncio.get_running_loop().call_later(self._pause, self._summary)
        self._counts[result] = self._counts.get(result, 0) + 1

    def _summary(self) -> None:
        if self._counts:
            parts = ", ".join(f"{count:,} {result}" for result, count in sorted(self._counts.items()))
            click.echo(f"{time.strftime('%H:%M:%S')} … and {parts} in that second")
            self._counts.clear()


def sent(details: AttemptDetails) -> dict[str, Any] | None:
    """The request of an attempt that was answered: method, url, headers and body, without secrets. None: it was not."""
    if details.record.status is None:
        return None
    request: dict[str, Any] | None = orjson.loads(details.record.detail).get("request")
    return request


def greet(where: str, webhooks: str, page: str, send: str) -> None:
    """The first lines on a terminal: what runs, and the three things to do next."""
    click.echo(where)
    click.echo(webhooks)
    for word, what in (("Page", page), ("Send", send), ("Stop", "Ctrl-C")):
        click.echo(f"{click.style(word + ':', bold=True)}  {what}")


def sum_up(runs: Sequence[TestRun], command: str) -> None:
    """The tests of the start in one line. `command` shows why one failed."""
    passed = sum(run.result == SUCCESSFUL for run in runs)
    failed = len(runs) - passed
    why = f", {failed} failed; `{command}` shows why" if failed else ""
    click.echo(f"{counted(len(runs), 'test')}: {passed} passed{why}")


def counted(number: int, noun: str) -> str:
    """`1 test`, `2 tests`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _show_request(request: Mapping[str, Any]) -> None:
    """Two lines, each cut to the width of the terminal."""
    width = shutil.get_terminal_size().columns - len(_INDENT)
    body = request.get("body") or ""
    with suppress(ValueError):
        body = orjson.dumps(orjson.loads(body)).decode()
    for text in (f"{request['method']} {request['url']}", body):
        shown = printable(text)
        if shown:
            click.secho(_INDENT + (shown if len(shown) <= width else f"{shown[: width - 1]}…"), dim=True)
