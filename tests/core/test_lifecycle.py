"""The second table of SPEC 5, row by row: what becomes of a delivery."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from hookwright.api.admin import ValidatorResult
from hookwright.core.lifecycle import (
    Burial,
    Decision,
    RouteState,
    decide,
    give_up,
    gone_mark,
    route_state,
    spoken,
)
from hookwright.core.outcome import Outcome, judge_answer, judge_error
from hookwright.core.retry import RetryPolicy
from hookwright.errors import Cause, FilterError, SendError, Sent, TemplateError

NOW = 1_700_000_000.0
DEFAULT = RetryPolicy.of(None)
SHORT = RetryPolicy((5.0, 60.0), retry_after_max=3600.0, max_age=10_000.0)
NEVER = RetryPolicy((), retry_after_max=3600.0, max_age=86_400.0)


def answer(status: int, retry_after: str | None = None) -> Outcome:
    """The outcome of an answer."""
    return judge_answer(status, [("retry-after", retry_after)] if retry_after else [], [], now=NOW)


def after(
    outcome: Outcome,
    *,
    attempts: int = 0,
    steps: int = 0,
    age: float = 0.0,
    policy: RetryPolicy = DEFAULT,
    probing: bool = False,
    jitter: float = 0.0,
) -> Decision:
    """What is decided of a delivery of that age."""
    return decide(
        outcome,
        attempts=attempts,
        steps=steps,
        received=NOW - age,
        policy=policy,
        probing=probing,
        now=NOW,
        jitter=jitter,
    )


REFUSED = judge_error(SendError("10.0.0.1 is refused", cause=Cause.REFUSED_ADDRESS, sent=Sent.NOT_SENT))
NO_TOKEN = judge_error(SendError("The token endpoint answered 500", cause=Cause.TOKEN, sent=Sent.NOT_SENT))
INVALID = judge_answer(200, [], [ValidatorResult(path="$", passed=False, actual="no")], now=NOW)


@dataclass(frozen=True)
class Row:
    """One row: what came, and the action, result, reason, delay and steps that follow."""

    outcome: Outcome
    action: str
    result: str
    reason: str | None = None
    delay: float = 0.0
    steps: int = 0


TABLE = {
    "delivered": Row(answer(204), "ack", "Delivered"),
    "401": Row(answer(401), "delay", "Retrying", delay=5.0, steps=1),
    "403": Row(answer(403), "delay", "Retrying", delay=5.0, steps=1),
    "500": Row(answer(500), "delay", "Retrying", delay=5.0, steps=1),
    "503": Row(answer(503), "delay", "Retrying", delay=5.0, steps=1),
    "503, later than the step": Row(answer(503, "30"), "delay", "Retrying", delay=30.0, steps=1),
    "503, earlier than the step": Row(answer(503, "1"), "delay", "Retrying", delay=5.0, steps=1),
    "503, over the limit": Row(answer(503, "999999"), "delay", "Retrying", delay=3600.0, steps=1),
    "429": Row(answer(429), "delay", "Retrying", delay=5.0, steps=0),
    "429 with a time": Row(answer(429, "60"), "delay", "Retrying", delay=60.0, steps=0),
    "refused address": Row(REFUSED, "delay", "Retrying", delay=5.0, steps=1),
    "token endpoint": Row(NO_TOKEN, "delay", "Retrying", delay=5.0, steps=1),
    "404": Row(answer(404), "bury", "Rejected", "Rejected"),
    "redirect": Row(answer(307), "bury", "Rejected", "Rejected"),
    "failed validator": Row(INVALID, "bury", "Rejected", "Rejected"),
    "render error": Row(judge_error(TemplateError("x")), "bury", "Rejected", "Rejected"),
    "filter over its budget": Row(judge_error(FilterError("x")), "bury", "Rejected", "FilterError"),
    "410": Row(answer(410), "bury", "Gone", "Gone"),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_the_first_attempt_by_the_table(row: Row) -> None:
    """Each outcome of a fresh delivery leads to the row's action; the attempt is counted in every row."""
    decision = after(row.outcome)
    assert (decision.action, decision.result, decision.reason) == (row.action, row.result, row.reason)
    assert (decision.delay, decision.steps, decision.attempts) == (row.delay, row.steps, 1)


