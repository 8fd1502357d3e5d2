"""A listening socket: the connections of one port, and an end to what takes too long.

Must not: know what is served, or read HTTP (`connection` does).
"""

from __future__ import annotations

import asyncio
import os
import socket
from time import monotonic
from typing import Any

from hookwright.core.addresses import write_address
from hookwright.dispatcher.ports.connection import Connection
from hookwright.dispatcher.ports.crowd import Crowd, Memory
from hookwright.errors import UsageError
from hookwright.inbound.listening import serve
from hookwright.limits import (
    ANSWER_BUFFER_BYTES,
    INGEST_CONNECTIONS,
    INGEST_KEEP_ALIVE_SECONDS,
    INGEST_MEMORY_BYTES,
    LISTEN_BACKLOG,
)

_SWEEP_SECONDS = 1.0


def _reason(error: OSError) -> str:
    number = error.errno or 0
    return os.strerror(number) if number > 0 else str(error.strerror)  # of a name there is no number


class Listener:
    """Serves one ASGI application on one address. `start` binds, `retire`, `stop_accepting` and `close` end it.

    `places`: connections at once; `backlog`: those that wait to be taken in; `memory`: what they may hold together
    (the default of each is the event port's); `keep_alive`: seconds after which an idle connection is closed.
    """

    def __init__(
        self,
        app: Any,
        host: str,
        port: int,
        *,
        places: int = INGEST_CONNECTIONS,
        backlog: int = LISTEN_BACKLOG,
        memory: Memory | None = None,
        keep_alive: float = INGEST_KEEP_ALIVE_SECONDS,
    ) -> None:
        self._app, self._host, self._port, self._keep_alive = app, host, port, keep_alive
        self._crowd: Crowd[Connection] = Crowd(places)
        self._backlog = backlog
        self._memory = Memory(INGEST_MEMORY_BYTES) if memory is None else memory
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._retires = False
        self._sweeper: asyncio.TimerHandle | None = None

    def serve(self, app: Any) -> None:
        """Serve this application from now on, on open connections too."""
        self._app = app
        for connection in list(self._crowd.all):
            connection.app = app

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens; the real port when 0 was asked for."""
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    async def start(self) -> None:
        """Bind and serve, unless it does. Raises UsageError when the address cannot be had."""
        if self._server is not None:
            return
        loop = asyncio.get_running_loop()
        try:
            self._server = await serve(self._connection, self._host, self._port, self._backlog)
        except OSError as error:
            raise UsageError(
                f"{write_address(self._host, self._port)} cannot be listened on ({_reason(error)}); name another "
                "address, or end the process that has it."
            ) from error
        for listening in self._server.sockets:
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ANSWER_BUFFER_BYTES)
        self._sweeper = loop.call_later(_SWEEP_SECONDS, self._sweep)

    def _connection(self) -> Connection:
        made = Connection(self._app, self._crowd, self._memory, self._tasks)
        if self._retires:
            made.last()
        return made

    def _sweep(self) -> None:
        now = monotonic()
        for connection in list(self._crowd.all):
            connection.sweep(now, self._keep_alive)
        self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep)

    def retire(self) -> None:
        """Serve as before, but one request on each connection, so that clients come to be elsewhere."""
        self._retires = True
        for connection in list(self._crowd.all):
            connection.last()

    def stop_accepting(self) -> None:
        """Take no new connection; requests under way end, idle connections close."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._crowd.all):
            connection.shutdown()

    async def close(self, timeout: float = 2.0) -> None:
        """Stop accepting and wait up to `timeout` seconds for requests under way."""
        self.stop_accepting()
        own = {each.task for each in self._crowd.all if each.task is not None}
        if tasks := own | self._tasks:
            await asyncio.wait(tasks, timeout=timeout)
        for connection in list(self._crowd.all):
            connection.transport.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
