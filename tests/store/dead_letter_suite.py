"""What every store must do: dead letters and their replay. Part of the suite (`store.suite`)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hookwright.core.records import Buried, DeadReason, RouteCounts
from hookwright.limits import KEY_COUNTER_BITS, STORE_STEP_ROWS
from hookwright.store.port import DeadGroup, History, Replay, ReplaySelector, Work
from store.builders import (
    DAY,
    HOOK,
    NONE,
    NOW,
    OTHER,
    ack,
    bury,
    claim,
    dead_event,
    dead_keys,
    delay,
    event,
    keys,
)


class DeadLetterSuite:
    """What was given up: how it is found, replayed, and buried at once for a whole webhook."""

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
        assert await history.dead_letters(limit=2, before=page[0][0], after=rest[0][0]) == page[1:]
        assert await history.horizon(ReplaySelector(route=HOOK, reason=DeadReason.REJECTED)) is None

    async def test_dead_letters_are_grouped_by_webhook_and_reason(self, work: Work, history: History) -> None:
        """The one whose newest died last first, in pages; a group ends with its last letter."""
        await self._three_dead(work)
        await work.accept([event(400, HOOK), dead_event(500, HOOK, DeadReason.BACKLOG, received=NOW + 9)])
        await work.finish(
            [bury(one, at=NOW + 5)._replace(message="the last word") for one in await claim(work)]
        )
        ours = DeadGroup(HOOK, DeadReason.REJECTED, 3, "the last word", NOW + 5, NOW + 1)
        [first] = await history.dead_groups(limit=1)
        rest = await history.dead_groups(limit=9, before=first[0])
        assert [group for _, group in [first, *rest]] == [
            ours,
            DeadGroup(HOOK, DeadReason.BACKLOG, 1, "over the limit", NOW + 9, NOW + 9),
            DeadGroup(OTHER, DeadReason.REJECTED, 1, "it was refused", NOW + 3, NOW + 3),
        ]
        assert [group for _, group in await history.dead_groups(route=HOOK, limit=9)] == [ours, rest[0][1]]
        assert await history.dead_groups(reason=DeadReason.GONE, limit=9) == []
        await work.replay(ReplaySelector(route=HOOK, reason=DeadReason.REJECTED), now=NOW, limit=2)
        assert [group for _, group in await history.dead_groups(reason=DeadReason.REJECTED, limit=9)] == [
            ours._replace(letters=1, oldest=NOW + 5),
            rest[1][1],
        ]
        await work.replay(ReplaySelector(keys=(401,)), now=NOW, limit=2)
        assert [group.reason for _, group in await history.dead_groups(route=HOOK, limit=9)] == ["Backlog"]

    async def test_dead_letters_of_a_reason_come_in_one_order(self, work: Work, history: History) -> None:
        """Of all webhooks, however they are mixed with others: newest first, in pages, each once."""
        hooks = [f"team/{n}" for n in (1, 2, 3, 3, 2, 1, 1, 4)]
        other = DeadReason.BACKLOG
        for key, hook in enumerate(hooks, 1):
            await work.accept([
                dead_event(key * 100, hook, DeadReason.GONE, received=NOW + key),
                dead_event(key * 100 + 50, hook, other, received=NOW + key),
            ])  # fmt: skip
        selector, found, before = ReplaySelector(reason=DeadReason.GONE), [], None
        while page := await history.dead_letters(selector, before=before, limit=3):
            found += [row.key for _, row in page]
            before = page[-1][0]
        assert found == [801, 701, 601, 501, 401, 301, 201, 101]
        some = await history.dead_letters(replace(selector, since=NOW + 3, until=NOW + 6), limit=9)
        assert [row.key for _, row in some] == [501, 401, 301]

    @pytest.mark.parametrize(
        ("selector", "count"),
        [
            (ReplaySelector(), 3),
            (ReplaySelector(route=HOOK), 2),
            (ReplaySelector(reason=DeadReason.REJECTED), 3),
            (ReplaySelector(reason=DeadReason.GONE), 0),
            (ReplaySelector(route=HOOK, reason=DeadReason.REJECTED, until=NOW + 2), 1),
            (ReplaySelector(reason=DeadReason.REJECTED, since=NOW + 2), 2),
            (ReplaySelector(since=NOW + 2, until=NOW + 3), 1),
            (ReplaySelector(until=NOW + 3), 2),
            (ReplaySelector(until=0), 0),
            (ReplaySelector(keys=(301, 101, 999)), 2),
            (ReplaySelector(keys=(301, 101), route=HOOK), 1),
        ],
    )
    async def test_what_a_replay_would_take_is_counted(
        self, work: Work, history: History, selector: ReplaySelector, count: int
    ) -> None:
        """As many as it then takes, and as many as are listed."""
        await self._three_dead(work)
        assert await history.dead_count(selector) == count
        if not selector.keys:
            assert len(await history.dead_letters(selector, limit=9)) == count
        assert len(await work.replay(selector, now=NOW, limit=9)) == count

    async def test_a_replayed_dead_letter_waits_again(self, work: Work, history: History) -> None:
        """Attempts are kept, the schedule and the age start anew; a second replay does nothing."""
        await work.accept([event(100, HOOK, raw=b'{"a":1}')])
        [delivery] = await claim(work)
        await work.finish([delay(delivery, NOW + 1, steps=3, attempts=4)])
        await work.finish([bury(delivery, attempts=5)])
        selector = ReplaySelector(keys=(101,))
        assert await work.replay(selector, now=NOW + DAY, limit=10) == [Replay(101, HOOK, 100, 7)]
        assert await work.replay(selector, now=NOW + DAY, limit=10) == []
        assert await dead_keys(history) == []
        [again] = await claim(work, now=NOW + DAY)
        assert again == delivery._replace(attempts=5, received=NOW + DAY)

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
            (ReplaySelector(reason=DeadReason.REJECTED, since=NOW + 2), [201, 301]),
            (ReplaySelector(reason=DeadReason.GONE), []),
            (ReplaySelector(route=HOOK, reason=DeadReason.REJECTED, until=NOW + 2), [101]),
        ],
    )
    async def test_replay_takes_what_the_selector_says(
        self, work: Work, history: History, selector: ReplaySelector, expected: list[int]
    ) -> None:
        """By key, by webhook, by time of death; everything else stays dead."""
        await self._three_dead(work)
        replayed = [one.key for one in await work.replay(selector, now=NOW, limit=10)]
        assert replayed == expected
        assert sorted(await dead_keys(history)) == [key for key in (101, 201, 301) if key not in expected]

    async def test_replay_is_limited(self, work: Work, history: History) -> None:
        """The oldest are replayed first, no more than asked for."""
        await self._three_dead(work)
        assert [one.key for one in await work.replay(ReplaySelector(), now=NOW, limit=2)] == [101, 201]
        assert await dead_keys(history) == [301]

    async def test_a_dead_letter_of_a_shared_event_is_replayed_alone(self, work: Work) -> None:
        """The other webhook's delivery is not repeated, and the event is there still."""
        await work.accept([event(100, HOOK, OTHER)])
        [first], [second] = await claim(work), await claim(work, OTHER)
        await work.finish([bury(first), ack(second)])
        await work.replay(ReplaySelector(), now=NOW, limit=10)
        assert [(one.key, one.raw) for one in await claim(work)] == [(101, first.raw)]
        assert await keys(work, OTHER) == []

    # --- burying a webhook's ---------------------------------------------------------------------

    async def test_all_that_waits_of_a_webhook_can_be_buried(self, work: Work, history: History) -> None:
        """Those at once and those delayed, but not those under way, nor another webhook's."""
        await work.accept([event(key, HOOK, OTHER, raw=b"x" * 10) for key in range(100, 1500, 100)])
        first, second, *_ = await claim(work)
        await work.finish([delay(first, NOW + 1)])
        under_way = frozenset({second.key})
        buried = await work.bury(HOOK, DeadReason.GONE, "it is gone", now=NOW, exclude=under_way)
        events = tuple((key, 10) for key in range(100, 1500, 100) if key != 200)
        assert (buried.count, buried.size, buried.after, buried.oldest) == (13, 130, None, NOW)
        assert sorted(buried.events) == [*events]
        assert await keys(work, now=NOW + 1) == [second.key]
        assert len(await keys(work, OTHER)) == 14
        counts = await history.counts([HOOK, OTHER])
        assert counts == {HOOK: RouteCounts(1, 10, 13, NOW, 0), OTHER: RouteCounts(14, 140, 0, NOW, 0)}

    async def test_burying_can_spare_what_came_later(self, work: Work, history: History) -> None:
        """Only deliveries received before a time are buried; the oldest of the others is told."""
        await work.accept([event(100, HOOK, raw=b"old", received=NOW - 1), event(200, HOOK)])
        buried = await work.bury(
            HOOK, DeadReason.WEBHOOK_DELETED, "it was deleted", now=NOW, exclude=NONE, received_before=NOW
        )
        assert buried == Buried(1, 3, None, NOW, ((100, 3),))
        assert await keys(work) == [201]
        [(_, row)] = await history.dead_letters(limit=10)
        assert (row.reason, row.message) == (DeadReason.WEBHOOK_DELETED, "it was deleted")

    async def test_a_replayed_delivery_is_not_old(self, work: Work) -> None:
        """It was received when it was replayed, however old its key is."""
        await work.accept([event(100, HOOK)])
        await work.finish([bury(one) for one in await claim(work)])
        await work.replay(ReplaySelector(), now=NOW + DAY, limit=1)
        buried = await work.bury(
            HOOK, DeadReason.EXHAUSTED, "too old", now=NOW + DAY, exclude=NONE, received_before=NOW + DAY
        )
        assert (buried.count, buried.oldest) == (0, NOW + DAY)

    async def test_only_keys_that_were_made_before_the_time_are_looked_at(self, work: Work) -> None:
        """So that a look for old ones costs nothing where none is: keys grow with time."""
        made = NOW << KEY_COUNTER_BITS
        await work.accept([event(made, HOOK, received=NOW - 5), event(made + 10, HOOK)])
        question = (HOOK, DeadReason.EXHAUSTED, "too old")
        none = await work.bury(*question, now=NOW, exclude=NONE, received_before=NOW)
        assert none == Buried(0, 0, None, NOW - 5)
        one = await work.bury(*question, now=NOW, exclude=NONE, received_before=NOW + 1, after=made + 1)
        assert (one.count, await keys(work)) == (1, [made + 1])

    async def test_much_is_buried_step_by_step(self, work: Work) -> None:
        """A step looks at a bounded number of keys, excluded or not, and says where the next goes on."""
        number = 2 * STORE_STEP_ROWS + 10
        await work.accept([event(10 * key, HOOK) for key in range(1, number + 1)])
        first, *_, last = await claim(work, limit=number)
        await work.finish([delay(last, NOW + 1)])
        under_way = frozenset({first.key})
        steps = [Buried(0, 0, 0, None)]
        while (after := steps[-1].after) is not None:
            steps.append(
                await work.bury(HOOK, DeadReason.GONE, "gone", now=NOW, exclude=under_way, after=after)
            )
        assert [step.count for step in steps] == [0, STORE_STEP_ROWS - 1, STORE_STEP_ROWS, 10]
        assert [step.after for step in steps] == [0, 10 * STORE_STEP_ROWS + 1, 20 * STORE_STEP_ROWS + 1, None]
        assert [step.oldest for step in steps] == [None, None, None, NOW]
        assert await keys(work) == [first.key]

    async def test_a_step_begins_after_a_key(self, work: Work) -> None:
        """Whatever waits up to it is not looked at, whether it waits for a time or not."""
        await work.accept([event(100, HOOK), event(200, HOOK), event(300, HOOK), event(400, HOOK)])
        first, _, third, _ = await claim(work)
        await work.finish([delay(first, NOW + 1), delay(third, NOW + 1)])
        buried = await work.bury(HOOK, DeadReason.GONE, "gone", now=NOW, exclude=NONE, after=201)
        assert buried.count == 2
        assert sorted(await keys(work, now=NOW + 1)) == [101, 201]

    async def test_burying_where_nothing_waits_finds_nothing(self, work: Work) -> None:
        """A webhook that was never seen, or one that is done."""
        buried = await work.bury("team/never", DeadReason.GONE, "gone", now=NOW, exclude=NONE)
        assert buried == Buried(0, 0, None, None)
        await work.accept([event(100, HOOK)])
        buried = await work.bury(HOOK, DeadReason.GONE, "gone", now=NOW, exclude=NONE)
        assert (buried.count, buried.after, buried.oldest) == (1, None, None)

    async def test_among_very_many_the_oldest_is_told_by_the_keys(self, work: Work) -> None:
        """Nothing that waits was received before it, though not all of it was looked at."""
        times = range(NOW, NOW + 2 * STORE_STEP_ROWS)
        await work.accept([event(at << KEY_COUNTER_BITS, HOOK, raw=b"old", received=at) for at in times])
        buried = await work.bury(
            HOOK, DeadReason.EXHAUSTED, "too old", now=NOW, exclude=NONE, received_before=NOW + 20
        )
        events = tuple((at << KEY_COUNTER_BITS, 3) for at in range(NOW, NOW + 20))
        assert buried == Buried(20, 60, None, NOW + 20, events)
