"""What every store must do: dead letters and their replay. Part of the suite (`store.suite`)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hookwright.store.port import DeadReason, History, ReplaySelector, RouteCounts, Work
from store.builders import DAY, HOOK, NONE, NOW, OTHER, ack, bury, claim, dead_keys, delay, event, keys


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
