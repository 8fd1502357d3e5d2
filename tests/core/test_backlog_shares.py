"""What waits of each namespace: nothing drifts, whatever comes and goes in which order."""

from __future__ import annotations

from random import Random

import pytest

from hookwright.core.backlog_shares import BacklogShares
from hookwright.limits import TOLD_NAMESPACES


def seen(shares: BacklogShares) -> dict[str, tuple[int, int]]:
    """Deliveries and bytes by namespace; under '' of all."""
    found = {name: (share.waiting, share.bytes) for name, share in shares.waiting().items()}
    return found | {"": (shares.all.waiting, shares.all.bytes)}


def test_an_event_counts_once_in_each_namespace_and_once_in_all() -> None:
    """Until the last of its deliveries there is done, whichever that is."""
    shares = BacklogShares()
    shares.came(1, 100, {"a": 3, "b": 1})
    assert seen(shares) == {"a": (3, 100), "b": (1, 100), "": (4, 100)}
    shares.went("b", 1, 100)
    shares.went("a", 1, 100)
    assert seen(shares) == {"a": (2, 100), "": (2, 100)}
    shares.went("a", 1, 100)
    shares.went("a", 1, 100)
    assert seen(shares) == {"": (0, 0)}


def test_one_that_is_replayed_counts_no_less_than_it_takes() -> None:
    """Beside another delivery of its event, which may be the only one left; and it goes with its own end."""
    shares = BacklogShares()
    shares.came(1, 100, {"a": 2})
    shares.went("a", 1, 100)
    shares.came(1, 100, {"a": 1})
    waiting, size = seen(shares)["a"]
    assert waiting == 2
    assert 100 <= size <= 200
    for _ in range(2):
        shares.went("a", 1, 100)
    assert seen(shares) == {"": (0, 0)}


def test_a_process_begins_with_what_waits_already() -> None:
    """Events that are for one webhook alone are told in sums."""
    found, shares = BacklogShares(), BacklogShares()
    found.came_alone("a", 3, 30)
    found.came(9, 5, {"a": 1, "b": 1})
    shares.known("a")
    shares.take(found)
    assert seen(shares) == {"a": (4, 35), "b": (1, 5), "": (5, 35)}
    shares.went("a", 1, 10)
    shares.went("b", 9, 5)
    assert seen(shares) == {"a": (3, 25), "": (3, 25)}


def test_there_is_to_share_with_whoever_has_a_webhook() -> None:
    """As long as one of them is known."""
    shares = BacklogShares()
    for namespace in ("a", "a", "b"):
        shares.known(namespace)
    shares.forgotten("a")
    assert shares.namespaces == 2
    shares.forgotten("a")
    assert shares.namespaces == 1


@pytest.mark.parametrize("seed", range(20))
def test_whatever_comes_goes_again(seed: int) -> None:
    """Never less than what is here, never more than each delivery for itself, and nothing is left at the end."""
    chance, shares = Random(seed), BacklogShares()
    here: list[tuple[str, int, int]] = []
    for event_key in range(300):
        size = chance.randrange(1, 50)
        counts = {name: chance.randrange(1, 4) for name in chance.sample("abc", chance.randrange(1, 4))}
        shares.came(event_key, size, counts)
        here += [(name, event_key, size) for name, count in counts.items() for _ in range(count)]
        if chance.random() < 0.2:  # a dead letter of an earlier event waits again
            name, key, size = chance.choice(here)
            shares.came(key, size, {name: 1})
            here.append((name, key, size))
        chance.shuffle(here)
        while len(here) > 40:
            shares.went(*here.pop())
        once = sum({key: size for _, key, size in here}.values())
        assert once <= shares.all.bytes <= sum(size for _, _, size in here)
        assert shares.all.waiting == len(here)
    while here:
        shares.went(*here.pop())
    assert seen(shares) == {"": (0, 0)}


def test_what_others_told_last_counts_beside_what_is_here() -> None:
    """In all and of each namespace, until they are not there any more; what is told of is what is here alone."""
    here, there = BacklogShares(), BacklogShares()
    here.came_alone("a", 1, 10)
    there.came_alone("a", 2, 20)
    there.came_alone("b", 4, 40)
    here.hear([there.told(), there.told()], {"b/hook": (8, 80)})
    assert (here.in_all(), here.in_all_of("a"), here.in_all_of("b")) == ((13, 130), (5, 50), (8, 80))
    assert here.elsewhere.webhooks["b/hook"] == (8, 80)
    there.hear([here.told()], {})
    assert there.in_all() == (7, 70)
    here.take(there)
    assert here.in_all() == (18, 180)
    here.hear([], {})
    assert (here.in_all(), here.in_all_of("b")) == ((6, 60), (4, 40))


def test_of_many_namespaces_the_fullest_are_told() -> None:
    """All of them count in what waits in all."""
    shares, heard = BacklogShares(), BacklogShares()
    for number in range(TOLD_NAMESPACES + 1):
        shares.came_alone(f"n{number}", 1 + number, 1)
    heard.hear([shares.told()], {})
    assert heard.in_all() == (shares.all.waiting, TOLD_NAMESPACES + 1)
    assert (heard.in_all_of("n0"), heard.in_all_of("n1")) == ((0, 0), (2, 1))
