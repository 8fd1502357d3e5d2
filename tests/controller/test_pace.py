"""Pauses between tries: they double by cause, up to a longest that depends on the answer."""

from __future__ import annotations

import pytest

from hookwright.controller.pace import Pace


@pytest.mark.parametrize(
    ("status", "pauses"), [(None, [1, 2, 4, 8, 10, 10]), (403, [1, 2, 4, 8, 16, 30, 30])]
)
def test_pauses_double_up_to_a_longest(status: int | None, pauses: list[float]) -> None:
    """Longer where somebody has to change something than where it may heal by itself; a success begins anew."""
    pace = Pace(lambda: 0.0)
    assert [pace.failed("a", status) for _ in pauses] == pauses
    pace.over("a")
    assert (pace.left("a"), pace.failed("a", status)) == (0.0, 1.0)


def test_each_cause_waits_for_itself() -> None:
    """And no longer than its pause."""
    seconds = 0.0
    pace = Pace(lambda: seconds)
    pace.failed("a")
    assert (pace.left("a"), pace.left("b")) == (1.0, 0.0)
    seconds = 5.0
    assert pace.left("a") == 0.0
