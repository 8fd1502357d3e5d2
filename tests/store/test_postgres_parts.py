"""Who works on which part of the webhooks: parts change hands one by one, and by the clock of the database alone.

`ping` says and asks what is said and asked every second.
"""

from __future__ import annotations

import asyncio
from types import FunctionType

import pytest

from counting import calls
from hookwright.core.backlog_shares import BacklogShares
from hookwright.core.parts import EVERY_PART, NO_PART, Moved, Parts, shared_out
from hookwright.errors import StoreError
from hookwright.limits import STORE_RENEW_SECONDS
from hookwright.store.database import Database
from hookwright.store.kept import message_alone
from hookwright.store.owner import Arrival
from hookwright.store.port import New, Work
from hookwright.store.postgres import ownership
from hookwright.store.postgres.ownership import Ownership
from postgres_server import Postgres
from store.builders import HOOK, OTHER, ack, attempt, claim, event, opened


def of(slot: int, *slots: int) -> Parts:
    """What is for a slot where these are there."""
    return shared_out(slots)[slot]


async def moved(work: Work) -> Moved:
    """The next change."""
    return await anext(aiter(work.owned()))


async def test_who_is_alone_works_on_everything(database: Database) -> None:
    """From the start, and is sure of it for a while."""
    async with opened(database) as (work, _, _):
        assert await moved(work) == Moved(EVERY_PART, NO_PART, NO_PART)
        assert work.sure_until > 0


async def test_a_second_one_gets_its_parts_when_the_first_gives_them(database: Database) -> None:
    """Nobody works on a part before the other has done with it."""
    async with opened(database) as (one, _, _), opened(database) as (other, _, _):
        assert await moved(one) == Moved(EVERY_PART, NO_PART, NO_PART)
        assert await moved(other) == Moved(NO_PART, NO_PART, NO_PART)
        await one.ping()
        assert await moved(one) == Moved(NO_PART, of(1, 0, 1), NO_PART)
        some = frozenset(sorted(of(1, 0, 1))[:10])
        await one.give(some)
        await other.ping()
        assert await moved(other) == Moved(some, NO_PART, NO_PART)
        await one.give(of(1, 0, 1) - some)
        await other.ping()
        assert await moved(other) == Moved(of(1, 0, 1) - some, NO_PART, NO_PART)


async def test_how_many_there_are_is_known_to_all(database: Database) -> None:
    """As of what each said and asked last."""
    async with opened(database) as (one, _, _):
        assert one.processes == 1
        async with opened(database) as (other, _, _):
            await one.ping()
            assert (one.processes, other.processes) == (2, 2)
        await one.ping()
        assert one.processes == 1


async def test_who_leaves_leaves_everything_to_the_others(database: Database) -> None:
    """At once, without waiting for the end of any time."""
    async with opened(database) as (one, _, _):
        await moved(one)
        async with opened(database) as (other, _, _):
            await one.ping()
            await one.give((await moved(one)).leaving)
            await moved(other)
            await other.ping()
            assert (await moved(other)).came == of(1, 0, 1)
        await one.ping()
        assert await moved(one) == Moved(of(1, 0, 1), NO_PART, NO_PART)


async def test_who_is_about_to_end_leaves_its_parts_one_by_one(database: Database) -> None:
    """The others are to have all of them, and get each as soon as it is given; it keeps its slot until it ends."""
    async with opened(database) as (one, _, _), opened(database) as (other, _, _):
        await moved(one)
        await moved(other)
        await one.retire()
        await one.ping()
        assert await moved(one) == Moved(NO_PART, EVERY_PART, NO_PART)
        await one.give(frozenset((3, 4)))
        await other.ping()
        assert await moved(other) == Moved(frozenset((3, 4)), NO_PART, NO_PART)
        assert await one.accept([event(100, HOOK)]) == [New()]


async def test_what_nobody_says_any_more_is_taken_over(postgres: Postgres, database: Database) -> None:
    """When its time is over, and not before."""
    ours = f"UPDATE {database.schema}.replicas SET holder = 'dead', until = now() + interval"
    theirs = f"UPDATE {database.schema}.parts SET holder = 'dead', until = now() + interval"
    async with opened(database) as (work, _, _):
        await moved(work)
        postgres.sql(f"{ours} '1 hour' WHERE slot = 1; {theirs} '1 hour'")
        await work.ping()
        assert await moved(work) == Moved(NO_PART, NO_PART, EVERY_PART)
        postgres.sql(f"{ours} '-1 s' WHERE slot = 1; {theirs} '-1 s'")
        await work.ping()
        assert await moved(work) == Moved(of(0, 0, 1), NO_PART, NO_PART)
        assert await moved(work) == Moved(of(1, 0, 1), NO_PART, NO_PART)


