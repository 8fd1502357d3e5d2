"""What every store must do: accept, claim and finish. Part of the suite (`store.suite`)."""

from __future__ import annotations

import asyncio

from hookwright.core.records import Claimed, DeadReason, Delivery, Wanted
from hookwright.store.port import Conflict, DeadLetterRow, History, New, Repeat, ReplaySelector, Upkeep, Work
from store.builders import (
    DAY,
    HOOK,
    MINUTE,
    NOW,
    OTHER,
    ack,
    attempt,
    bury,
    claim,
    claimed,
    dead_event,
    dead_keys,
    delay,
    event,
    keys,
    next_due,
)


class WorkSuite:
    """What waits: from the event that comes in to the result of its last attempt."""

    # --- accept and claim ------------------------------------------------------------------------

    async def test_an_accepted_event_can_be_claimed_for_each_of_its_webhooks(self, work: Work) -> None:
        """Each webhook gets its own delivery of the event, with everything that an attempt needs."""
        assert await work.accept([event(100, HOOK, OTHER, raw=b'{"a":1}')]) == [New()]
        expected = Delivery(101, 100, HOOK, "AccessRequestGranted", "RequestGranted", b'{"a":1}', NOW)
        assert await claim(work) == [expected]
        assert await claim(work, OTHER) == [expected._replace(key=102, route=OTHER)]

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
        assert await claimed(work, "team/never") == Claimed([], None)

    async def test_an_event_for_nobody_is_not_kept(self, work: Work, history: History) -> None:
        """Without deliveries nothing waits, but its key counts as used."""
        assert await work.accept([event(100)]) == [New()]
        found = await history.recovered()
        assert (found.counts, found.high_key) == ({}, 100)

    async def test_a_delivery_can_be_dead_from_the_start(self, work: Work, history: History) -> None:
        """Over a backlog limit the delivery is stored as a dead letter with its event."""
        await work.accept([dead_event(100, HOOK, DeadReason.BACKLOG, raw=b'{"a":1}')])
        assert await claim(work) == []
        [(_, row)] = await history.dead_letters(limit=10)
        assert row == DeadLetterRow(
            101, 100, HOOK, "RequestGranted", DeadReason.BACKLOG, "over the limit", 0, NOW, NOW
        )
        await work.replay(ReplaySelector(), now=NOW, limit=1)
        assert [one.raw for one in await claim(work)] == [b'{"a":1}']

    # --- identities ------------------------------------------------------------------------------

    async def test_a_repeat_is_answered_like_the_first_and_stored_once(self, work: Work) -> None:
        """The same identity and body: the first answer, no second delivery."""
        await work.accept([event(100, HOOK, identity=b"one")])
        again = await work.accept([event(200, HOOK, identity=b"one")])
        assert again == [Repeat(100, (HOOK,))]
        assert await keys(work) == [101]

    async def test_concurrent_repeats_are_stored_once(self, work: Work) -> None:
        """Calls that come while the first is being stored wait for it and get its answer."""
        answers = await asyncio.gather(
            *(work.accept([event(key, HOOK, identity=b"one")]) for key in (100, 200, 300))
        )
        assert answers == [[New()], [Repeat(100, (HOOK,))], [Repeat(100, (HOOK,))]]
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
        batch = [event(100, HOOK, identity=b"one"), event(200, HOOK, identity=b"one")]
        assert await work.accept(batch) == [New(), Repeat(100, (HOOK,))]
        assert await keys(work) == [101]

    async def test_an_identity_ends_with_its_window(self, work: Work) -> None:
        """A day later the same identity is a new event, pruned or not."""
        await work.accept([event(100, HOOK, identity=b"one", digest=b"A")])
        late = event(200, HOOK, identity=b"one", digest=b"B", received=NOW + DAY)
        assert await work.accept([late]) == [New()]
        assert await work.accept([late._replace(key=300)]) == [Repeat(200, (HOOK,))]

    async def test_the_window_of_identities_shows_in_the_figures(self, work: Work, upkeep: Upkeep) -> None:
        """How many identities are known, and since when."""
        await work.accept(
            [event(100, HOOK, identity=b"one"), event(200, HOOK, identity=b"two", received=NOW + 5)]
        )
        stats = upkeep.stats()
        assert (stats.identities, stats.oldest_identity) == (2, NOW)

    # --- finish ----------------------------------------------------------------------------------

    async def test_an_acknowledged_delivery_is_gone(self, work: Work, history: History) -> None:
        """Delivered: nothing waits, the attempt is in the history."""
        await work.accept([event(100, HOOK)])
        [delivery] = await claim(work)
        await work.finish([ack(delivery, attempt(101))])
        assert await claimed(work) == Claimed([], None)
        assert await history.counts([HOOK]) == {}
        assert await history.invocation(101, 1) == attempt(101)

    async def test_an_event_stays_until_its_last_delivery_is_done(self, work: Work) -> None:
        """State is kept per webhook: one that is delivered takes nothing from another."""
        await work.accept([event(100, HOOK, OTHER, raw=b'{"a":1}')])
        await work.finish([ack(one) for one in await claim(work)])
        assert [one.raw for one in await claim(work, OTHER)] == [b'{"a":1}']

    async def test_a_delayed_delivery_waits_for_its_time(self, work: Work) -> None:
        """It is claimed when it is due and not before, with its counts."""
        await work.accept([event(100, HOOK)])
        [delivery] = await claim(work)
        await work.finish([delay(delivery, NOW + MINUTE, steps=1, attempts=2)])
        assert await claim(work, now=NOW + MINUTE - 1) == []
        assert await next_due(work) == NOW + MINUTE
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
        assert await next_due(work) is None

    async def test_a_clock_that_was_set_back_does_not_stall_what_waits(
        self, work: Work, upkeep: Upkeep
    ) -> None:
        """A due time further away than its own wait is brought to now and that wait; others stay."""
        await work.accept([event(100, HOOK), event(200, HOOK)])
        first, second = await claim(work)
        await work.finish([delay(first, NOW + MINUTE)])
        assert await upkeep.clamp(now=NOW) == 0
        assert await upkeep.clamp(now=NOW - 1) == 1
        assert await upkeep.clamp(now=NOW - DAY) == 1
        assert await next_due(work, exclude=frozenset({second.key})) == NOW - DAY + MINUTE

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
        assert await next_due(work) == 0
        assert await next_due(work, exclude=frozenset({301})) == NOW + 10
        assert await next_due(work, exclude=frozenset({301, 101})) == NOW + 20
        assert await next_due(work, exclude=frozenset({101, 201, 301})) is None

    async def test_a_claim_says_when_the_next_is_due(self, work: Work) -> None:
        """Of those that it does not bring: 0 for one at once, else the earliest time, past or to come."""
        await work.accept([event(100, HOOK), event(200, HOOK), event(300, HOOK)])
        first, second, third = await claim(work)
        assert await claimed(work, limit=2) == Claimed([first, second], 0)
        assert await claimed(work) == Claimed([first, second, third], None)
        await work.finish([delay(second, NOW + 10), delay(third, NOW + 20)])
        assert await claimed(work) == Claimed([first], NOW + 10)
        late = NOW + 30
        assert (await claimed(work, now=late, limit=2)).next_due == NOW + 20
        assert (await claimed(work, now=late, limit=1)).next_due == NOW + 10
        assert (await claimed(work, now=late, exclude=frozenset({first.key, second.key}))).next_due is None

    async def test_one_that_can_go_at_once_comes_before_any_time(self, work: Work) -> None:
        """The next one is due at once even if a retry that stays was due longer."""
        await work.accept([event(100, HOOK), event(200, HOOK, received=NOW + 50)])
        first, _ = await claim(work)
        await work.finish([delay(first, NOW + 10)])
        assert await next_due(work, now=NOW + 60) == 0

    async def test_many_webhooks_are_claimed_in_one_call(self, work: Work) -> None:
        """Each by its own limits and exclusions; the answer has every one that was asked for."""
        await work.accept([event(100, HOOK, OTHER), event(200, HOOK, OTHER), event(300, HOOK)])
        wanted = {
            HOOK: Wanted(1, 1_000_000, frozenset({101})),
            OTHER: Wanted(5, 1_000_000),
            "team/never": Wanted(5, 1_000_000),
        }
        found = await work.claim(wanted, now=NOW)
        answers = {
            route: ([one.key for one in each.deliveries], each.next_due) for route, each in found.items()
        }
        assert answers == {HOOK: ([201], 0), OTHER: ([102, 202], None), "team/never": ([], None)}

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
        await work.replay(ReplaySelector(), now=NOW, limit=1)
        assert [one.raw for one in await claim(work)] == [b'{"a":1}']

    async def test_a_result_for_what_does_not_wait_changes_nothing(
        self, work: Work, history: History
    ) -> None:
        """A second result, or one of a Manual call, only leaves its record; a dead letter keeps its event."""
        await work.accept([event(100, HOOK)])
        [delivery] = await claim(work)
        await work.finish([bury(delivery)])
        await work.finish([ack(delivery, attempt(101, number=2)), delay(delivery, NOW + 1)])
        await work.finish([ack(delivery._replace(key=901), attempt(901, kind="Manual"))])
        assert await dead_keys(history) == [101]
        assert await history.invocation(101, 2) == attempt(101, number=2)
        assert await history.invocation(901, None) == attempt(901, kind="Manual")
        await work.replay(ReplaySelector(), now=NOW, limit=1)
        assert [one.raw for one in await claim(work)] == [delivery.raw]

    async def test_a_wrong_hint_never_costs_an_event(self, work: Work) -> None:
        """A result that calls the delivery of a shared event its only one drops no event."""
        await work.accept([event(100, HOOK, OTHER)])
        [delivery] = await claim(work)
        await work.finish([ack(delivery._replace(sole=True))])
        assert [(one.key, one.raw) for one in await claim(work, OTHER)] == [(102, delivery.raw)]
