"""Rate limits as the target counts them: by when requests come, however long after its start each is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

import pytest

from dispatcher.delivery.parts import HOOK, RULES, Room, answered, until
from hookwright.errors import Cause, SendError, Sent
from hookwright.limits import RATE_APART_SECONDS, RATE_LATE_SECONDS
from hookwright.outbound.port import Answer

REQUESTS, SECONDS = 10, 1.0
LIMITED = RULES._replace(max_in_flight=64, rate=(REQUESTS, SECONDS))


class Counting:
    """A target that notes when each request comes, in seconds; `before` and `within` are how long it takes to send one
    and to answer it."""

    def __init__(
        self,
        room: Room,
        before: Callable[[], float],
        within: Callable[[], float],
        *,
        apart: float = RATE_APART_SECONDS,
        lost: float = 0.0,
    ) -> None:
        """`apart`: the longest way of a request; `lost`: this part of them is sent again on the way, and comes late."""
        self.came: list[float] = []
        self._room, self._before, self._within = room, before, within
        self._apart, self._lost = apart, lost
        self._random = Random(1)
        room.wire.connect, room.wire.respond = self._connect, self._answer

    async def _connect(self) -> None:
        await asyncio.sleep(self._before())

    async def _answer(self) -> Answer:
        lost = self._random.random() < self._lost
        way = RATE_LATE_SECONDS if lost else self._random.uniform(0.0, self._apart)
        await asyncio.sleep(way)
        self.came.append(self._room.clock.now())
        await asyncio.sleep(self._within())
        return answered()

    def most(self) -> int:
        """The most requests in any period."""
        came = sorted(self.came)
        return max(sum(begin <= one < begin + SECONDS for one in came) for begin in came)

    def rate(self) -> float:
        """Requests a second."""
        return (len(self.came) - 1) / (max(self.came) - min(self.came))


async def sent(room: Room, target: Counting, count: int) -> None:
    """So many events for a limited webhook, until all have come."""
    room.configure(rules=LIMITED)
    await room.accepted(count=count)
    await until(lambda: len(target.came) == count)
    await until(lambda: room.lanes.totals.waiting == 0)
    assert room.failed == []


@pytest.mark.parametrize("longest", [0.04, 0.3, 3.0])
@pytest.mark.parametrize("answer", [0.005, 2.0])
async def test_no_period_has_more_however_long_it_takes_to_send(
    room: Room, longest: float, answer: float
) -> None:
    """A busy loop, a new connection, a name server: what was begun in one second may come in the next."""
    random = Random(7)
    target = Counting(room, lambda: random.choice((0.0, random.uniform(0.0, longest))), lambda: answer)
    await sent(room, target, 300)
    assert target.most() <= REQUESTS


async def test_what_waits_for_a_name_does_not_come_all_at_once(room: Room) -> None:
    """A name server is away for five seconds: then no more come in a second than may, though more could be under way."""
    target = Counting(room, lambda: max(0.0, back - room.clock.now()), lambda: 2.0)
    back = room.clock.now() + 5.0
    await sent(room, target, 100)
    assert target.most() <= REQUESTS


@pytest.mark.parametrize("answer", [0.005, 0.4])
async def test_what_comes_late_makes_no_period_fuller(room: Room, answer: float) -> None:
    """Its answer tells of it, as it is late as well."""
    target = Counting(room, lambda: 0.0, lambda: answer, lost=0.2)
    await sent(room, target, 300)
    assert target.most() <= REQUESTS


@pytest.mark.parametrize("answer", [0.005, 0.2, 2.0])
async def test_a_target_is_sent_nearly_as_much_as_it_may_be(room: Room, answer: float) -> None:
    """Whether it answers at once or late: what is under way does not wait for its answer to make room."""
    target = Counting(room, lambda: 0.002, lambda: answer, apart=0.01)
    await sent(room, target, 600)
    assert target.most() <= REQUESTS
    assert target.rate() >= 9.3


async def test_what_was_never_sent_takes_no_place(room: Room) -> None:
    """A name that does not resolve costs others no time: what waits is tried at once."""
    room.configure(rules=LIMITED)

    async def fail() -> None:
        raise SendError("There is no such name.", cause=Cause.DNS, sent=Sent.NOT_SENT)

    target, begun = Counting(room, lambda: 0.0, lambda: 0.0), room.clock.now()
    room.wire.connect, well = fail, room.wire.connect
    await room.accepted(count=5)
    await until(lambda: len(room.details) == 5)
    room.wire.connect = well
    await room.accepted(count=REQUESTS)
    await until(lambda: len(target.came) == REQUESTS)
    assert max(target.came) < begun + SECONDS


async def test_what_was_given_up_while_it_was_being_sent_counts(room: Room) -> None:
    """Its target may have it. What another process goes on with says so."""
    room.configure(rules=LIMITED)
    Counting(room, lambda: 0.0, lambda: 60.0)
    await room.accepted(count=3)
    await until(lambda: len(room.wire.sent) == 3)
    lane = room.lanes.lane(HOOK)
    lane.save()
    await room.lanes.drain(0)
    saved = lane.save().begun
    assert saved is not None
    assert saved[0] == 3


async def test_a_limit_that_changes_knows_of_what_was_sent(room: Room) -> None:
    """Also of what is being sent just then."""
    target = Counting(room, lambda: 0.5, lambda: 0.0)
    room.configure(rules=LIMITED._replace(rate=(REQUESTS // 2, SECONDS)))
    await room.accepted(count=REQUESTS)
    await until(lambda: room.lanes.lane(HOOK).in_flight == REQUESTS // 2)
    room.configure(rules=LIMITED)
    await room.accepted(count=REQUESTS)
    await until(lambda: len(target.came) == 2 * REQUESTS)
    assert target.most() <= REQUESTS
