"""Webhooks as the small numbers that rows hold. Must not: remember anything else of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

import asyncpg

from hookwright.core.parts import part_of
from hookwright.store.postgres.failures import ROUTE_FORGOTTEN
from hookwright.store.postgres.server import Connection
from hookwright.store.postgres.statements import load


class Routes:
    """Numbers that are known, by name and the other way round."""

    def __init__(self, schema: str) -> None:
        self._sql = load("work.sql", schema)
        self.numbers: dict[str, int] = {}
        self.names: dict[int, str] = {}

    async def know(self, connection: Connection, routes: Iterable[str]) -> None:
        """Give a number to each of these that has none yet."""
        new = sorted({route for route in routes if route not in self.numbers})
        if new:
            await connection.execute(self._sql["insert_routes"], new, [part_of(route) for route in new])
            await self.look(connection, new)

    async def look(self, connection: Connection, routes: Iterable[str]) -> None:
        """Learn the numbers of these, as far as they have one: another process may have given it."""
        new = [route for route in routes if route not in self.numbers]
        if new:
            self.learn(await connection.fetch(self._sql["routes_by_name"], new))

    async def find(self, connection: Connection, numbers: Collection[int]) -> None:
        """Learn the names of these, as far as they are not known."""
        new = [number for number in numbers if number not in self.names]
        if new:
            self.learn(await connection.fetch(self._sql["routes_by_number"], new))

    @contextmanager
    def checked(self) -> Iterator[None]:
        """While rows are written for numbers: if one was forgotten meanwhile, all are looked up again the next time."""
        try:
            yield
        except asyncpg.PostgresError as error:
            if error.sqlstate == ROUTE_FORGOTTEN:
                self.numbers.clear()
            raise

    def forget(self, routes: Iterable[str]) -> None:
        """Webhooks whose rows were deleted."""
        for route in routes:
            self.names.pop(self.numbers.pop(route, 0), None)

    async def load(self, connection: Connection) -> None:
        """Read all; what was forgotten meanwhile is not known any more."""
        self.numbers.clear()
        self.names.clear()
        self.learn(await connection.fetch(self._sql["all_routes"]))

    def learn(self, rows: Iterable[tuple[str, int]]) -> None:
        """These are the numbers of webhooks."""
        for route, number in rows:
            self.numbers[route] = number
            self.names[number] = route
