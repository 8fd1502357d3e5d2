"""What is shown of webhooks, for the processes that do not work on them. Must not: know what it says."""

from __future__ import annotations

from datetime import UTC, datetime

from hookwright.core.parts import Parts, part_of
from hookwright.limits import SHOWN_OVERLAP_SECONDS
from hookwright.store.owner import Told
from hookwright.store.postgres.server import Connection
from hookwright.store.postgres.statements import load


class Showing:
    """By one process, to others and from them."""

    def __init__(self, schema: str, holder: str) -> None:
        self._sql, self._holder = load("showing.sql", schema), holder
        self._looked = datetime.fromtimestamp(0, UTC)

    async def show(self, connection: Connection, slot: int, told: Told) -> None:
        """See `store.owner.Owner.show`."""
        parts = [part_of(route) for route in told.shown]
        texts = [text.decode() for text in told.shown.values()]
        await connection.execute(self._sql["show"], [*told.shown], parts, texts)
        [shares] = told.shares
        await connection.execute(self._sql["share"], slot, self._holder, shares.decode())

    async def look(self, connection: Connection, slot: int, own: Parts) -> Told:
        """See `store.owner.Owner.shown`."""
        now = await connection.fetchval(self._sql["clock"])
        rows = await connection.fetch(self._sql["shown"], self._looked, SHOWN_OVERLAP_SECONDS, sorted(own))
        self._looked = now
        shares = await connection.fetch(self._sql["shares"], slot)
        return Told({route: text.encode() for route, text in rows}, [each.encode() for (each,) in shares])
