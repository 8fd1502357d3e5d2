"""Several processes on one store in PostgreSQL: each stores, finishes and replays, and nothing happens twice by that."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

import pytest

from hookwright.core.parts import NO_PART, part_of
from hookwright.core.records import DeadReason
from hookwright.errors import StoreLocked
from hookwright.limits import KEY_SLOTS
from hookwright.store.database import Database
from hookwright.store.opening import open_store
from hookwright.store.owner import Told
from hookwright.store.port import Conflict, New, Repeat, ReplaySelector, Retention
from postgres_server import Postgres
from store.builders import HOOK, NOW, ack, attempt, claim, claimed, dead_event, event, keys, opened


async def test_each_has_a_slot_of_its_own_and_finds_what_the_others_stored(database: Database) -> None:
    """They share the installation's tag, and their keys are never the same."""
    async with opened(database) as (one, _, of_one), opened(database) as (other, _, of_other):
        found = await asyncio.gather(of_one.recovered(), of_other.recovered())
        assert [each.slot for each in found] == [0, 1]
        assert one.tag == other.tag
        await asyncio.gather(one.accept([event(100, HOOK)]), other.accept([event(200, HOOK)]))
        assert await keys(one) == await keys(other) == [101, 201]


async def test_a_slot_goes_on_above_all_keys_that_it_ever_had(postgres: Postgres, database: Database) -> None:
    """Whoever had it: of those that are free the one that was free for longest is taken."""
    async with opened(database) as (work, _, _):
        await work.accept([event(500, HOOK)])
    async with opened(database) as (_, _, history):
        assert (await history.recovered()).slot == 1
    postgres.sql(f"UPDATE {database.schema}.replicas SET until = now() WHERE until = '-infinity'")
    async with opened(database) as (_, _, history):
        found = await history.recovered()
        assert (found.slot, found.high_key) == (0, 501)


async def test_there_are_so_many_slots_and_no_more(postgres: Postgres, database: Database) -> None:
    """The next process is refused; one whose time is over has none any more."""
    replicas = f"{database.schema}.replicas"
    async with opened(database):
        one = f"(SELECT holder FROM {replicas} WHERE slot = 0)"  # it is connected, so all of them are taken to be
        postgres.sql(f"UPDATE {replicas} SET holder = {one}, until = now() + interval '1 hour'")
        with pytest.raises(StoreLocked, match=f"by {KEY_SLOTS} dispatchers, which is all"):
            await open_store(database, retention=Retention())
        postgres.sql(f"UPDATE {replicas} SET until = now() - interval '1 second' WHERE slot = 7")
        async with opened(database) as (_, _, history):
            assert (await history.recovered()).slot == 7


async def test_an_event_that_comes_a_hundred_times_to_two_is_stored_once(database: Database) -> None:
    """Ninety-nine are answered from the first; with another body it is a conflict for both."""
    async with opened(database) as (one, _, _), opened(database) as (other, _, _):
        answers = await asyncio.gather(
            *(
                (one, other)[key % 2].accept([event(100 * key, HOOK, identity=b"same")])
                for key in range(1, 101)
            )
        )
        [stored] = [at for at, [answer] in enumerate(answers, 1) if isinstance(answer, New)]
        assert answers.count([Repeat(100 * stored, (HOOK,))]) == 99
        assert await keys(one) == [100 * stored + 1]
        changed = [event(20_000, HOOK, identity=b"same", digest=b"changed")]
        assert await asyncio.gather(one.accept(changed), other.accept(changed)) == [[Conflict()]] * 2


async def test_dead_letters_that_two_replay_at_once_wait_once(database: Database) -> None:
    """Each of a hundred is replayed by one of them."""
    async with opened(database) as (one, _, _), opened(database) as (other, _, history):
        await one.accept([dead_event(10 * key, HOOK, DeadReason.BACKLOG) for key in range(1, 101)])
        replayed = await asyncio.gather(
            *(work.replay(ReplaySelector(), now=NOW, limit=30) for work in (one, other) * 4)
        )
        times = Counter(each.key for some in replayed for each in some)
        assert times == Counter(10 * key + 1 for key in range(1, 101))
        assert await history.dead_count(ReplaySelector()) == 0
        assert len((await claimed(other)).deliveries) == 100


