"""All connections of a sender together: how many are open, and which idle one is closed to make room.

Must not: hold up who needs one: how many are in use is the callers' business, idle ones are not in their way.
"""

from __future__ import annotations

from hookwright.outbound.connection import Connection


class Sockets:
    """At most so many, but for what is in use."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: set[Connection] = set()
        self._idle: dict[Connection, None] = {}
        """The one unused longest first."""

    @property
    def full(self) -> bool:
        """Another one would be too many."""
        return len(self._open) >= self._most

    def opening(self, connection: Connection) -> None:
        """It is about to be opened: for it, one that is idle goes if need be."""
        if self.full and self._idle:
            oldest = next(iter(self._idle))
            self.closed(oldest)
            oldest.abort()
        self._open.add(connection)

    def closed(self, connection: Connection) -> None:
        """It is gone, or was not opened after all."""
        self._open.discard(connection)
        self._idle.pop(connection, None)

    def idle(self, connection: Connection) -> None:
        """It is kept unused."""
        self._idle[connection] = None

    def used(self, connection: Connection) -> None:
        """It is in use again."""
        self._idle.pop(connection, None)
