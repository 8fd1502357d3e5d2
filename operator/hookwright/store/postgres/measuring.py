"""What dead letters and history take, read from what the database has of them. Must not: change anything."""

from __future__ import annotations

from collections import defaultdict

from hookwright.core.records import Use
from hookwright.core.shares import namespace_of
from hookwright.store.kept import Kept, attempts_size, letters_size
from hookwright.store.port import Retention
from hookwright.store.postgres.server import Connection
from hookwright.store.postgres.statements import load


async def kept_dead_letters(connection: Connection, schema: str) -> Kept:
    """The dead letters. Reads all of them."""
    sql = load("upkeep.sql", schema)
    namespaces = {
        name: letters_size(number, size)
        for name, number, size in await connection.fetch(sql["dead_namespaces"])
    }
    webhooks: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for route, number, size in await connection.fetch(sql["dead_sizes"]):
        webhooks[namespace_of(route)][route] = letters_size(number, size)
    return Kept(namespaces, namespaces.pop(""), webhooks.__getitem__)


async def kept_history(connection: Connection, schema: str) -> Kept:
    """The history of attempts."""
    rows = await connection.fetch(load("upkeep.sql", schema)["history_sizes"])
    return Kept.of_webhooks((route, attempts_size(number, size)) for route, number, size in rows)


async def uses(connection: Connection, schema: str, keep: Retention) -> dict[str, Use]:
    """For metrics (`StoreStats.kept`)."""
    dead, history = await kept_dead_letters(connection, schema), await kept_history(connection, schema)
    return uses_of(dead, history, keep)


def uses_of(dead: Kept, history: Kept, keep: Retention) -> dict[str, Use]:
    """Of what was measured."""
    return {"dead_letters": dead.use(keep.dead_letter_bytes), "history": history.use(keep.history_bytes)}
