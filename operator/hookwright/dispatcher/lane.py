"""One webhook's lane: its waiting deliveries in memory and everything that says whether one may start now.

A lane holds a bounded queue of claimed deliveries; the rest waits in the store. It decides nothing: rules come from
`core.lifecycle` and `core.circuit`, turns from `dispatcher.lanes`. Times are the process's monotonic seconds unless
a name ends in `_ms` (epoch milliseconds).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from hookwright.core.circuit import Circuit
from hookwright.core.lifecycle import RouteState
from hookwright.dispatcher.attempt import Target
from hookwright.limits import LANE_QUEUE, LANE_QUEUE_BYTES
from hookwright.store.port import Delivery


@dataclass(slots=True)
class LastInvocation:
    """What `status.lastInvocation` says (SPEC 2)."""

    time_ms: int
    result: str
    event_id: str
    trigger: str | None
    attempt: int
    status: int | None
    duration: float
    message: str


class Window:
    """A rate limit: never more than `requests` starts in any period of `seconds`, without spacing them out."""

    __slots__ = ("requests", "seconds", "starts")

    def __init__(self, requests: int, seconds: float) -> None:
        self.requests, self.seconds = requests, seconds
        self.starts: deque[float] = deque()

    def free_at(self, now: float) -> float:
        """When the next start is allowed; ≤ now: at once."""
        return now if len(self.starts) < self.requests else self.starts[0] + self.seconds

    def start(self, now: float) -> None:
        """One starts now."""
        if len(self.starts) >= self.requests:
            self.starts.popleft()
        self.starts.append(now)


class Lane:
    """State of one webhook in this process."""

    __slots__ = (
        "circuit",
        "claim_again",
        "claiming",
        "consecutive_failures",
        "credit",
        "dead",
        "deleted_at_ms",
        "dirty",
        "due_at",
        "gone_mark",
        "in_flight",
        "in_turn",
        "key",
        "keys",
        "last",
        "last_failure_ms",
        "last_success_ms",
        "message",
        "more",
        "paused_until",
        "queue",
        "queue_bytes",
        "retired",
        "state",
        "target",
        "unwritten",
        "waiting",
        "waiting_bytes",
        "wake_at",
        "window",
    )  # fmt: skip

    def __init__(self, key: str) -> None:
        self.key = key
        self.target: Target | None = None
        self.state = RouteState.HELD
        self.message = ""
        self.gone_mark: str | None = None
        self.deleted_at_ms: int | None = None
        self.queue: deque[Delivery] = deque()
        self.queue_bytes = 0
        self.keys: set[int] = set()
        """Every delivery in memory: queued, running, or with a result that is not written yet."""
        self.retired: set[int] | None = None
        """While a claim is under way: keys finished meanwhile, which it may still bring."""
        self.in_flight = 0
        self.unwritten = 0
        self.more = False
        """The store may hold due deliveries of this lane that are not in memory."""
        self.claiming = False
        self.claim_again = False
        """Something for the store to give came while a claim was under way."""
        self.due_at: float | None = None
        """When the earliest delayed delivery in the store becomes due."""
        self.wake_at: float | None = None
        self.paused_until = 0.0
        self.circuit = Circuit()
        self.window: Window | None = None
        self.credit = 0.0
        self.in_turn = False
        self.waiting = 0
        self.waiting_bytes = 0
        self.dead = 0
        self.consecutive_failures = 0
        self.last_success_ms: int | None = None
        self.last_failure_ms: int | None = None
        self.last: LastInvocation | None = None
        self.dirty = False
        """What is to be remembered over a restart has changed."""

    def has_room(self) -> bool:
        """Whether the queue takes one more."""
        return len(self.queue) < LANE_QUEUE and self.queue_bytes < LANE_QUEUE_BYTES

    def push(self, delivery: Delivery) -> bool:
        """Queue a delivery that is on stable storage; False: it is here already."""
        if delivery.key in self.keys or (self.retired is not None and delivery.key in self.retired):
            return False
        self.keys.add(delivery.key)
        self.queue.append(delivery)
        self.queue_bytes += len(delivery.raw)
        return True

    def pop(self) -> Delivery:
        """The next delivery to start."""
        delivery = self.queue.popleft()
        self.queue_bytes -= len(delivery.raw)
        return delivery

    def forget(self, key: int) -> None:
        """A delivery is done with (its result is written)."""
        self.keys.discard(key)
        if self.retired is not None:
            self.retired.add(key)

    def clear(self) -> None:
        """Drop the queue; the store still has it."""
        for delivery in self.queue:
            self.keys.discard(delivery.key)
        self.queue.clear()
        self.queue_bytes = 0

    def blocked_until(self, now: float) -> float | None:
        """0: an attempt may start now. Another time: try again then. None: something else will wake it."""
        if self.state is not RouteState.RUNNING or self.target is None or not self.queue:
            return None
        limit = self.target.route.max_in_flight
        if self.in_flight >= limit or self.in_flight + self.unwritten >= 2 * limit:
            return None
        if self.paused_until > now:
            return self.paused_until
        if not self.circuit.may_start(now):
            return None if self.circuit.probe_running else self.circuit.next_probe
        if self.window is not None:
            free_at = self.window.free_at(now)
            if free_at > now:
                return free_at
        return 0.0
