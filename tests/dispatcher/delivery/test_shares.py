"""What runs is shared out by namespace, then by webhook: turns of the loop, attempts under way, bytes of requests."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dispatcher.delivery.parts import RAW, RULES, Connections, Room, answered, passes, until
from hookwright.core.redaction import Redactor
from hookwright.core.request import Outgoing
from hookwright.core.routes import Route
from hookwright.dispatcher.delivery.attempt import Target
from hookwright.limits import CLAIM_LANES, KIB, MIB, REQUESTS_BYTES
from hookwright.outbound.port import Answer, OnSent

CROWD = [f"crowd/w{number}" for number in range(1_000)]
CANARY = "quiet/canary"
WIDE = RULES._replace(max_in_flight=1_024)


def order(room: Room) -> list[str]:
    """The webhooks of the attempts that ended, the first one first."""
    return [details.record.route for details in room.details]


async def test_a_thousand_lanes_of_one_namespace_are_one_turn_beside_another_namespace(room: Room) -> None:
    """All stand in line when the canary comes: it is among the first few, though no lane had a turn before."""
    room.clock._cost = 0.0004
    room.configure(*CROWD, CANARY)
    await room.accepted(*CROWD)
    await room.accepted(CANARY)
    await until(lambda: room.lanes.totals.waiting == 0)
    assert order(room).index(CANARY) < 10


async def test_a_namespace_whose_renders_are_dear_comes_less_often(room: Room) -> None:
    """A render of fifty milliseconds in each of its lanes: the canary's fifty deliveries go between the first two."""
    room.configure(*CROWD[:20], target=Dear(room, render=0.05))
    room.configure(CANARY)
    await room.accepted(*CROWD[:20])
    for _ in range(50):
        await room.accepted(CANARY)
    await until(lambda: room.lanes.totals.waiting == 0)
    ended = order(room)
    last = max(at for at, route in enumerate(ended) if route == CANARY)
    assert sum(route != CANARY for route in ended[:last]) <= 2


@pytest.mark.parametrize(("body", "result"), [('{"id": "{{ data.id }}"}', "Delivered"), ("{{", "Rejected")])
async def test_templates_that_nobody_compiled_ahead_are_compiled_one_a_turn(
    room: Room, body: str, result: str
) -> None:
    """Another namespace's delivery goes in between, though it comes later; one that does not compile says so."""
    room.clock._cost = 0.0004
    headers = [{"name": f"x-{number}", "value": f"{{{{ data.id }}}} {number}"} for number in range(20)]
    room.configure(CROWD[0], target=room.target(CROWD[0], headers=headers, body=body))
    room.configure(CANARY)
    raw = b'{"event_type":"AccessRequestGranted","event_time":null,"data":{"id":"AR-1"}}'
    await room.accepted(CROWD[0], raw=raw)
    await room.accepted(CANARY, raw=raw)
    await until(lambda: len(order(room)) == 2)
    assert order(room) == [CANARY, CROWD[0]]
    assert room.details[1].record.result == result


class Dear(Target):
    """A target whose requests and answers take the loop's time: seconds of each."""

    def __init__(self, room: Room, *, render: float = 0.0, told: float = 0.0) -> None:
        plain = room.target(CROWD[0])
        super().__init__(plain.route, room.wire, room.clock.monotonic, room.former)
        self._clock, self._told = room.clock, told
        self.route = _DearRoute(plain.route.config, room, render)

    def redactor(self) -> Redactor:
        self._clock._spent += self._told
        return super().redactor()


class _DearRoute(Route):
    def __init__(self, config: Any, room: Room, render: float) -> None:
        super().__init__(config)
        self._clock, self._render = room.clock, render

    def build(self, raw: bytes, **rest: Any) -> Outgoing:
        self._clock._spent += self._render
        return super().build(raw, **rest)


async def test_what_is_done_after_an_answer_is_charged_and_waits_for_its_turn(room: Room) -> None:
    """A hundred answers come at once, each fifty milliseconds to tell: the canary's delivery goes after the first."""
    gate = asyncio.Event()

    async def respond() -> Answer:
        await gate.wait()
        return answered()

    room.wire.respond = respond
    room.configure(*CROWD[:100], target=Dear(room, told=0.05))
    room.configure(CANARY)
    await room.accepted(*CROWD[:100])
    await until(lambda: room.wire.under_way == 100)
    gate.set()
    await room.accepted(CANARY)
    await until(lambda: room.lanes.totals.waiting == 0)
    assert order(room).index(CANARY) <= 2


async def test_an_event_is_parsed_once_for_all_its_deliveries(room: Room) -> None:
    """Claimed from the store by a hundred lanes of which each renders it: one document, one copy of its bytes."""
    seen: list[tuple[Any, bytes]] = []

    class Watched(Route):
        def build(self, raw: bytes, *, document: Any = None, **rest: Any) -> Outgoing:
            seen.append((document, raw))
            return super().build(raw, document=document, **rest)

    raw = RAW.replace(b"{}", b'{"text":"%b"}' % (b"x" * 50_000))
    first, *others = CROWD[:100]
    await room.stored(first, 1, *others, raw=raw)
    await room.take()
    target = room.target(CROWD[0], body='{"type": "{{ event_type }}"}')
    target.route = Watched(target.route.config)
    room.configure(*CROWD[:100], target=target)
    await until(lambda: room.lanes.totals.waiting == 0)
    assert len(seen) == 100
    assert all(document is not None and document is seen[0][0] for document, _ in seen)
    assert len({id(each) for _, each in seen}) == 1


