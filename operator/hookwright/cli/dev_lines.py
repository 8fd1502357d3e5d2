"""Lines of `dev` on a terminal: one per delivery, above 20 a second one summary a second."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import click

from hookwright.core.redaction import printable
from hookwright.telemetry.record import AttemptDetails

_LINES_PER_SECOND = 20


class DeliveryLines:
    """Shows attempts as they end. `pause`: seconds after which a summary comes even if nothing else ends."""

    def __init__(self, pause: float = 1.0) -> None:
        self._pause = pause
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
            result = details.record.result
            if not self._counts:
                with suppress(RuntimeError):  # the loop has ended: so do the lines
                    asyncio.get_running_loop().call_later(self._pause, self._summary)
            self._counts[result] = self._counts.get(result, 0) + 1
            return
        self._shown += 1
        record = details.record
        colour = (
            "green" if record.result == "Delivered" else "yellow" if record.result == "Retrying" else "red"
        )
        click.echo(
            f"{time.strftime('%H:%M:%S')} {click.style(record.result, fg=colour)} {record.route} "
            f"{record.trigger or ''} {record.duration:.0f} ms  {printable(details.message)}"
        )

    def _summary(self) -> None:
        if self._counts:
            parts = ", ".join(f"{count:,} {result}" for result, count in sorted(self._counts.items()))
            click.echo(f"{time.strftime('%H:%M:%S')} … and {parts} in that second")
            self._counts.clear()
