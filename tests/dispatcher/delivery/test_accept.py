"""Acceptance: what matched is stored once and counted, by the limits of its own webhook; or nothing of it is kept."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from dispatcher.delivery.parts import HOOK, OTHER, RAW, Room, passes, until
from hookwright.core.event import Event
from hookwright.core.matching import Matcher
from hookwright.core.records import DeadReason
from hookwright.core.room import Room as Waiting
from hookwright.dispatcher.delivery.accept import Acceptor
from hookwright.errors import EventError, StoreFull
from hookwright.limits import LANES_SLICE


def acceptor(room: Room, *, webhook: int = 100, total: int = 1000) -> Acceptor:
    """Takes events for two webhooks: one gets all, the other only what is called `RequestCreated`."""
    waiting = Waiting(webhook, 1_000_000, total, 1_000_000, total, 1_000_000)
    made = Acceptor(room.disk, room.lanes, room.keys, room.clock, room=waiting)
    hook, other = room.target(HOOK).route.config, room.target(OTHER).route.config
    hook = hook.model_copy(update={"triggers": ["RequestCreated", "RequestGranted"]})
    made.use(Matcher([hook, other]), None)
    return made


def event(trigger: str = "RequestCreated", identity: str | None = None, raw: bytes = RAW) -> Event:
    """An event as it was decoded."""
    return Event("AccessRequest", trigger, {"event_type": "AccessRequest"}, raw, identity)


async def test_an_event_is_delivered_to_every_webhook_that_it_matches(room: Room) -> None:
    """It is counted from its acceptance to its end."""
    room.configure(HOOK, OTHER)
    answer = await acceptor(room).accept([event(), event("RequestGranted")], None)
    assert answer.count(b'"webhook":"team/hook"') == 2
    assert answer.count(b'"webhook":"team/other"') == 1
    assert room.lanes.totals.waiting == 3
    await until(lambda: room.lanes.totals.waiting == 0)
    assert len(room.wire.sent) == 3


async def test_the_limit_of_one_webhook_counts_its_own_deliveries(room: Room) -> None:
    """What is over it is a dead letter of that webhook; the other one still gets everything."""
    takes = acceptor(room, webhook=5)
    for _ in range(8):
        await takes.accept([event("RequestGranted")], None)
    await takes.accept([event()], None)
    assert (room.lanes.lane(HOOK).waiting, room.lanes.lane(HOOK).dead) == (5, 4)
    assert (room.lanes.lane(OTHER).waiting, room.lanes.lane(OTHER).dead) == (1, 0)
    assert await room.dead() == [DeadReason.BACKLOG] * 4


async def test_over_the_limit_of_all_nothing_is_taken(room: Room) -> None:
    """The sender keeps the event and comes again."""
    takes = acceptor(room, total=3)
    await takes.accept([event("RequestGranted")] * 3, None)
    with pytest.raises(EventError) as refused:
        await takes.accept([event("RequestGranted")], None)
    assert refused.value.status == 503
    assert room.lanes.totals.waiting == 3


async def test_what_the_store_does_not_take_is_not_counted(room: Room) -> None:
    """A full disk is a 503, and the backlog is as before."""
    room.disk.trouble = StoreFull("The disk is full.")
    with pytest.raises(EventError) as refused:
        await acceptor(room).accept([event()], None)
    assert refused.value.status == 503
    assert (room.lanes.totals.waiting, room.lanes.shares.all.bytes) == (0, 0)
    assert await room.waiting() == 0


async def test_a_repeat_is_answered_as_the_first_time_and_delivered_once(room: Room) -> None:
    """Another body under the same identity is refused; neither is counted."""
    takes = acceptor(room)
    first = await takes.accept([event(identity="one")], None)
    assert await takes.accept([event(identity="one")], None) == first
    with pytest.raises(EventError) as refused:
        await takes.accept([event(identity="one", raw=b"{}")], None)
    assert refused.value.status == 409
    assert room.lanes.totals.waiting == 2
    assert await room.waiting() == 1


async def test_events_for_a_gone_webhook_are_dead_letters_at_once(room: Room) -> None:
    """Nothing that matched is lost."""
    room.configure(HOOK, OTHER)
    room.lanes.lane(HOOK).standing.gone(room.target(HOOK).mark)
    await acceptor(room).accept([event("RequestGranted")], None)
    assert await room.dead() == [DeadReason.GONE]
    assert room.lanes.lane(HOOK).dead == 1


async def test_what_waits_of_a_namespace_is_counted_until_its_end(room: Room) -> None:
    """An event once, however many webhooks get it; nothing is left of what was refused, repeated or delivered."""
    room.configure(HOOK, OTHER)
    takes, shares = acceptor(room), room.lanes.shares
    await takes.accept([event(identity="one")], None)
    assert (shares.of("team").waiting, shares.all.bytes) == (2, len(RAW))
    await takes.accept([event(identity="one")], None)
    with pytest.raises(EventError):
        await takes.accept([event(), event(identity="one", raw=b"{}")], None)
    assert (shares.of("team").waiting, shares.all.bytes) == (2, len(RAW))
    await until(lambda: shares.all.waiting == 0)
    assert (shares.of("team").bytes, shares.all.bytes) == (0, 0)


@pytest.mark.parametrize("stored", [True, False])
async def test_an_acceptance_in_doubt_is_counted_by_what_the_store_has(room: Room, stored: bool) -> None:
    """Its caller is told to send it again; what was stored all the same waits until it is delivered."""
    room.configure(HOOK, OTHER)
    shares = room.lanes.shares
    room.disk.doubt = stored
    with pytest.raises(EventError) as refused:
        await acceptor(room).accept([event()], None)
    assert refused.value.status == 503
    await passes(0.001)
    if not stored:
        assert (shares.all.waiting, shares.all.bytes) == (0, 0)
    await until(lambda: len(room.wire.sent) == (2 if stored else 0) and shares.all.waiting == 0)
    assert (shares.all.waiting, shares.all.bytes) == (0, 0)


async def test_dead_letters_at_once_wait_for_nothing(room: Room) -> None:
    """They take no part of what may wait."""
    room.configure(HOOK, OTHER)
    room.lanes.lane(HOOK).standing.gone(room.target(HOOK).mark)
    await acceptor(room).accept([event("RequestGranted")], None)
    assert (room.lanes.shares.all.waiting, room.lanes.shares.all.bytes) == (0, 0)


def accepting(room: Room, count: int, *, total: int = 100_000) -> tuple[Acceptor, list[str]]:
    """Takes what is for so many webhooks, `total` deliveries at most."""
    keys = [f"team/w{number}" for number in range(count)]
    target = room.target(keys[0])
    room.configure(*keys, target=target)
    waiting = Waiting(1000, 1_000_000, total, 1_000_000, total, 1_000_000)
    made = Acceptor(room.disk, room.lanes, room.keys, room.clock, room=waiting)
    config = target.route.config
    made.use(Matcher([config.model_copy(update={"name": key.split("/")[1]}) for key in keys]), None)
    return made, keys


@pytest.mark.parametrize("events", [1, 3])
async def test_a_large_fan_out_is_handed_over_in_slices(room: Room, events: int) -> None:
    """Between two of them the loop does everything else; of one event or of several of a batch."""
    takes, keys = accepting(room, 3 * LANES_SLICE // events)
    accepted = asyncio.create_task(takes.accept([event()] * events, None))
    sent = [0]
    while sent[-1] < len(keys) * events:
        await asyncio.sleep(0)
        sent.append(len(room.wire.sent))
    await accepted
    assert max(after - before for before, after in pairwise(sent)) <= LANES_SLICE


@pytest.mark.parametrize("events", [1, 3])
async def test_places_of_a_large_fan_out_are_reserved_in_slices(room: Room, events: int) -> None:
    """Between two of them the loop does everything else; who goes away meanwhile leaves none behind."""
    takes, keys = accepting(room, 3 * LANES_SLICE // events)
    accepted = asyncio.create_task(takes.accept([event()] * events, None))
    reserved = [0]
    while reserved[-1] < 2 * LANES_SLICE:
        await asyncio.sleep(0)
        reserved.append(room.lanes.totals.waiting)
    assert max(after - before for before, after in pairwise(reserved)) <= LANES_SLICE
    accepted.cancel()
    await asyncio.wait([accepted])
    assert [room.lanes.lane(key).waiting for key in keys] == [0] * len(keys)
    assert (room.lanes.totals.waiting, room.lanes.shares.all.waiting) == (0, 0)


async def test_of_two_large_fan_outs_only_what_there_is_room_for_is_taken(room: Room) -> None:
    """Both are looked at before either is counted."""
    takes, keys = accepting(room, 2 * LANES_SLICE, total=3 * LANES_SLICE)
    answers = await asyncio.gather(*(takes.accept([event()], None) for _ in range(2)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, EventError)]
    assert [error.status for error in refused] == [503]
    await until(lambda: room.lanes.totals.waiting == 0)
    assert len(room.wire.sent) == len(keys)


async def test_what_the_store_gives_out_before_it_is_handed_over_is_sent_once(room: Room) -> None:
    """The last lane of a large fan-out looks into the store when the event is there already."""
    takes, keys = accepting(room, 9 * LANES_SLICE)
    accepted = asyncio.create_task(takes.accept([event()], None))
    while not room.wire.sent:
        await asyncio.sleep(0)
    last = room.lanes.lane(keys[-1])
    last.replayed(0, 0, room.clock.now())
    room.lanes.settle(last)
    await accepted
    await until(lambda: room.lanes.totals.waiting == 0)
    assert len(room.wire.sent) == len({*room.wire.sent}) == len(keys)
    assert any(keys[-1] in claim for claim in room.disk.claims)


async def test_a_large_fan_out_is_handed_over_although_its_caller_goes_away(room: Room) -> None:
    """It is stored, so nobody else would look for it."""
    takes, keys = accepting(room, 3 * LANES_SLICE)
    accepted = asyncio.create_task(takes.accept([event()], None))
    while not room.wire.sent:
        await asyncio.sleep(0)
    accepted.cancel()
    await until(lambda: len(room.wire.sent) == len(keys) and room.lanes.totals.waiting == 0)
