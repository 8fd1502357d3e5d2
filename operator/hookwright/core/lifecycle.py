"""The life of a delivery: the table of SPEC 5, as functions of values. Lanes only carry out what it says.

    waiting ──attempt──► running ──decide──► delivered (ack) │ waiting again (delay) │ dead (bury)
    waiting ──give_up──► dead, without an attempt: webhook gone, deleted, or the delivery too old or a suspect

Must not: read clock or randomness, know stores or lanes. Times are epoch seconds, waits are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from hookwright.core.outcome import DELIVERED, Outcome, Verdict
from hookwright.core.records import Action, DeadReason, Delivery, Finish
from hookwright.core.retry import RetryPolicy
from hookwright.errors import Cause
from hookwright.limits import (
    CIRCUIT_PROBE_MIN_SECONDS,
    DELETED_WEBHOOK_SECONDS,
    SLOW_PAUSE_SECONDS,
    SUSPECT_CRASHES,
)


class RouteState(StrEnum):
    """What a webhook does with its deliveries: sends them, keeps them waiting, or buries them."""

    RUNNING = "running"
    HELD = "held"
    GONE = "gone"


RUNNING: Final = RouteState.RUNNING  # a delivery asks for this often, and each look into an enum costs


class Decision(NamedTuple):
    """What becomes of a delivery after an attempt.

    `result` is Delivered, Retrying, Rejected, Gone or Exhausted; `delay`
    the seconds until the next attempt may start; `steps` and `attempts` the counts from now on; `reason` the
    dead letter's reason (None unless buried); `message` one sentence for people; `pause` the seconds for
    which the whole target is left alone (0: it goes on).
    """

    action: Action
    result: str
    delay: float
    steps: int
    attempts: int
    reason: DeadReason | None
    message: str
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Burial:
    """A delivery that is given up without a further attempt: the dead letter's reason and one sentence."""

    reason: DeadReason
    message: str


def decide(
    outcome: Outcome,
    *,
    attempts: int,
    steps: int,
    received: float,
    policy: RetryPolicy,
    probing: bool,
    now: float,
    jitter: float,
) -> Decision:
    """Decide on a delivery after an attempt.

    `attempts` and `steps` are the counts before it, `received` when the event was accepted or replayed,
    `probing` whether the circuit was open when it began, `jitter` is in [-1, 1].
    """
    attempts += 1
    if outcome.verdict is DELIVERED:
        return Decision(Action.ACK, "Delivered", 0.0, steps, attempts, None, outcome.message)
    said = outcome.message.removesuffix(".")
    if outcome.verdict is Verdict.GONE:
        message = f"{said}; the webhook stops until its spec changes or hookwright retry is called."
        return Decision(Action.BURY, "Gone", 0.0, steps, attempts, DeadReason.GONE, message)
    if outcome.verdict is Verdict.REJECTED:
        reason = DeadReason.FILTER_ERROR if outcome.cause is Cause.FILTER else DeadReason.REJECTED
        message = f"{said}; the delivery is kept as a dead letter."
        return Decision(Action.BURY, "Rejected", 0.0, steps, attempts, reason, message)

    pause = _pause(outcome, policy)
    free = probing or outcome.status == 429
    delay = _next_delay(outcome, steps, policy, probing=probing, free=free, jitter=jitter)
    end = _end(attempts, delay, policy, age=now - received)
    if delay is None or end is not None:
        return Decision(
            Action.BURY, "Exhausted", 0.0, steps, attempts, DeadReason.EXHAUSTED, f"{said}; {end}.", pause
        )
    then = (
        "it waits for the next probe, as the circuit is open"
        if probing
        else f"next attempt in {spoken(delay)}"
    )
    return Decision(
        Action.DELAY,
        "Retrying",
        delay,
        steps if free else steps + 1,
        attempts,
        None,
        f"{said}; {then}.",
        pause,
    )