async def test_a_delivery_that_two_finish_is_done_once(database: Database) -> None:
    """A result is true whoever writes it; the same record is kept once."""
    async with opened(database) as (one, _, _), opened(database) as (other, _, history):
        await one.accept([event(100, HOOK), event(200, HOOK)])
        [first, second] = await claim(one)
        results = [ack(first, attempt(101)), ack(second, attempt(201))]
        await asyncio.gather(one.finish(results), other.finish(results))
        assert await keys(one) == []
        assert [record.delivery_key for _, record in await history.invocations(limit=9)] == [201, 101]
        assert (await history.recovered()).counts == {}


async def test_a_run_that_two_are_asked_for_is_run_by_one(database: Database) -> None:
    """The other waits for its answer; who is asked later has it, too."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def run() -> bytes:
        begun.set()
        await go_on.wait()
        return b"its answer"

    async def never() -> bytes:
        raise AssertionError

    async with opened(database) as (one, _, _), opened(database) as (other, _, _):
        first = asyncio.create_task(one.run_once("r1", run, seconds=600))
        await begun.wait()
        second = asyncio.create_task(other.run_once("r1", never, seconds=600))
        await other.ping()
        go_on.set()
        assert await first == await second == await other.run_once("r1", never, seconds=600) == b"its answer"


async def test_a_run_that_came_to_nothing_is_run_by_another(postgres: Postgres, database: Database) -> None:
    """At once if it failed, which its own caller is told; when its time is over if its process is not there any more."""

    async def fails() -> bytes:
        raise KeyError("ours")

    async def run() -> bytes:
        return b"its answer"

    async with opened(database) as (one, _, _), opened(database) as (other, _, _):
        with pytest.raises(KeyError):
            await one.run_once("r1", fails, seconds=600)
        assert await other.run_once("r1", run, seconds=600) == b"its answer"
        postgres.sql(
            f"INSERT INTO {database.schema}.runs VALUES ('r2', 'ended', now() + interval '1 hour', NULL)"
        )
        waits = asyncio.create_task(one.run_once("r2", run, seconds=600))
        await one.ping()
        assert not waits.done()
        postgres.sql(f"UPDATE {database.schema}.runs SET until = now() WHERE run_id = 'r2'")
        assert await waits == b"its answer"


async def test_answers_of_runs_are_forgotten_after_a_while(postgres: Postgres, database: Database) -> None:
    """Then an id may run again."""

    async def run() -> bytes:
        return b"again"

    async with opened(database) as (work, upkeep, _):
        postgres.sql(
            f"INSERT INTO {database.schema}.runs VALUES ('old', 'h', now() - interval '61 minutes', 'old'),"
            f" ('new', 'h', now() - interval '59 minutes', 'new')"
        )
        await upkeep.prune(now=NOW)
        assert await work.run_once("old", run, seconds=600) == b"again"
        assert await work.run_once("new", run, seconds=600) == b"new"


async def test_what_is_shown_is_told_to_the_others_once_and_a_while_after(
    postgres: Postgres, database: Database
) -> None:
    """All of it to one that starts; later what changed since, and nothing of the webhooks on which one works itself."""
    async with opened(database) as (one, _, _), opened(database) as (other, _, _):
        one.own, other.own = frozenset({part_of(HOOK)}), NO_PART
        await one.show(Told({HOOK: b"first"}, [b"{}"]))
        assert (await one.shown()).shown == {}
        assert (await other.shown()).shown == {HOOK: b"first"}
        postgres.sql(f"UPDATE {database.schema}.shown SET at = at - interval '1 minute'")
        assert (await other.shown()).shown == {}
        await one.show(Told({HOOK: b"second"}, [b"{}"]))
        assert (await other.shown()).shown == {HOOK: b"second"}
        async with opened(database) as (third, _, _):
            third.own = NO_PART
            assert (await third.shown()).shown == {HOOK: b"second"}


async def test_what_waits_at_each_is_known_to_the_others_as_long_as_it_is_there(database: Database) -> None:
    """As it said last; whoever has its slot afterwards has said nothing yet."""
    async with opened(database) as (one, _, _):
        async with opened(database) as (other, _, _):
            assert (await one.shown()).shares == []
            for word in (b"1", b"2"):
                await other.show(Told({}, [word]))
            assert (await one.shown()).shares == [b"2"]
            assert (await other.shown()).shares == []
        assert (await one.shown()).shares == []
        async with AsyncExitStack() as stack:
            for _ in range(KEY_SLOTS - 1):
                await stack.enter_async_context(opened(database))
            assert (await one.shown()).shares == []
