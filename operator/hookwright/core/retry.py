"""When to try again: the `retry` part of a webhook as a value that answers.

Must not: read clock or randomness; jitter comes in as a number, all times are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hookwright.api.fields import seconds
from hookwright.api.v1alpha1.webhook import Retry
from hookwright.limits import MAX_AGE_EXTRA_SECONDS, RETRY_JITTER

DEFAULT_SCHEDULE: Final = ("5s", "5m", "30m", "2h", "5h", "10h", "10h")
"""SPEC 2: eight attempts over about 28 h."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """A retry schedule with its bounds, in seconds.

    `schedule` holds the waits between attempts (empty: no retry), `retry_after_max` the longest Retry-After
    that is obeyed, `max_age` the age at which a delivery is Exhausted, tried or not.
    """

    schedule: tuple[float, ...]
    retry_after_max: float
    max_age: float

    @classmethod
    def of(cls, retry: Retry | None) -> RetryPolicy:
        """The policy a spec asks for, defaults as in SPEC 2. ValueError for a text that is no duration."""
        retry = retry or Retry()
        texts = DEFAULT_SCHEDULE if retry.schedule is None else retry.schedule
        schedule = tuple(seconds(text) for text in texts)
        max_age = sum(schedule) + MAX_AGE_EXTRA_SECONDS if retry.max_age is None else seconds(retry.max_age)
        return cls(schedule, seconds(retry.retry_after_max), max_age)

    def delay(self, step: int, jitter: float) -> float | None:
        """Seconds to wait at a step (from 0), ±20 % by `jitter` in [-1, 1]; None: the schedule has ended."""
        if step >= len(self.schedule):
            return None
        return self.schedule[step] * (1 + RETRY_JITTER * jitter)
