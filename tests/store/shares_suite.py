"""What every store must do: shares of what is kept, what is counted of it, and what a start finds. Part of the suite."""

from __future__ import annotations

import json

from hookwright.core.backlog_shares import BacklogShares
from hookwright.core.records import AttemptRecord, DeadReason, Delivery, StoredRoute
from hookwright.limits import (
    DEAD_LETTER_ROW_BYTES,
    HISTORY_ROW_BYTES,
    IDENTITY_ROUTE_BYTES,
    IDENTITY_ROW_BYTES,
    STORE_STEP_ROWS,
)
from hookwright.store.port import History, New, NewDelivery, NewEvent, Repeat, ReplaySelector, Retention, Work
from store.builders import (
    DAY,
    FAR,
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
)

ROW = DEAD_LETTER_ROW_BYTES

NOBODY = Delivery(1, 0, HOOK, "AccessRequestGranted", None, b"", NOW)


def dead(key: int, *routes: str, size: int = 1000, at: int = NOW) -> NewEvent:
    """An event that is a dead letter of each of some webhooks at once."""
    deliveries = tuple(
        NewDelivery(key + number, route, DeadReason.BACKLOG, "too much")
        for number, route in enumerate(routes, 1)
    )
    return event(key, *routes, raw=b"x" * size, received=at)._replace(deliveries=deliveries)


def waiting(shares: BacklogShares) -> dict[str, tuple[int, int]]:
    """Deliveries and bytes by namespace; under '' of all."""
    found = {name: (share.waiting, share.bytes) for name, share in shares.waiting().items()}
    return found | {"": (shares.all.waiting, shares.all.bytes)}


