"""The retry schedule: defaults, jitter, bounds."""

from __future__ import annotations

import pytest

from hookwright.api.v1alpha1.webhook import Retry
from hookwright.core.retry import RetryPolicy

DAY = 86_400.0


def test_the_default_is_eight_attempts_over_28_hours() -> None:
    """Without `retry` the schedule, Retry-After bound and maxAge are those of SPEC 2."""
    policy = RetryPolicy.of(None)
    assert policy.schedule == (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 36000.0)
    assert policy.retry_after_max == 3600.0
    assert policy.max_age == 99305.0 + DAY


POLICIES = [
    (Retry(schedule=["1s", "1m30s"]), ((1.0, 90.0), 3600.0, 91.0 + DAY)),
    (Retry(schedule=[]), ((), 3600.0, DAY)),
    (Retry(max_age="2h", retry_after_max="10s", schedule=["5s"]), ((5.0,), 10.0, 7200.0)),
]


@pytest.mark.parametrize(("retry", "expected"), POLICIES)
def test_a_spec_sets_each_bound(retry: Retry, expected: tuple[tuple[float, ...], float, float]) -> None:
    """maxAge follows the schedule unless it is given; an empty schedule is not a missing one."""
    policy = RetryPolicy.of(retry)
    assert (policy.schedule, policy.retry_after_max, policy.max_age) == expected


@pytest.mark.parametrize(("jitter", "delay"), [(-1.0, 80.0), (0.0, 100.0), (0.5, 110.0), (1.0, 120.0)])
def test_jitter_moves_a_step_by_a_fifth(jitter: float, delay: float) -> None:
    """±20 %, taken from the number that comes in."""
    assert RetryPolicy((100.0,), 1.0, 1.0).delay(0, jitter) == pytest.approx(delay)


def test_after_the_last_step_there_is_none() -> None:
    """The schedule ends."""
    policy = RetryPolicy((1.0, 2.0), 1.0, 1.0)
    assert [policy.delay(step, 0.0) for step in range(4)] == [1.0, 2.0, None, None]
