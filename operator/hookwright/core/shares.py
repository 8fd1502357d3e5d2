"""Places that many want at once, shared out by namespace, then by webhook: attempts, calls, tests, lookups.

A namespace may hold three places for each that is free, and a webhook three for each that its namespace could still
take. So one alone gets most of them and never all: whoever comes finds a place, however many the others want. Who waits
is served when one is given back, the namespace that holds least first, its webhooks in a circle.
Must not: wait (`outbound.places` does), know what a place is for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

Granted = Callable[[], bool]
"""Called when one who waited has got a place; False: it is not wanted any more."""
_EACH: Final = 3  # places held for each that is free: three quarters for one namespace alone


class _Waiting(NamedTuple):
    granted: Granted
    most: int | None
    places: int


class Shares:
    """So many places. Webhooks are named `namespace/name`.

    `most` is what a webhook may hold at once, whatever is free. Who weighs more takes several `places` at once, and may go
    over what is free by less than that.
    """

    def __init__(self, places: int) -> None:
        self.places = places
        self.taken = 0
        self._held: dict[str, int] = {}
        """By namespace and by webhook: their names differ by the slash."""
        self._waiting: dict[str, dict[str, deque[_Waiting]]] = {}

    def held(self, name: str) -> int:
        """Places that a namespace or a webhook holds."""
        return self._held.get(name, 0)

    def take(self, webhook: str, most: int | None = None, *, places: int = 1) -> bool:
        """Some places now; False: there are none for it."""
        namespace, held = namespace_of(webhook), self._held
        theirs, mine = held.get(namespace, 0), held.get(webhook, 0)
        if not self._may(mine, _EACH * (self.places - self.taken) - theirs, most):
            return False
        self.taken += places
        held[namespace], held[webhook] = theirs + places, mine + places
        return True

    def wait(self, webhook: str, granted: Granted, most: int | None = None, *, places: int = 1) -> None:
        """Stand in line, after `take` was refused."""
        webhooks = self._waiting.setdefault(namespace_of(webhook), {})
        webhooks.setdefault(webhook, deque()).append(_Waiting(granted, most, places))

    def add(self, webhook: str, places: int) -> None:
        """Count more for one that holds some already, free or not: what it does turned out to weigh more."""
        self._count(webhook, namespace_of(webhook), places)

    def give_back(self, webhook: str, places: int = 1) -> None:
        """Others may have them."""
        self._count(webhook, namespace_of(webhook), -places)
        while self._waiting and self._serve():
            pass

    def _may(self, mine: int, left: int, most: int | None) -> bool:
        # a place that is taken is one more held and one less free: the namespace could take a quarter of `left`
        return (_EACH + 1) * mine < _EACH * left and (most is None or mine < most)

    def _count(self, webhook: str, namespace: str, places: int) -> None:
        held = self._held
        self.taken += places
        held[namespace] = held.get(namespace, 0) + places
        mine = held.get(webhook, 0) + places
        if mine:
            held[webhook] = mine
            return
        held.pop(webhook, None)
        if not held[namespace]:
            del held[namespace]

    def _serve(self) -> bool:
        """A place for one who waits; False: for none of them."""
        for namespace in sorted(self._waiting, key=self.held):
            left = _EACH * (self.places - self.taken) - self.held(namespace)
            if left <= 0:
                return False  # and less for those that hold more
            for webhook, line in self._waiting[namespace].items():
                if self._may(self.held(webhook), left, line[0].most):
                    self._grant(namespace, webhook)
                    return True
        return False

    def _grant(self, namespace: str, webhook: str) -> None:
        webhooks = self._waiting.pop(namespace)
        line = webhooks.pop(webhook)
        first = line.popleft()
        if line:
            webhooks[webhook] = line  # behind the others
        if webhooks:
            self._waiting[namespace] = webhooks
        self._count(webhook, namespace, first.places)
        if not first.granted():
            self._count(webhook, namespace, -first.places)


def namespace_of(webhook: str) -> str:
    """Of `namespace/name`."""
    return webhook.partition("/")[0]
