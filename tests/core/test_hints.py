"""Every failure carries a tip."""

import pytest

from hookwright.core.hints import hint
from hookwright.errors import Cause

NAMED = (400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429)


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_a_tip_of_one_sentence(cause: Cause) -> None:
    """Whatever went wrong, one sentence says what to check, fit for a status field and a terminal line."""
    tip = hint(cause, None)
    assert tip is not None
    assert tip.startswith("Check ")
    assert tip.endswith(".")
    assert "\n" not in tip
    assert len(tip) <= 200


def test_no_two_causes_share_a_tip() -> None:
    """A tip that fits two causes would help with neither."""
    assert len({hint(cause, None) for cause in Cause}) == len(Cause)


@pytest.mark.parametrize("status", NAMED)
def test_common_refusals_have_a_tip_of_their_own(status: int) -> None:
    """These statuses mean different mistakes, so each has its own sentence."""
    tip = hint(Cause.STATUS, status)
    assert tip not in {hint(Cause.STATUS, other) for other in (*NAMED, 418, 302, 500) if other != status}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (301, "Location header"),
        (308, "Location header"),
        (401, "Check auth and the Secret"),
        (405, "Check method"),
        (415, "contentType"),
        (429, "rateLimit"),
        (500, "tried again"),
        (599, "tried again"),
        (410, "hookwright.io/requestedAt"),
        (418, "invocation's response"),
        (101, "invocation's response"),
    ],
)
def test_the_tip_names_the_field_to_look_at(status: int, words: str) -> None:
    """Redirects, refusals, server errors and unknown codes each lead to the next place to look."""
    assert words in (hint(Cause.STATUS, status) or "")


def test_a_status_counts_only_where_it_is_the_cause() -> None:
    """A 200 whose validators fail is a matter of the validators."""
    assert hint(Cause.VALIDATOR, 200) == hint(Cause.VALIDATOR, None)
    assert hint(Cause.NOT_JSON, 404) == hint(Cause.NOT_JSON, None)


def test_a_success_needs_no_tip() -> None:
    """Without a cause there is nothing to check."""
    assert hint(None, 200) is None
