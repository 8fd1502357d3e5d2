"""What `dev` prints on a terminal."""

from __future__ import annotations

import asyncio

import pytest

from hookwright.cli.dev_lines import DeliveryLines
from hookwright.core.records import AttemptRecord
from hookwright.telemetry.record import AttemptDetails


def attempt(message: str = "The target answered 200 OK.") -> AttemptDetails:
    """A delivery that arrived."""
    record = AttemptRecord(
        delivery_key=1, attempt=1, event_key=0, route="shop/slack", kind="Delivery", trigger="RequestGranted",
        result="Delivered", status=200, cause=None, time=0, duration=12.4, detail=b"{}", friendly_id=None,
    )  # fmt: skip
    return AttemptDetails(
        record=record,
        delivery_id="dlv_1t",
        event_id="evt_0t",
        host="h",
        received_ms=0,
        ended_ms=1,
        message=message,
    )


async def test_many_deliveries_are_summed_up(capsys: pytest.CaptureFixture[str]) -> None:
    """Twenty lines, then one with the rest, which comes though nothing else happens."""
    lines = DeliveryLines(pause=0.01)
    for _ in range(20):
        lines.show(attempt())
    assert "…" not in capsys.readouterr().out
    for _ in range(25):
        lines.show(attempt())
    said = ""
    async with asyncio.timeout(5):
        while "… and" not in said:
            await asyncio.sleep(0)
            said += capsys.readouterr().out
    assert "in that second" in said


async def test_what_an_answer_says_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters are escaped."""
    DeliveryLines().show(attempt("\x1b[31mred"))
    said = capsys.readouterr().out
    assert "shop/slack RequestGranted 12 ms  \\u001b[31mred" in said