@pytest.fixture
def hanging() -> asyncio.Event:
    """Set: targets answer at last."""
    return asyncio.Event()


async def filled(attempts: int, hanging: asyncio.Event, **rest: Any) -> Room:
    """A room of so many attempts, of which one webhook takes all it gets: its target hangs."""
    room = Room(attempts=attempts)

    async def respond() -> Answer:
        if room.wire.sent[-1] in held:
            await hanging.wait()
        return answered()

    held: set[str] = set()
    room.wire.respond = respond
    room.configure(CROWD[0], rules=WIDE, target=Marked(room, held))
    room.configure(CROWD[1], CANARY)
    await room.accepted(CROWD[0], count=100, **rest)
    await passes(1)
    return room


class Marked(Target):
    """A target whose deliveries are written into a set."""

    def __init__(self, room: Room, held: set[str]) -> None:
        super().__init__(room.target(CROWD[0]).route, room.wire, room.clock.monotonic, room.former)
        self._held = held

    async def send(self, outgoing: Outgoing, timeout: float, sent: OnSent = None) -> Answer:
        self._held.add(dict(outgoing.headers)["webhook-id"])
        return await super().send(outgoing, timeout, sent)


async def end(room: Room) -> None:
    """Let go of everything."""
    await room.lanes.drain(0)
    room.lanes.close()
    await room.background.close()


async def test_one_webhook_takes_most_places_and_leaves_others_some(hanging: asyncio.Event) -> None:
    """Of sixteen nine; another namespace's delivery goes at once, and one of another webhook of its own."""
    room = await filled(16, hanging)
    assert room.wire.under_way == 9
    await room.accepted(CANARY)
    await room.accepted(CROWD[1])
    await until(lambda: len(room.details) == 2, seconds=5)
    assert set(order(room)) == {CANARY, CROWD[1]}
    await end(room)


async def test_who_waits_for_a_place_loses_neither_deliveries_nor_time(hanging: asyncio.Event) -> None:
    """They go on when places are given back; none was tried, or given up, meanwhile."""
    room = await filled(16, hanging)
    await passes(600)
    assert len(room.wire.sent) == 9
    hanging.set()
    await until(lambda: room.lanes.totals.waiting == 0)
    assert await room.results() == ["Delivered"] * 100
    assert room.wire.most <= 9
    assert room.lanes._gate.places.taken == 0
    await end(room)


async def test_bytes_of_requests_under_way_are_bounded(hanging: asyncio.Event) -> None:
    """Bodies of a MiB: one webhook holds a part of what all may, however many places are free; others go on."""
    room = await filled(1_600, hanging, raw=RAW.replace(b"{}", b'{"text":"%b"}' % (b"x" * MIB)))
    assert 8 * MIB < room.wire.under_way * MIB <= REQUESTS_BYTES * 5 // 8
    await room.accepted(CANARY, raw=RAW.replace(b"{}", b'{"text":"%b"}' % (b"x" * 100 * KIB)))
    await until(lambda: order(room) == [CANARY], seconds=5)
    hanging.set()
    await until(lambda: room.lanes.totals.waiting == 0)
    assert room.lanes._gate.places.taken == 0
    await end(room)


async def test_places_that_come_back_together_are_not_given_to_too_many() -> None:
    """Two hundred lanes wait with a MiB each: however many requests end at once, bodies under way stay bounded."""
    room = Room()

    async def respond() -> Answer:
        await asyncio.sleep(20)
        return answered()

    room.wire.respond = respond
    room.configure(*CROWD[:200])
    await room.accepted(*CROWD[:200], raw=RAW.replace(b"{}", b'{"text":"%b"}' % (b"x" * MIB)))
    await until(lambda: room.lanes.totals.waiting == 0)
    assert REQUESTS_BYTES // 2 < room.wire.most * MIB <= REQUESTS_BYTES * 7 // 8
    assert room.lanes._gate.places.taken == 0
    await end(room)


async def test_a_webhook_that_goes_while_it_waits_for_a_place_holds_none(hanging: asyncio.Event) -> None:
    """Its line is passed over; the places come back."""
    room = await filled(16, hanging)
    room.lanes.remove(CROWD[0])
    hanging.set()
    await passes(1)
    assert room.lanes._gate.places.taken == 0
    assert isinstance(room.target().pool, Connections)
    await end(room)


async def test_a_start_with_many_lanes_asks_for_few_at_a_time(room: Room) -> None:
    """However many have something due."""
    for key in CROWD[:400]:
        await room.stored(key)
    await room.take()
    room.configure(*CROWD[:400])
    await until(lambda: room.lanes.totals.waiting == 0)
    assert max(len(asked) for asked in room.disk.claims) <= CLAIM_LANES


async def test_a_start_with_many_lanes_of_one_namespace_does_not_ask_for_all_of_them_first(
    room: Room,
) -> None:
    """The only lane of another namespace asks last, and is in the first call."""
    for key in [*CROWD[:400], CANARY]:
        await room.stored(key)
    await room.take()
    room.configure(*CROWD[:400], CANARY)
    await until(lambda: room.lanes.totals.waiting == 0)
    assert CANARY in room.disk.claims[0]
