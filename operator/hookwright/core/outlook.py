"""What people are told of the deliveries that wait: since when, and when the next one may be sent.

Both are bounds where the deliveries are in the store and not in memory (`core.backlog`): nothing waits longer, nothing
is sent earlier. Times are epoch seconds. Must not: read a clock, decide.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from hookwright.core.backlog import Backlog
from hookwright.core.circuit import Circuit
from hookwright.core.lane_queue import Queue
from hookwright.core.lifecycle import RouteState
from hookwright.core.rate import Window


class Outlook(NamedTuple):
    """`oldest`: when the oldest was accepted, `next_due`: when the next may be sent; None: that is not known."""

    oldest: float | None
    next_due: float | None


class Gates(NamedTuple):
    """What may keep a lane from sending."""

    state: RouteState
    circuit: Circuit
    window: Window | None
    paused_until: float

    def open_at(self, now: float) -> float:
        """When the next attempt may start at the earliest; infinity: that is not known."""
        if self.state is not RouteState.RUNNING:
            return inf
        free_at = now if self.window is None else self.window.free_at(now)
        probe_at = self.circuit.next_probe if self.circuit.open else now
        return max(now, self.paused_until, free_at, probe_at)


def outlook(queue: Queue, backlog: Backlog, gates: Gates, now: float) -> Outlook:
    """Of a lane of which something waits."""
    in_memory = backlog.takes_new and backlog.next_due == inf
    oldest = queue[0].received / 1000 if queue else inf
    if not in_memory:
        oldest = min(oldest, max(backlog.oldest, backlog.swept_oldest))
    due = now if queue or not backlog.takes_new else backlog.next_due
    return Outlook(_known(oldest), _known(max(due, gates.open_at(now))))


def _known(when: float) -> float | None:
    return when if when < inf else None
