"""From an accepted delivery to its result: whatever is raised on the way ends in a result, and all of it is bounded."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from dispatcher.delivery.parts import HOOK, OTHER, RULES, Room, answered, passes, until
from hookwright.core.records import DeadReason
from hookwright.core.redaction import Redactor
from hookwright.dispatcher.delivery.attempt import Target
from hookwright.limits import IDLE_ATTEMPTS, RESULTS_STUCK_SECONDS, STORE_FLUSH_SECONDS
from hookwright.outbound.port import Answer
from hookwright.store.port import ReplaySelector


async def begin(room: Room, *keys: str, count: int = 1) -> None:
    """So many events wait for each webhook, and are found."""
    for key in keys or (HOOK,):
        await room.stored(key, count)
    await room.take()
    room.configure(*keys)


async def test_what_waits_is_sent_in_order_and_done(room: Room) -> None:
    """Each once; its record is kept, nothing waits, nothing is told as failed."""
    await begin(room, count=30)
    await until(lambda: len(room.wire.sent) == 30)
    await until(lambda: room.lanes.totals.waiting == 0)
    assert room.wire.sent == sorted(room.wire.sent)
    assert room.wire.most <= RULES.max_in_flight
    assert await room.results() == ["Delivered"] * 30
    assert await room.waiting() == 0
    assert room.failed == []


async def test_a_delivery_that_fails_is_tried_again_at_its_time(room: Room) -> None:
    """After five seconds, then after a minute."""
    times: list[float] = []
    answers = [answered(500), answered(500), answered(200)]

    async def respond() -> Answer:
        times.append(room.clock.now())
        return answers[len(times) - 1]

    room.wire.respond = respond
    await begin(room)
    await until(lambda: room.lanes.totals.waiting == 0)
    assert [round(later - before) for before, later in pairwise(times)] == [5, 60]
    assert await room.results() == ["Retrying", "Retrying", "Delivered"]


async def test_two_that_fail_shortly_after_each_other_are_both_tried_again(room: Room) -> None:
    """The second one's result is being written when the first one's time comes."""
    count = 0

    async def respond() -> Answer:
        nonlocal count
        count += 1
        if count == 2:
            await asyncio.sleep(4.998)
        return answered(500 if count <= 2 else 200)

    room.wire.respond = respond
    await begin(room, count=2)
    await until(lambda: room.lanes.totals.waiting == 0, seconds=60)
    assert len(room.wire.sent) == 4


async def test_a_sender_that_raises_what_nobody_foresaw_ends_in_a_dead_letter(room: Room) -> None:
    """With a record; the next delivery is sent."""

    async def respond() -> Answer:
        if len(room.wire.sent) == 1:
            raise ZeroDivisionError
        return answered()

    room.wire.respond = respond
    await begin(room, count=2)
    await until(lambda: room.lanes.totals.waiting == 0)
    assert await room.results() == ["Rejected", "Delivered"]
    assert await room.dead() == [DeadReason.REJECTED]
    assert (room.lanes.lane(HOOK).in_flight, room.lanes.lane(HOOK).dead) == (0, 1)


async def test_a_build_that_raises_what_nobody_foresaw_ends_in_a_dead_letter(room: Room) -> None:
    """An event that is no JSON cannot be rendered; it is not lost and nothing hangs."""
    await room.stored(raw=b"\xff not JSON")
    await room.stored()
    await room.take()
    room.configure(target=room.target(body='{"type": "{{ event_type }}"}'))
    await until(lambda: room.lanes.totals.waiting == 0)
    assert await room.results() == ["Rejected", "Delivered"]


class Unsearchable(Target):
    """A target of which nothing can be searched for secrets."""

    def redactor(self) -> Redactor:
        raise MemoryError("the pattern is too large")


async def test_a_redactor_that_raises_costs_the_details_and_nothing_else(room: Room) -> None:
    """The delivery ends as it would have, its record says that the log knows more, the failure is told."""

    async def respond() -> Answer:
        return answered(400, body=b"a secret")

    room.wire.respond = respond
    await room.stored()
    await room.take()
    plain = room.target()
    room.configure(target=Unsearchable(plain.route, room.wire, room.clock.monotonic, room.former))
    await until(lambda: room.lanes.totals.waiting == 0)
    assert await room.dead() == [DeadReason.REJECTED]
    (record,) = [record for _, record in await room.disk.invocations(limit=9)]
    assert b"secret" not in record.detail
    assert b"cannot be shown" in record.detail
    assert room.failed == ["record"]


async def test_an_observer_that_raises_costs_nothing(room: Room) -> None:
    """Metrics and logs are told of, the delivery is done."""

    def broken(_: object) -> None:
        raise OSError("stderr is gone")

    room.observe = broken
    await begin(room, count=3)
    await until(lambda: room.lanes.totals.waiting == 0)
    assert await room.results() == ["Delivered"] * 3
    assert room.failed == ["observe"] * 3


async def test_tasks_without_an_attempt_are_bounded(room: Room) -> None:
    """A burst does not leave as many tasks as it had attempts."""
    gate = asyncio.Event()

    async def respond() -> Answer:
        await gate.wait()
        return answered()

    room.wire.respond = respond
    await room.stored(count=3 * IDLE_ATTEMPTS)
    await room.take()
    before = len(asyncio.all_tasks())
    room.configure(rules=RULES._replace(max_in_flight=3 * IDLE_ATTEMPTS))
    await until(lambda: room.wire.under_way == 3 * IDLE_ATTEMPTS)
    gate.set()
    await until(lambda: room.lanes.totals.waiting == 0)
    assert len(asyncio.all_tasks()) - before <= IDLE_ATTEMPTS


async def test_no_attempt_starts_while_results_cannot_be_written(room: Room) -> None:
    """Of no webhook, as its result would wait as well; afterwards all of them go on."""
    room.disk.space.clear()
    room.configure(HOOK, OTHER)
    await room.accepted(HOOK)
    await until(lambda: len(room.wire.sent) == 1)
    await passes(RESULTS_STUCK_SECONDS + 1)
    await room.accepted(HOOK, count=3)
    await room.accepted(OTHER, count=3)
    await passes(60)
    assert len(room.wire.sent) == 1
    room.disk.space.set()
    await until(lambda: room.lanes.totals.waiting == 0)
    assert len(room.wire.sent) == 7


async def test_a_drain_waits_for_attempts_and_writes_their_results(room: Room) -> None:
    """What ends in time is done; nothing new begins."""

    async def respond() -> Answer:
        await asyncio.sleep(3)
        return answered()

    room.wire.respond = respond
    await begin(room, count=10)
    await until(lambda: room.wire.under_way == RULES.max_in_flight)
    await room.lanes.drain(10)
    assert await room.results() == ["Delivered"] * RULES.max_in_flight
    assert await room.waiting() == 10 - RULES.max_in_flight


async def test_what_does_not_end_during_a_drain_waits_as_before(room: Room) -> None:
    """Without a record, and with no attempt counted."""

    async def respond() -> Answer:
        await asyncio.sleep(1000)
        return answered()

    room.wire.respond = respond
    await begin(room, count=2)
    await until(lambda: room.wire.under_way == 2)
    began = room.clock.now()
    await room.lanes.drain(10)
    assert room.clock.now() - began == pytest.approx(10, abs=1)
    assert await room.results() == []
    assert await room.waiting() == 2


async def test_a_drain_is_bounded_while_results_cannot_be_written(room: Room) -> None:
    """The deliveries wait in the store and are sent again at the next start."""
    room.disk.space.clear()
    await begin(room, count=2)
    await until(lambda: len(room.wire.sent) == 2)
    began = room.clock.now()
    await room.lanes.drain(10)
    assert room.clock.now() - began < 10 + STORE_FLUSH_SECONDS + 1
    assert await room.waiting() == 2


async def test_the_lane_of_a_deleted_webhook_goes_when_nothing_is_left(room: Room) -> None:
    """Not before it is remembered that it was deleted; its connections close at once."""
    await begin(room, HOOK, OTHER)
    await until(lambda: room.lanes.totals.waiting == 0)
    target = room.lanes.target(HOOK)
    assert target is not None
    room.lanes.remove(HOOK)
    assert target.pool.closed
    room.lanes.drop_spent()
    assert {lane.key for lane in room.lanes.lanes()} == {HOOK, OTHER}
    room.lanes.lane(HOOK).standing.save(HOOK)
    room.lanes.drop_spent()
    assert {lane.key for lane in room.lanes.lanes()} == {OTHER}


async def test_dear_renders_of_one_webhook_do_not_hold_up_another(room: Room) -> None:
    """What a render took is charged to its lane, so the other one's come in between."""
    room.clock._cost = 0.0004
    room.configure(HOOK, OTHER, rules=RULES._replace(max_in_flight=500))
    await room.stored(HOOK, 200)
    await room.stored(OTHER, 3)
    await room.take()
    order: list[str] = []
    room.observe = lambda details: order.append(details.record.route)
    room.lanes.settle(room.lanes.lane(HOOK))
    room.lanes.settle(room.lanes.lane(OTHER))
    await until(lambda: room.lanes.totals.waiting == 0)
    assert max(at for at, route in enumerate(order) if route == OTHER) < 100


async def test_a_webhook_that_goes_leaves_its_deliveries_and_takes_them_up_again(room: Room) -> None:
    """Within ten minutes; after them they are dead letters, and can be replayed."""
    await begin(room, count=3)
    room.lanes.remove(HOOK)
    await passes(599)
    assert await room.waiting() == 3
    await passes(3)
    assert await room.dead() == [DeadReason.WEBHOOK_DELETED] * 3
    room.configure()
    await room.lanes.replay(ReplaySelector(route=HOOK), now=room.clock.now_ms(), limit=9)
    await until(lambda: len(room.wire.sent) == 3)
