"""Deliveries, outcomes and lanes for the tests of `core.lane`: what a test does not name is the same everywhere."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, NamedTuple

from hookwright.core.lane import Lane
from hookwright.core.lane_queue import Totals
from hookwright.core.lane_steps import Rules, Started
from hookwright.core.lifecycle import Decision
from hookwright.core.outcome import Outcome, Verdict
from hookwright.core.records import Action, Claimed, DeadReason, Delivery, Finish
from hookwright.core.retry import RetryPolicy
from hookwright.errors import Cause

NOW = 1_700_000_000.0
"""Seconds; when everything begins unless a test says otherwise."""

HOOK = "team/hook"
POLICY = RetryPolicy((5.0, 60.0), retry_after_max=3600.0, max_age=86_400.0)

DELIVERED = Outcome(Verdict.DELIVERED, None, "The target answered 200 OK.", 200)
RETRY = Outcome(Verdict.RETRY, Cause.STATUS, "The target answered 500 Internal Server Error.", 500)
SLOW = Outcome(
    Verdict.RETRY,
    Cause.STATUS,
    "The target answered 503 Service Unavailable.",
    503,
    retry_after=20.0,
    slow=True,
)
REJECTED = Outcome(Verdict.REJECTED, Cause.STATUS, "The target answered 400 Bad Request.", 400)
GONE = Outcome(Verdict.GONE, Cause.STATUS, "The target answered 410 Gone.", 410)


def ms(seconds: float) -> int:
    """Milliseconds."""
    return round(seconds * 1000)


def delivery(
    key: int, *, route: str = HOOK, received: float = NOW, size: int = 2, due: int = 0, attempts: int = 0
) -> Delivery:
    """One that waits, `size` bytes large."""
    return Delivery(
        key,
        key - 1,
        route,
        "RequestCreated",
        "RequestCreated",
        b"x" * size,
        ms(received),
        attempts,
        attempts,
        due,
    )


def running(
    totals: Totals | None = None,
    *,
    key: str = HOOK,
    retry: RetryPolicy = POLICY,
    max_in_flight: int = 2,
    rate: tuple[int, float] | None = None,
) -> Lane:
    """The lane of a webhook that is configured and has nothing to do."""
    lane = Lane(key, Totals() if totals is None else totals)
    configure(lane, retry=retry, max_in_flight=max_in_flight, rate=rate)
    return lane


def configure(
    lane: Lane,
    mark: str = "first",
    *,
    held: str | None = None,
    retry: RetryPolicy = POLICY,
    max_in_flight: int = 2,
    rate: tuple[int, float] | None = None,
) -> None:
    """The webhook is in the configuration."""
    lane.configured(Rules(retry, max_in_flight, rate), mark=mark, held=held)


def put(lane: Lane, *deliveries: Delivery) -> None:
    """Accept them."""
    for one in deliveries:
        lane.reserve(len(one.raw))
        lane.accepted(one)


def may_start(lane: Lane, now: float) -> bool:
    """Whether an attempt may start now."""
    return lane.ready_at(now) == 0.0


def start(lane: Lane, now: float = NOW) -> Started:
    """The next attempt, which may start; sent at once."""
    assert may_start(lane, now)
    started = lane.start(now)
    lane.sent(started.delivery.key, now)
    return started


def start_all(lane: Lane, now: float = NOW) -> list[Started]:
    """Every attempt that may start now; each is sent at once."""
    started = []
    while may_start(lane, now):
        started.append(start(lane, now))
    return started


def finish(one: Delivery, decision: Decision, now: float) -> Finish:
    """What is written of an attempt that ended now."""
    return Finish(
        one.key, one.route, decision.action, due=ms(now) + ms(decision.delay), steps=decision.steps,
        attempts=decision.attempts, reason=decision.reason, message=decision.message, at=ms(now),
    )  # fmt: skip


def end(
    lane: Lane, started: Started, outcome: Outcome = DELIVERED, now: float = NOW, *, mark: str = "first"
) -> Finish:
    """An attempt ended; its result, which is not written yet."""
    decision = lane.ended(
        started.delivery, outcome, tried=True, probe=started.probe, mark=mark, now=now, jitter=0.0
    )
    return finish(started.delivery, decision, now)


def attempt(lane: Lane, outcome: Outcome = DELIVERED, now: float = NOW, *, mark: str = "first") -> Finish:
    """The next attempt from its start to its written result."""
    started = start(lane, now)
    result = end(lane, started, outcome, now, mark=mark)
    lane.written(started.delivery, result)
    return result


def ack(one: Delivery) -> Finish:
    """The result of a delivery that was taken."""
    return Finish(one.key, one.route, Action.ACK)


def dead(one: Delivery) -> Finish:
    """The result of a delivery that was refused."""
    return Finish(one.key, one.route, Action.BURY, reason=DeadReason.REJECTED, at=ms(NOW))


def nothing() -> Claimed:
    """The answer to a claim when nothing waits."""
    return Claimed([], None)


@dataclass(eq=False)
class Asked:
    """Something asked of the store: done, then told; or it failed."""

    kind: str
    do: Callable[[], Coroutine[Any, Any, Any]]
    tell: Callable[[Any], None]
    fail: Callable[[], None]
    done: bool = False
    answer: Any = None
    route: str = ""
    """Of a burial: whose."""


class Flight(NamedTuple):
    """An attempt under way; `opening` numbers the time the circuit was open when it began."""

    lane: Lane
    delivery: Delivery
    probe: bool
    mark: str
    opening: int
