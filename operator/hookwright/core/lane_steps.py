"""What a lane answers to whoever carries it out: what it wants now, and what begins with its next attempt.

Values only. Must not: decide (`core.lane`).
"""

from __future__ import annotations

from typing import NamedTuple

from hookwright.core.backlog import Bury
from hookwright.core.records import Delivery, Finish, Wanted


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
