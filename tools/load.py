"""Load and target in one process, so that one clock sees both ends: posts events, receives deliveries.

An event carries its number; the target finds it in the body it receives and so knows when it was posted.
Only ratios of one run mean something on a shared machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import httptools
import orjson

from hookwright.core.samples import sample
from receiver import Receiver

_NUMBER = re.compile(rb"n-([0-9]{10})")


def event_bytes(pad: int = 1024) -> tuple[bytes, bytes]:
    """A RequestGranted event of `pad` bytes, as the text before and after its number."""
    event = sample("RequestGranted")
    event["data"]["id"] = "n-@@@@@@@@@@"
    event["data"]["justification"] = ""
    missing = pad - len(orjson.dumps(event))
    event["data"]["justification"] = ("needed for the quarterly review " * 40)[: max(0, missing)]
    before, _, after = orjson.dumps(event).partition(b"@@@@@@@@@@")
    return before, after


class Target(Receiver):
    """The receiving end: tells `seen` the number of each delivery and when it came."""

    seen: Callable[[int, float], None] = staticmethod(lambda number, when: None)

    def __init__(self) -> None:
        super().__init__(None)

    def on_message_complete(self) -> None:
        found = _NUMBER.search(self.body)
        if found is not None and b"/uncounted" not in self.url:
            Target.seen(int(found[1]), time.perf_counter())
        super().on_message_complete()


@contextlib.asynccontextmanager
async def target(cert: Path, protocol: Callable[[], Receiver] = Target) -> AsyncIterator[int]:
    """Listen with TLS, in this process; gives the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context, backlog=2048)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in list(Receiver.open):
            connection.transport.abort()
        while Receiver.open:
            await asyncio.sleep(0)


@dataclass
class Run:
    """What was seen: seconds of each acknowledgement, and of each delivery since its event was posted."""

    fan_out: int = 1
    """Deliveries that each event makes."""
    acks: list[float] = field(default_factory=list)
    deliveries: list[float] = field(default_factory=list)
    refused: int = 0
    posted: dict[int, float] = field(default_factory=dict)
    seconds: float = 0.0

    def received(self, number: int, when: float) -> None:
        """A delivery came."""
        began = self.posted.get(number)
        if began is not None:
            self.deliveries.append(when - began)

    @property
    def undelivered(self) -> int:
        """Acknowledged and not delivered (yet)."""
        return len(self.acks) * self.fan_out - len(self.deliveries)


class Client(asyncio.Protocol):
    """One kept connection to the event port; one request at a time."""

    def __init__(self, run: Run, done: Callable[[Client], None]) -> None:
        self.run, self.done = run, done
        self.parser = httptools.HttpResponseParser(self)
        self.transport: asyncio.Transport
        self.began = 0.0
        self.number = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def post(self, path: bytes, number: int, before: bytes, after: bytes) -> None:
        """Send one event."""
        body = b"%b%010d%b" % (before, number, after)
        self.number = number
        self.began = time.perf_counter()
        self.run.posted[number] = self.began
        self.transport.write(
            b"POST %b HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%b" % (path, len(body), body)
        )

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        if self.parser.get_status_code() == 202:
            self.run.acks.append(time.perf_counter() - self.began)
        else:
            self.run.refused += 1
        self.done(self)


class Load:
    """Posts events to an event port and waits for their deliveries."""

    def __init__(self, port: int, path: str = "/v1/events", others: Sequence[int] = ()) -> None:
        """`others`: further ports; each connection is to one of all, in turn."""
        self._ports, self._path = [port, *others], path.encode()
        self._before, self._after = event_bytes()
        self._next = 0

    async def closed(self, connections: int, seconds: float, fan_out: int = 1) -> Run:
        """Closed loop: each connection posts the next event when it has its answer."""
        run = Run(fan_out)
        Target.seen = run.received
        end = time.perf_counter() + seconds
        idle: asyncio.Event = asyncio.Event()
        busy = connections

        def again(client: Client) -> None:
            nonlocal busy
            if time.perf_counter() < end:
                self._post(client)
                return
            busy -= 1
            client.transport.close()
            if busy == 0:
                idle.set()

        clients = await self._connect(connections, run, again)
        began = time.perf_counter()
        for client in clients:
            self._post(client)
        await idle.wait()
        await self._drain(run)
        run.seconds = time.perf_counter() - began
        return run

    async def fixed(self, rate: float, seconds: float, fan_out: int = 1, connections: int = 64) -> Run:
        """Fixed rate; an event waits for a free connection and the wait counts."""
        run = Run(fan_out)
        Target.seen = run.received
        free: list[Client] = []
        clients = await self._connect(connections, run, free.append)
        free.extend(clients)
        began = time.perf_counter()
        count = int(rate * seconds)
        for at in range(count):
            delay = began + at / rate - time.perf_counter()
            if delay > 0:
                await asyncio.sleep(delay)
            while not free:
                await asyncio.sleep(0.0005)
            self._post(free.pop())
        while len(free) < connections:
            await asyncio.sleep(0.001)
        for client in clients:
            client.transport.close()
        await self._drain(run)
        run.seconds = time.perf_counter() - began
        return run

    def _post(self, client: Client) -> None:
        self._next += 1
        client.post(self._path, self._next, self._before, self._after)

    async def _connect(self, connections: int, run: Run, done: Callable[[Client], None]) -> list[Client]:
        loop = asyncio.get_running_loop()
        clients = []
        for number in range(connections):
            port = self._ports[number % len(self._ports)]
            _, client = await loop.create_connection(lambda: Client(run, done), "127.0.0.1", port)
            clients.append(client)
        return clients

    async def _drain(self, run: Run, seconds: float = 20.0) -> None:
        """Until every accepted event was delivered, or nothing has come for a second."""
        end = time.perf_counter() + seconds
        while run.undelivered > 0 and time.perf_counter() < end:
            before = len(run.deliveries)
            await asyncio.sleep(0.25)
            if len(run.deliveries) == before and time.perf_counter() > end - seconds + 2:
                break


def percentile(values: list[float], share: float) -> float:
    """Milliseconds."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else float("nan")
