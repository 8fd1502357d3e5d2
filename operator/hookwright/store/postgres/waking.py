"""What processes do to webhooks on which others work: told in a table, from which those take it, and woken by a notice.

Where no notice comes (behind a pooler, or while the connection for them is lost) the table is looked at several times a
second. Must not: know what is done about it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

from hookwright.core.parts import Parts
from hookwright.limits import STORE_GATHER_SECONDS, STORE_LOOK_SECONDS, STORE_MISSED_SECONDS
from hookwright.store.owner import Arrival
from hookwright.store.postgres.routes import Routes
from hookwright.store.postgres.server import Connection, Link
from hookwright.store.postgres.statements import load

COLUMNS: Final = 5
"""Of an arrival, in the order of `arrive_1`."""


class Arrivals:
    """By one process, to others and from them. `listening` is the connection on which notices come."""

    def __init__(
        self, link: Link, listening: Link, routes: Routes, schema: str, *, moved: Callable[[], None]
    ) -> None:
        """`moved` is told when another process came, goes, or gave parts away."""
        self._link, self._listening, self._routes, self._moved = link, listening, routes, moved
        self._sql, self.channel = load("work.sql", schema), schema
        self.own = Parts()
        """See `store.port.Work`."""
        self._notice = asyncio.Event()
        self._heard = False

    def work_on(self, parts: Parts) -> None:
        """The own parts are these; what was told of those that are new came without a notice to this process."""
        if parts - self.own:
            self._notice.set()
        self.own = parts

    async def taken(self) -> list[Arrival]:
        """All for the own parts since the last call."""
        async with self._link.connection() as connection:
            rows = await connection.fetch(self._sql["arrived"], sorted(self.own))
        self._routes.learn((route, number) for route, number, *_ in rows)
        return [
            Arrival(route, waiting, size, dead, retried=wish > 0, forgiven=wish > 1)
            for route, _, waiting, size, dead, wish in rows
        ]

    async def tell(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """In the transaction of what was done: rows as `told` makes them."""
        if rows:
            values = zip(*rows, strict=True)
            await connection.execute(self._sql["arrive"], self.channel, *map(list, values))

    # --- notices ---------------------------------------------------------------------------------

    async def woken(self) -> AsyncIterator[None]:
        """Each time that there may be something; what comes at the same time is gathered for a moment."""
        while True:
            await self._wait()
            await asyncio.sleep(STORE_GATHER_SECONDS)
            self._notice.clear()
            yield

    async def _wait(self) -> None:
        if not await self._listens():
            await asyncio.sleep(STORE_LOOK_SECONDS)
            return
        with suppress(TimeoutError):  # of a line that is dead nobody may know for long
            async with asyncio.timeout(STORE_MISSED_SECONDS):
                await self._notice.wait()

    async def _listens(self) -> bool:
        if not self._heard:
            with suppress(Exception):  # it is looked for instead, and tried again
                self._heard = await self._listening.listen(self.channel, self._noticed, self._lost)
                self._notice.set()  # what came before
        return self._heard

    def _noticed(self, parts: str) -> None:
        if not parts:
            self._moved()
        elif any(int(part) in self.own for part in parts.split(",")):
            self._notice.set()

    def _lost(self) -> None:
        self._heard = False
        self._notice.set()


def told(changes: Iterable[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int, int]]:
    """One row a webhook from (its number, waiting, bytes, dead)."""
    sums: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for number, *change in changes:
        sums[number] = [one + more for one, more in zip(sums[number], change, strict=True)]
    return [(number, *counts, 0) for number, counts in sums.items()]  # type: ignore[misc]
