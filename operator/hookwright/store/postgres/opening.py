"""Opens the store in a PostgreSQL database: made, checked, owned, read. Must not: go on after it could not."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from hookwright.store.database import Database
from hookwright.store.port import Retention, Store
from hookwright.store.postgres.failures import as_store_error
from hookwright.store.postgres.health import Health
from hookwright.store.postgres.migrating import migrate
from hookwright.store.postgres.reader import PostgresHistory
from hookwright.store.postgres.server import Server
from hookwright.store.postgres.writer import PostgresStore


async def open_postgres(
    database: Database, *, retention: Retention, on_broken: Callable[[str], None]
) -> Store:
    """Open or make the store; `on_broken` is called with one sentence when another process took it over.

    Raises StoreAway while the database cannot be used, StoreLocked, StoreDamaged, or StoreError if it cannot be trusted;
    then nothing stays open.
    """
    server, health = Server(database, f"hookwright-{secrets.token_hex(4)}"), Health()
    work = PostgresStore(server, health, retention, lambda error: on_broken(str(error)))
    try:
        connection = await server.look()
        try:
            tag = await migrate(connection, database.schema)
            await work.begin(connection, tag)
        finally:
            connection.terminate()
    except Exception as error:
        await work.close()
        raise as_store_error(error) from error
    return Store(work, work, PostgresHistory(server, health, slot=work.slot))