def give_up(
    state: RouteState, *, received: float, policy: RetryPolicy, deleted_at: float | None, now: float
) -> Burial | None:
    """Whether a waiting delivery becomes a dead letter before its next attempt; None: it may go on or wait.

    `deleted_at` is when its webhook left the configuration (None: it is there); such a delivery waits for the
    same name to come back. Held webhooks keep their deliveries until `max_age`.
    """
    if deleted_at is not None and now - deleted_at >= DELETED_WEBHOOK_SECONDS:
        return Burial(
            DeadReason.WEBHOOK_DELETED, f"The webhook was deleted and did not come back in {_DELETED}."
        )
    if state is RouteState.GONE and deleted_at is None:
        return Burial(DeadReason.GONE, "The target answered 410 Gone to an earlier delivery of this webhook.")
    if now - received >= policy.max_age:
        return Burial(
            DeadReason.EXHAUSTED, f"The delivery is older than its maxAge of {spoken(policy.max_age)}."
        )
    return None


def buried(delivery: Delivery, burial: Burial, now: float) -> Finish:
    """The result of a delivery that was given up without an attempt."""
    return Finish(
        key=delivery.key, route=delivery.route, action=Action.BURY, reason=burial.reason, message=burial.message,
        attempts=delivery.attempts, at=int(now * 1000), sole=delivery.sole,
    )  # fmt: skip


def gone_mark(config_hash: str, requested_at: str | None) -> str:
    """What a 410 is remembered under: a new configuration hash or a new requestedAt makes it void."""
    return f"{config_hash} {requested_at or ''}"


def route_state(*, held: str | None, gone: str | None, mark: str) -> RouteState:
    """A webhook's state: `held` why it cannot be sent, `gone` the remembered mark, `mark` the present one."""
    if gone == mark:
        return RouteState.GONE
    return RouteState.HELD if held is not None else RouteState.RUNNING


def spoken(duration: float) -> str:
    """A duration for people, two units at most: 0.4 → "1 s", 90 → "1 min 30 s", 187200 → "52 h"."""
    total = max(1, round(duration))
    if total < 60:
        return f"{total} s"
    return _pair(total, "min", "s") if total < 3600 else _pair(total // 60, "h", "min")


def _pair(total: int, large: str, small: str) -> str:
    count, rest = divmod(total, 60)
    return f"{count} {large} {rest} {small}" if rest else f"{count} {large}"


_DELETED = spoken(DELETED_WEBHOOK_SECONDS)
SUSPECT = Burial(
    DeadReason.SUSPECT,
    f"The dispatcher ended without a word {SUSPECT_CRASHES} times while this delivery was under way, so it may be the "
    "cause; when that is mended, replay it (hookwright replay --id and its id).",
)
"""Of a delivery that may be what ends the process."""


def _next_delay(
    outcome: Outcome, steps: int, policy: RetryPolicy, *, probing: bool, free: bool, jitter: float
) -> float | None:
    """Seconds to the next attempt, None when the schedule has ended: the later of the step and Retry-After.

    A free attempt waits its present step without using it up (a probe: as long as probes do), so that it
    never ends a schedule; but with an empty schedule the first outcome decides.
    """
    if free and policy.schedule:
        last = len(policy.schedule) - 1
        step = CIRCUIT_PROBE_MIN_SECONDS if probing else policy.delay(min(steps, last), jitter)
    else:
        step = policy.delay(steps, jitter)
    return None if step is None else max(step, _obeyed(outcome, policy))


def _end(attempts: int, delay: float | None, policy: RetryPolicy, *, age: float) -> str | None:
    """Why there is no next attempt, as half a sentence; None: there is one."""
    if not policy.schedule:
        return "it is not tried again, as its retry schedule is empty"
    if delay is None:
        return f"its retry schedule has ended after {attempts} attempts"
    if age + delay >= policy.max_age:
        return f"the next attempt would come after its maxAge of {spoken(policy.max_age)}"
    return None


def _pause(outcome: Outcome, policy: RetryPolicy) -> float:
    """How long the whole target is left alone: what it asked for, or a moment."""
    if not outcome.slow:
        return 0.0
    return SLOW_PAUSE_SECONDS if outcome.retry_after is None else _obeyed(outcome, policy)


def _obeyed(outcome: Outcome, policy: RetryPolicy) -> float:
    return min(outcome.retry_after or 0.0, policy.retry_after_max)
