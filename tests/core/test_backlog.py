"""What is known of deliveries that wait in the store: bounds that are never too late, however answers and news mix."""

from __future__ import annotations

from math import inf

from core.lane_builders import NOW, ms
from hookwright.core.backlog import Backlog, Bury
from hookwright.core.records import DeadReason, Wanted
from hookwright.limits import LANE_AGAIN_SECONDS

CLAIM = Wanted(10, 1000)
ALL = Bury(DeadReason.GONE, "", frozenset(), None)
OLD = Bury(DeadReason.EXHAUSTED, "", frozenset(), ms(NOW))


def test_at_first_nothing_waits() -> None:
    """What comes may be queued."""
    backlog = Backlog()
    assert backlog.takes_new
    assert (backlog.behind, backlog.next_due, backlog.oldest) == (False, inf, inf)
    assert backlog.wake_at(NOW, inf) == inf


def test_the_earliest_time_counts() -> None:
    """In whatever order they are told; nothing due changes nothing."""
    for times in ((7, 5, 9), (5, 9, 7), (9, 7, 5)):
        backlog = Backlog()
        for seconds in times:
            backlog.due(ms(NOW + seconds))
        backlog.due(None)
        assert NOW + 5 <= backlog.wake_at(NOW, inf) < NOW + 5.01


def test_what_came_due_is_to_be_asked_for() -> None:
    """And nothing newer may overtake it."""
    backlog = Backlog()
    backlog.due(ms(NOW + 5))
    assert backlog.takes_new
    backlog.came_due()
    assert backlog.behind
    assert backlog.next_due == inf
    assert not backlog.takes_new


def test_a_time_told_during_a_claim_outlives_its_answer() -> None:
    """The answer is older than what was told."""
    backlog = Backlog()
    backlog.left()
    backlog.ask(CLAIM)
    backlog.due(ms(NOW + 5))
    backlog.answered()
    backlog.due(ms(NOW + 60))
    assert backlog.wake_at(NOW, inf) < NOW + 5.01


def test_what_is_left_during_a_claim_is_asked_for_afterwards() -> None:
    """And nothing else is asked meanwhile."""
    backlog = Backlog()
    backlog.left()
    backlog.ask(CLAIM)
    assert not backlog.behind
    assert not backlog.may_ask(NOW)
    assert not backlog.takes_new
    backlog.left()
    backlog.answered()
    assert backlog.behind
    assert backlog.may_ask(NOW)


def test_a_burial_of_all_leaves_nothing_to_look_for() -> None:
    """But for what was told during it."""
    backlog = Backlog()
    backlog.left()
    backlog.due(ms(NOW + 5))
    backlog.ask(ALL)
    backlog.answered(oldest_ms=None)
    assert (backlog.behind, backlog.next_due, backlog.oldest) == (False, inf, inf)
    backlog.ask(ALL)
    backlog.due(ms(NOW + 9))
    backlog.answered(oldest_ms=None)
    assert NOW + 9 <= backlog.wake_at(NOW, inf) < NOW + 9.01


def test_after_a_burial_of_what_is_old_the_rest_is_looked_for() -> None:
    """It may have left the queue for it."""
    backlog = Backlog()
    backlog.ask(OLD)
    backlog.answered(oldest_ms=ms(NOW + 3))
    assert backlog.behind
    assert backlog.oldest == NOW + 3


def test_ages_told_during_a_burial_outlive_its_answer() -> None:
    """Whatever the store says of the others."""
    for oldest in (None, ms(NOW + 30)):
        backlog = Backlog()
        backlog.received(ms(NOW - 100))
        backlog.ask(OLD)
        backlog.received(ms(NOW + 1))
        backlog.answered(oldest_ms=oldest)
        assert backlog.oldest == NOW + 1


def test_what_was_not_carried_out_is_asked_again_after_a_pause() -> None:
    """Whether it was a claim or a burial."""
    for asked in (CLAIM, ALL, OLD):
        backlog = Backlog()
        backlog.ask(asked)
        backlog.unanswered(NOW)
        assert backlog.behind
        assert not backlog.may_ask(NOW)
        assert backlog.wake_at(NOW, NOW) == NOW + LANE_AGAIN_SECONDS
        assert backlog.may_ask(NOW + LANE_AGAIN_SECONDS)


def test_a_burial_goes_on_step_by_step_unless_it_is_recalled() -> None:
    """Then something else may be asked at once, and what it did not come to waits as before."""
    backlog = Backlog()
    backlog.received(ms(NOW))
    backlog.recall()
    backlog.ask(ALL)
    assert backlog.next_step(7) == ALL._replace(after=7)
    backlog.recall()
    assert backlog.next_step(9) is None
    assert backlog.behind
    assert backlog.may_ask(NOW)
    assert backlog.oldest == NOW


def test_a_store_that_holds_something_earlier_than_known_was_missed() -> None:
    """From then on it is looked for."""
    backlog = Backlog()
    backlog.due(ms(NOW + 60))
    assert not backlog.missed(ms(NOW + 60))
    assert backlog.missed(ms(NOW + 5))
    assert not backlog.missed(ms(NOW + 5))
    assert backlog.missed(0)
    assert not backlog.missed(0)
