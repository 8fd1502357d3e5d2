"""Where a webhook stands, and what of it outlasts a restart."""

from __future__ import annotations

import pytest

from core.lane_builders import HOOK, NOW, ms
from hookwright.core.lifecycle import RouteState
from hookwright.core.records import LastInvocation, StoredRoute
from hookwright.core.standing import Standing


def configured(
    mark: str = "first", held: str | None = None, *, stored: StoredRoute | None = None
) -> Standing:
    """A webhook that is in the configuration."""
    standing = Standing()
    if stored is not None:
        standing.taken(stored)
    standing.configured(mark, held, "")
    return standing


def last(result: str, time: int) -> LastInvocation:
    """An attempt that was told of."""
    return LastInvocation(time, result, "evt_1", None, 1, 200, 5.0, "It was.")


def test_it_is_held_until_its_configuration_is_known() -> None:
    """Nothing is sent and nothing is buried on a guess."""
    standing = Standing()
    assert (standing.state, standing.known) == (RouteState.HELD, False)
    standing.configured("first", None, "")
    assert (standing.state, standing.known) == (RouteState.RUNNING, True)


def test_it_runs_is_held_or_gone() -> None:
    """Gone comes first: what the target refused is not sent when its Secret is back."""
    assert configured(held="its Secret is away").state is RouteState.HELD
    assert configured(stored=StoredRoute(HOOK, gone="first")).state is RouteState.GONE
    assert configured(held="x", stored=StoredRoute(HOOK, gone="first")).state is RouteState.GONE


@pytest.mark.parametrize("change", ["gone", "leaving gone", "removed", "coming back", "waiting anew"])
def test_what_decides_over_deliveries_is_remembered_in_a_hurry(change: str) -> None:
    """A crash a moment later must not undo it."""
    stored = {"leaving gone": StoredRoute(HOOK, gone="other"), "coming back": StoredRoute(HOOK, deleted_at=1)}
    standing = Standing()
    if change in stored:
        standing.taken(stored[change])
    standing.configured("first", None, "")
    if change == "gone":
        standing.gone("first")
    elif change == "removed":
        standing.removed(NOW)
    elif change == "waiting anew":
        standing.wait_anew(NOW)
    assert standing.unsaved
    assert standing.hurry
    saved = standing.save(HOOK)
    assert saved.gone == ("first" if change == "gone" else None)
    assert saved.deleted_at == (ms(NOW) if change in ("removed", "waiting anew") else None)
    assert not standing.unsaved


def test_nothing_is_remembered_of_a_webhook_of_which_nothing_changed() -> None:
    """As at every start and every configuration."""
    standing = Standing()
    standing.taken(StoredRoute("team/hook"))
    standing.configured("first", None, "")
    standing.configured("second", None, "")
    assert not standing.unsaved


def test_a_webhook_seen_for_the_first_time_replaces_what_is_remembered_by_its_name() -> None:
    """It may have been gone, deleted and dropped: the new one is not gone after a restart."""
    standing = configured()
    assert standing.unsaved
    assert standing.save("team/hook") == StoredRoute("team/hook")


def test_a_memory_that_could_not_be_written_is_still_to_be_written() -> None:
    """It counts as changed."""
    standing = configured()
    standing.gone("first")
    standing.save(HOOK)
    standing.unsave()
    assert standing.unsaved
    assert standing.save(HOOK).gone == "first"


def test_the_last_attempts_are_remembered_without_a_hurry() -> None:
    """When it succeeded, when it failed, how often in a row."""
    standing = configured()
    for delivered in (True, False, False):
        standing.ended(1_800_000_000.0, delivered=delivered)
    standing.told(last("Delivered", 5))
    standing.told(last("Retrying", 9))
    assert standing.unsaved
    assert not standing.hurry
    assert standing.save(HOOK) == StoredRoute(HOOK, last_success=5, last_failure=9, consecutive_failures=2)


def test_a_deletion_counts_from_its_first_notice() -> None:
    """A configuration that lacks it again does not put its end off."""
    standing = configured()
    standing.removed(NOW)
    standing.removed(NOW + 60)
    assert standing.deleted_at == NOW
    standing.configured("first", None, "")
    assert standing.deleted_at is None


def test_holding_changes_only_what_runs() -> None:
    """A gone webhook stays gone."""
    standing = configured()
    standing.held("its template fails")
    assert (standing.state, standing.message) == (RouteState.HELD, "its template fails")
    gone = configured(stored=StoredRoute(HOOK, gone="first"))
    gone.held("its template fails")
    assert gone.state is RouteState.GONE


def test_a_forgiven_410_is_forgotten_for_good() -> None:
    """The webhook stands as it is configured, and a restart does not bring the 410 back."""
    standing = configured("a")
    standing.gone("a")
    standing.save("shop/slack")
    standing.forgiven()
    assert (standing.state, standing.message, standing.hurry) == (RouteState.RUNNING, "", True)
    assert standing.save("shop/slack").gone is None


def test_a_forgiven_webhook_that_cannot_be_sent_is_held() -> None:
    """Also for what was found out while it was gone."""
    standing = configured("a")
    standing.gone("a")
    standing.held("Its template does not compile.")
    assert standing.state is RouteState.GONE
    standing.forgiven()
    assert (standing.state, standing.message) == (RouteState.HELD, "Its template does not compile.")


def test_only_a_410_is_forgiven() -> None:
    """A webhook that runs, or was deleted, is left alone."""
    standing = configured("a")
    standing.save("shop/slack")
    standing.forgiven()
    assert not standing.unsaved