def test_the_default_schedule_gives_eight_attempts() -> None:
    """A target that answers 500 for ever is tried eight times by the schedule, then Exhausted."""
    delays, steps, attempts, age = [], 0, 0, 0.0
    while (decision := after(answer(500), attempts=attempts, steps=steps, age=age)).action == "delay":
        delays.append(decision.delay)
        steps, attempts, age = decision.steps, decision.attempts, age + decision.delay
    assert delays == list(DEFAULT.schedule)
    assert (decision.action, decision.reason, decision.attempts) == ("bury", "Exhausted", 8)
    assert decision.message.endswith("; its retry schedule has ended after 8 attempts.")


def test_429_never_ends_a_schedule() -> None:
    """After the last step a 429 waits that step again: only maxAge ends it."""
    decision = after(answer(429), attempts=9, steps=2, policy=SHORT)
    assert (decision.action, decision.delay, decision.steps, decision.attempts) == ("delay", 60.0, 2, 10)


def test_a_probe_uses_up_no_step() -> None:
    """While the circuit is open a failure keeps the steps and waits as shortly as probes do."""
    decision = after(answer(500), attempts=20, steps=2, policy=SHORT, probing=True)
    assert (decision.action, decision.delay, decision.steps, decision.attempts) == ("delay", 5.0, 2, 21)
    assert decision.message == (
        "The target answered 500 Internal Server Error; it waits for the next probe, as the circuit is open."
    )


def test_a_probe_obeys_retry_after() -> None:
    """The later of the probe's wait and Retry-After."""
    assert after(answer(503, "40"), policy=SHORT, probing=True).delay == 40.0


@pytest.mark.parametrize("probing", [False, True])
@pytest.mark.parametrize("outcome", [answer(500), answer(429), answer(429, "5"), REFUSED])
def test_with_an_empty_schedule_the_first_outcome_decides(outcome: Outcome, probing: bool) -> None:
    """No retry means none for a 429 and for a probe either."""
    decision = after(outcome, policy=NEVER, probing=probing)
    assert (decision.action, decision.reason, decision.delay) == ("bury", "Exhausted", 0.0)
    assert decision.message.endswith("; it is not tried again, as its retry schedule is empty.")


@pytest.mark.parametrize("probing", [False, True])
@pytest.mark.parametrize("outcome", [answer(500), answer(429)])
def test_max_age_ends_every_kind_of_retry(outcome: Outcome, probing: bool) -> None:
    """A delivery whose next attempt would come after maxAge is Exhausted now; a moment younger it goes on."""
    old = after(outcome, age=9_995.0, policy=SHORT, probing=probing)
    assert (old.action, old.reason) == ("bury", "Exhausted")
    assert old.message.endswith("; the next attempt would come after its maxAge of 2 h 46 min.")
    assert after(outcome, age=9_994.0, policy=SHORT, probing=probing).action == "delay"


def test_jitter_moves_the_step_but_not_retry_after() -> None:
    """±20 % on the schedule; a target is never asked earlier than it said."""
    assert after(answer(500), jitter=1.0).delay == pytest.approx(6.0)
    assert after(answer(503, "6"), jitter=-1.0).delay == 6.0


PAUSES = [
    (answer(503), 1.0),
    (answer(503, "30"), 30.0),
    (answer(429, "0"), 0.0),
    (answer(429, "999999"), 3600.0),
    (answer(500, "30"), 0.0),
    (answer(200), 0.0),
    (REFUSED, 0.0),
]


@pytest.mark.parametrize(("outcome", "pause"), PAUSES)
def test_429_and_503_pause_the_lane(outcome: Outcome, pause: float) -> None:
    """The target is left alone for its Retry-After (bounded) or a second; other answers stop nobody else."""
    assert after(outcome).pause == pause


