"""Events, results and questions for the store's tests: what a test does not name is the same everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

from hookwright.core.records import Action, AttemptRecord, Claimed, DeadReason, Delivery, Finish, Wanted
from hookwright.store.database import Database
from hookwright.store.opening import open_store
from hookwright.store.port import History, NewDelivery, NewEvent, ReplaySelector, Retention, Store, Work

NOW = 1_700_000_000_000
"""Milliseconds; when events are received unless a test says otherwise."""

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
NONE: frozenset[int] = frozenset()

HOOK, OTHER, FAR = "team/hook", "team/other", "elsewhere/hook"


@asynccontextmanager
async def opened(database: Path | Database) -> AsyncIterator[Store]:
    """The store in a database or in a folder, closed in order."""
    store = await open_store(database, retention=Retention())
    try:
        yield store
    finally:
        await store.history.close()
        await store.work.close()


def event(
    key: int,
    *routes: str,
    raw: bytes = b'{"event_type":"AccessRequestGranted"}',
    received: int = NOW,
    identity: bytes | None = None,
    digest: bytes = b"body",
    hops: int = 0,
) -> NewEvent:
    """An event for webhooks: a delivery each, keys key + 1, key + 2, …"""
    deliveries = tuple(NewDelivery(key + number, route) for number, route in enumerate(routes, 1))
    return NewEvent(
        key, "AccessRequestGranted", "RequestGranted", raw, received, deliveries, identity, digest, hops
    )


def dead_event(
    key: int, route: str, reason: DeadReason, *, raw: bytes = b"{}", received: int = NOW
) -> NewEvent:
    """An event whose only delivery is a dead letter at once."""
    delivery = NewDelivery(key + 1, route, reason, "over the limit")
    return NewEvent(key, "AccessRequestGranted", "RequestGranted", raw, received, (delivery,))


def attempt(
    key: int,
    route: str = HOOK,
    *,
    number: int = 1,
    result: str = "Delivered",
    kind: str = "Delivery",
    friendly_id: str | None = None,
    time: int = NOW,
    detail: bytes = b"{}",
) -> AttemptRecord:
    """The record of an attempt of the first delivery of an event."""
    return AttemptRecord(
        key, number, key - 1, route, kind, "RequestGranted", result, 200 if result == "Delivered" else 500,
        None if result == "Delivered" else "Status", time, 12.5, detail, friendly_id,
    )  # fmt: skip


def ack(delivery: Delivery, record: AttemptRecord | None = None) -> Finish:
    """Delivered."""
    return Finish(delivery.key, delivery.route, Action.ACK, record, sole=delivery.sole)


def delay(delivery: Delivery, due: int, *, steps: int = 1, attempts: int = 1) -> Finish:
    """Tried, and to be tried again at a time."""
    return Finish(
        delivery.key,
        delivery.route,
        Action.DELAY,
        due=due,
        steps=steps,
        attempts=attempts,
        at=NOW,
        sole=delivery.sole,
    )


def bury(
    delivery: Delivery, *, at: int = NOW, reason: DeadReason = DeadReason.REJECTED, attempts: int = 1
) -> Finish:
    """Given up."""
    return Finish(
        delivery.key, delivery.route, Action.BURY, reason=reason, message="it was refused", attempts=attempts,
        at=at, sole=delivery.sole,
    )  # fmt: skip


class Harness(Protocol):
    """Opens an empty store: `async with harness(retention) as (work, upkeep, history)`."""

    def __call__(self, retention: Retention) -> AbstractAsyncContextManager[Store]: ...


async def claimed(
    work: Work,
    route: str = HOOK,
    *,
    now: int = NOW,
    limit: int = 100,
    max_bytes: int = 1_000_000,
    exclude: frozenset[int] = NONE,
) -> Claimed:
    """`Work.claim` for one webhook, with the limits that most tests do not care about."""
    return (await work.claim({route: Wanted(limit, max_bytes, exclude)}, now=now))[route]


async def claim(
    work: Work,
    route: str = HOOK,
    *,
    now: int = NOW,
    limit: int = 100,
    max_bytes: int = 1_000_000,
    exclude: frozenset[int] = NONE,
) -> list[Delivery]:
    """What is due of one webhook."""
    found = await claimed(work, route, now=now, limit=limit, max_bytes=max_bytes, exclude=exclude)
    return found.deliveries


async def next_due(
    work: Work, route: str = HOOK, exclude: frozenset[int] = NONE, *, now: int = NOW
) -> int | None:
    """When the next one of a webhook is due, if nothing is claimed."""
    return (await claimed(work, route, now=now, limit=0, exclude=exclude)).next_due


async def keys(work: Work, route: str = HOOK, *, now: int = NOW, **limits: int) -> list[int]:
    """Keys of what can be claimed."""
    return [one.key for one in await claim(work, route, now=now, **limits)]


async def dead_keys(history: History, route: str | None = None) -> list[int]:
    """Keys of the dead letters, newest first."""
    return [row.key for _, row in await history.dead_letters(ReplaySelector(route=route), limit=100)]


async def small_among_large(work: Work) -> list[str]:
    """Two large batches of events are accepted and then a small one, all at once: in which order they are answered."""
    answered: list[str] = []

    async def accept(name: str, batch: Sequence[NewEvent]) -> None:
        await work.accept(batch)
        answered.append(name)

    large = [[event(2 * number, HOOK) for number in range(1 + from_, 4_001 + from_)] for from_ in (0, 4_000)]
    await asyncio.gather(*(accept("large", batch) for batch in large), accept("small", [event(20_000, HOOK)]))
    return answered
