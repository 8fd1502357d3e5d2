"""What keeps a configuration from coming into force: one line for a cause, and red when it lasts."""

from __future__ import annotations

import structlog

from hookwright.controller.trouble import Trouble
from hookwright.limits import CONFIG_TROUBLE_SECONDS


class Clock:
    """Seconds, set by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_until_the_first_configuration_is_written_it_is_not_ready() -> None:
    """With the reason, as soon as there is one."""
    trouble = Trouble(Clock())
    assert trouble.lasting() == "The configuration was not written yet."
    trouble.note("unfit", "It takes 8.0 MiB.")
    assert trouble.lasting() == "It takes 8.0 MiB."
    trouble.over()
    assert trouble.lasting() is None


def test_trouble_that_lasts_turns_it_red() -> None:
    """From its beginning on, whatever it is called meanwhile; and not a short one."""
    clock = Clock()
    trouble = Trouble(clock)
    trouble.over()
    trouble.note("cluster 500", "No answer.")
    clock.seconds += CONFIG_TROUBLE_SECONDS - 1
    assert trouble.lasting() is None
    trouble.note("unfit", "It takes 8.0 MiB.")
    clock.seconds += 1
    assert trouble.lasting() == "It takes 8.0 MiB."
    trouble.over()
    trouble.note("unfit", "It takes 8.0 MiB.")
    assert trouble.lasting() is None


def test_each_cause_is_told_once() -> None:
    """Not in each round, nor for a sentence that only has another figure; the end is told as well."""
    trouble = Trouble(Clock())
    with structlog.testing.capture_logs() as told:
        trouble.over()
        for size in (8, 8, 9):
            trouble.note("unfit", f"It takes {size}.0 MiB.")
        trouble.note("cluster 403", "Forbidden.")
        trouble.over()
        trouble.over()
    assert [each["log_level"] for each in told] == ["error", "error", "info"]
    assert [each["message"] for each in told[:2]] == ["It takes 8.0 MiB.", "Forbidden."]
