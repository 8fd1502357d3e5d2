"""The only way out: one HTTP/1.1 request over TLS, one answer or one SendError, within one deadline.

Ties the parts together: `connector` opens, `pool` keeps, `connection` speaks, `failures` words what goes
wrong. Must not: follow redirects, retry a request that may have been answered, read proxies from the
environment, log.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from urllib.parse import quote
from weakref import WeakSet

from hookwright.core.egress import EgressPolicy
from hookwright.errors import SendError, Sent
from hookwright.limits import OUTGOING_CONNECTIONS
from hookwright.outbound import failures
from hookwright.outbound.connector import HTTPS_PORT, Connector
from hookwright.outbound.pool import ConnectionPool, Keep
from hookwright.outbound.port import Answer, OnSent, Phases, Pool, StandIn, TlsSettings
from hookwright.outbound.resolver import Resolver
from hookwright.outbound.sockets import Sockets
from hookwright.outbound.tls import TlsContexts

_URL = re.compile(r"https://([A-Za-z0-9.-]{1,254})((?:[/?][^\s#]*)?)")
_REQUEST_TIMEOUT = HTTPStatus.REQUEST_TIMEOUT  # each look into an enum costs
_NO_BODY_METHODS = frozenset({"DELETE", "GET", "HEAD"})  # an empty body needs no length (RFC 9110, 8.6)


class HttpSender:
    """Sends requests under one egress policy. Implements `outbound.port.Sender`.

    `connect_to`: host → (address, port), an administrator's setting; these addresses are not judged.
    `ca_files`: PEM files trusted beside the system's roots. `user_agent` is sent unless the caller gives one.
    `stand_in`: where every connection goes instead, trusted instead of whatever a webhook trusts.
    `connections`: about how many may be open, as idle ones are closed for new ones.
    `resolver`, `port` and `keep` are what they are in production unless a test has other wishes.
    Raises ConfigurationError when a CA file cannot be used.
    """

    def __init__(
        self,
        policy: EgressPolicy,
        *,
        connect_to: Mapping[str, tuple[str, int]] | None = None,
        ca_files: Sequence[Path] = (),
        user_agent: str,
        stand_in: StandIn | None = None,
        connections: int = OUTGOING_CONNECTIONS,
        resolver: Resolver | None = None,
        port: int = HTTPS_PORT,
        keep: Keep = Keep(),  # noqa: B008 - frozen
    ) -> None:
        self._resolver = resolver or Resolver()
        self._sockets = Sockets(connections)
        self._connector = Connector(policy, self._resolver, connect_to or {}, self._sockets, port, stand_in)
        self._stand_in = stand_in
        self._contexts = TlsContexts(ca_files)
        self._user_agent = user_agent
        self._keep = keep
        self._pools: WeakSet[ConnectionPool] = WeakSet()
        self._pools_lock = threading.Lock()

    def pool(self, tls: TlsSettings, webhook: str) -> ConnectionPool:
        """See `port.Sender`."""
        if self._stand_in is not None:
            tls = replace(tls, ca=self._stand_in.ca)
        pool = ConnectionPool(webhook, self._contexts.get(tls), self._keep, self._sockets)
        with self._pools_lock:
            self._pools.add(pool)
        return pool

    async def read_authorities(self) -> bool:
        """Whether the `ca_files` have changed: from now on they are trusted as they are.

        Where one cannot be used, those before stay: ConfigurationError.
        """
        return await self._contexts.read_again()

    async def send(
        self,
        pool: Pool,
        method: str,
        url: str,
        headers: tuple[tuple[str, str], ...],
        body: bytes,
        *,
        timeout: float,
        sent: OnSent = None,
    ) -> Answer:
        """Send and read the answer within `timeout` seconds in all. Raises SendError.

        Cancelling aborts the socket. `headers` are sent as they are, after Host, Content-Length and
        Accept-Encoding, which are the sender's. The names of the answer's headers are in lower case.
        """
        assert isinstance(pool, ConnectionPool)
        started = monotonic()  # the clock of asyncio and uvloop; asking the loop would cost a system call
        deadline = started + timeout
        host, target = split_url(url)
        data = self._request(method, host, target, headers, body)
        head_only = method == "HEAD"
        answer = None
        connection = kept = pool.take(host, started)
        try:
            if kept is not None:
                try:
                    answer = await kept.ask(data, deadline=deadline, head_only=head_only, sent=sent)
                except SendError:
                    # The peer closed the kept connection without a byte of an answer, most likely while it was idle,
                    # before it read the request. That cannot be told from a peer that took the request and died;
                    # sending again, once, on a fresh connection, is right all the same: delivery is at least once,
                    # and receivers know repetitions by their `webhook-id`.
                    if not kept.stale:
                        raise
            # A server may also close an idle connection with a word, as the next request is leaving: that one may be
            # repeated at once on a new connection (RFC 9110 section 15.5.9).
            if answer is None or (kept and answer.status == _REQUEST_TIMEOUT and not kept.reusable):
                opening = Phases()
                try:
                    connection, waited = await self._connector.open(
                        host, pool.webhook, pool.tls, pool.forget, deadline=deadline, phases=opening
                    )
                except SendError as error:
                    if kept is not None:  # it may have taken the request
                        error.sent = Sent.MAYBE_SENT
                    raise
                pool.add(connection)
                answer = await connection.ask(
                    data, deadline=deadline + waited, head_only=head_only, sent=sent
                )
                answer.phases = replace(opening, first_byte=answer.phases.first_byte)
        except asyncio.CancelledError:
            if connection is not None:
                connection.abort()
            raise
        assert connection is not None
        pool.give_back(connection)
        return answer

    def _request(
        self, method: str, host: str, target: str, headers: tuple[tuple[str, str], ...], body: bytes
    ) -> bytes:
        length = "" if not body and method in _NO_BODY_METHODS else f"content-length: {len(body)}\r\n"
        lines = [f"{name}: {value}\r\n" for name, value in headers]
        agent = f"user-agent: {self._user_agent}\r\n"
        for name, _ in headers:
            if len(name) == 10 and name.lower() == "user-agent":
                agent = ""
        head = (
            f"{method} {target} HTTP/1.1\r\nhost: {host}\r\naccept-encoding: identity\r\n"
            f"{length}{''.join(lines)}{agent}\r\n"
        )
        # The last guard against a header that smuggles in another, whatever was checked before.
        ends = 4 + bool(length) + len(headers) + bool(agent)
        if head.count("\n") != ends or head.count("\r") != ends or "\0" in head:
            raise failures.unsendable("a header holds a line break or a null character")
        try:
            return head.encode() + body
        except UnicodeEncodeError as error:
            raise failures.unsendable("a header holds half of a character (a lone surrogate)") from error

    async def close(self) -> None:
        """Abort all connections and lookups, and wait until the sockets are closed.

        A request under way ends with a SendError; one whose connection is still being opened must be cancelled
        by its caller, or ends at its deadline.
        """
        await self._resolver.close()
        with self._pools_lock:
            pools = list(self._pools)
        for pool in pools:
            pool.close()
            for connection in pool.connections():
                connection.fail(failures.closing(connection.host))
        lost = [connection.lost for pool in pools for connection in pool.connections()]
        await asyncio.gather(*lost)


@lru_cache(maxsize=1_024)
def split_url(url: str) -> tuple[str, str]:
    """Host (lower case, without a dot at its end) and request target (ASCII) of an https URL without a port.

    Raises SendError (refused, not sent) for any other URL; its text does not repeat the URL.
    """
    parts = _URL.fullmatch(url)
    if parts is None:
        raise failures.refused("The URL is refused: it must be https:// and a host name without a port.")
    host, target = parts[1].lower().rstrip("."), parts[2]
    if not target.isascii():
        target = quote(target, safe=_ASCII_PRINTABLE)
    if not target.startswith("/"):
        target = "/" + target
    return host, target


_ASCII_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
