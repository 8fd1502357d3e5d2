"""What is shown of webhooks, for the processes that do not work on them. Must not: know what it says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from hookwright.core.parts import Parts, part_of
from hookwright.limits import SHOWN_OVERLAP_SECONDS
from hookwright.store.postgres.server import Connection
from hookwright.store.postgres.statements import load


class Showing:
    """By one process, to others and from them."""

    def __init__(self, schema: str) -> None:
        self._sql = load("showing.sql", schema)
        self._looked = datetime.fromtimestamp(0, UTC)

    async def show(self, connection: Connection, shown: Mapping[str, bytes]) -> None:
        """See `store.owner.Owner.show`."""
        parts = [part_of(route) for route in shown]
        texts = [text.decode() for text in shown.values()]
        await connection.execute(self._sql["show"], [*shown], parts, texts)

    async def look(self, connection: Connection, own: Parts) -> dict[str, bytes]:
        """See `store.owner.Owner.shown`."""
        now = await connection.fetchval(self._sql["clock"])
        rows = await connection.fetch(self._sql["shown"], self._looked, SHOWN_OVERLAP_SECONDS, sorted(own))
        self._looked = now
        return {route: text.encode() for route, text in rows}
