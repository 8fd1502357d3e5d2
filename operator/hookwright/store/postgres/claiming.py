"""What waits of webhooks and is due: of many of them in one look, then the bytes of what was chosen.

Must not: decide what is due first (`store.claiming`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hookwright.core.records import Claimed, Delivery, Wanted
from hookwright.store.claiming import claimed
from hookwright.store.postgres.routes import Routes
from hookwright.store.postgres.server import Connection
from hookwright.store.postgres.statements import load


async def claim(
    connection: Connection, routes: Routes, schema: str, wanted: Mapping[str, Wanted], now: int
) -> dict[str, Claimed]:
    """See `store.port.Work.claim`."""
    sql = load("work.sql", schema)
    await routes.look(connection, wanted)
    known = {route: routes.numbers[route] for route in wanted if route in routes.numbers}
    excluded = [key for route in known for key in wanted[route].exclude]
    limits = [wanted[route].limit for route in known]
    rows = await connection.fetch(sql["heads"], list(known.values()), limits, excluded)
    chosen = _chosen(rows, known, wanted, now)
    keys = [delivery.event_key for one in chosen.values() for delivery in one.deliveries]
    events = {row[0]: row for row in await connection.fetch(sql["events"], keys)} if keys else {}
    found = {
        route: one._replace(deliveries=[*_whole(one.deliveries, events)]) for route, one in chosen.items()
    }
    return {route: found.get(route, Claimed([], None)) for route in wanted}


def _chosen(
    rows: Iterable[Any], known: Mapping[str, int], wanted: Mapping[str, Wanted], now: int
) -> dict[str, Claimed]:
    """Which of the heads go, of each webhook; their events are not read yet."""
    at_once: dict[int, list[Delivery]] = {number: [] for number in known.values()}
    delayed: dict[int, list[Delivery]] = {number: [] for number in known.values()}
    names = {number: route for route, number in known.items()}
    sizes = {}
    for number, key, event_key, received, attempts, steps, due, size in rows:
        delivery = Delivery(key, event_key, names[number], "", None, b"", received, attempts, steps, due)
        (delayed if due else at_once)[number].append(delivery)
        sizes[key] = size
    return {
        route: claimed(iter(at_once[number]), iter(delayed[number]), wanted[route], now, sizes)
        for route, number in known.items()
    }


def _whole(deliveries: Iterable[Delivery], events: Mapping[int, Any]) -> Iterator[Delivery]:
    """With their events; one whose event is gone was done since."""
    for one in deliveries:
        if (event := events.get(one.event_key)) is not None:
            _, event_type, trigger, raw, sole, hops = event
            yield one._replace(event_type=event_type, trigger=trigger, raw=raw, sole=sole, hops=hops)
