"""Who is connected to a port, what all of them hold, and who is let go for one who comes.

A port has places for so many connections. When all are taken the one that needs its place least gives it up: one that
never sent a byte, else the one that has been without a request longest, else the one whose head has been coming
longest. One whose request is being answered keeps its place. Must not: read or write.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from hookwright.limits import INGEST_LARGE_BYTES, INGEST_LARGE_SHARE


class Memory:
    """Bytes that the requests of one port hold, all connections together: what came of them, and what became of it."""

    def __init__(self, limit: int) -> None:
        self._limit, self._large_limit = limit, int(limit * INGEST_LARGE_SHARE)
        self.held = 0

    def take(self, size: int, *, large: bool = False) -> bool:
        """Whether there is room for so many bytes more; they count from now on. A large body leaves room for others."""
        if self.held + size > (self._large_limit if large else self._limit):
            return False
        self.held += size
        return True

    def give(self, size: int) -> None:
        """These are held no longer."""
        self.held -= size


class Guest(ABC):
    """A connection as its port knows it: where it stands, and what it holds."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._table: dict[Any, None] | None = None
        self.held = 0

    @abstractmethod
    def give_up(self) -> None:
        """Close it without a word; what it held is free at once."""

    def hold(self, size: int) -> bool:
        """Count so many bytes as held by this one; False, and no change, if there is no room."""
        more = size - self.held
        if more > 0 and not self._memory.take(more, large=size > INGEST_LARGE_BYTES):
            return False
        if more < 0:
            self._memory.give(-more)
        self.held = size
        return True

    def move(self, table: dict[Any, None] | None) -> None:
        """Stand in this table of the crowd, and in no other."""
        if self._table is not table:
            if self._table is not None:
                self._table.pop(self, None)
            if table is not None:
                table[self] = None
            self._table = table


_Guest = TypeVar("_Guest", bound=Guest)


class Crowd(Generic[_Guest]):
    """The connections of one port, at most `places`: each table has the one that stands in it longest first."""

    def __init__(self, places: int) -> None:
        self._places = places
        self.all: set[_Guest] = set()
        self.silent: dict[_Guest, None] = {}
        """Without a byte so far, or on their way out."""
        self.idle: dict[_Guest, None] = {}
        """Between two requests."""
        self.coming: dict[_Guest, None] = {}
        """Whose head is not whole yet."""
        self.unread: dict[_Guest, None] = {}
        """Who do not read their answer."""

    def enter(self, guest: _Guest) -> bool:
        """Take one in; False if there is no place: it is among them only until it has been told so."""
        while len(self.all) >= self._places and self._let_go():
            pass
        free = len(self.all) < self._places
        self.all.add(guest)
        return free

    def _let_go(self) -> bool:
        for table in (self.silent, self.idle, self.coming):
            for guest in table:
                self.all.discard(guest)
                del table[guest]
                guest.give_up()
                return True
        return False
