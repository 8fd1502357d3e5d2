"""What waits of each namespace: how many deliveries, and the bytes of their events, each event counted once.

Whatever comes goes again by the same event, so nothing drifts: what comes to an event of which one delivery is left may
be counted beside it, never less than it takes, and goes with its last. Must not: know lanes, limits or the store.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from heapq import nlargest
from types import MappingProxyType
from typing import NamedTuple

import orjson

from hookwright.limits import TOLD_NAMESPACES


class Share:
    """Of one namespace, or of all."""

    __slots__ = ("bytes", "several", "waiting")

    def __init__(self) -> None:
        self.waiting = self.bytes = 0
        """Deliveries not finished, the bytes of their events."""
        self.several: dict[int, int] = {}
        """Events of which more than one is here (of all: more than one namespace has some): how many."""

    def came(self, event_key: int, size: int, count: int) -> bool:
        """So many of an event; whether its bytes are counted for them."""
        several = self.several.get(event_key)
        if several is not None:
            self.several[event_key] = several + count
            return False
        self.bytes += size
        if count > 1:
            self.several[event_key] = count
        return True

    def went(self, event_key: int, size: int) -> bool:
        """One of an event is done; whether its bytes went with it."""
        several = self.several.get(event_key)
        if several is None:
            self.bytes -= size
            return True
        if several == 2:
            del self.several[event_key]
        else:
            self.several[event_key] = several - 1
        return False


_NOTHING = Share()
_NONE = (0, 0)
Amount = tuple[int, int]
"""Deliveries, and bytes of their events."""


class Elsewhere(NamedTuple):
    """What waits of the webhooks on which other processes work, as they said last: an event counts once in each of them."""

    total: Amount = _NONE
    namespaces: Mapping[str, Amount] = MappingProxyType({})
    webhooks: Mapping[str, Amount] = MappingProxyType({})


class BacklogShares:
    """Of all namespaces."""

    def __init__(self) -> None:
        self.all = Share()
        self.elsewhere = Elsewhere()
        self._shares: dict[str, Share] = {}
        self._webhooks: Counter[str] = Counter()

    def take(self, found: BacklogShares) -> None:
        """Begin with what waits already."""
        self.all, self._shares = found.all, found._shares

    @property
    def namespaces(self) -> int:
        """How many there are to share with: those of which a webhook is known."""
        return len(self._webhooks)

    def known(self, namespace: str) -> None:
        """A webhook of it is known from now on."""
        self._webhooks[namespace] += 1

    def forgotten(self, namespace: str) -> None:
        """A webhook of it is known no more."""
        self._webhooks[namespace] -= 1
        if not self._webhooks[namespace]:
            del self._webhooks[namespace]
            share = self._shares.pop(namespace, None)
            if share is not None:  # nothing of it comes to an end any more
                self.all.waiting -= share.waiting
                self.all.bytes -= share.bytes

    def of(self, namespace: str) -> Share:
        """What waits of a namespace, to be looked at."""
        return self._shares.get(namespace, _NOTHING)

    def in_all(self) -> Amount:
        """What waits here and elsewhere."""
        waiting, size = self.elsewhere.total
        return self.all.waiting + waiting, self.all.bytes + size

    def in_all_of(self, namespace: str) -> Amount:
        """What waits of a namespace here and elsewhere."""
        share, (waiting, size) = self.of(namespace), self.elsewhere.namespaces.get(namespace, _NONE)
        return share.waiting + waiting, share.bytes + size

    def told(self) -> bytes:
        """For other processes: what waits here, and of the namespaces that have most; JSON."""
        shares = nlargest(TOLD_NAMESPACES, self.waiting().items(), key=lambda item: item[1].waiting)
        namespaces = {name: (share.waiting, share.bytes) for name, share in shares}
        return orjson.dumps({"total": (self.all.waiting, self.all.bytes), "namespaces": namespaces})

    def hear(self, told: Iterable[bytes], webhooks: Mapping[str, Amount]) -> None:
        """What others told last, and what waits of each of their webhooks."""
        each = [orjson.loads(one) for one in told]
        namespaces: defaultdict[str, list[Amount]] = defaultdict(list)
        for one in each:
            for name, amount in one["namespaces"].items():
                namespaces[name].append(amount)
        self.elsewhere = Elsewhere(
            _sum(one["total"] for one in each),
            {name: _sum(amounts) for name, amounts in namespaces.items()},
            webhooks,
        )

    def waiting(self) -> Mapping[str, Share]:
        """The namespaces of which something waits."""
        return {namespace: share for namespace, share in self._shares.items() if share.waiting}

    def came(self, event_key: int, size: int, counts: Mapping[str, int]) -> None:
        """Deliveries of one event of `size` bytes wait: how many of each namespace."""
        anew = 0
        for namespace, count in counts.items():
            share = self._shares.get(namespace)
            if share is None:
                share = self._shares[namespace] = Share()
            share.waiting += count
            self.all.waiting += count
            anew += share.came(event_key, size, count)
        if anew:
            self.all.came(event_key, size, anew)

    def came_alone(self, namespace: str, count: int, size: int) -> None:
        """So many deliveries wait, each of an event that is for it alone; `size`: of these events together."""
        share, total = self._shares.get(namespace), self.all
        if share is None:
            share = self._shares[namespace] = Share()
        share.waiting += count
        share.bytes += size
        total.waiting += count
        total.bytes += size

    def went(self, namespace: str, event_key: int, size: int) -> None:
        """A delivery waits no more."""
        share = self._shares.get(namespace)
        if share is None:
            return
        total = self.all
        share.waiting -= 1
        total.waiting -= 1
        if not share.several and not total.several:  # as it mostly is
            share.bytes -= size
            total.bytes -= size
        elif share.went(event_key, size):
            total.went(event_key, size)


def _sum(amounts: Iterable[Amount]) -> Amount:
    some = [*amounts]
    return sum(waiting for waiting, _ in some), sum(size for _, size in some)
