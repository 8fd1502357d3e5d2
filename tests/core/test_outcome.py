"""The first table of SPEC 5, row by row: what one answer or one error means."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookwright.api.admin import ValidatorResult
from hookwright.core.outcome import Verdict, judge_answer, judge_error, retry_after, verdict_of
from hookwright.errors import BudgetError, Cause, FilterError, SendError, Sent, TemplateError

NOW = 1_700_000_000.0

STATUSES = {
    Verdict.DELIVERED: (200, 201, 202, 204, 206, 226, 299),
    Verdict.RETRY: (401, 403, 408, 409, 425, 429, 500, 501, 502, 503, 504, 511, 599),
    Verdict.GONE: (410,),
    Verdict.REJECTED: (100, 101, 103, 300, 301, 302, 304, 307, 308, 400, 402, 404, 405, 406, 407, 411, 413,
                       415, 418, 422, 424, 426, 428, 431, 451, 499, 600, 999),
}  # fmt: skip


@pytest.mark.parametrize(
    ("status", "verdict"), [(status, verdict) for verdict, row in STATUSES.items() for status in row]
)
def test_each_status_has_its_row(status: int, verdict: Verdict) -> None:
    """A status code alone decides between Delivered, Retry, Rejected and Gone."""
    outcome = judge_answer(status, [], [], now=NOW)
    assert outcome.verdict is verdict_of(status) is verdict
    assert outcome.status == status
    assert outcome.cause is (None if verdict is Verdict.DELIVERED else Cause.STATUS)


def test_no_status_is_left_without_a_row() -> None:
    """Each code that a parser lets through is judged, and only three digits in the 400s are tried again."""
    retried = {status for status in range(100, 600) if verdict_of(status) is Verdict.RETRY}
    assert retried == {401, 403, 408, 409, 425, 429, *range(500, 600)}
    assert {status for status in range(100, 600) if verdict_of(status) is Verdict.DELIVERED} == set(
        range(200, 300)
    )


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (200, "The target answered 200 OK."),
        (503, "The target answered 503 Service Unavailable."),
        (302, "The target answered 302 Found; redirects are never followed."),
        (599, "The target answered 599."),
    ],
)
def test_a_message_is_one_sentence_with_the_code_and_its_name(status: int, message: str) -> None:
    """The sentence names the status by number and, where there is one, by name."""
    assert judge_answer(status, [], [], now=NOW).message == message


@pytest.mark.parametrize(
    ("status", "slow"), [(429, True), (503, True), (500, False), (403, False), (200, False)]
)
def test_429_and_503_slow_the_whole_target(status: int, slow: bool) -> None:
    """Only these two ask to be left alone."""
    assert judge_answer(status, [], [], now=NOW).slow is slow


VALIDATED = [
    # passed and actual of each validator; why they could not look; verdict, cause
    ([(True, "ok")], None, Verdict.DELIVERED, None),
    ([(True, "ok"), (False, "no")], None, Verdict.REJECTED, Cause.VALIDATOR),
    ([(True, "ok"), (False, None)], None, Verdict.REJECTED, Cause.VALIDATOR),
    ([(False, None), (False, None)], None, Verdict.REJECTED, Cause.VALIDATOR),
    ([(False, None), (False, None)], "is not UTF-8", Verdict.REJECTED, Cause.NOT_JSON),
]


@pytest.mark.parametrize(("results", "problem", "verdict", "cause"), VALIDATED)
def test_a_2xx_counts_only_when_all_validators_hold(
    results: list[tuple[bool, str | None]], problem: str | None, verdict: Verdict, cause: Cause | None
) -> None:
    """One failed validator rejects; an answer that could not be looked at is told from one that lacks the value."""
    validators = [
        ValidatorResult(path="$.ok", passed=passed, actual=actual, problem=problem)
        for passed, actual in results
    ]
    outcome = judge_answer(200, [], validators, now=NOW)
    assert (outcome.verdict, outcome.cause) == (verdict, cause)


def test_why_validators_could_not_look_is_said() -> None:
    """Not that nothing was found, as nobody has looked."""
    unseen = ValidatorResult(path="$.ok", passed=False, problem="was cut at 64 KiB")
    message = judge_answer(200, [], [unseen], now=NOW).message
    assert message == (
        "The target answered 200 OK, but responseValidators could not look at $.ok: the answer was cut at 64 KiB."
    )


def test_a_place_without_a_value_is_named() -> None:
    """The sentence says which place was looked at."""
    absent = ValidatorResult(path="$.ok", passed=False, actual=None)
    message = judge_answer(200, [], [absent], now=NOW).message
    assert message == "The target answered 200 OK, but no value was found at $.ok."


def test_a_failed_validator_is_named_but_the_answers_value_is_not() -> None:
    """The sentence says which place failed; what stood there may be a secret and stays out."""
    failed = ValidatorResult(path="$.token", passed=False, actual="s3cret")
    message = judge_answer(200, [], [failed], now=NOW).message
    assert message == "The target answered 200 OK, but its value at $.token is not an allowed one."


def test_validators_do_not_save_a_failed_status() -> None:
    """A 500 whose body fits is still a 500."""
    held = ValidatorResult(path="$.ok", passed=True, actual="true")
    assert judge_answer(500, [], [held], now=NOW).verdict is Verdict.RETRY


RETRY_AFTER = [
    ("120", 120.0),
    (" 7 ", 7.0),
    ("0", 0.0),
    ("9" * 400, float("inf")),
    (formatdate(NOW + 90, usegmt=True), 90.0),
    (formatdate(NOW - 90, usegmt=True), 0.0),
    ("Tuesday, 14-Nov-23 22:14:20 GMT", 60.0),  # RFC 850 form
    ("Tue Nov 14 22:14:20 2023", 60.0),  # asctime form
    ("-5", None),
    ("1.5", 2.0),
    ("30.0", 30.0),
    ("30.000001", 31.0),
    ("0.2", 1.0),
    ("30.", 30.0),
    ("4, 4", 4.0),  # two headers that a proxy has joined
    ("4,7.5", 8.0),
    ("4, soon", None),
    ("1.5.2", None),
    ("1e3", None),
    ("30s", None),
    ("soon", None),
    ("", None),
    ("٣", None),  # a digit, but not an ASCII one
]


@pytest.mark.parametrize(("value", "wait"), RETRY_AFTER)
def test_retry_after_is_seconds_or_a_date(value: str, wait: float | None) -> None:
    """RFC 9110 section 10.2.3, all three date forms; what is neither counts as absent."""
    assert judge_answer(503, [("Retry-After", value)], [], now=NOW).retry_after == wait


@pytest.fixture
def _tokyo() -> Iterator[None]:
    """A machine whose local time is nine hours ahead of UTC."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "JST-9"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("_tokyo")
