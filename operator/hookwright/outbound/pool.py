"""Kept connections of one webhook, so that no webhook waits for, or uses, what belongs to another.

The pool never queues: how many requests are in flight is the caller's business. Taking and giving back cost
the same with one connection or a thousand: the one used last is used first, so those not needed grow old and
are closed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from time import monotonic

from hookwright import limits
from hookwright.outbound.connection import Connection
from hookwright.outbound.sockets import Sockets
from hookwright.outbound.tls import Tls


@dataclass(frozen=True, slots=True)
class Keep:
    """How long connections are kept, in seconds: unused, and in all."""

    idle: float = limits.IDLE_SECONDS
    life: float = limits.CONNECTION_SECONDS


class ConnectionPool:
    """The connections of one webhook, made with one trust and identity, by host."""

    def __init__(self, webhook: str, tls: Tls, keep: Keep, sockets: Sockets) -> None:
        self.webhook, self.tls = webhook, tls
        self._keep, self._sockets = keep, sockets
        self._idle: dict[str, deque[Connection]] = {}
        self._all: set[Connection] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False

    def take(self, host: str, now: float) -> Connection | None:
        """A kept connection to `host`, if there is one that can be used. `now`: monotonic seconds."""
        idle = self._idle.get(host)
        while idle:
            connection = idle.pop()
            self._sockets.used(connection)
            young = now - connection.born < self._keep.life
            if connection.reusable and young and connection.issue == self.tls.issue:
                return connection
            connection.abort()
        return None

    def add(self, connection: Connection) -> None:
        """A new connection, in use."""
        self._all.add(connection)

    def forget(self, connection: Connection) -> None:
        """A connection that was lost. If it was idle, `take` and the sweeper pass over it."""
        self._all.discard(connection)
        self._sockets.closed(connection)

    def give_back(self, connection: Connection) -> None:
        """A connection whose request has ended; closed when it cannot be used again."""
        if not connection.reusable:
            return
        now = monotonic()
        if self._closed or now - connection.born >= self._keep.life:
            connection.abort()
            return
        connection.idle_since = now
        idle = self._idle.get(connection.host)
        if idle is None:
            idle = self._idle[connection.host] = deque()
        idle.append(connection)
        self._sockets.idle(connection)
        if self._sweeper is None:
            self._sweep_in(self._keep.idle)

    def close(self) -> None:
        """Close idle connections now, busy ones when they end."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        for idle in self._idle.values():
            for connection in idle:
                connection.abort()
        self._idle.clear()

    @property
    def size(self) -> int:
        """See `port.Pool`."""
        return len(self._all)

    def connections(self) -> tuple[Connection, ...]:
        """All that are open, busy ones too."""
        return tuple(self._all)

    def _sweep_in(self, seconds: float) -> None:
        self._sweeper = asyncio.get_running_loop().call_later(seconds, self._sweep)

    def _sweep(self) -> None:
        """Close what was not used for long; the oldest stand at the left."""
        self._sweeper = None
        now = monotonic()
        oldest = now
        for host, idle in list(self._idle.items()):
            while idle and (not idle[0].reusable or now - idle[0].idle_since >= self._keep.idle):
                idle.popleft().abort()
            if idle:
                oldest = min(oldest, idle[0].idle_since)
            else:
                del self._idle[host]
        if self._idle:
            self._sweep_in(max(oldest + self._keep.idle - now, _SWEEP_SECONDS))


_SWEEP_SECONDS = (
    0.05  # at least between two sweeps, so that many connections of slightly different age are one
)
