"""What strangers can take at the two ports: bounded, and given back; probes and honest senders go on meanwhile."""

from __future__ import annotations

import re
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from product.conftest import Product, granted
from rig import HANGS

FEW_MIB = 16.0  # what a flood may add; without bounds it was hundreds
Flood = Callable[[str, int, bytes], list[socket.socket]]


@pytest.fixture
def running(product: Product) -> Product:
    """A product with one webhook, which has done some work."""
    product.webhook("one", "  url: https://target.test/one\n  triggers: [RequestGranted]\n")
    product.start()
    for _ in range(5):
        product.arrived(product.accepted([granted()] * 20)[-1])
        product.http.get(f"{product.admin}/metrics").raise_for_status()
    return product


@pytest.fixture
def flood() -> Iterator[Flood]:
    """Opens so many connections, sends on each as much of the bytes as is taken while nobody reads, and keeps them open."""
    with ExitStack() as stack:

        def start(url: str, count: int, data: bytes) -> list[socket.socket]:
            where = urlsplit(url)
            address = where.hostname, where.port
            connections = [
                stack.enter_context(socket.create_connection(address, timeout=HANGS)) for _ in range(count)
            ]
            left = {each: memoryview(data) for each in connections}
            while left:
                _, ready, _ = select.select([], list(left), [], 1.0)  # a second in which nothing is taken
                if not ready:
                    break
                for each in ready:
                    try:
                        left[each] = left[each][each.send(left[each], socket.MSG_DONTWAIT) :]
                    except OSError:  # refused, and closed
                        left[each] = left[each][:0]
                    if not left[each]:
                        del left[each]
            return connections

        yield start


def peak(product: Product) -> float:
    """MiB that the process held at most so far."""
    assert product.process is not None
    found = re.search(r"VmHWM:\s+([0-9]+)", Path(f"/proc/{product.process.pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def goes_on(product: Product) -> None:
    """An event is taken and delivered, and the probe answers."""
    product.arrived(product.accepted(granted())[0])
    assert product.http.get(f"{product.admin}/healthz").status_code == 200


def answer(connection: socket.socket) -> bytes:
    """All that comes until it is closed."""
    connection.settimeout(HANGS)
    return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.mark.parametrize("port", ["events", "admin"])
def test_requests_that_stand_behind_one_are_not_read_ahead(running: Product, flood: Flood, port: str) -> None:
    """80 strangers with 256 KiB of requests each cost a few MiB in all."""
    before = peak(running)
    flood(getattr(running, port), 80, b"GET / HTTP/1.1\r\n\r\n" * 14_563)
    goes_on(running)
    assert peak(running) - before < FEW_MIB


def test_answers_that_nobody_reads_do_not_add_up(running: Product, flood: Flood) -> None:
    """60 clients ask for the metrics again and again and read none of them."""
    before = peak(running)
    flood(running.admin, 60, b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n" * 4_000)
    goes_on(running)
    assert peak(running) - before < FEW_MIB


def test_headers_are_counted(running: Product, flood: Flood) -> None:
    """200 connections with 60,000 headers of one byte each cost a few MiB; each is told why it ends."""
    before = peak(running)
    head = b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\n" + b"a:\r\n" * 60_000
    first, *_ = flood(running.events, 200, head)
    goes_on(running)
    assert peak(running) - before < FEW_MIB
    told = answer(first)
    assert told.startswith(b"HTTP/1.1 431 ")
    assert b"more than 100 headers" in told


def test_a_head_that_never_ends_is_held_within_bounds(running: Product, flood: Flood) -> None:
    """One header of any length is no more than 64 KiB of it."""
    before = peak(running)
    first, *_ = flood(running.events, 40, b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"x" * 4_000_000)
    goes_on(running)
    assert peak(running) - before < FEW_MIB
    assert answer(first).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("framing", [b"content-length: 4000000", b"transfer-encoding: chunked"])
def test_nothing_is_kept_of_a_body_that_nobody_asked_for(
    running: Product, flood: Flood, framing: bytes
) -> None:
    """100 strangers with bodies of 4 MB are refused by their heads, and hold nothing."""
    before = peak(running)
    head = b"PUT /v1/nothing HTTP/1.1\r\nhost: localhost\r\n" + framing + b"\r\n\r\n"
    first, *_ = flood(running.events, 100, head + b"3d0900\r\n" + b"x" * 4_000_000)
    goes_on(running)
    assert peak(running) - before < FEW_MIB
    assert first.recv(12) == b"HTTP/1.1 404"


def test_a_body_that_is_too_large_gets_its_answer_though_all_of_it_is_sent(running: Product) -> None:
    """Most senders look for an answer only then: a reset would take it away, and they would send it again."""
    where = urlsplit(running.events)
    size = 12 * 1024 * 1024
    for framing in (f"content-length: {size}", "transfer-encoding: chunked"):
        with socket.create_connection((where.hostname, where.port), timeout=HANGS) as connection:
            head = f"POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{framing}\r\n\r\n"
            connection.sendall(head.encode())
            if "chunked" in framing:
                connection.sendall(f"{size:x}\r\n".encode())
            connection.sendall(b"x" * size)
            assert answer(connection).startswith(b"HTTP/1.1 413 ")


def test_a_port_that_is_full_of_silent_connections_answers(product: Product, flood: Flood) -> None:
    """Under a low limit of open files too, of which neither port may take what the other, or a target, needs."""
    product.webhook("one", "  url: https://target.test/one\n  triggers: [RequestGranted]\n")
    product.start(files=(512, 512))
    flood(product.events, 450, b"")
    flood(product.admin, 150, b"")
    for _ in range(3):
        goes_on(product)


def test_the_soft_limit_of_open_files_is_raised_and_no_core_is_written(product: Product) -> None:
    """Containers often begin with 1,024 of them; and a core file would hold every Secret."""
    product.start(files=(300, 900))
    assert product.process is not None
    limits = Path(f"/proc/{product.process.pid}/limits").read_text()
    assert re.search(r"Max open files +900 +900 ", limits)
    assert re.search(r"Max core file size +0 ", limits)