def test_a_date_without_a_zone_is_utc_on_every_machine() -> None:
    """The asctime form names no zone; RFC 9110 section 5.6.7 says which it is."""
    assert retry_after([("retry-after", "Tue Nov 14 22:14:20 2023")], NOW) == 60.0


def test_the_first_readable_retry_after_counts() -> None:
    """Header names are compared whatever their case, and a broken one does not hide the next."""
    assert retry_after([("x", "1"), ("RETRY-AFTER", "soon"), ("retry-after", "3")], NOW) == 3.0


@pytest.mark.parametrize(
    ("status", "value", "message"),
    [
        (503, "soon", "The target answered 503 Service Unavailable; its Retry-After cannot be read."),
        (503, "-5", "The target answered 503 Service Unavailable; its Retry-After cannot be read."),
        (503, "30.5", "The target answered 503 Service Unavailable."),
        (400, "soon", "The target answered 400 Bad Request."),
    ],
)
def test_a_retry_after_that_cannot_be_read_is_said(status: int, value: str, message: str) -> None:
    """Otherwise the step would seem to be what the target asked for."""
    assert judge_answer(status, [("retry-after", value)], [], now=NOW).message == message


def test_a_token_endpoint_is_obeyed_as_a_target_is() -> None:
    """What its Retry-After says is waited for, and all deliveries that would ask it wait."""
    error = SendError("x", cause=Cause.TOKEN, sent=Sent.NOT_SENT, retry_after="6", slow=True)
    outcome = judge_error(error, now=NOW)
    assert (outcome.verdict, outcome.retry_after, outcome.slow) == (Verdict.RETRY, 6.0, True)


def test_retry_after_means_nothing_on_other_verdicts() -> None:
    """A redirect with Retry-After is rejected all the same."""
    assert judge_answer(301, [("retry-after", "5")], [], now=NOW).retry_after is None


@given(st.one_of(st.text(max_size=60), st.text(alphabet='0123456789:-+, GMTMonov()\\"@', max_size=40)))
def test_no_retry_after_breaks_the_judge(value: str) -> None:
    """A hostile header gives no wait or one that is not negative, never an exception."""
    wait = retry_after([("retry-after", value)], NOW)
    assert wait is None or wait >= 0


@pytest.mark.parametrize("cause", list(Cause))
@pytest.mark.parametrize("sent", list(Sent))
def test_trouble_on_the_way_is_tried_again_and_says_how_far_it_came(cause: Cause, sent: Sent) -> None:
    """Every SendError is a Retry, a refused address and token trouble too."""
    outcome = judge_error(SendError("No answer came from api.example.com.", cause=cause, sent=sent))
    assert (outcome.verdict, outcome.cause, outcome.status, outcome.slow) == (
        Verdict.RETRY,
        cause,
        None,
        False,
    )
    assert outcome.message == f"No answer came from api.example.com ({sent.value})."


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (TemplateError("x", cause=Cause.UNDEFINED_FIELD), Cause.UNDEFINED_FIELD),
        (TemplateError("x"), Cause.TEMPLATE),
        (BudgetError("x"), Cause.BUDGET),
        (FilterError("x"), Cause.FILTER),
    ],
)
def test_what_cannot_be_built_is_rejected(error: TemplateError | FilterError, cause: Cause) -> None:
    """A template or filter that fails would fail again: Rejected with its own cause."""
    outcome = judge_error(error)
    assert (outcome.verdict, outcome.cause, outcome.message) == (Verdict.REJECTED, cause, "x.")