async def test_it_is_looked_again_as_soon_as_anothers_time_is_over(
    postgres: Postgres, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who says each second that it is there never comes near that."""
    theirs = f"UPDATE {database.schema}.replicas SET holder = 'dead', until = now() + interval"
    async with opened(database) as (work, _, _):
        kept: Ownership = work._ownership  # type: ignore[attr-defined]
        pauses = []
        for renewed_after in (STORE_RENEW_SECONDS, 7200.0):
            monkeypatch.setattr(ownership, "STORE_RENEW_SECONDS", renewed_after)
            for left in ("1 hour", "-1 s"):
                postgres.sql(f"{theirs} '{left}' WHERE slot = 1")
                await work.ping()
                pauses.append(kept.pause)
    assert pauses[:2] == [STORE_RENEW_SECONDS, STORE_RENEW_SECONDS]
    assert 0 < pauses[2] < 3601
    assert pauses[3] == 7200


async def test_who_died_without_a_word_is_not_waited_for_by_who_comes(
    postgres: Postgres, database: Database
) -> None:
    """It is not connected any more, which the server sees."""
    async with opened(database):
        pass
    for table in ("replicas WHERE slot = 0", "parts"):
        name, _, where = table.partition(" ")
        dead = "SET holder = 'dead', until = now() + interval '1 hour'"
        postgres.sql(f"UPDATE {database.schema}.{name} {dead} {where}")
    async with opened(database) as (work, _, _):
        assert await moved(work) == Moved(EVERY_PART, NO_PART, NO_PART)


async def test_who_slept_is_told_what_it_lost(postgres: Postgres, database: Database) -> None:
    """It has them again when the other is gone; its slot it has all the time."""
    async with opened(database) as (work, _, _):
        await moved(work)
        theirs = f"UPDATE {database.schema}.parts SET holder = 'another', until = now() + interval"
        postgres.sql(f"{theirs} '1 hour'")
        await work.ping()
        assert await moved(work) == Moved(NO_PART, NO_PART, EVERY_PART)
        postgres.sql(f"{theirs} '-1 s'")
        await work.ping()
        assert await moved(work) == Moved(EVERY_PART, NO_PART, NO_PART)


async def test_a_part_that_nobody_took_meanwhile_stays(postgres: Postgres, database: Database) -> None:
    """Its time was over, but no other could have worked on it."""
    async with opened(database) as (work, _, _):
        await moved(work)
        postgres.sql(f"UPDATE {database.schema}.parts SET until = now() - interval '1 s'")
        await work.ping()
        await work.give(frozenset((7,)))
        await work.ping()
        assert await moved(work) == Moved(frozenset((7,)), NO_PART, NO_PART)


async def test_who_cannot_say_so_is_not_sure_any_longer(postgres: Postgres, database: Database) -> None:
    """The time for which it is counts from before it last asked, and is shorter than that after which others may come."""
    async with opened(database) as (work, _, _):
        postgres.sql(f"ALTER FUNCTION {database.schema}.lease_2 RENAME TO lease_0")
        known = []
        for _ in range(2):
            with pytest.raises(StoreError, match="refused a request"):
                await work.ping()
            known.append(work.sure_until)
        assert known[0] == known[1]


async def test_what_was_told_before_a_part_was_worked_on_is_looked_for_then(database: Database) -> None:
    """Its notice said nothing to who did not work on it yet."""
    async with opened(database) as (work, _, _):
        woken = aiter(work.woken())
        await anext(woken)  # it hears notices from here on
        new = event(100, HOOK)
        await work.accept([new._replace(deliveries=(new.deliveries[0]._replace(own=False),))])
        work.own = EVERY_PART
        assert work._arrivals._notice.is_set()  # type: ignore[attr-defined]
        await anext(woken)
        assert await work.arrived() == [Arrival(HOOK, 1, len(new.raw))]


@pytest.mark.parametrize("of", [message_alone, BacklogShares.came], ids=["last attempts", "waiting"])
def test_what_parts_begin_with_is_made_beside_the_event_loop(database: Database, of: FunctionType) -> None:
    """Who takes parts over reads the last attempt of each webhook and all that waits, while it delivers for others."""

    async def read() -> None:
        async with opened(database) as (work, _, history):
            await work.accept([event(100, HOOK), event(200, HOOK, OTHER)])
            delivery, _ = await claim(work, HOOK)
            await work.finish([ack(delivery, attempt(delivery.key))])
            assert [*await history.last_invocations()] == [HOOK]
            assert (await history.recovered()).shares.all.waiting == 2

    assert calls(of, lambda: asyncio.run(read())) == 0
