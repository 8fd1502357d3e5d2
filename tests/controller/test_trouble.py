"""What does not succeed: a line a minute for a cause, counted, red when it stops everybody and lasts."""

from __future__ import annotations

import structlog

from hookwright.controller.trouble import Troubles
from hookwright.limits import TROUBLE_LAPSE_SECONDS, TROUBLE_LINE_SECONDS, TROUBLE_SECONDS


class Clock:
    """Seconds, set by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_trouble_that_lasts_turns_it_red() -> None:
    """From its beginning on, whatever its sentence is meanwhile; and not a short one."""
    clock = Clock()
    troubles = Troubles(clock)
    troubles.note("configuration", "500", "No answer.", red=True)
    clock.seconds += TROUBLE_SECONDS - 1
    assert troubles.lasting() is None
    troubles.note("configuration", "500", "Not now.", red=True)
    clock.seconds += 1
    assert troubles.lasting() == "Not now."
    troubles.over("configuration")
    assert troubles.lasting() is None


def test_what_stops_a_few_is_told_and_not_red() -> None:
    """As is what succeeds elsewhere at the same time; both stand in the text and in the metric."""
    clock = Clock()
    troubles = Troubles(clock)
    for _ in range(int(TROUBLE_SECONDS) + 1):
        troubles.note("namespace", "b", "Namespace b refuses.")
        troubles.note("status", "403", "A policy says no.", red=True)
        troubles.well("status")
        clock.seconds += 1
    assert troubles.lasting() is None
    assert troubles.sentences() == ["Namespace b refuses.", "A policy says no."]
    assert troubles.counts() == {"namespace": 1, "status": 1}


def test_each_cause_is_told_once_a_minute() -> None:
    """With the number of the objects that it hit since, however often it hit them; the end is told as well."""
    clock = Clock()
    troubles = Troubles(clock)
    with structlog.testing.capture_logs() as told:
        for number in range(int(2 * TROUBLE_LINE_SECONDS)):
            troubles.note("status", "403", f"Not {number}.", ["Webhook a/b", f"Webhook a/w{number % 30:02}"])
            troubles.note("status", "500", "Broken.", red=True)
            clock.seconds += 1
        troubles.over("status", "403")
        troubles.over("status", "403")
    assert [(each["log_level"], each["message"], each.get("objects")) for each in told] == [
        ("warning", "Not 0.", 2), ("error", "Broken.", None), ("warning", "Not 60.", 31), ("error", "Broken.", None),
        ("info", "This trouble is over.", None),
    ]  # fmt: skip


def test_what_nobody_notes_any_more_has_ended() -> None:
    """Nothing stands for ever because its object is gone."""
    clock = Clock()
    troubles = Troubles(clock)
    troubles.note("test", "ClusterError", "Away.", ["shop/t"])
    clock.seconds += TROUBLE_LAPSE_SECONDS + 1
    assert (troubles.sentences(), dict(troubles.counts())) == ([], {})
