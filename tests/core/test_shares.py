"""Places that many want: one alone gets most of them, whoever comes finds one, who waits is served in a fair order."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counting import lines
from hookwright.core.shares import Shares


def fill(shares: Shares, *webhooks: str, most: int | None = None) -> int:
    """Each takes in turn until none gets any more; how many they took."""
    while sum(shares.take(webhook, most) for webhook in webhooks):
        pass
    return shares.taken


def line(shares: Shares, served: list[str], *webhooks: str) -> None:
    """These stand in line; `served` is told who got a place."""
    for webhook in webhooks:

        def granted(webhook: str = webhook) -> bool:
            served.append(webhook)
            return True

        assert not shares.take(webhook)
        shares.wait(webhook, granted)


@pytest.mark.parametrize(("places", "webhook", "namespace"), [(64, 36, 48), (16, 9, 12), (700, 394, 525)])
def test_one_alone_gets_most_and_never_all(places: int, webhook: int, namespace: int) -> None:
    """A webhook nine sixteenths, all webhooks of a namespace three quarters."""
    shares = Shares(places)
    assert fill(shares, "greedy/one") == webhook
    assert fill(shares, "greedy/one", *(f"greedy/w{number}" for number in range(places))) == namespace
    assert shares.take("other/one")


def test_a_webhook_finds_a_place_beside_a_greedy_one_of_its_namespace() -> None:
    """The second of the namespace, after the first took all it could."""
    shares = Shares(16)
    fill(shares, "team/greedy")
    assert shares.take("team/modest")


def test_a_webhook_never_holds_more_than_its_own_limit() -> None:
    """However many are free."""
    shares = Shares(64)
    assert fill(shares, "team/one", most=2) == 2
    assert shares.take("team/two", 2)


def test_nine_greedy_namespaces_leave_a_place_to_the_tenth() -> None:
    """Of sixty-four; each of the nine holds about as many as the others."""
    shares = Shares(64)
    greedy = [f"n{number}/one" for number in range(9)]
    fill(shares, *greedy)
    assert {shares.held(webhook) for webhook in greedy} <= {6, 7}
    assert shares.take("late/one")


def test_the_namespace_that_holds_least_is_served_first() -> None:
    """Not the one that waits longest, unless they hold as much; within it the webhooks take turns."""
    shares, served = Shares(2), list[str]()
    fill(shares, "big/one")
    line(shares, served, "big/one", "small/one", "small/one", "small/two", "new/one")
    for holder in ("big/one", "big/one", "small/one", "new/one"):
        shares.give_back(holder)
    assert served == ["small/one", "big/one", "new/one", "small/two"]


def test_a_place_that_is_not_wanted_any_more_goes_to_the_next() -> None:
    """Its waiter went away meanwhile."""
    shares, served = Shares(1), list[str]()
    assert shares.take("a/one")
    shares.wait("b/one", lambda: False)
    line(shares, served, "c/one")
    shares.give_back("a/one")
    assert (served, shares.taken, shares.held("b/one"), shares.held("c")) == (["c/one"], 1, 0, 1)


def test_what_weighs_more_than_was_thought_is_counted() -> None:
    """Over the limit if need be; nobody takes any until that much came back."""
    shares = Shares(8)
    assert shares.take("a/one")
    shares.add("a/one", 9)
    assert not shares.take("b/one")
    shares.give_back("a/one", 10)
    assert (shares.taken, shares.held("a"), shares.take("b/one")) == (0, 0, True)


def test_ten_thousand_that_wait_cost_a_place_nothing() -> None:
    """Giving one back asks the few who may have it, not all who wait."""
    shares, served = Shares(64), list[str]()
    fill(shares, *(f"crowd/w{number}" for number in range(64)))
    line(shares, served, *(f"crowd/w{number}" for number in range(10_000)))
    holder = next(f"crowd/w{number}" for number in count() if shares.held(f"crowd/w{number}"))
    assert lines(lambda: shares.give_back(holder), 200) < 200
    assert len(served) == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.booleans()), max_size=80))
def test_places_are_neither_lost_nor_made(steps: list[tuple[str, str, bool]]) -> None:
    """Whatever is taken, waited for and given back: the sums agree, and nobody waits who might have one."""
    shares, held = Shares(6), list[str]()
    for namespace, name, back in steps:
        webhook = f"{namespace}/{name}"
        if back and held:
            shares.give_back(held.pop(0))
        elif shares.take(webhook):
            held.append(webhook)
        else:
            shares.wait(webhook, lambda webhook=webhook: held.append(webhook) or True)
        assert shares.taken == len(held) <= 6
        assert all(shares.held(one) == held.count(one) for one in held)
    for webhook in [*held]:
        shares.give_back(webhook)
