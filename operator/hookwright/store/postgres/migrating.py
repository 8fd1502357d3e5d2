"""The schema, made by the first process that comes and brought up to date by a newer release, one at a time.

Must not: change tables in a way that the release before does not read.
"""

from __future__ import annotations

import secrets
from typing import Final

from hookwright.errors import StoreDamaged, StoreLocked
from hookwright.limits import KEY_SLOTS, STORE_PARTS
from hookwright.store.postgres.server import NOT_HELD, Connection
from hookwright.store.postgres.statements import load, text

VERSION: Final = 1
"""Of the schema. What an older release cannot read raises it; additions do not."""
MOVED: Final = "moved "
"""How `meta.copy` begins once a copy has gone elsewhere; the word behind it is in the name of that file."""
_TAG: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # as in core.event


async def migrate(connection: Connection, schema: str) -> str:
    """Make the tables if there are none, and the functions anew; the installation's tag.

    Raises StoreDamaged if the schema is that of a newer release.
    """
    sql = load("migrating.sql", schema)
    async with connection.transaction():
        await connection.execute(NOT_HELD)
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", f"{schema} migrating")
        if not await connection.fetchval(sql["there"]):
            await _make(connection, schema)
        tag, version = await connection.fetchrow(sql["meta"])
        if version > VERSION:
            raise StoreDamaged(
                f"The schema {schema} of the database is that of a newer release (version {version}); nothing was changed. "
                "Go back to that release, or name another schema."
            )
        if not await connection.fetchval(sql["groups_there"]):
            await connection.execute(text("groups.sql", schema))
        await connection.execute(text("functions.sql", schema))
    return str(tag)


async def refuse_copied(connection: Connection, schema: str, tag: str) -> None:
    """For who owns a part of the store by now. Raises StoreLocked while a copy is not finished, or has gone elsewhere."""
    found, copy = await connection.fetchrow(load("migrating.sql", schema)["standing"])
    if copy is not None and copy.startswith(MOVED):
        raise moved_away(schema)
    if copy is not None or found != tag:
        raise StoreLocked(
            f"The schema {schema} of the database is being copied into: let `hookwright store copy` come to its end, or "
            "run it again."
        )


def moved_away(schema: str) -> StoreLocked:
    """The exception for a schema whose deliveries are in a data folder now."""
    return StoreLocked(
        f"What was in the schema {schema} of the database was copied to a data folder and goes on there: use that folder, "
        "or name another schema."
    )


async def _make(connection: Connection, schema: str) -> None:
    sql = load("migrating.sql", schema)
    if not await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", f'"{schema}"'):
        await connection.execute(f'CREATE SCHEMA "{schema}"')
    await connection.execute(text("schema.sql", schema))
    tag = "".join(secrets.choice(_TAG) for _ in range(6))
    await connection.execute(sql["insert_meta"], tag, VERSION)
    await connection.execute(sql["insert_slots"], KEY_SLOTS)
    await connection.execute(sql["insert_parts"], STORE_PARTS)
