"""How much may wait: nobody is refused by what others have, and one alone may have all."""

from __future__ import annotations

from itertools import count

import pytest

from core.lane_builders import running
from hookwright.core.backlog_shares import BacklogShares
from hookwright.core.lane_queue import Totals
from hookwright.core.room import Room

ROOM = Room(
    webhook=1000, webhook_bytes=10_000, namespace=50, namespace_bytes=500, total=100, total_bytes=1000
)


class Flood:
    """Namespaces with a webhook each, of which as much waits as may; an event takes `size` bytes."""

    def __init__(self, room: Room, *namespaces: str, size: int = 1) -> None:
        self.room, self.size, self.shares = room, size, BacklogShares()
        totals, self._keys = Totals(), count(1)
        self._lanes = {name: running(totals, key=f"{name}/hook") for name in namespaces}
        for name in namespaces:
            self.shares.known(name)

    def pour(self, namespace: str, most: int = 1_000_000) -> tuple[int, str | None]:
        """Until no more may wait: how many there are of it, and why no more (None: a sender comes again)."""
        lane = self._lanes[namespace]
        for _ in range(most):
            why = self.room.over(lane, self.size, self.shares)
            if why is not None or self.room.is_full(self.shares, 1, self.size):
                return self.shares.of(namespace).waiting, why
            lane.reserve(self.size)
            self.shares.came(next(self._keys), self.size, {namespace: 1})
        return self.shares.of(namespace).waiting, None


@pytest.mark.parametrize("size", [1, 10, 100], ids=["number", "both", "bytes"])
def test_one_namespace_alone_may_have_all(size: int) -> None:
    """There is none to share with; a sender is told to come again."""
    assert Flood(ROOM, "a", size=size).pour("a") == (min(100, 1000 // size), None)


@pytest.mark.parametrize("others", [1, 2, 3, 9, 20])
def test_none_is_refused_by_what_the_others_have(others: int) -> None:
    """However many take all they can get, one that had nothing still gets its part, and is not answered 503."""
    greedy = [f"greedy-{number}" for number in range(others)]
    flood = Flood(ROOM, "late", *greedy)
    taken = [flood.pour(name)[0] for name in greedy]
    assert taken[0] == 50
    part = 50 // (others + 1)
    waiting, why = flood.pour("late")
    assert waiting >= part > 0
    assert why is not None
    assert "backlog.namespace " in why


def test_large_events_are_shared_by_their_bytes() -> None:
    """Few of them are much."""
    flood = Flood(ROOM, "a", "b", size=100)
    assert flood.pour("a") == (
        5,
        "0.0 MiB of this namespace were waiting already, which is all that backlog.namespaceBytes leaves it.",
    )
    assert flood.pour("b")[0] == 2


def test_what_is_free_again_may_be_taken_by_anybody() -> None:
    """A namespace with much may have more as soon as all together have little."""
    flood = Flood(ROOM, "a", "b")
    flood.pour("a", most=40)
    assert flood.pour("b")[0] == 25
    for key in range(1, 31):
        flood.shares.went("a", key, 1)
    assert flood.pour("a")[0] == 25


def test_a_webhook_has_limits_of_its_own() -> None:
    """In number and in bytes, whoever else there is."""
    few = ROOM._replace(webhook=3)
    assert Flood(few, "a").pour("a") == (
        3,
        "3 deliveries of this webhook were waiting already, which is all that backlog.webhook leaves it.",
    )
    waiting, why = Flood(ROOM._replace(webhook_bytes=30), "a", size=10).pour("a")
    assert (waiting, why is not None and "backlog.webhookBytes" in why) == (3, True)


def test_what_waits_at_other_processes_counts() -> None:
    """Of a webhook on which another works, of a namespace and in all: as they said last."""
    flood, others = Flood(ROOM, "a", "b"), BacklogShares()
    others.came_alone("b", 60, 60)
    flood.shares.hear([others.told()], {})
    assert flood.pour("a") == (
        25,
        "25 deliveries of this namespace were waiting already, which is all that backlog.namespace leaves it.",
    )
    assert flood.room.over(running(key="b/hook"), 1, flood.shares) is not None
    assert flood.room.is_full(flood.shares, 16, 1)
    lane, shares = running(key="c/hook"), BacklogShares()
    lane.left()
    shares.hear([], {"c/hook": (1000, 9)})
    assert "1,000 deliveries of this webhook" in (ROOM.over(lane, 1, shares) or "")
    shares.hear([], {"c/hook": (1, 10_000)})
    assert "backlog.webhookBytes" in (ROOM.over(lane, 1, shares) or "")
