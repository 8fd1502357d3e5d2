"""Where ports listen, spoken to over IPv6 and IPv4."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping

import pytest
import uvloop

import no_ipv6
from hookwright.core.addresses import parse_address, write_address
from hookwright.inbound.listening import serve


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class Greeting(asyncio.Protocol):
    """Says hello and leaves."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(b"hello")
        transport.close()


async def answers(host: str, port: int) -> bool:
    """Whether somebody says hello there."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    said = await reader.read()
    writer.close()
    await writer.wait_closed()
    return said == b"hello"


@pytest.mark.parametrize(
    ("address", "six", "four"),
    [
        (":0", True, True),
        ("[::]:0", True, True),
        ("0.0.0.0:0", False, True),
        ("127.0.0.1:0", False, True),
        ("[::1]:0", True, False),
    ],
)
async def test_each_address_is_reached_by_what_it_says(address: str, six: bool, four: bool) -> None:
    """IPv6 and IPv4 on the same port where nothing else is asked for."""
    server = await serve(Greeting, *parse_address(address), backlog=5)
    port = server.sockets[0].getsockname()[1]
    assert (await answers("::1", port), await answers("127.0.0.1", port)) == (six, four)
    server.close()
    await server.wait_closed()


PROGRAM = """
import asyncio, no_ipv6
no_ipv6.forget()
from hookwright.inbound.listening import serve
async def main():
    server = await serve(asyncio.Protocol, "::", 0, backlog=5)
    print(server.sockets[0].getsockname()[0])
asyncio.run(main())
"""


def test_without_ipv6_it_is_ipv4_alone() -> None:
    """Where the kernel has no IPv6 the default address still serves."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PYTHONPATH": str(no_ipv6.__file__).rpartition("/")[0]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "0.0.0.0\n", done.stderr


async def test_an_address_that_is_taken_is_an_error() -> None:
    """With the system's own number."""
    with (
        socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as other,
        pytest.raises(OSError, match="ddress already in use"),
    ):
        await serve(Greeting, "::", other.getsockname()[1], backlog=5)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080),
        ("[::1]:8080", "::1", 8080),
        ("[fe80::1%eth0]:0", "fe80::1%eth0", 0),
        ("localhost:65535", "localhost", 65535),
    ],
)
def test_addresses_are_read_and_written(text: str, host: str, port: int) -> None:
    """An IPv6 address stands in brackets."""
    assert parse_address(text) == (host, port)
    assert write_address(host, port) == text


@pytest.mark.parametrize(
    "text", ["", "8080", ":", "a:", "::1:8080", "[::1]", "[::1:8080", "::1]:8080", "[a]:1", "[1.2.3.4]:1", "a:65536", "a:b"]
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    """One sentence that shows how to write it."""
    with pytest.raises(
        ValueError, match=r"is not an address: write HOST:PORT, such as 127\.0\.0\.1:8080, \[::1\]:8080"
    ):
        parse_address(text)