MESSAGES = [
    (answer(200), "The target answered 200 OK."),
    (answer(503), "The target answered 503 Service Unavailable; next attempt in 5 s."),
    (answer(503, "90"), "The target answered 503 Service Unavailable; next attempt in 1 min 30 s."),
    (answer(404), "The target answered 404 Not Found; the delivery is kept as a dead letter."),
    (
        answer(410),
        "The target answered 410 Gone; the webhook stops until its spec changes or hookwright retry is called.",
    ),
    (REFUSED, "10.0.0.1 is refused (not sent); next attempt in 5 s."),
]


@pytest.mark.parametrize(("outcome", "message"), MESSAGES)
def test_a_message_says_what_happened_and_what_comes_next(outcome: Outcome, message: str) -> None:
    """One sentence."""
    assert after(outcome).message == message


WAITING = [
    # state, age, deleted since, reason
    (RouteState.RUNNING, 0.0, None, None),
    (RouteState.RUNNING, 9_999.0, None, None),
    (RouteState.RUNNING, 10_000.0, None, "Exhausted"),
    (RouteState.HELD, 9_999.0, None, None),
    (RouteState.HELD, 10_000.0, None, "Exhausted"),
    (RouteState.GONE, 0.0, None, "Gone"),
    (RouteState.HELD, 0.0, 599.0, None),
    (RouteState.HELD, 0.0, 600.0, "WebhookDeleted"),
    (RouteState.GONE, 0.0, 10.0, None),
    (RouteState.GONE, 0.0, 600.0, "WebhookDeleted"),
    (RouteState.HELD, 10_000.0, 10.0, "Exhausted"),
]


@pytest.mark.parametrize(("state", "age", "deleted", "reason"), WAITING)
def test_a_waiting_delivery_is_given_up_by_the_table(
    state: RouteState, age: float, deleted: float | None, reason: str | None
) -> None:
    """Held waits until maxAge, gone ends at once, a deleted webhook has ten minutes to come back."""
    deleted_at = None if deleted is None else NOW - deleted
    burial = give_up(state, received=NOW - age, policy=SHORT, deleted_at=deleted_at, now=NOW)
    assert (burial.reason if burial else None) == reason
    assert burial is None or isinstance(burial, Burial)
    assert burial is None or burial.message.endswith(".")


STATES = [
    # held, remembered mark, present mark, state
    (None, None, gone_mark("h1", None), RouteState.RUNNING),
    ("a Secret is away", None, gone_mark("h1", None), RouteState.HELD),
    (None, gone_mark("h1", None), gone_mark("h1", None), RouteState.GONE),
    ("a Secret is away", gone_mark("h1", None), gone_mark("h1", None), RouteState.GONE),
    (None, gone_mark("h1", None), gone_mark("h2", None), RouteState.RUNNING),
    (None, gone_mark("h1", None), gone_mark("h1", "now"), RouteState.RUNNING),
    (None, gone_mark("h1", "now"), gone_mark("h1", "later"), RouteState.RUNNING),
]


@pytest.mark.parametrize(("held", "gone", "mark", "state"), STATES)
def test_gone_lasts_until_spec_or_requested_at_change(
    held: str | None, gone: str | None, mark: str, state: RouteState
) -> None:
    """A route is gone under exactly the mark that its 410 was remembered with."""
    assert route_state(held=held, gone=gone, mark=mark) is state


@pytest.mark.parametrize(
    ("duration", "text"),
    [(0.0, "1 s"), (5.4, "5 s"), (60.0, "1 min"), (90.0, "1 min 30 s"), (3600.0, "1 h"),
     (7500.0, "2 h 5 min"), (187_200.0, "52 h")],
)  # fmt: skip
def test_durations_are_spoken(duration: float, text: str) -> None:
    """Two units at most."""
    assert spoken(duration) == text
