"""What every store must do: history, counts and pruning. Part of the suite (`store.suite`)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hookwright.core.records import DeadReason, Delivery, Pruned, RouteCounts, StoredRoute
from hookwright.limits import DEAD_LETTER_ROW_BYTES
from hookwright.store.port import (
    AttemptSelector,
    History,
    New,
    Repeat,
    ReplaySelector,
    Retention,
    StoredDelivery,
    Upkeep,
    Work,
)
from store.builders import (
    DAY,
    HOOK,
    MINUTE,
    NOW,
    OTHER,
    Harness,
    ack,
    attempt,
    bury,
    claim,
    dead_keys,
    delay,
    event,
    keys,
)

NOTHING = Pruned(0, 0, {}, 0)


class HistorySuite:
    """What is remembered, and for how long."""

    # --- history ---------------------------------------------------------------------------------

    async def _history(self, work: Work) -> None:
        """Four records: two of HOOK (one failed), a Manual call and a delivery of OTHER."""
        records = [
            attempt(101, result="Retrying", friendly_id="AR-1"),
            attempt(101, number=2, friendly_id="AR-1"),
            attempt(201, OTHER, kind="Manual", result="Rejected"),
            attempt(301, OTHER, friendly_id="AR-2"),
        ]
        nobody = Delivery(1, 0, HOOK, "AccessRequestGranted", None, b"", NOW)
        await work.finish([ack(nobody, record) for record in records])

    @pytest.mark.parametrize(
        ("question", "expected"),
        [
            ({}, [(301, 1), (201, 1), (101, 2), (101, 1)]),
            ({"route": HOOK}, [(101, 2), (101, 1)]),
            ({"route": "team/never"}, []),
            ({"result": "Delivered"}, [(301, 1), (101, 2)]),
            ({"result": "Retrying"}, [(101, 1)]),
            ({"route": HOOK, "result": "Retrying"}, [(101, 1)]),
            ({"route": OTHER, "result": "Retrying"}, []),
            ({"route": HOOK, "result": "Delivered"}, [(101, 2)]),
            ({"kind": "Manual"}, [(201, 1)]),
            ({"kind": "Manual", "route": HOOK}, []),
            ({"kind": "Manual", "result": "Delivered"}, []),
            ({"kind": "Delivery"}, [(301, 1), (101, 2), (101, 1)]),
            ({"kind": "Delivery", "result": "Rejected"}, []),
            ({"friendly_id": "AR-1"}, [(101, 2), (101, 1)]),
            ({"friendly_id": "AR-1", "result": "Delivered"}, [(101, 2)]),
            ({"friendly_id": "AR-1", "route": OTHER}, []),
            ({"friendly_id": "AR-3"}, []),
            ({"delivery": 101}, [(101, 2), (101, 1)]),
            ({"delivery": 101, "failed": True}, [(101, 1)]),
            ({"failed": True}, [(201, 1), (101, 1)]),
            ({"failed": True, "route": HOOK}, [(101, 1)]),
            ({"failed": True, "kind": "Manual"}, [(201, 1)]),
            ({"failed": True, "result": "Delivered"}, []),
            ({"statuses": (500, 500)}, [(201, 1), (101, 1)]),
            ({"statuses": (500, 599), "route": OTHER}, [(201, 1)]),
            ({"statuses": (500, 599), "result": "Retrying"}, [(101, 1)]),
            ({"statuses": (501, 501)}, []),
            ({"statuses": (501, 501), "route": HOOK}, []),
            ({"statuses": (200, 299)}, [(301, 1), (101, 2)]),
            ({"statuses": (200, 299), "route": HOOK}, [(101, 2)]),
            ({"statuses": (200, 299), "failed": True}, []),
            ({"since": NOW}, [(301, 1), (201, 1), (101, 2), (101, 1)]),
            ({"since": NOW + 1}, []),
            ({"until": NOW}, []),
            ({"until": NOW + 1, "route": HOOK}, [(101, 2), (101, 1)]),
        ],
    )
    async def test_invocations_are_found_by_what_people_ask(
        self, work: Work, history: History, question: dict[str, Any], expected: list[tuple[int, int]]
    ) -> None:
        """Newest first; every combination of questions narrows."""
        await self._history(work)
        found = await history.invocations(AttemptSelector(**question), limit=10)
        assert [(one.delivery_key, one.attempt) for _, one in found] == expected

    async def test_invocations_come_in_pages(self, work: Work, history: History) -> None:
        """A page ends where the next begins."""
        await self._history(work)
        page = await history.invocations(limit=3)
        rest = await history.invocations(limit=3, before=page[-1][0])
        assert [one.delivery_key for _, one in page + rest] == [301, 201, 101, 101]
        newer = await history.invocations(limit=3, after=page[-1][0])
        assert newer == page[:-1]

    async def test_a_test_that_expects_a_refusal_is_found_by_its_status(
        self, work: Work, history: History
    ) -> None:
        """It was successful, and the target answered 404; nothing but a status asks for both kinds of result."""
        nobody = Delivery(1, 0, HOOK, "AccessRequestGranted", None, b"", NOW)
        passed = attempt(101, kind="Test", result="Test successful")._replace(status=404)
        await work.finish([ack(nobody, passed)])
        for selector in (
            AttemptSelector(statuses=(400, 499)),
            AttemptSelector(route=HOOK, statuses=(404, 404)),
        ):
            assert [one.delivery_key for _, one in await history.invocations(selector, limit=9)] == [101]
            assert await history.invocations(selector._replace(failed=True), limit=9) == []

    @pytest.mark.parametrize("before", [None, 5, 1])
    async def test_a_small_history_is_looked_through_whole(
        self, work: Work, history: History, before: int | None
    ) -> None:
        """Whatever is asked for."""
        await self._history(work)
        for selector in (AttemptSelector(statuses=(200, 299)), AttemptSelector(route=HOOK, kind="Delivery")):
            assert await history.horizon(selector, before=before) is None

    async def test_attempts_of_some_results_come_in_one_order(self, work: Work, history: History) -> None:
        """However they are mixed: the newest first, and as many as are asked for."""
        nobody = Delivery(1, 0, HOOK, "AccessRequestGranted", None, b"", NOW)
        results = ["Retrying", "Rejected", "Delivered", "Gone", "Retrying", "Delivered", "Exhausted"]
        await work.finish(
            [ack(nobody, attempt(key, result=result)) for key, result in enumerate(results, 101)]
        )
        found = await history.invocations(AttemptSelector(failed=True), limit=4)
        assert [one.delivery_key for _, one in found] == [107, 105, 104, 102]

    async def test_a_time_finds_attempts_that_ended_out_of_order(self, work: Work, history: History) -> None:
        """By when they began, though a slow one is kept after those that began and ended while it waited."""
        nobody = Delivery(1, 0, HOOK, "AccessRequestGranted", None, b"", NOW)
        began = [at * MINUTE for at in (0, 20, 40, 39, 60, 55, 80)]
        await work.finish([ack(nobody, attempt(key, time=NOW + at)) for key, at in enumerate(began, 101)])
        selector = AttemptSelector(since=NOW + 39 * MINUTE, until=NOW + 60 * MINUTE)
        found = await history.invocations(selector, limit=10)
        assert [one.delivery_key for _, one in found] == [106, 104, 103]

    async def test_in_short_an_attempt_has_its_message_alone(self, work: Work, history: History) -> None:
        """Bodies stay where they are; everything else is the same."""
        nobody = Delivery(1, 0, HOOK, "AccessRequestGranted", None, b"", NOW)
        details = [b'{"message": "well \\"done\\"", "request": {"body": "long"}}', b"{}"]
        records = [attempt(101 + at, detail=detail) for at, detail in enumerate(details)]
        await work.finish([ack(nobody, record) for record in records])
        found = [one for _, one in await history.invocations(limit=9, in_short=True)]
        assert [json.loads(one.detail) for one in found] == [{"message": ""}, {"message": 'well "done"'}]
        assert [one._replace(detail=b"") for one in found] == [
            one._replace(detail=b"") for one in records[::-1]
        ]

    async def test_a_delivery_is_found_wherever_it_is(self, work: Work, history: History) -> None:
        """At once or later, dead, or nowhere once it is done; with its event."""
        await work.accept([event(100, HOOK, OTHER, raw=b"one"), event(200, HOOK, raw=b"two")])
        first, second = await claim(work)
        assert await history.delivery(102) == StoredDelivery(OTHER, 100, "RequestGranted", b"one", due=0)
        await work.finish([delay(first, NOW + MINUTE), bury(second)])
        waits, dead = await history.delivery(101), await history.delivery(201)
        assert waits == StoredDelivery(HOOK, 100, "RequestGranted", b"one", due=NOW + MINUTE)
        assert dead is not None
        assert (dead.route, dead.raw, dead.due, dead.reason) == (HOOK, b"two", None, DeadReason.REJECTED)
        await work.finish([ack(first)])
        assert await history.delivery(101) is None
        assert await history.delivery(999) is None

    async def test_one_invocation_is_found_by_its_id(self, work: Work, history: History) -> None:
        """With its number exactly that one, without the latest."""
        await self._history(work)
        assert await history.invocation(101, 1) == attempt(101, result="Retrying", friendly_id="AR-1")
        assert await history.invocation(101, None) == attempt(101, number=2, friendly_id="AR-1")
        assert await history.invocation(101, 3) is None
        assert await history.invocation(999, None) is None

    async def test_counts_say_what_waits_and_what_is_dead(self, work: Work, history: History) -> None:
        """Delayed ones wait as well; with the oldest, and the earliest due time."""
        await work.accept(
            [event(100, HOOK, OTHER, raw=b"x" * 10), event(200, HOOK, raw=b"y" * 5, received=NOW + 1)]
        )
        first, second = await claim(work)
        await work.finish([delay(first, NOW + MINUTE), bury(second)])
        expected = {HOOK: RouteCounts(1, 10, 1, NOW, NOW + MINUTE), OTHER: RouteCounts(1, 10, 0, NOW, 0)}
        assert await history.counts([OTHER, HOOK]) == expected
        assert (await history.recovered())[0] == expected

    async def test_counts_are_of_the_webhooks_that_are_asked_for(self, work: Work, history: History) -> None:
        """However many; one without anything waiting or dead is left out, and one that is only dead is not."""
        routes = [f"team/hook-{number}" for number in range(1_000)]
        await work.accept([event(10 * number, route) for number, route in enumerate(routes, 1)])
        await work.finish([ack(one) for one in await claim(work, routes[0])])
        await work.finish([bury(one) for one in await claim(work, routes[1])])
        counts = await history.counts([*routes[:999], "team/never"])
        assert counts.keys() == {*routes[1:999]}
        assert counts[routes[1]] == RouteCounts(0, 0, 1, None, None)
        assert await history.counts([]) == {}

    async def test_what_is_remembered_of_a_webhook_is_replaced(
        self, upkeep: Upkeep, history: History
    ) -> None:
        """The last word counts, every field of it."""
        full = StoredRoute(HOOK, "mark", NOW, NOW + 1, NOW + 2, 3)
        await upkeep.remember([full, StoredRoute(OTHER, last_success=NOW)])
        await upkeep.remember([StoredRoute(OTHER, last_failure=NOW, consecutive_failures=1)])
        memory = (await history.recovered()).routes
        assert memory[HOOK] == full
        assert memory[OTHER] == StoredRoute(OTHER, last_failure=NOW, consecutive_failures=1)

    async def test_the_highest_key_is_known_although_everything_is_done(
        self, work: Work, history: History
    ) -> None:
        """Keys are never used twice: the highest one outlives its event."""
        await work.accept([event(100, HOOK, OTHER, HOOK)])
        for route in (HOOK, OTHER):
            await work.finish([ack(one) for one in await claim(work, route)])
        assert (await history.recovered())[2] == 103

    async def test_every_webhook_that_was_seen_is_known(self, work: Work, history: History) -> None:
        """Also one of which nothing was ever remembered."""
        await work.accept([event(100, HOOK)])
        assert (await history.recovered())[1] == {HOOK: StoredRoute(HOOK)}

    # --- pruning ---------------------------------------------------------------------------------

    async def test_nothing_is_pruned_before_its_time(self, work: Work, upkeep: Upkeep) -> None:
        """Young and small: all stays."""
        await work.accept([event(100, HOOK, identity=b"one")])
        [delivery] = await claim(work)
        await work.finish([bury(delivery)])
        assert await upkeep.prune(now=NOW + 1) == NOTHING

    async def test_what_is_past_its_time_is_pruned(
        self, work: Work, upkeep: Upkeep, history: History
    ) -> None:
        """Identities after a day, attempts after seven, dead letters with their events after thirty."""
        await work.accept([event(100, HOOK, identity=b"one")])
        [delivery] = await claim(work)
        await work.finish([bury(delivery)._replace(record=attempt(101, result="Rejected"))])
        assert await upkeep.prune(now=NOW + DAY) == NOTHING._replace(identities=1)
        assert await upkeep.prune(now=NOW + 7 * DAY) == NOTHING._replace(history=1)
        assert await upkeep.prune(now=NOW + 30 * DAY) == NOTHING._replace(dead_letters={HOOK: 1}, events=1)
        assert (await history.invocations(limit=10), await dead_keys(history)) == ([], [])
        assert upkeep.stats().identities == 0

    async def test_what_is_too_much_is_pruned_oldest_first(self, harness: Harness) -> None:
        """Each kind has its limit of number or size."""
        letters = 2 * DEAD_LETTER_ROW_BYTES + 250
        retention = Retention(identity_count=1, history_bytes=1_000, dead_letter_bytes=letters)
        async with harness(retention) as (work, upkeep, history):
            events = [event(key, HOOK, raw=b"x" * 100, identity=b"%d" % key) for key in (100, 200, 300)]
            await work.accept(events)
            found = await claim(work)
            await work.finish(
                [
                    bury(one, at=NOW + one.key)._replace(record=attempt(one.key, detail=b"y" * 400))
                    for one in found
                ]
            )
            assert await upkeep.prune(now=NOW) == Pruned(2, 2, {HOOK: 1}, 1)
            assert await dead_keys(history) == [301, 201]
            assert [one.delivery_key for _, one in await history.invocations(limit=9)] == [301]
            assert await work.accept([events[0]._replace(key=400)]) == [New()]
            assert await work.accept([events[2]._replace(key=500)]) == [Repeat(300, (HOOK,))]

    async def test_a_dead_letter_that_was_replayed_is_not_pruned(self, work: Work, upkeep: Upkeep) -> None:
        """It waits; when it dies again its time begins anew."""
        await work.accept([event(100, HOOK)])
        [delivery] = await claim(work)
        await work.finish([bury(delivery)])
        await work.replay(ReplaySelector(), now=NOW + 30 * DAY, limit=1)
        assert await upkeep.prune(now=NOW + 30 * DAY) == NOTHING
        await work.finish([bury(delivery, at=NOW + 30 * DAY)])
        assert await upkeep.prune(now=NOW + 60 * DAY - 1) == NOTHING
        assert (await upkeep.prune(now=NOW + 60 * DAY)).dead_letters == {HOOK: 1}

    async def test_a_shared_event_outlives_one_pruned_dead_letter(self, work: Work, upkeep: Upkeep) -> None:
        """The delivery that still waits keeps the event."""
        await work.accept([event(100, HOOK, OTHER)])
        [delivery] = await claim(work)
        await work.finish([bury(delivery)])
        dropped = await upkeep.prune(now=NOW + 30 * DAY)
        assert (dropped.dead_letters, dropped.events) == ({HOOK: 1}, 0)
        assert [(one.key, one.raw) for one in await claim(work, OTHER)] == [(102, delivery.raw)]

    async def test_much_is_pruned_in_one_call(self, work: Work, upkeep: Upkeep, history: History) -> None:
        """However many steps it takes, a call drops all that is past its time."""
        nobody = Delivery(1, 0, HOOK, "AccessRequestGranted", None, b"", NOW)
        await work.finish([ack(nobody, attempt(key)) for key in range(101, 1_801)])
        assert (await upkeep.prune(now=NOW + 7 * DAY)).history == 1_700
        assert await history.invocations(limit=10) == []

    async def test_deleted_webhooks_are_forgotten_when_nothing_is_left(
        self, work: Work, upkeep: Upkeep, history: History
    ) -> None:
        """As long after it left the configuration as the history is kept; a new one of its name begins anew."""
        await upkeep.remember(
            [StoredRoute(HOOK, gone="mark", deleted_at=NOW), StoredRoute("team/kept", gone="mark")]
        )
        await work.accept([event(100, HOOK)])
        late = NOW + 7 * DAY
        await upkeep.prune(now=late)
        assert (await history.recovered())[1][HOOK].gone == "mark"
        await work.finish([ack(one) for one in await claim(work)])
        await upkeep.prune(now=late - 1)
        assert HOOK in (await history.recovered())[1]
        await upkeep.prune(now=late)
        assert set((await history.recovered())[1]) == {"team/kept"}
        await work.accept([event(200, HOOK)])
        assert (await history.recovered())[1][HOOK] == StoredRoute(HOOK)
        assert await keys(work) == [201]
