"""What every store must do. The test module of an implementation derives `StoreSuite` and gives a harness."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Protocol

import pytest

from hookwright.store.port import (
    Conflict,
    DeadLetterRow,
    DeadReason,
    Delivery,
    History,
    New,
    Repeat,
    ReplaySelector,
    Retention,
    RouteCounts,
    StoredRoute,
    Work,
)
from store.builders import HOOK, NOW, OTHER, ack, attempt, bury, dead_event, delay, event

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
NONE: frozenset[int] = frozenset()


class Harness(Protocol):
    """Opens an empty store: `async with harness(retention) as (work, history)`."""

    def __call__(self, retention: Retention) -> AbstractAsyncContextManager[tuple[Work, History]]: ...


async def claim(
    work: Work,
    route: str = HOOK,
    *,
    now: int = NOW,
    limit: int = 100,
    max_bytes: int = 1_000_000,
    exclude: frozenset[int] = NONE,
) -> list[Delivery]:
    """`Work.claim` with the limits that most tests do not care about."""
    return await work.claim(route, now=now, limit=limit, max_bytes=max_bytes, exclude=exclude)


async def keys(work: Work, route: str = HOOK, *, now: int = NOW, **limits: int) -> list[int]:
    """Keys of what can be claimed."""
    return [one.key for one in await claim(work, route, now=now, **limits)]


async def dead_keys(history: History, route: str | None = None) -> list[int]:
    """Keys of the dead letters, newest first."""
    return [row.key for _, row in await history.dead_letters(route=route, limit=100)]


class StoreSuite:
    """The conformance suite."""

    @pytest.fixture
    def harness(self) -> Harness:
        """Handed over by the implementation."""
        raise NotImplementedError

    @pytest.fixture
    async def stores(self, harness: Harness) -> AsyncIterator[tuple[Work, History]]:
        """An empty store with the default retention."""
        async with harness(Retention()) as stores:
            yield stores

    @pytest.fixture
    def work(self, stores: tuple[Work, History]) -> Work:
        """Its writing side."""
        return stores[0]

    @pytest.fixture
    def history(self, stores: tuple[Work, History]) -> History:
        """Its reading side."""
        return stores[1]

    # --- accept and claim ------------------------------------------------------------------------

    async def test_an_accepted_event_can_be_claimed_for_each_of_its_webhooks(self, work: Work) -> None:
        """Each webhook gets its own delivery of the event, with everything that an attempt needs."""
        assert await work.accept([event(100, HOOK, OTHER, raw=b'{"a":1}')]) == [New()]
        expected = Delivery(101, 100, HOOK, "AccessRequestGranted", "RequestGranted", b'{"a":1}', NOW)
        assert await claim(work) == [expected]
        assert await claim(work, OTHER) == [replace(expected, key=102, route=OTHER)]

    async def test_a_delivery_knows_whether_it_is_the_only_one(self, work: Work) -> None:
        """`sole` is set exactly for an event that went to one webhook."""
        await work.accept([event(100, HOOK), event(200, HOOK, OTHER)])
        assert [one.sole for one in await claim(work)] == [True, False]

    async def test_what_is_excluded_is_not_claimed(self, work: Work) -> None:
        """A lane never gets what it holds already."""
        await work.accept([event(100, HOOK), event(200, HOOK), event(300, HOOK)])
        assert [one.key for one in await claim(work, exclude=frozenset({101, 301}))] == [201]

    async def test_a_claim_is_bounded_by_number_and_by_bytes(self, work: Work) -> None:
        """The oldest come first, as many as fit; one that is too large alone comes alone."""
        await work.accept([event(key, HOOK, raw=b"x" * 100) for key in (100, 200, 300)])
        assert await keys(work, limit=2) == [101, 201]
        assert await keys(work, max_bytes=250) == [101, 201]
        assert await keys(work, max_bytes=50) == [101]

    async def test_an_unknown_webhook_has_nothing(self, work: Work) -> None:
        """Asking for a webhook that never had a delivery is no error."""
        assert await claim(work, "team/never") == []
        assert await work.next_due("team/never", NONE) is None

    async def test_an_event_for_nobody_is_not_kept(self, work: Work, history: History) -> None:
        """Without deliveries nothing waits, but its key counts as used."""
        assert await work.accept([event(100)]) == [New()]
        counts, _, high = await history.recovered()
        assert (counts, high) == ({}, 100)
        assert await history.event(101) is None

    async def test_a_delivery_can_be_dead_from_the_start(self, work: Work, history: History) -> None:
        """Over a backlog limit the delivery is stored as a dead letter with its event."""
        await work.accept([dead_event(100, HOOK, DeadReason.BACKLOG, raw=b'{"a":1}')])
        assert await claim(work) == []
        [(_, row)] = await history.dead_letters(limit=10)
        assert row == DeadLetterRow(
            101, 100, HOOK, "RequestGranted", DeadReason.BACKLOG, "over the limit", 0, NOW, NOW
        )
        assert await history.event(101) == b'{"a":1}'

    # --- identities ------------------------------------------------------------------------------

    async def test_a_repeat_is_answered_like_the_first_and_stored_once(self, work: Work) -> None:
        """The same identity and body: the first answer, no second delivery."""
        await work.accept([event(100, HOOK, identity=b"one", answer=b"first")])
        again = await work.accept([event(200, HOOK, identity=b"one", answer=b"second")])
        assert again == [Repeat(b"first")]
        assert await keys(work) == [101]

    async def test_concurrent_repeats_are_stored_once(self, work: Work) -> None:
        """Calls that come while the first is being stored wait for it and get its answer."""
        answers = await asyncio.gather(
            *(work.accept([event(key, HOOK, identity=b"one", answer=b"%d" % key)]) for key in (100, 200, 300))
        )
        assert answers == [[New()], [Repeat(b"100")], [Repeat(b"100")]]
        assert await keys(work) == [101]

    async def test_another_body_under_the_same_identity_is_a_conflict(self, work: Work) -> None:
        """The second body is not stored; the first stays."""
        await work.accept([event(100, HOOK, identity=b"one", digest=b"A")])
        assert await work.accept([event(200, HOOK, identity=b"one", digest=b"B")]) == [Conflict()]
        assert await keys(work) == [101]

    async def test_nothing_of_a_batch_with_a_conflict_is_kept(self, work: Work) -> None:
        """Neither events nor identities: the batch can be sent again without the culprit."""
        await work.accept([event(100, HOOK, identity=b"one", digest=b"A")])
        batch = [event(200, HOOK, identity=b"two"), event(300, HOOK, identity=b"one", digest=b"B")]
        assert Conflict() in await work.accept(batch)
        assert await keys(work) == [101]
        assert await work.accept([event(400, HOOK, identity=b"two")]) == [New()]

    async def test_a_conflict_does_not_touch_calls_beside_it(self, work: Work) -> None:
        """Batches that are committed together stand and fall alone."""
        answers = await asyncio.gather(
            work.accept([event(100, HOOK, identity=b"one", digest=b"A")]),
            work.accept([event(200, HOOK, identity=b"one", digest=b"B"), event(300, HOOK)]),
            work.accept([event(400, HOOK)]),
        )
        assert answers[0] == [New()]
        assert Conflict() in answers[1]
        assert answers[2] == [New()]
        assert await keys(work) == [101, 401]

    async def test_a_batch_may_repeat_itself(self, work: Work) -> None:
        """The same event twice in one batch is one event."""
        batch = [event(100, HOOK, identity=b"one", answer=b"x"), event(200, HOOK, identity=b"one")]
        assert await work.accept(batch) == [New(), Repeat(b"x")]
        assert await keys(work) == [101]

    async def test_an_identity_ends_with_its_window(self, work: Work) -> None:
        """A day later the same identity is a new event, pruned or not."""
        await work.accept([event(100, HOOK, identity=b"one", digest=b"A")])
        late = event(200, HOOK, identity=b"one", digest=b"B", received=NOW + DAY)
        assert await work.accept([late]) == [New()]
        assert await work.accept([late._replace(key=300)]) == [Repeat(b"answer")]

    async def test_the_window_of_identities_shows_in_the_figures(self, work: Work) -> None:
        """How many identities are known, and since when."""
        await work.accept(
            [event(100, HOOK, identity=b"one"), event(200, HOOK, identity=b"two", received=NOW + 5)]
        )
        stats = work.stats()
        assert (stats.identities, stats.oldest_identity) == (2, NOW)

    # --- finish ----------------------------------------------------------------------------------

    async def test_an_acknowledged_delivery_is_gone_with_its_event(
        self, work: Work, history: History
    ) -> None:
        """Delivered: nothing waits, the event's bytes are dropped, the attempt is in the history."""
        await work.accept([event(100, HOOK)])
        [delivery] = await claim(work)
        await work.finish([ack(delivery, attempt(101))])
        assert await claim(work) == []
        assert await history.event(101) is None
        assert await history.invocation(101, 1) == attempt(101)

    async def test_an_event_stays_until_its_last_delivery_is_done(self, work: Work, history: History) -> None:
        """State is kept per webhook: one that is delivered takes nothing from another."""
        await work.accept([event(100, HOOK, OTHER, raw=b'{"a":1}')])
        for route, left in ((HOOK, b'{"a":1}'), (OTHER, None)):
            [delivery] = await claim(work, route)
            await work.finish([ack(delivery)])
            assert await history.event(102) == left

    async def test_a_delayed_delivery_waits_for_its_time(self, work: Work) -> None:
        """It is claimed when it is due and not before, with its counts."""
        await work.accept([event(100, HOOK)])
        [delivery] = await claim(work)
        await work.finish([delay(delivery, NOW + MINUTE, steps=1, attempts=2)])
        assert await claim(work, now=NOW + MINUTE - 1) == []
        assert await work.next_due(HOOK, NONE) == NOW + MINUTE
        [again] = await claim(work, now=NOW + MINUTE)
        assert (again.key, again.attempts, again.steps, again.due) == (101, 2, 1, NOW + MINUTE)
        assert again.sole

    async def test_a_delayed_delivery_can_be_delayed_and_done(self, work: Work, history: History) -> None:
        """Every action works on a delivery that waited for a time."""
        await work.accept([event(100, HOOK), event(200, HOOK)])
        first, second = await claim(work)
        await work.finish([delay(first, NOW + 1), delay(second, NOW + 1)])
        await work.finish([delay(first, NOW + 2, steps=2, attempts=2), ack(second)])
        assert [(one.key, one.steps) for one in await claim(work, now=NOW + 2)] == [(101, 2)]
        await work.finish([bury(first)])
        assert await dead_keys(history) == [101]
        assert await work.next_due(HOOK, NONE) is None

    async def test_a_clock_that_was_set_back_does_not_stall_what_waits(self, work: Work) -> None:
        """A due time further away than its own wait is brought to now and that wait; others stay."""
        await work.accept([event(100, HOOK), event(200, HOOK)])
        first, second = await claim(work)
        await work.finish([delay(first, NOW + MINUTE)])
        day = 24 * 60 * MINUTE
        back = NOW - day
        assert await work.clamp(now=NOW) == 0
        assert await work.clamp(now=back) == 1
        assert await work.next_due(HOOK, frozenset({second.key})) == back + MINUTE

    async def test_the_longest_due_comes_first(self, work: Work) -> None:
        """A retry whose time came before a newer event was received goes first, and the other way round."""
        await work.accept([event(100, HOOK), event(200, HOOK)])
        first, second = await claim(work)
        await work.finish([delay(first, NOW + 10), delay(second, NOW + 30)])
        await work.accept([event(300, HOOK, received=NOW + 20)])
        assert await keys(work, now=NOW + 40) == [101, 301, 201]

    async def test_the_next_due_time_leaves_out_what_is_excluded(self, work: Work) -> None:
        """0 while one can go at once, then the earliest time."""
        await work.accept([event(100, HOOK), event(200, HOOK), event(300, HOOK)])
        first, second, _ = await claim(work)
        await work.finish([delay(first, NOW + 10), delay(second, NOW + 20)])
        assert await work.next_due(HOOK, NONE) == 0
        assert await work.next_due(HOOK, frozenset({301})) == NOW + 10
        assert await work.next_due(HOOK, frozenset({301, 101})) == NOW + 20
        assert await work.next_due(HOOK, frozenset({101, 201, 301})) is None

    async def test_a_buried_delivery_is_a_dead_letter_with_its_event(
        self, work: Work, history: History
    ) -> None:
        """It keeps the exact event, the reason and how often it was tried."""
        await work.accept([event(100, HOOK, raw=b'{"a":1}')])
        [delivery] = await claim(work)
        await work.finish([bury(delivery, at=NOW + 5, reason=DeadReason.EXHAUSTED, attempts=8)])
        assert await claim(work) == []
        [(_, row)] = await history.dead_letters(limit=10)
        assert row == DeadLetterRow(
            101, 100, HOOK, "RequestGranted", DeadReason.EXHAUSTED, "it was refused", 8, NOW + 5, NOW
        )
        assert await history.event(101) == b'{"a":1}'

    async def test_a_result_for_what_does_not_wait_changes_nothing(
        self, work: Work, history: History
    ) -> None:
        """A second result, or one of a Manual call, only leaves its record; a dead letter keeps its event."""
        await work.accept([event(100, HOOK)])
        [delivery] = await claim(work)
        await work.finish([bury(delivery)])
        await work.finish([ack(delivery, attempt(101, number=2)), delay(delivery, NOW + 1)])
        await work.finish([ack(replace(delivery, key=901), attempt(901, kind="Manual"))])
        assert await dead_keys(history) == [101]
        assert await history.event(101) is not None
        assert await history.invocation(101, 2) == attempt(101, number=2)
        assert await history.invocation(901, None) == attempt(901, kind="Manual")

    async def test_a_wrong_hint_never_costs_an_event(self, work: Work, history: History) -> None:
        """A result that calls the delivery of a shared event its only one drops no event."""
        await work.accept([event(100, HOOK, OTHER)])
        [delivery] = await claim(work)
        await work.finish([ack(replace(delivery, sole=True))])
        assert await keys(work, OTHER) == [102]
        assert await history.event(102) is not None

    # --- dead letters ----------------------------------------------------------------------------

    async def _three_dead(self, work: Work) -> None:
        """101 and 201 of HOOK, 301 of OTHER; died at NOW + 1, + 2, + 3."""
        await work.accept([event(100, HOOK), event(200, HOOK), event(300, OTHER)])
        waiting = [*await claim(work), *await claim(work, OTHER)]
        await work.finish([bury(one, at=NOW + number) for number, one in enumerate(waiting, 1)])

    async def test_dead_letters_are_listed_newest_first_in_pages(self, work: Work, history: History) -> None:
        """A page ends where the next begins; a webhook's are listed alone."""
        await self._three_dead(work)
        page = await history.dead_letters(limit=2)
        rest = await history.dead_letters(limit=2, before=page[-1][0])
        assert [row.key for _, row in page + rest] == [301, 201, 101]
        assert await dead_keys(history, HOOK) == [201, 101]

    async def test_a_replayed_dead_letter_waits_again(self, work: Work, history: History) -> None:
        """Attempts are kept, the schedule and the age start anew; a second replay does nothing."""
        await work.accept([event(100, HOOK, raw=b'{"a":1}')])
        [delivery] = await claim(work)
        await work.finish([delay(delivery, NOW + 1, steps=3, attempts=4)])
        await work.finish([bury(delivery, attempts=5)])
        selector = ReplaySelector(keys=(101,))
        assert await work.replay(selector, now=NOW + DAY, limit=10) == [(101, HOOK, 7)]
        assert await work.replay(selector, now=NOW + DAY, limit=10) == []
        assert await dead_keys(history) == []
        [again] = await claim(work, now=NOW + DAY)
        assert again == replace(delivery, attempts=5, received=NOW + DAY)

    @pytest.mark.parametrize(
        ("selector", "expected"),
        [
            (ReplaySelector(), [101, 201, 301]),
            (ReplaySelector(route=HOOK), [101, 201]),
            (ReplaySelector(route="team/never"), []),
            (ReplaySelector(since=NOW + 2), [201, 301]),
            (ReplaySelector(until=NOW + 2), [101]),
            (ReplaySelector(route=HOOK, since=NOW + 2, until=NOW + 3), [201]),
            (ReplaySelector(keys=(301, 101, 999)), [101, 301]),
            (ReplaySelector(keys=(301, 101), route=HOOK), [101]),
        ],
    )
    async def test_replay_takes_what_the_selector_says(
        self, work: Work, history: History, selector: ReplaySelector, expected: list[int]
    ) -> None:
        """By key, by webhook, by time of death; everything else stays dead."""
        await self._three_dead(work)
        replayed = [key for key, _, _ in await work.replay(selector, now=NOW, limit=10)]
        assert replayed == expected
        assert sorted(await dead_keys(history)) == [key for key in (101, 201, 301) if key not in expected]

    async def test_replay_is_limited(self, work: Work, history: History) -> None:
        """The oldest are replayed first, no more than asked for."""
        await self._three_dead(work)
        assert [key for key, _, _ in await work.replay(ReplaySelector(), now=NOW, limit=2)] == [101, 201]
        assert await dead_keys(history) == [301]

    async def test_a_dead_letter_of_a_shared_event_is_replayed_alone(
        self, work: Work, history: History
    ) -> None:
        """The other webhook's delivery is not repeated, and the event leaves after the last one."""
        await work.accept([event(100, HOOK, OTHER)])
        [first], [second] = await claim(work), await claim(work, OTHER)
        await work.finish([bury(first), ack(second)])
        await work.replay(ReplaySelector(), now=NOW, limit=10)
        assert (await keys(work), await keys(work, OTHER)) == ([101], [])
        [again] = await claim(work)
        await work.finish([ack(again)])
        assert await history.event(101) is None

    async def test_all_that_waits_of_a_webhook_can_be_buried(self, work: Work, history: History) -> None:
        """Those at once and those delayed, but not those under way, nor another webhook's."""
        await work.accept([event(key, HOOK, OTHER, raw=b"x" * 10) for key in range(100, 1500, 100)])
        first, second, *_ = await claim(work)
        await work.finish([delay(first, NOW + 1)])
        buried = await work.bury_waiting(
            HOOK, DeadReason.GONE, "it is gone", now=NOW, exclude=frozenset({second.key})
        )
        assert buried == (13, 130)
        assert await keys(work, now=NOW + 1) == [second.key]
        assert len(await keys(work, OTHER)) == 14
        counts = await history.counts()
        assert counts == {HOOK: RouteCounts(1, 10, 13), OTHER: RouteCounts(14, 140, 0)}

    async def test_burying_can_spare_what_came_later(self, work: Work, history: History) -> None:
        """Only deliveries received before a time are buried."""
        await work.accept([event(100, HOOK, received=NOW - 1), event(200, HOOK)])
        buried = await work.bury_waiting(
            HOOK, DeadReason.WEBHOOK_DELETED, "it was deleted", now=NOW, exclude=NONE, received_before=NOW
        )
        assert (buried[0], await keys(work)) == (1, [201])
        [(_, row)] = await history.dead_letters(limit=10)
        assert (row.reason, row.message) == (DeadReason.WEBHOOK_DELETED, "it was deleted")

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
        ],
    )
    async def test_invocations_are_found_by_what_people_ask(
        self, work: Work, history: History, question: dict[str, str], expected: list[tuple[int, int]]
    ) -> None:
        """Newest first; every combination of questions narrows."""
        await self._history(work)
        found = await history.invocations(**question, limit=10)  # type: ignore[arg-type]
        assert [(one.delivery_key, one.attempt) for _, one in found] == expected

    async def test_invocations_come_in_pages(self, work: Work, history: History) -> None:
        """A page ends where the next begins."""
        await self._history(work)
        page = await history.invocations(limit=3)
        rest = await history.invocations(limit=3, before=page[-1][0])
        assert [one.delivery_key for _, one in page + rest] == [301, 201, 101, 101]

    async def test_one_invocation_is_found_by_its_id(self, work: Work, history: History) -> None:
        """With its number exactly that one, without the latest."""
        await self._history(work)
        assert await history.invocation(101, 1) == attempt(101, result="Retrying", friendly_id="AR-1")
        assert await history.invocation(101, None) == attempt(101, number=2, friendly_id="AR-1")
        assert await history.invocation(101, 3) is None
        assert await history.invocation(999, None) is None

    async def test_counts_say_what_waits_and_what_is_dead(self, work: Work, history: History) -> None:
        """Each webhook with something; delayed ones wait as well."""
        await work.accept([event(100, HOOK, OTHER, raw=b"x" * 10), event(200, HOOK, raw=b"y" * 5)])
        first, second = await claim(work)
        await work.finish([delay(first, NOW + MINUTE), bury(second)])
        assert await history.counts() == {HOOK: RouteCounts(1, 10, 1), OTHER: RouteCounts(1, 10, 0)}

    async def test_what_is_remembered_of_a_webhook_is_replaced(self, work: Work, history: History) -> None:
        """The last word counts, every field of it."""
        full = StoredRoute(HOOK, "mark", NOW, NOW + 1, NOW + 2, 3)
        await work.remember([full, StoredRoute(OTHER, last_success=NOW)])
        await work.remember([StoredRoute(OTHER, last_failure=NOW, consecutive_failures=1)])
        _, memory, _ = await history.recovered()
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

    # --- pruning ---------------------------------------------------------------------------------

    async def test_nothing_is_pruned_before_its_time(self, work: Work) -> None:
        """Young and small: all stays."""
        await work.accept([event(100, HOOK, identity=b"one")])
        [delivery] = await claim(work)
        await work.finish([bury(delivery)])
        assert await work.prune(now=NOW + 1) == {
            "identities": 0,
            "history": 0,
            "dead_letters": 0,
            "events": 0,
        }

    async def test_what_is_past_its_time_is_pruned(self, work: Work, history: History) -> None:
        """Identities after a day, attempts after seven, dead letters with their events after thirty."""
        await work.accept([event(100, HOOK, identity=b"one")])
        [delivery] = await claim(work)
        await work.finish([bury(delivery)._replace(record=attempt(101, result="Rejected"))])
        dropped = {"identities": 0, "history": 0, "dead_letters": 0, "events": 0}
        assert await work.prune(now=NOW + DAY) == dropped | {"identities": 1}
        assert await work.prune(now=NOW + 7 * DAY) == dropped | {"history": 1}
        assert await work.prune(now=NOW + 30 * DAY) == dropped | {"dead_letters": 1, "events": 1}
        assert await history.event(101) is None
        assert (await history.invocations(limit=10), await dead_keys(history)) == ([], [])
        assert work.stats().identities == 0

    async def test_what_is_too_much_is_pruned_oldest_first(self, harness: Harness) -> None:
        """Each kind has its limit of number or size."""
        retention = Retention(identity_count=1, history_bytes=1_000, dead_letter_bytes=250)
        async with harness(retention) as (work, history):
            events = [event(key, HOOK, raw=b"x" * 100, identity=b"%d" % key) for key in (100, 200, 300)]
            await work.accept(events)
            found = await claim(work)
            await work.finish(
                [
                    bury(one, at=NOW + one.key)._replace(record=attempt(one.key, detail=b"y" * 400))
                    for one in found
                ]
            )
            assert await work.prune(now=NOW) == {
                "identities": 2,
                "history": 2,
                "dead_letters": 1,
                "events": 1,
            }
            assert await dead_keys(history) == [301, 201]
            assert [one.delivery_key for _, one in await history.invocations(limit=9)] == [301]
            assert await work.accept([events[0]._replace(key=400)]) == [New()]
            assert await work.accept([events[2]._replace(key=500)]) == [Repeat(b"answer")]

    async def test_a_shared_event_outlives_one_pruned_dead_letter(self, work: Work, history: History) -> None:
        """The delivery that still waits keeps the event."""
        await work.accept([event(100, HOOK, OTHER)])
        [delivery] = await claim(work)
        await work.finish([bury(delivery)])
        dropped = await work.prune(now=NOW + 30 * DAY)
        assert (dropped["dead_letters"], dropped["events"]) == (1, 0)
        assert await history.event(102) is not None
        assert await keys(work, OTHER) == [102]

    async def test_much_is_pruned_in_one_call(self, work: Work, history: History) -> None:
        """However many steps it takes, a call drops all that is past its time."""
        nobody = Delivery(1, 0, HOOK, "AccessRequestGranted", None, b"", NOW)
        await work.finish([ack(nobody, attempt(key)) for key in range(101, 1_801)])
        assert (await work.prune(now=NOW + 7 * DAY))["history"] == 1_700
        assert await history.invocations(limit=10) == []

    # --- life ------------------------------------------------------------------------------------

    async def test_a_store_that_works_answers_a_ping(self, work: Work) -> None:
        """No exception: it could store now."""
        await work.ping()

    async def test_the_installation_has_a_tag(self, work: Work) -> None:
        """Six base 32 characters, part of every id."""
        assert len(work.tag) == 6
        assert set(work.tag) <= set("0123456789abcdefghjkmnpqrstvwxyz")
