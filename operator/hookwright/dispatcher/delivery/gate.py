"""Which lane may begin an attempt now: places for all that is under way together, and suspects alone.

A place is a connection, and a part of the bytes that all requests may hold: a large request takes several. A lane that
finds none waits in line (`core.shares`), parked: it has no turns for new attempts until it is woken.
Must not: begin attempts, know what a lane may do by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import partial

from hookwright.core.records import Delivery
from hookwright.core.shares import Shares
from hookwright.dispatcher.delivery.exchanges import Seat
from hookwright.dispatcher.delivery.under_way import UnderWay
from hookwright.limits import REQUESTS_BYTES


class Gate:
    """`wake` is called with a lane that was parked; False: it does not want to begin anything any more."""

    def __init__(self, places: Shares, under_way: UnderWay, wake: Callable[[Seat], bool]) -> None:
        self.places, self._under_way, self._wake = places, under_way, wake
        self._place_bytes = max(1, REQUESTS_BYTES // places.places)
        self._held_back: defaultdict[str, set[Seat]] = defaultdict(set)
        """By namespace: lanes with nothing but suspects, of which another is under way."""

    def admits(self, seat: Seat) -> int:
        """The places that the next delivery of a lane begins with, as far as can be known before; 0: not now."""
        under_way, lane = self._under_way, seat.lane
        first = lane.next(
            partial(under_way.may_begin, namespace=lane.namespace) if under_way.crashes else None
        )
        if first is None:
            self.let_go(seat)
            self._held_back[lane.namespace].add(seat)
            seat.parked = True
            return 0
        if seat.granted:
            places, seat.granted = seat.granted, 0
            return places
        places = 1 + len(first.raw) // self._place_bytes
        if self.places.take(lane.key, places=places):
            return places
        seat.parked = True
        self.places.wait(lane.key, partial(self._granted, seat, places), places=places)
        return 0

    def _granted(self, seat: Seat, places: int) -> bool:
        seat.parked = False
        if not self._wake(seat):
            return False
        seat.granted = places
        return True

    def let_go(self, seat: Seat) -> None:
        """A lane begins nothing now."""
        if seat.granted:
            places, seat.granted = seat.granted, 0
            self.places.give_back(seat.lane.key, places)

    def weighed(self, seat: Seat, places: int, body: bytes) -> int:
        """The request is known; the places that its attempt holds from now on."""
        weight = 1 + len(body) // self._place_bytes
        if weight > places:
            self.places.add(seat.lane.key, weight - places)
        elif weight < places:
            self.places.give_back(seat.lane.key, places - weight)
        return weight

    def left(self, seat: Seat, delivery: Delivery, places: int) -> None:
        """Nothing is under way of a delivery any more."""
        self.places.give_back(seat.lane.key, places)
        self._under_way.end(delivery.key, seat.lane.namespace)
        if self._held_back:
            for waiting in self._held_back.pop(seat.lane.namespace, ()):
                waiting.parked = False
                self._wake(waiting)

    def changed(self, seat: Seat) -> None:
        """Something about a lane changed: if it is held back, it may try anew."""
        if self._held_back and seat in self._held_back.get(seat.lane.namespace, ()):
            self._held_back[seat.lane.namespace].remove(seat)
            seat.parked = False
