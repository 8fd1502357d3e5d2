"""Turns on the event loop: a circle of namespaces, in each a circle of those that have something to do.

Each visit grants a namespace a little time, and in it each taker; what they really took is deducted from both. So who
takes long comes less often, and a thousand takers of one namespace are one among the namespaces. After a slice of work
the loop gets control back, so that nothing here delays others by more than the slice and one step (SPEC 5, Isolation).
Together slices are as long as what else runs meanwhile, each within bounds: neither outruns the other.
Must not: know what is done.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, TypeVar
from weakref import WeakValueDictionary

from hookwright.dispatcher.background import Background
from hookwright.dispatcher.clock import Clock
from hookwright.limits import (
    TURN_CREDIT_MAX_SECONDS,
    TURN_CREDIT_SECONDS,
    TURNS_BEHIND_SECONDS,
    TURNS_MAX_SECONDS,
    TURNS_SECONDS,
)

T = TypeVar("T")


class Turn(Protocol):
    """Does something when the turn of a namespace has come; what it answers or raises."""

    async def __call__(self, namespace: str, call: Callable[[], T]) -> T: ...


async def at_once(namespace: str, call: Callable[[], T]) -> T:
    """The turn where nobody else wants one."""
    return call()


class Circle:
    """Those of one namespace that have something to do."""

    __slots__ = ("__weakref__", "credit", "in_turn", "takers")

    def __init__(self) -> None:
        self.credit = 0.0
        """Seconds; below zero: taken ahead."""
        self.in_turn = False
        self.takers: deque[Taker] = deque()


class Taker(ABC):
    """Takes turns in the circle of its namespace; a subclass says what for."""

    __slots__ = ("circle", "credit", "in_turn")

    def __init__(self, circle: Circle) -> None:
        self.circle = circle
        self.credit = 0.0
        self.in_turn = False

    @abstractmethod
    def step(self) -> bool:
        """Do one thing; whether there is more to do."""


class _Call(Taker):
    """One thing to do, once."""

    __slots__ = ("_call", "_future")

    def __init__(self, circle: Circle, call: Callable[[], Any], future: asyncio.Future[Any]) -> None:
        super().__init__(circle)
        self._call, self._future = call, future

    def step(self) -> bool:
        if not self._future.cancelled():
            try:
                self._future.set_result(self._call())
            except Exception as error:
                self._future.set_exception(error)
        return False


class Turns:
    """Of one event loop."""

    def __init__(self, clock: Clock, background: Background) -> None:
        self._spent, self._background = clock.spent, background
        self._loop = asyncio.get_running_loop()
        self._circles: WeakValueDictionary[str, Circle] = WeakValueDictionary()
        self._ready: deque[Circle] = deque()
        self._scheduled = False
        self._asked = 0.0
        """When the next slice was scheduled."""
        self._end = 0.0
        """Of the present slice."""
        self._behind = 0.0
        """Seconds that others had the loop, and turns have not had as long since."""

    def circle(self, namespace: str) -> Circle:
        """Of a namespace; forgotten when no taker is left."""
        found = self._circles.get(namespace)
        if found is None:
            found = self._circles[namespace] = Circle()
        return found

    async def finish(self) -> None:
        """Until nobody has anything to do."""
        while self._ready:  # noqa: ASYNC110 - slices go in between
            await asyncio.sleep(0)

    def join(self, taker: Taker) -> None:
        """It has something to do, and is not in turn."""
        taker.in_turn = True
        circle = taker.circle
        circle.takers.append(taker)
        if not circle.in_turn:
            circle.in_turn = True
            self._ready.append(circle)
            self._schedule()

    def charge(self, taker: Taker, seconds: float) -> None:
        """What the present step of a taker has begun takes so much time of the loop later."""
        taker.credit -= seconds
        taker.circle.credit -= seconds
        self._end -= seconds

    async def run(self, namespace: str, call: Callable[[], T]) -> T:
        """See `Turn`."""
        future: asyncio.Future[T] = self._loop.create_future()
        self.join(_Call(self.circle(namespace), call, future))
        return await future

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled, self._asked = True, self._spent()
            self._loop.call_soon(self._slice)

    def _slice(self) -> None:
        self._scheduled, began = False, self._spent()
        # as long as others had the loop: else what is accepted outruns its delivery, and goes by way of the store
        behind = min(self._behind + began - self._asked, TURNS_BEHIND_SECONDS)
        self._end = began + min(max(TURNS_SECONDS, behind), TURNS_MAX_SECONDS)
        now = began
        while self._ready:
            circle = self._ready.popleft()
            circle.credit = min(circle.credit + TURN_CREDIT_SECONDS, TURN_CREDIT_MAX_SECONDS)
            now = self._visit(circle)
            if circle.takers:
                self._ready.append(circle)
            else:
                circle.in_turn = False
            if now > self._end:
                break
        self._behind = max(0.0, behind - (now - began)) if self._ready else 0.0
        if self._ready:
            self._schedule()

    def _visit(self, circle: Circle) -> float:
        """Steps of a namespace's takers, as long as it has credit and the slice lasts; the time."""
        takers, now = circle.takers, self._spent()
        while takers and circle.credit > 0:
            taker, before = takers.popleft(), now
            credit = taker.credit + TURN_CREDIT_SECONDS
            taker.credit = credit if credit < TURN_CREDIT_MAX_SECONDS else TURN_CREDIT_MAX_SECONDS
            if credit > 0:
                try:
                    more = taker.step()
                except Exception as error:
                    self._background.failure("turn", error)
                    more = False
                now = self._spent()
                taker.credit -= now - before
            else:
                more, now = True, self._spent()
            circle.credit -= now - before
            if more:
                takers.append(taker)
            else:
                taker.in_turn = False
            if now > self._end:
                break
        return now
