"""Which of the calls that wait for a commit go together next: in their order, so many that the commit stays short.

Behind a large batch of events, or many, small ones would wait for its commit and then for their own: so they go ahead,
once, and what they overtook goes next. Must not: know what calls mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from hookwright.limits import STORE_GROUP_WEIGHT, STORE_HEAVY_WEIGHT, STORE_LIGHT_WEIGHT


class Weighed(Protocol):
    """A call; `weight`: rows and KiB that it writes."""

    weight: int


J = TypeVar("J", bound=Weighed)


class Order(Generic[J]):
    """Of the calls of one store, or of one of its connections; `may_overtake`: those whose place among others is free."""

    def __init__(self, may_overtake: Callable[[J], bool] = lambda job: False) -> None:
        self._may_overtake = may_overtake
        self._overtaken = False

    def next(self, waiting: Sequence[J]) -> tuple[list[J], list[J]]:
        """The calls of the next commit, and those that wait on."""
        if sum([job.weight for job in waiting]) >= STORE_HEAVY_WEIGHT and not self._overtaken:
            small = [job for job in waiting if job.weight <= STORE_LIGHT_WEIGHT and self._may_overtake(job)]
            first = small[: _fitting(small)]
            ahead = set(map(id, first))
            rest = [job for job in waiting if id(job) not in ahead]
            if first and sum([job.weight for job in rest]) >= STORE_HEAVY_WEIGHT:
                self._overtaken = True
                return first, rest
        self._overtaken = False
        number = _fitting(waiting)
        return [*waiting[:number]], [*waiting[number:]]


def _fitting(jobs: Sequence[Weighed]) -> int:
    """How many of the first make a group: at least one, and none that follows a full one."""
    weight = 0
    for number, job in enumerate(jobs):
        if weight >= STORE_GROUP_WEIGHT:
            return number
        weight += job.weight
    return len(jobs)
