"""What an attempt came to: one answer or one error, judged by the first table of SPEC 5.

The verdict alone does not say what becomes of the delivery; `core.lifecycle.decide` does, as it knows
schedule and age. Must not: look at a delivery's past, read the clock (HTTP dates are compared with a given
`now`), or put any part of an answer's body into a message (a target may echo credentials).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import lru_cache
from http import HTTPStatus
from math import ceil
from typing import Final

from hookwright.api.admin import ValidatorResult
from hookwright.errors import Cause, FilterError, SendError, TemplateError


class Verdict(StrEnum):
    """The four rows an attempt can end in; Exhausted is a matter of the delivery, not of the attempt."""

    DELIVERED = "Delivered"
    RETRY = "Retry"
    REJECTED = "Rejected"
    GONE = "Gone"


DELIVERED: Final = Verdict.DELIVERED  # an attempt asks for these often, and each look into an enum costs
RETRY: Final = Verdict.RETRY

RETRIED: Final = frozenset({401, 403, 408, 409, 425, 429})
"""Statuses below 500 that may heal by themselves; 401 and 403 too, since a rotation must not cost events."""

SLOWED: Final = frozenset({429, 503})
"""Statuses by which a target asks to be left alone for a while: its whole lane waits."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One attempt, judged.

    `cause` is the key into the table of hints (None when delivered), `message` one sentence that ends in a
    full stop, `status` the answer's code (None: no answer), `retry_after` what the target asked for in
    seconds from now, unbounded (None: nothing), `slow` that the whole target is to be left alone for a while.
    """

    verdict: Verdict
    cause: Cause | None
    message: str
    status: int | None = None
    retry_after: float | None = None
    slow: bool = False


def judge_answer(
    status: int, headers: Sequence[tuple[str, str]], validators: Sequence[ValidatorResult], *, now: float
) -> Outcome:
    """Judge an answer.

    `headers` are the answer's in any case, `validators` the results on its body ([] without validators),
    `now` epoch seconds. Validators count on a 2xx answer only.
    """
    verdict = verdict_of(status)
    if verdict is DELIVERED:
        return _validated(status, validators) if validators else _delivered(status)
    remark, wait = _REMARK.get(status // 100, ""), None
    if verdict is RETRY:
        wait = retry_after(headers, now)
        if wait is None and any(name.lower() == "retry-after" for name, _ in headers):
            remark = "; its Retry-After cannot be read"
    return Outcome(verdict, Cause.STATUS, f"{_answered(status)}{remark}.", status, wait, status in SLOWED)


def judge_fault(error: Exception) -> Outcome:
    """Judge an attempt that ended in a fault of ours: tried again it would meet the same one."""
    return Outcome(
        Verdict.REJECTED,
        Cause.INTERNAL,
        f"Hookwright itself failed in this attempt ({type(error).__name__}); the dispatcher's log says where.",
    )


def judge_error(error: SendError | TemplateError | FilterError, *, now: float = 0.0) -> Outcome:
    """Judge an attempt without an answer: trouble on the way is tried again, what we cannot build is not.

    `now`: epoch seconds, for the Retry-After of a token endpoint.
    """
    text = str(error).removesuffix(".")
    if isinstance(error, SendError):
        wait = None if error.retry_after is None else _wait(error.retry_after, now)
        return Outcome(
            Verdict.RETRY, error.cause, f"{text} ({error.sent}).", retry_after=wait, slow=error.slow
        )
    cause = error.cause if isinstance(error, TemplateError) else Cause.FILTER
    return Outcome(Verdict.REJECTED, cause, f"{text}.")


def verdict_of(status: int) -> Verdict:
    """The verdict on a status code alone (SPEC 5); 1xx and 101 are no answer to us: Rejected."""
    if 200 <= status <= 299:
        return DELIVERED
    if status in RETRIED or 500 <= status <= 599:
        return RETRY
    return Verdict.GONE if status == HTTPStatus.GONE else Verdict.REJECTED


def retry_after(headers: Sequence[tuple[str, str]], now: float) -> float | None:
    """Seconds to wait by the first readable Retry-After header (RFC 9110 section 10.2.3).

    Seconds or an HTTP date; one that has passed is 0, a number too large for a float is infinite. A fraction is
    rounded up, and of several numbers (headers that a proxy has joined) the largest one counts. The caller bounds it.
    """
    for name, value in headers:
        if name.lower() == "retry-after":
            wait = _wait(value, now)
            if wait is not None:
                return wait
    return None


_SECONDS: Final = re.compile(r"[0-9]+(?:\.[0-9]{0,18})?")
_REMARK: Final = {3: "; redirects are never followed"}


def _wait(value: str, now: float) -> float | None:
    numbers = [each.strip() for each in value.split(",")]
    if all(map(_SECONDS.fullmatch, numbers)):
        return max(float(ceil(float(each)) if "." in each else each) for each in numbers)
    try:
        date = parsedate_to_datetime(value)
        # A date without a zone is UTC by RFC 9110 section 5.6.7; as naive it would be read in local time.
        return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now)
    except (
        ValueError,
        OverflowError,
        IndexError,
        TypeError,
    ):  # the parser lets all of them out on hostile texts
        return None


@lru_cache(maxsize=128)
def _answered(status: int) -> str:
    try:
        return f"The target answered {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"The target answered {status}"


@lru_cache(maxsize=128)
def _delivered(status: int) -> Outcome:
    return Outcome(Verdict.DELIVERED, None, f"{_answered(status)}.", status)


def _validated(status: int, validators: Sequence[ValidatorResult]) -> Outcome:
    failed = [result for result in validators if not result.passed]
    if not failed:
        return _delivered(status)
    places = ", ".join(result.path for result in failed)
    cause = Cause.VALIDATOR
    problem = next((result.problem for result in failed if result.problem is not None), None)
    if problem is not None:
        cause, trouble = (
            Cause.NOT_JSON,
            f"responseValidators could not look at {places}: the answer {problem}",
        )
    elif any(result.actual is not None for result in failed):
        trouble = f"its value at {places} is not an allowed one"
    else:
        trouble = f"no value was found at {places}"
    return Outcome(Verdict.REJECTED, cause, f"{_answered(status)}, but {trouble}.", status)
