"""Who loses something of what is kept: the one rule, without a store."""

from __future__ import annotations

from random import Random

import pytest

from hookwright.store.kept import Kept


def dropped(sizes: dict[str, int], limit: int, each: int = 1) -> dict[str, int]:
    """What is left of these when each loss takes so much."""
    kept, left = Kept.of_webhooks(sizes.items()), dict(sizes)
    while kept.total > limit:
        left[kept.loser()] -= each
        kept.lost(each, each, each)
    assert kept.total == sum(left.values())
    return left


@pytest.mark.parametrize(
    ("sizes", "limit", "left"),
    [
        ({"a/x": 5, "b/x": 5}, 10, {"a/x": 5, "b/x": 5}),
        ({"a/x": 90, "b/x": 10}, 60, {"a/x": 50, "b/x": 10}),
        ({"a/x": 90, "b/x": 90, "c/x": 10}, 100, {"a/x": 45, "b/x": 45, "c/x": 10}),
        ({"a/x": 80, "a/y": 10, "b/x": 40}, 80, {"a/x": 30, "a/y": 10, "b/x": 40}),
        ({"a/x": 10, "a/y": 10, "b/x": 1}, 0, {"a/x": 0, "a/y": 0, "b/x": 0}),
    ],
)
def test_whoever_takes_most_loses_down_to_what_the_others_have(
    sizes: dict[str, int], limit: int, left: dict[str, int]
) -> None:
    """The namespace first, in it the webhook."""
    assert dropped(sizes, limit) == left


@pytest.mark.parametrize("seed", range(30))
def test_none_that_takes_no_more_than_its_share_loses_anything(seed: int) -> None:
    """The share is the limit divided by the namespaces that have some."""
    chance = Random(seed)
    sizes = {f"{chance.choice('abcdef')}/{number}": chance.randrange(1, 400) for number in range(20)}
    limit = chance.randrange(1, sum(sizes.values()))
    left = dropped(sizes, limit)
    names = {route[0] for route in sizes}
    for name in names:
        before, after = (
            sum(size for route, size in one.items() if route[0] == name) for one in (sizes, left)
        )
        assert after == before or after >= limit // len(names) - 1
