"""Opens connections: name, policy, address, TCP, TLS, all within one deadline.

The connection is made to an address that the egress policy has seen, and verified by the name: what a name
server says later changes nothing. Must not: keep connections (`pool`) or send on them (`sender`).
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic

from hookwright import limits
from hookwright.core.egress import EgressPolicy
from hookwright.core.shares import Shares
from hookwright.errors import Sent
from hookwright.outbound import failures
from hookwright.outbound.connection import Connection
from hookwright.outbound.places import place
from hookwright.outbound.port import Phases, StandIn
from hookwright.outbound.resolver import Resolver
from hookwright.outbound.sockets import Sockets
from hookwright.outbound.tls import Tls

HTTPS_PORT = 443

OnLost = Callable[[Connection], None]


class Connector:
    """Opens connections under one egress policy.

    `connect_to`: host → (address, port) to connect to instead, like curl's. It is the administrator's own
    word, so these addresses are not judged; the host's name still is. With a `stand_in` nothing else is connected to,
    and no name is resolved.
    """

    def __init__(
        self,
        policy: EgressPolicy,
        resolver: Resolver,
        connect_to: Mapping[str, tuple[str, int]],
        sockets: Sockets,
        port: int = HTTPS_PORT,
        stand_in: StandIn | None = None,
    ) -> None:
        self._policy = policy
        self._resolver = resolver
        self._sockets = sockets
        self._handshakes = Shares(limits.HANDSHAKES)
        self._port = port
        self._stand_in = stand_in
        self._buffer = memoryview(bytearray(limits.READ_BYTES))
        self._connect_to = {host.rstrip(".").lower(): target for host, target in connect_to.items()}

    async def open(
        self, host: str, webhook: str, tls: Tls, on_lost: OnLost, *, deadline: float, phases: Phases
    ) -> tuple[Connection, float]:
        """A new connection to `host` for a webhook, ready for requests, and how much later its deadline became.

        The time that it waits for others' handshakes is not its own. Fills dns, connect and tls of `phases`.

        Raises SendError (not sent).
        """
        started = monotonic()
        try:
            async with asyncio.timeout_at(deadline) as until:
                addresses, port = await self._targets(host, webhook)
                phases.dns = (monotonic() - started) * 1e3
                issue, context = tls.issue, await tls.context()
                resolved = monotonic()
                connection, transport = await self._connect(host, addresses, port, on_lost)
                connection.issue = issue
                connected = monotonic()
                phases.connect = (connected - resolved) * 1e3
                until.reschedule(None)
                try:
                    async with place(self._handshakes, webhook, seconds=limits.HANDSHAKE_PLACE_SECONDS):
                        began = monotonic()
                        until.reschedule(deadline + began - connected)
                        await _secure(connection, transport, context)
                except BaseException:  # cancelled while it waited, for one
                    transport.abort()
                    raise
                phases.tls = (monotonic() - began) * 1e3
        except TimeoutError as error:
            raise failures.out_of_time(host, _stage(phases), Sent.NOT_SENT) from error
        return connection, began - connected

    async def _targets(self, host: str, webhook: str) -> tuple[Sequence[str], int]:
        problem = self._policy.host_problem(host)
        if problem is not None:
            raise failures.refused(problem)
        if self._stand_in is not None:
            return [self._stand_in.address], self._stand_in.port
        if host in self._connect_to:
            address, port = self._connect_to[host]
            return (
                [address] if _literal(address) else await self._resolver.addresses(address, webhook)
            ), port
        addresses = [host] if _literal(host) else await self._resolver.addresses(host, webhook)
        for address in addresses:
            problem = self._policy.address_problem(address)
            if problem is not None:  # one refused address refuses the name
                raise failures.refused(problem if address == host else f"{host} is refused. {problem}")
        return addresses, self._port

    async def _connect(self, host: str, addresses: Sequence[str], port: int, on_lost: OnLost) -> _Connected:
        loop = asyncio.get_running_loop()

        async def attempt(address: str) -> _Connected:
            connection = Connection(loop, host, on_lost, self._buffer)
            self._sockets.opening(connection)
            try:
                transport, _ = await loop.create_connection(lambda: connection, address, port)
            except BaseException as error:
                self._sockets.closed(connection)
                if isinstance(error, OSError):
                    raise failures.connecting(host, error) from error
                raise
            return connection, transport

        if len(addresses) == 1:
            return await attempt(addresses[0])
        return await first_to_answer(
            attempt, addresses[: limits.CONNECT_ADDRESSES], beside=lambda: not self._sockets.full
        )


def _stage(phases: Phases) -> str:
    if phases.dns is None:
        return "before its name was resolved"
    return "before it accepted a connection" if phases.connect is None else "during the TLS handshake"


def _literal(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


_Connected = tuple[Connection, asyncio.Transport]


async def first_to_answer(
    attempt: Callable[[str], Awaitable[_Connected]], addresses: Sequence[str], *, beside: Callable[[], bool]
) -> _Connected:
    """The first address that answers; each gets a moment before the next is tried beside it (RFC 8305).

    Where nothing may be tried beside it, the next is tried after it.
    """
    waiting = list(reversed(addresses))
    tasks: set[asyncio.Task[_Connected]] = set()
    errors: list[BaseException] = []
    try:
        while waiting or tasks:
            if waiting and (not tasks or beside()):
                tasks.add(asyncio.ensure_future(attempt(waiting.pop())))
            moment = limits.CONNECT_STAGGER_SECONDS if waiting else None
            done, _ = await asyncio.wait(tasks, timeout=moment, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                tasks.discard(task)
                error = task.exception()
                if error is None:
                    tasks |= done - {task}
                    return task.result()
                errors.append(error)
        raise errors[0]
    finally:
        for task in tasks:
            task.cancel()
            task.add_done_callback(_discard)


def _discard(task: asyncio.Task[_Connected]) -> None:
    """Close what a loser of the race has opened all the same."""
    if not task.cancelled() and task.exception() is None:
        task.result()[0].abort()


async def _secure(connection: Connection, transport: asyncio.Transport, context: ssl.SSLContext) -> None:
    loop = asyncio.get_running_loop()
    try:
        secured = await loop.start_tls(transport, connection, context, server_hostname=connection.host)
    except (OSError, ValueError) as error:  # ValueError: a name that ssl cannot take
        raise failures.securing(connection.host, error) from error
    if secured is None or secured.is_closing():  # closed just then: not every loop calls that an error
        raise failures.securing(connection.host, None)
    connection.secured(secured)
