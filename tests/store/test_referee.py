"""The two stores side by side: whatever is asked of them, they answer the same.

So what a simulation finds on the store in memory holds for SQLite as well.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from hookwright.core.records import Action, DeadReason, Delivery, Finish, StoredRoute, Wanted
from hookwright.limits import KEY_COUNTER_BITS, STORE_STEP_ROWS
from hookwright.store.memory import MemoryStore
from hookwright.store.opening import open_store
from hookwright.store.port import (
    AttemptSelector,
    History,
    NewDelivery,
    NewEvent,
    ReplaySelector,
    Retention,
    Store,
    Upkeep,
)
from store.builders import MINUTE, NOW, attempt

T = TypeVar("T")
MOVES = 300
ROUTES = ["team/one", "team/two", "team/three", "other/one", "third/one"]
ASKED = [*ROUTES, "team/never"]
RETENTION = Retention(
    history_seconds=60, history_bytes=20_000, dead_letter_seconds=120,
    dead_letter_bytes=20_000, identity_seconds=30, identity_count=40, identity_bytes=7_000,
)  # fmt: skip
EVERYTHING = {route: Wanted(10_000, 10_000_000) for route in ASKED}


class Walk:
    """Random moves on two stores, each with the same answer."""

    def __init__(self, chance: random.Random, one: Store, other: Store) -> None:
        self.chance, self.stores = chance, (one, other)
        self.now = NOW
        self.key = 0
        self.held: dict[int, Delivery] = {}
        self.finished: list[Delivery] = []

    async def ask(self, question: Callable[[Store], Awaitable[T]]) -> T:
        """Both stores the same: their answer."""
        one, other = [await question(store) for store in self.stores]
        assert one == other
        return one

    async def move(self) -> None:
        """One of all that can be asked; then everything that can be seen is compared."""
        moves = [self.accept, self.claim, self.finish, self.finish, self.bury, self.replay]
        rare = [self.flood, self.prune, self.clamp, self.remember, self.wait]
        await self.chance.choice(moves if self.chance.random() < 0.8 else rare)()
        await self.compare()

    async def compare(self) -> None:
        """What waits, with when the next is due; counts, what is remembered, dead letters, history."""
        await self.ask(lambda store: store.work.claim(EVERYTHING, now=self.now))
        await self.ask(lambda store: store.history.counts(ASKED))
        await self.ask(lambda store: recovered(store.history))
        await self.ask(lambda store: store.history.last_invocations())
        route = self.chance.choice([None, *ASKED])
        dead = ReplaySelector(
            route=route,
            reason=self.chance.choice([None, *DeadReason]),
            since=self.chance.choice([None, self.now - self.chance.randrange(MINUTE)]),
            until=self.chance.choice([None, self.now - self.chance.randrange(MINUTE)]),
        )
        await self.ask(lambda store: without_positions(store.history.dead_letters(dead, limit=50)))
        await self.ask(lambda store: store.history.dead_count(dead))
        await self.ask(
            lambda store: without_positions(
                store.history.dead_groups(route=route, reason=dead.reason, limit=50)
            )
        )
        await self.ask(
            lambda store: without_positions(store.history.invocations(AttemptSelector(route=route), limit=50))
        )

    def some_held(self) -> frozenset[int]:
        """Keys under way: mostly all of them."""
        return frozenset(key for key in self.held if self.chance.random() < 0.9)

    # --- moves -----------------------------------------------------------------------------------

    def event(self, routes: list[str]) -> NewEvent:
        """An event for webhooks, sometimes with an identity that came before, or dead at once."""
        chance = self.chance
        key = max(self.key + 1, self.now << KEY_COUNTER_BITS)
        self.key = key + len(routes)
        deliveries = tuple(
            NewDelivery(key + at, route, DeadReason.BACKLOG if chance.random() < 0.1 else None, "too much")
            for at, route in enumerate(routes, 1)
        )
        identity = b"%d" % chance.randrange(60) if chance.random() < 0.5 else None
        digest = b"B" if chance.random() < 0.1 else b"A"
        raw, hops = b"x" * chance.randrange(100), chance.randrange(3)
        return NewEvent(key, "AccessRequestGranted", None, raw, self.now, deliveries, identity, digest, hops)

    async def accept(self) -> None:
        """A batch for some webhooks, or for none."""
        batch = [
            self.event(self.chance.sample(ROUTES, self.chance.randrange(4)))
            for _ in range(self.chance.randrange(1, 5))
        ]
        await self.ask(lambda store: store.work.accept(batch))

    async def flood(self) -> None:
        """More for one webhook than a step looks at."""
        route = self.chance.choice(ROUTES)
        batch = [self.event([route])._replace(identity=None) for _ in range(STORE_STEP_ROWS + 10)]
        await self.ask(lambda store: store.work.accept(batch))

    async def claim(self) -> None:
        """Some webhooks, each with its limits."""
        wanted = {
            route: Wanted(
                self.chance.randrange(20), self.chance.choice([50, 1_000, 1_000_000]), self.some_held()
            )
            for route in self.chance.sample(ASKED, 3)
        }
        claimed = await self.ask(lambda store: store.work.claim(wanted, now=self.now))
        self.held.update((one.key, one) for found in claimed.values() for one in found.deliveries)

    async def finish(self) -> None:
        """Results of what is under way, and some that come twice."""
        chance = self.chance
        done = chance.sample([*self.held.values()], chance.randrange(len(self.held) + 1))
        again = [one for one in chance.sample(self.finished, min(2, len(self.finished))) if one not in done]
        results = [self.result(one) for one in {one.key: one for one in [*done, *again]}.values()]
        for one in done:
            del self.held[one.key]
        self.finished += done
        await self.ask(lambda store: store.work.finish(results))

    def result(self, one: Delivery) -> Finish:
        """Delivered, to be tried again, or given up."""
        chance = self.chance
        detail = b'{"message":"%b"}' % (b"y" * chance.randrange(300))
        record = attempt(one.key, one.route, number=one.attempts + 1, time=self.now, detail=detail)
        finish = Finish(
            one.key, one.route, chance.choice([*Action]), record if chance.random() < 0.8 else None,
            attempts=one.attempts + 1, at=self.now, sole=one.sole,
        )  # fmt: skip
        if finish.action is Action.DELAY:
            due = chance.choice([0, self.now - 5, self.now + chance.randrange(1, MINUTE)])
            return finish._replace(due=due, steps=one.steps + 1)
        if finish.action is Action.BURY:
            return finish._replace(reason=chance.choice([*DeadReason]), message="it was refused")
        return finish

    async def bury(self) -> None:
        """All of a webhook, or what is old, step by step; what comes between is spared or not."""
        route, exclude = self.chance.choice(ASKED), self.some_held()
        before = self.chance.choice([None, self.now - self.chance.randrange(MINUTE), self.now + 1])
        after: int | None = 0
        while after is not None:
            buried = await self.ask(
                lambda store, after=after: store.work.bury(  # type: ignore[misc]
                    route, DeadReason.EXHAUSTED, "too old", now=self.now, exclude=exclude,
                    received_before=before, after=after,
                )
            )  # fmt: skip
            after = buried.after
        [found] = (await self.ask(lambda store: store.history.counts([route]))).values() or [None]
        if found is not None and found.oldest is not None:
            assert buried.oldest is not None
            assert buried.oldest <= found.oldest
        else:
            assert buried.oldest is None

    async def replay(self) -> None:
        """By key, by webhook, by time, or all; a bounded number."""
        chance = self.chance
        keys = [row.key for _, row in await self.stores[0].history.dead_letters(limit=20)]
        selector = ReplaySelector(
            keys=tuple(chance.sample(keys, min(3, len(keys)))) if chance.random() < 0.4 else (),
            route=chance.choice([None, None, *ASKED]),
            since=chance.choice([None, self.now - chance.randrange(MINUTE)]),
            until=chance.choice([None, self.now - chance.randrange(MINUTE)]),
        )
        limit = chance.choice([1, 5, 1_000])
        await self.ask(lambda store: store.work.replay(selector, now=self.now, limit=limit))

    async def prune(self) -> None:
        """What is past its time or size."""
        await self.ask(lambda store: store.upkeep.prune(now=self.now))
        await self.ask(lambda store: uses(store.upkeep))

    async def clamp(self) -> None:
        """As if the clock had been set back."""
        now = self.now - self.chance.randrange(2 * MINUTE)
        await self.ask(lambda store: store.upkeep.clamp(now=now))

    async def remember(self) -> None:
        """A webhook's last history; sometimes it left the configuration."""
        deleted = self.chance.choice([None, self.now])
        stored = StoredRoute(self.chance.choice(ROUTES), "mark", deleted, self.now, None, 3)
        await self.ask(lambda store: store.upkeep.remember([stored]))

    async def wait(self) -> None:
        """Time goes on; sometimes long."""
        self.now += self.chance.choice([1, 10_000, 3 * MINUTE])


async def uses(upkeep: Upkeep) -> tuple[object, ...]:
    """What is measured of what is kept."""
    stats = upkeep.stats()
    return stats.kept, stats.identities, stats.oldest_identity


async def recovered(history: History) -> tuple[object, ...]:
    """What a start finds, with what waits of each namespace."""
    found = await history.recovered()
    waiting = {name: (share.waiting, share.bytes) for name, share in sorted(found.shares.waiting().items())}
    return (*found[:3], waiting, found.shares.all.waiting, found.shares.all.bytes)


async def without_positions(rows: Awaitable[list[tuple[int, T]]]) -> list[T]:
    """Positions are each store's own."""
    return [row for _, row in await rows]


@pytest.mark.parametrize("seed", range(8))
async def test_both_stores_answer_the_same(tmp_path: Path, seed: int) -> None:
    """A walk of accept, claim, finish, bury, replay, prune and clamp, compared after every move."""
    memory = MemoryStore(retention=RETENTION)
    sqlite = await open_store(tmp_path, retention=RETENTION)
    walk = Walk(random.Random(seed), Store(memory, memory, memory), sqlite)
    for _ in range(MOVES):
        await walk.move()
    await sqlite.history.close()
    await sqlite.work.close()