class SharesSuite:
    """Who is over his share loses his own oldest, nobody else's."""

    # --- dead letters ----------------------------------------------------------------------------

    async def test_an_event_counts_once_however_many_dead_letters_it_has(self, harness: Harness) -> None:
        """A template that fails for 300 webhooks takes the event's bytes once, and a little for each letter."""
        crowd = [f"team/hook-{number}" for number in range(300)]
        size = 100_000
        retention = Retention(dead_letter_bytes=size + 301 * ROW + 1000)
        async with harness(retention) as (work, upkeep, history):
            await work.accept([dead(100, FAR, at=NOW - DAY), dead(1_000, *crowd, size=size)])
            assert (await upkeep.prune(now=NOW)).dead_letters == {}
            assert await dead_keys(history, FAR) == [101]
            use = upkeep.stats().kept["dead_letters"]
            assert use.total == use.limit
            assert use.namespaces == {"elsewhere": 1000 + ROW, "team": size + 300 * ROW}

    async def test_an_event_of_many_namespaces_counts_once_in_all(self, harness: Harness) -> None:
        """Each of them has it among what it takes, all together only once."""
        routes = [f"space-{number}/hook" for number in range(50)]
        async with harness(Retention(dead_letter_bytes=10_000 + 50 * ROW)) as (work, upkeep, _):
            await work.accept([dead(100, *routes, size=10_000)])
            assert (await upkeep.prune(now=NOW)).dead_letters == {}
            use = upkeep.stats().kept["dead_letters"]
            assert (use.total, {*use.namespaces.values()}) == (10_000 + 50 * ROW, {10_000 + ROW})

    async def test_the_namespace_that_takes_most_loses_its_own_oldest_dead_letters(
        self, harness: Harness
    ) -> None:
        """The other's are older, and stay until their age is over."""
        limit = 10 * (1000 + ROW)
        async with harness(Retention(dead_letter_bytes=limit)) as (work, upkeep, history):
            await work.accept([dead(10 * at, FAR, at=NOW + at) for at in range(1, 6)])
            await work.accept([dead(10 * at, HOOK, at=NOW + at) for at in range(11, 31)])
            dropped = await upkeep.prune(now=NOW + 100)
            assert (dropped.dead_letters, dropped.events) == ({HOOK: 15}, 15)
            assert await dead_keys(history, HOOK) == [10 * at + 1 for at in range(30, 25, -1)]
            assert len(await dead_keys(history, FAR)) == 5
            assert (await upkeep.prune(now=NOW + 1 + 30 * DAY)).dead_letters == {FAR: 1}

    async def test_in_a_namespace_the_webhook_that_takes_most_loses_first(self, harness: Harness) -> None:
        """So a webhook with few dead letters keeps them beside one with many."""
        async with harness(Retention(dead_letter_bytes=4 * (1000 + ROW))) as (work, upkeep, history):
            await work.accept([dead(10, OTHER, at=NOW - DAY)])
            await work.accept([dead(10 * at, HOOK, at=NOW + at) for at in range(2, 9)])
            assert (await upkeep.prune(now=NOW)).dead_letters == {HOOK: 4}
            assert await dead_keys(history, OTHER) == [11]

    async def test_very_many_dead_letters_leave_in_one_call(self, harness: Harness) -> None:
        """However many steps it takes; what was replayed, or died again, counts as often as it is one."""
        many = 2 * STORE_STEP_ROWS + 50
        async with harness(Retention(dead_letter_bytes=10 * (100 + ROW))) as (work, upkeep, history):
            for number in range(0, many, 50):
                await work.accept([dead(10 * (number + at), HOOK, size=100) for at in range(1, 51)])
            replayed = await work.replay(ReplaySelector(), now=NOW, limit=20)
            await work.finish([bury(one) for one in await claim(work, limit=5)])
            left = many - len(replayed) + 5
            assert (await upkeep.prune(now=NOW)).dead_letters == {HOOK: left - 10}
            assert len(await dead_keys(history)) == 10
            use = upkeep.stats().kept["dead_letters"]
            assert use.total == 10 * (100 + ROW)

    async def test_a_dead_letter_whose_event_still_waits_elsewhere_leaves_alone(
        self, harness: Harness
    ) -> None:
        """Its event stays for the delivery that needs it."""
        async with harness(Retention(dead_letter_bytes=100)) as (work, upkeep, _):
            await work.accept([event(100, HOOK, FAR, raw=b"x" * 1000)])
            await work.finish([bury(one) for one in await claim(work)])
            pruned = await upkeep.prune(now=NOW)
            assert (pruned.dead_letters, pruned.events) == ({HOOK: 1}, 0)
            assert [len(one.raw) for one in await claim(work, FAR)] == [1000]

    # --- history ---------------------------------------------------------------------------------

    async def test_the_namespace_that_takes_most_loses_its_own_oldest_attempts(
        self, harness: Harness
    ) -> None:
        """And in it the webhook that takes most; the others' are older, and stay."""
        size = HISTORY_ROW_BYTES + 100
        async with harness(Retention(history_bytes=12 * size)) as (work, upkeep, history):
            records = [attempt(at, FAR, detail=b"y" * 100) for at in range(1, 5)]
            records += [attempt(at, OTHER, detail=b"y" * 100) for at in range(11, 13)]
            records += [attempt(at, detail=b"y" * 100) for at in range(21, 51)]
            await work.finish([ack(NOBODY, record) for record in records])
            assert (await upkeep.prune(now=NOW)).history == 36 - 12
            kept = [one.delivery_key for _, one in await history.invocations(limit=100)]
            assert kept == [50, 49, 48, 47, 46, 45, 12, 11, 4, 3, 2, 1]
            use = upkeep.stats().kept["history"]
            assert use.namespaces == {"elsewhere": 4 * size, "team": 8 * size}

    async def test_the_last_invocation_of_every_webhook_is_known(self, work: Work, history: History) -> None:
        """The newest delivery, not a Manual call or a test; of what was shown its message alone."""
        shown = json.dumps({"message": "It went well.", "request": {"body": "x" * 9_000}}).encode()
        records = [
            attempt(101, result="Retrying", detail=b'{"message":"It did not."}'),
            attempt(101, number=2, detail=shown),
            attempt(201, kind="Manual"),
            attempt(301, OTHER, kind="Test"),
            attempt(401, FAR, detail=b'{"message":"Alone."}'),
        ]
        await work.finish([ack(NOBODY, record) for record in records])
        expected = {
            HOOK: attempt(101, number=2, detail=b'{"message": "It went well."}'),
            FAR: attempt(401, FAR, detail=b'{"message": "Alone."}'),
        }
        assert await history.last_invocations() == expected

    async def test_an_invocation_that_left_the_history_is_nobodys_last(self, harness: Harness) -> None:
        """Not of its own webhook, nor of one whose record has its place now."""
        async with harness(Retention(history_seconds=60)) as (work, upkeep, history):
            await work.finish([ack(NOBODY, attempt(101))])
            await upkeep.prune(now=NOW + 2 * MINUTE)
            assert await history.last_invocations() == {}
            await work.finish([ack(NOBODY, attempt(201, OTHER, detail=b'{"message": "x"}'))])
            found: dict[str, AttemptRecord] = await history.last_invocations()
            assert {route: one.delivery_key for route, one in found.items()} == {OTHER: 201}

    # --- identities ------------------------------------------------------------------------------

    async def test_the_window_of_identities_is_bounded_in_bytes(self, harness: Harness) -> None:
        """By what they are answered from: the more webhooks an event had, the more it takes."""
        routes = [f"team/hook-{number}" for number in range(100)]
        each = IDENTITY_ROW_BYTES + 100 * IDENTITY_ROUTE_BYTES
        async with harness(Retention(identity_bytes=5 * each)) as (work, upkeep, _):
            events = [event(1_000 * at, *routes, identity=b"%d" % at) for at in range(1, 11)]
            await work.accept(events)
            assert upkeep.stats().kept["identities"].total == 10 * each
            assert (await upkeep.prune(now=NOW)).identities == 5
            stats = upkeep.stats()
            assert (stats.identities, stats.kept["identities"].total) == (5, 5 * each)
            assert await work.accept([events[5]._replace(key=90_000)]) == [Repeat(6_000, tuple(routes))]
            assert await work.accept([events[4]._replace(key=91_000, deliveries=())]) == [New()]

    async def test_a_repeat_names_webhooks_that_were_deleted_since(self, harness: Harness) -> None:
        """As long as the identity is known its answer is, in the order of the first."""
        async with harness(Retention(history_seconds=60)) as (work, upkeep, _):
            first = event(100, OTHER, FAR, HOOK, identity=b"one")
            await work.accept([first])
            for route in (OTHER, FAR, HOOK):
                await work.finish([ack(one) for one in await claim(work, route)])
            await upkeep.remember([StoredRoute(route, deleted_at=NOW) for route in (OTHER, FAR, HOOK)])
            await upkeep.prune(now=NOW + DAY - 1)
            again = first._replace(key=200, received=NOW + DAY - 1)
            assert await work.accept([again]) == [Repeat(100, (OTHER, FAR, HOOK))]

    # --- what waits ------------------------------------------------------------------------------

    async def test_a_start_finds_what_waits_of_each_namespace(self, work: Work, history: History) -> None:
        """An event counts once in each, and once in all; what is dead or done waits no more."""
        await work.accept([event(100, HOOK, OTHER, FAR, raw=b"x" * 100), event(200, HOOK, raw=b"y" * 10)])
        first, second = await claim(work)
        await work.finish([delay(first, NOW + MINUTE)])
        shares = (await history.recovered()).shares
        assert waiting(shares) == {"team": (3, 110), "elsewhere": (1, 100), "": (4, 110)}
        for route, key, size in ((HOOK, 100, 100), (FAR, 100, 100), (HOOK, 200, 10), (OTHER, 100, 100)):
            shares.went(route.partition("/")[0], key, size)
        assert waiting(shares) == {"": (0, 0)}
        await work.finish([ack(second), bury(first)])
        await work.finish([ack(one) for one in await claim(work, FAR)])
        assert waiting((await history.recovered()).shares) == {"team": (1, 100), "": (1, 100)}

    async def test_it_can_be_asked_whether_an_event_is_stored(self, work: Work) -> None:
        """Waiting or dead; none that was refused, or is done."""
        await work.accept([event(100, HOOK), dead(200, HOOK), event(300, OTHER)])
        await work.finish([ack(one) for one in await claim(work, OTHER)])
        assert await work.stored([100, 200, 300, 400]) == {100, 200}

    async def test_how_often_an_event_came_through_a_dispatcher_is_kept(self, work: Work) -> None:
        """Over retries and replays."""
        await work.accept([event(100, HOOK, hops=3), event(200, OTHER)])
        [one] = await claim(work)
        assert (one.hops, (await claim(work, OTHER))[0].hops) == (3, 0)
        await work.finish([delay(one, NOW + 1)])
        [one] = await claim(work, now=NOW + 1)
        assert one.hops == 3
        await work.finish([bury(one)])
        await work.replay(ReplaySelector(), now=NOW, limit=1)
        assert [again.hops for again in await claim(work)] == [3]
