"""A TLS server on loopback whose every move a test decides, and certificates of every kind.

A behaviour is a coroutine that is called with each connection (`Peer`) and does what it wants with the bytes.
"""

import asyncio
import datetime
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import trustme

HOST = "target.example"
OTHER_HOST = "second.example"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@dataclass
class Received:
    """One request as the server read it."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


class Peer:
    """The server's side of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: "Target") -> None:
        self.reader = reader
        self.writer = writer
        self.target = target

    async def request(self) -> Received | None:
        """The next request in full; None when the client has closed."""
        try:
            head = await self.head()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            return None
        lengths = [int(value) for name, value in head.headers if name.lower() == "content-length"]
        head.body = await self.reader.readexactly(lengths[0]) if lengths else b""
        self.target.requests.append(head)
        return head

    async def head(self) -> Received:
        text = (await self.reader.readuntil(b"\r\n\r\n")).decode("utf-8")
        line, *lines = text[:-4].split("\r\n")
        headers = [(name, value) for name, _, value in (entry.partition(": ") for entry in lines)]
        return Received(line, headers, b"")

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> None:
        """Wait until the client has closed: a stall."""
        with suppress(ConnectionError, ssl.SSLError):
            while await self.reader.read(65_536):
                pass
        self.target.gone.set()

    def reset(self) -> None:
        """Close with a TCP reset."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Behaviour = Callable[[Peer], Awaitable[None]]


@dataclass
class Target:
    """A running server: where it is and what came."""

    port: int = 0
    connections: int = 0
    requests: list[Received] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)


async def keep_alive(peer: Peer) -> None:
    """Answer every request with 200."""
    await answering(OK)(peer)


def answering(answer: bytes) -> Behaviour:
    """Answer every request with these bytes and keep the connection."""

    async def behave(peer: Peer) -> None:
        while await peer.request() is not None:
            await peer.write(answer)

    return behave


def once(answer: bytes) -> Behaviour:
    """Answer one request with these bytes, then close."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.write(answer)

    return behave


@asynccontextmanager
async def serve(behaviour: Behaviour, context: ssl.SSLContext | None) -> AsyncIterator[Target]:
    """A server for the block; `context` None: plain TCP."""
    target = Target()
    peers: set[asyncio.Task[None]] = set()

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target.connections += 1
        task = asyncio.current_task()
        assert task is not None
        peers.add(task)
        try:
            with suppress(ConnectionError, ssl.SSLError):
                await behaviour(Peer(reader, writer, target))
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            peers.discard(task)
            writer.transport.abort() if task.cancelling() else writer.close()

    server = await asyncio.start_server(run, "127.0.0.1", 0, ssl=context, limit=2**20)
    target.port = server.sockets[0].getsockname()[1]
    try:
        yield target
    finally:
        server.close()
        for task in list(peers):
            task.cancel()
        await asyncio.gather(*peers, return_exceptions=True)
        await server.wait_closed()


class Certificates:
    """A throwaway CA and server contexts under it."""

    def __init__(self) -> None:
        self.ca = trustme.CA()
        self.good = self.server(self.ca.issue_cert(HOST, OTHER_HOST, "127.0.0.1"))

    @property
    def pem(self) -> str:
        return self.ca.cert_pem.bytes().decode()

    def server(self, cert: trustme.LeafCert) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cert.configure_cert(context)
        return context

    def wrong_name(self) -> ssl.SSLContext:
        return self.server(self.ca.issue_cert("other.example"))

    def expired(self) -> ssl.SSLContext:
        return self.server(self.ca.issue_cert(HOST, not_after=_now() - datetime.timedelta(days=1)))

    def not_yet_valid(self) -> ssl.SSLContext:
        return self.server(self.ca.issue_cert(HOST, not_before=_now() + datetime.timedelta(days=1)))

    def unknown_ca(self) -> ssl.SSLContext:
        return self.server(trustme.CA().issue_cert(HOST))

    def self_signed(self) -> ssl.SSLContext:
        """The certificate is its own CA, for the right name."""
        authority = trustme.CA(organization_name="self")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with trustme.Blob(authority.private_key_pem.bytes() + authority.cert_pem.bytes()).tempfile() as path:
            context.load_cert_chain(path)
        return context

    def wants_client_certificate(self) -> ssl.SSLContext:
        context = self.server(self.ca.issue_cert(HOST))
        context.verify_mode = ssl.CERT_REQUIRED
        self.ca.configure_trust(context)
        return context


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
