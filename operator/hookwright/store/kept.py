"""What is kept, in bytes, and who loses some of it when that is too much: one rule for every store.

Whoever takes most: in the namespace that takes most the webhook that takes most. As long as all together are over the
size, that namespace is over its share of it, so none that is under its share ever loses anything (decision 0017).
Must not: know how a store keeps them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from heapq import heapify, heapreplace

from hookwright.core.records import Use
from hookwright.core.shares import namespace_of
from hookwright.limits import (
    DEAD_LETTER_ROW_BYTES,
    HISTORY_ROW_BYTES,
    IDENTITY_ROUTE_BYTES,
    IDENTITY_ROW_BYTES,
)


def letters_size(letters: int, size: int) -> int:
    """What so many dead letters count, with events of `size` bytes."""
    return letters * DEAD_LETTER_ROW_BYTES + size


def attempts_size(attempts: int, size: int) -> int:
    """What so many attempts count in the history, with `size` bytes of what is shown of them."""
    return attempts * HISTORY_ROW_BYTES + size


def identity_size(deliveries: int) -> int:
    """What an identity counts, of an event with so many deliveries."""
    return IDENTITY_ROW_BYTES + IDENTITY_ROUTE_BYTES * deliveries


def message_alone(detail: bytes) -> bytes:
    """The detail of an attempt without what its request and answer were."""
    return json.dumps({"message": json.loads(detail).get("message", "")}).encode()


class _Largest:
    """Names by what they take, which only becomes less."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = dict(sizes)
        self._heap = [(-size, name) for name, size in sizes.items()]
        heapify(self._heap)

    def name(self) -> str:
        """Who takes most; of equals the first by name."""
        while True:
            size, name = self._heap[0]
            if -size == self.sizes[name]:
                return name
            heapreplace(self._heap, (-self.sizes[name], name))


class Kept:
    """What is kept, in bytes: of namespaces (an event counts once there), and in all; `webhooks` gives those of one."""

    def __init__(
        self, namespaces: Mapping[str, int], total: int, webhooks: Callable[[str], Mapping[str, int]]
    ) -> None:
        self.total = total
        self._namespaces = _Largest(namespaces)
        self._webhooks = webhooks
        self._largest: dict[str, _Largest] = {}

    @classmethod
    def of_webhooks(cls, sizes: Iterable[tuple[str, int]]) -> Kept:
        """Where a namespace takes what its webhooks take."""
        webhooks: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for route, size in sizes:
            webhooks[namespace_of(route)][route] = size
        namespaces = {name: sum(each.values()) for name, each in webhooks.items()}
        return cls(namespaces, sum(namespaces.values()), webhooks.__getitem__)

    def use(self, limit: int) -> Use:
        """For metrics."""
        return Use(self.total, limit, self._namespaces.sizes)

    def loser(self) -> str:
        """The webhook that loses its oldest next."""
        return self._within(self._namespaces.name()).name()

    def _within(self, namespace: str) -> _Largest:
        found = self._largest.get(namespace)
        if found is None:
            found = self._largest[namespace] = _Largest(self._webhooks(namespace))
        return found

    def lost(self, size: int, of_namespace: int, of_all: int) -> None:
        """The loser lost its oldest: what it, its namespace and all together take less."""
        namespace = self._namespaces.name()
        webhooks = self._within(namespace)
        webhooks.sizes[webhooks.name()] -= size
        self._namespaces.sizes[namespace] -= of_namespace
        self.total -= of_all
