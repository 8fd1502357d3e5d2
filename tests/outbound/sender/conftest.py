"""Every test of the sender runs on asyncio's own loop and on uvloop, and must leave no task and no socket."""

import asyncio
import os
import socket
import stat
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
import uvloop

from hookwright.core.egress import EgressPolicy
from hookwright.outbound.pool import ConnectionPool
from hookwright.outbound.port import Answer, OnSent, TlsSettings
from hookwright.outbound.sender import HttpSender
from outbound.sender.target import HOST, Certificates, Target


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def certificates() -> Certificates:
    return Certificates()


@dataclass
class Client:
    """A sender with one pool, and short words for the tests."""

    sender: HttpSender
    pool: ConnectionPool

    async def post(
        self,
        url: str = f"https://{HOST}/hook",
        *,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"{}",
        method: str = "POST",
        timeout: float = 5.0,
        sent: OnSent = None,
    ) -> Answer:
        return await self.sender.send(self.pool, method, url, headers, body, timeout=timeout, sent=sent)


@pytest.fixture
async def client_for(certificates: Certificates) -> AsyncIterator[Callable[..., Client]]:
    """Makes clients of a target; after the test all must be closed without a trace."""
    before = _sockets()
    senders: list[HttpSender] = []

    def make(target: Target | None = None, tls: TlsSettings | None = None, **settings: Any) -> Client:
        if target is not None:
            settings.setdefault("connect_to", {HOST: ("127.0.0.1", target.port)})
        sender = HttpSender(settings.pop("policy", EgressPolicy()), user_agent="hookwright/test", **settings)
        senders.append(sender)
        return Client(sender, sender.pool(tls or TlsSettings(ca=certificates.pem), "default/one"))

    yield make
    for sender in senders:
        await sender.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert _sockets() == before


def _sockets() -> set[int]:
    """The internet sockets of this process, by inode; the loops' own socket pairs are not among them."""
    found = set()
    for number in map(int, os.listdir("/dev/fd")):
        with suppress(OSError):  # the folder's own descriptor
            status = os.fstat(number)
            if stat.S_ISSOCK(status.st_mode):
                with socket.socket(fileno=os.dup(number)) as sock:
                    if sock.family in (socket.AF_INET, socket.AF_INET6):
                        found.add(status.st_ino)
    return found
