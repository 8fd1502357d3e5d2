"""When something that failed may be tried again: pauses that double from try to try, for each cause by itself.

Pure: time comes in as an argument, nothing waits here. Whoever tries asks `left` before and tells the outcome after.
Must not: log (`trouble` does), or decide what is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from hookwright.limits import REFUSED_LONGEST_SECONDS, RETRY_LONGEST_SECONDS, RETRY_SECONDS

REFUSALS = frozenset({400, 401, 403, 404, 413, 422})
"""Answers of an API server that a later try is given as well, until somebody changes something."""


def longest(status: int | None) -> float:
    """The longest pause in seconds after an answer with this status; None: there was no answer."""
    return REFUSED_LONGEST_SECONDS if status in REFUSALS else RETRY_LONGEST_SECONDS


@dataclass(frozen=True, slots=True)
class _Pause:
    seconds: float
    ends: float


class Pace:
    """The pauses by cause. `monotonic`: seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._pauses: dict[Hashable, _Pause] = {}

    def failed(self, cause: Hashable, status: int | None = None) -> float:
        """It failed (`status`: of the answer): the pause in seconds, twice the last one, up to the longest."""
        before = self._pauses.get(cause)
        seconds = RETRY_SECONDS if before is None else min(before.seconds * 2, longest(status))
        self._pauses[cause] = _Pause(seconds, self._monotonic() + seconds)
        return seconds

    def left(self, cause: Hashable) -> float:
        """Seconds until it may be tried; 0: now."""
        pause = self._pauses.get(cause)
        return 0.0 if pause is None else max(0.0, pause.ends - self._monotonic())

    def over(self, cause: Hashable) -> None:
        """It went well, or nobody wants it any more: the next failure begins with the shortest pause."""
        self._pauses.pop(cause, None)
