"""What a lane is told of its webhook, and what it answers: what it wants now, what begins with its next attempt.

Values only. Must not: decide (`core.lane`).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from hookwright.core.backlog import Bury
from hookwright.core.records import Delivery, Finish, Wanted
from hookwright.core.retry import RetryPolicy
from hookwright.limits import MAX_IN_FLIGHT_DEFAULT


class Rules(NamedTuple):
    """What a webhook's spec says of its lane; `rate` is requests and seconds."""

    retry: RetryPolicy
    max_in_flight: int = MAX_IN_FLIGHT_DEFAULT
    rate: tuple[int, float] | None = None


UNCONFIGURED: Final = Rules(RetryPolicy.of(None))


class Effects(NamedTuple):
    """What a lane wants: a turn to start something, something of the store, to be settled again at a time."""

    turn: bool = False
    ask: Wanted | Bury | None = None
    wake_at: float | None = None


class Started(NamedTuple):
    """An attempt begins, or `given_up` is to be written; with a `probe` it probes an open circuit (hand that on)."""

    delivery: Delivery
    probe: int = 0
    given_up: Finish | None = None
