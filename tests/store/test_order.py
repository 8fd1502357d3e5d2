"""Which calls are committed together, where much waits."""

from __future__ import annotations

from typing import NamedTuple

from hookwright.limits import STORE_GROUP_WEIGHT, STORE_HEAVY_WEIGHT, STORE_LIGHT_WEIGHT
from hookwright.store.order import Order


class Call(NamedTuple):
    """Weighs something; what its name begins with says whether it keeps its place."""

    name: str
    weight: int


def _groups(order: Order[Call], waiting: list[Call]) -> list[str]:
    """Names in each of the groups that follow each other."""
    groups = []
    while waiting:
        group, waiting = order.next(waiting)
        groups.append(" ".join(call.name for call in group))
    return groups


def _order() -> Order[Call]:
    return Order(lambda call: not call.name.startswith("kept"))


def test_all_that_is_small_goes_together() -> None:
    """As many as come: an order of their own would cost a commit."""
    waiting = [
        Call(f"{number}", STORE_LIGHT_WEIGHT) for number in range(STORE_GROUP_WEIGHT // STORE_LIGHT_WEIGHT)
    ]
    assert len(_groups(_order(), waiting)) == 1


def test_small_calls_go_ahead_of_much_once() -> None:
    """Then what they overtook goes, whatever small ones came meanwhile."""
    order, small = _order(), Call("small", STORE_LIGHT_WEIGHT)
    waiting = [Call("much", STORE_HEAVY_WEIGHT), small, Call("kept", 1)]
    group, rest = order.next(waiting)
    assert [call.name for call in group] == ["small"]
    assert _groups(order, [*rest, small, small]) == ["much kept small small"]


def test_calls_whose_place_matters_keep_it() -> None:
    """What asks for the events before it finds them."""
    waiting = [Call("kept", 1), Call("much", STORE_HEAVY_WEIGHT), Call("kept too", 1)]
    assert _groups(_order(), waiting) == ["kept much kept too"]


def test_a_group_ends_when_it_is_full() -> None:
    """One more call may make it fuller than that: calls are not divided."""
    large = STORE_GROUP_WEIGHT - 1
    waiting = [Call("a", large), Call("b", large), Call("c", large)]
    assert _groups(_order(), waiting) == ["a b", "c"]
