"""The receiver of `dev --sink`: every connection ends here, behind real TLS, so that a first try reaches no stranger.

Its certificate authority is made at the start, and its key never leaves the process; a certificate is made for each
host when it is asked for. `trustme` makes them, an extra: the image does without it.
Must not: print (what came is shown from the record of the attempt, which holds no secret), or connect anywhere.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable
from typing import Final, cast

import httptools
import trustme

from hookwright.api.config import RouteConfig
from hookwright.cli.sink_answers import OK, TOKEN, answers
from hookwright.core.hosts import is_address
from hookwright.core.routes import hosts_of
from hookwright.dispatcher.testruns import TestRequest
from hookwright.limits import SINK_BODY_BYTES, SINK_HOSTS
from hookwright.outbound.port import StandIn

_ADDRESS: Final = "127.0.0.1"


class Sink:
    """Takes every request and answers 200, a request for a token with one. `start`, then `use`; `close` at the end."""

    def __init__(self) -> None:
        self._authority = trustme.CA()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._addresses: tuple[str, ...] = ()
        self._answers: dict[str, bytes] = {}
        self._visits: set[_Visit] = set()

    async def start(self) -> StandIn:
        """Listen on a free port of loopback, and say where, and whom to trust."""
        self._context = self._presenting("localhost")
        self._context.sni_callback = self._choose
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Visit(self._answer, self._visits), _ADDRESS, 0, ssl=self._context
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return StandIn(_ADDRESS, port, self._authority.cert_pem.bytes().decode())

    def use(self, webhooks: Iterable[RouteConfig], tests: Iterable[TestRequest]) -> None:
        """Answer as these want it from now on."""
        webhooks = list(webhooks)
        self._answers = answers(webhooks, tests)
        hosts = {host for webhook in webhooks for host in hosts_of(webhook)}
        addresses = tuple(sorted(filter(is_address, hosts)))
        if (
            addresses != self._addresses
        ):  # nobody names an address in a handshake: one certificate holds them all
            self._addresses = addresses
            self._authority.issue_cert("localhost", *addresses).configure_cert(self._context)

    async def close(self) -> None:
        """End all connections."""
        self._server.close()
        for visit in list(self._visits):
            visit.transport.abort()
        await self._server.wait_closed()

    def _choose(self, handshake: ssl.SSLObject, host: str | None, _: ssl.SSLContext) -> None:
        """Present the certificate of the host that a client asks for (RFC 6066, server_name)."""
        if host is None:
            return
        if host not in self._contexts:
            if len(self._contexts) >= SINK_HOSTS:
                self._contexts.clear()
            self._contexts[host] = self._presenting(host)
        handshake.context = self._contexts[host]

    def _presenting(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*names).configure_cert(context)
        return context

    def _answer(self, host: str, body: bytes) -> bytes:
        return TOKEN if b"grant_type=client_credentials" in body else self._answers.get(host, OK)


class _Visit(asyncio.Protocol):
    """One connection, one request after another."""

    transport: asyncio.Transport

    def __init__(self, answer: Callable[[str, bytes], bytes], visits: set[_Visit]) -> None:
        self._answer, self._visits = answer, visits
        self._parser = httptools.HttpRequestParser(self)
        self._host, self._body = "", b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._visits.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._visits.discard(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.abort()

    def on_message_begin(self) -> None:
        self._host, self._body = "", b""

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"host":
            self._host = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body += body[: SINK_BODY_BYTES - len(self._body)]

    def on_message_complete(self) -> None:
        body = self._answer(self._host, self._body)
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)
