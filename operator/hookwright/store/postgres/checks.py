"""What a server must be so that what it says is stored is stored; looked at before it is trusted.

Must not: change the server's settings.
"""

from __future__ import annotations

from typing import Final

from hookwright.errors import StoreError
from hookwright.store.postgres.server import Connection
from hookwright.store.postgres.statements import load

_OLDEST: Final = 140000
_SETTINGS: Final = """
SELECT current_setting('server_version_num')::INT, current_setting('server_version'), current_setting('fsync'),
       current_setting('full_page_writes'), current_setting('synchronous_standby_names') <> ''"""


async def check(connection: Connection, schema: str, *, allow_unsafe: bool) -> bool:
    """Whether a synchronous standby is named. Raises StoreError with what is wrong and the cure."""
    number, version, fsync, pages, standby = await connection.fetchrow(_SETTINGS)
    if number < _OLDEST:
        raise StoreError(f"PostgreSQL {version} is too old: 14 or newer is needed.")
    commit = await _synchronous_commit(connection, schema)
    off = [name for name, value in (("fsync", fsync), ("full_page_writes", pages)) if value != "on"]
    off += [] if commit in ("on", "remote_apply") else ["synchronous_commit"]
    if off and not allow_unsafe:
        raise StoreError(
            f"PostgreSQL may lose what it says is stored ({' and '.join(off)} is off): set it to on, or allow it by "
            "HOOKWRIGHT_STORE_POSTGRES_ALLOW_UNSAFE=true."
        )
    return bool(standby)


async def _synchronous_commit(connection: Connection, schema: str) -> str:
    """As it is where something is stored, read back."""
    async with connection.transaction():
        await connection.execute(load("work.sql", schema)["durable"])
        return str(await connection.fetchval("SELECT current_setting('synchronous_commit')"))
