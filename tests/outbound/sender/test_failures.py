"""Servers that stall, break off, lie or are somebody else: the exact cause, and how far the request came."""

import asyncio
import socket
import ssl
from collections.abc import Callable

import pytest

from hookwright import limits
from hookwright.errors import Cause, SendError, Sent
from hookwright.outbound.port import TlsSettings
from outbound.sender.conftest import Client
from outbound.sender.target import HOST, OK, Behaviour, Certificates, Peer, keep_alive, once, serve

Make = Callable[..., Client]
SECRET_URL = f"https://{HOST}/services/T0/sekrit-path?token=sekrit-query"


async def failure(client: Client, *, timeout: float = 5.0, body: bytes = b"{}") -> SendError:
    """The error of one request. Whatever it is, it names the host and shows nothing of the URL."""
    with pytest.raises(SendError) as caught:
        await client.post(SECRET_URL, headers=(("authorization", "sekrit"),), body=body, timeout=timeout)
    text = str(caught.value)
    assert HOST in text
    assert "sekrit" not in text
    assert text.endswith(".")
    return caught.value


async def stall(peer: Peer) -> None:
    await peer.gone()


def stall_after(data: bytes) -> Behaviour:
    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.write(data)
        await peer.gone()

    return behave


def drip(data: bytes) -> Behaviour:
    """A byte each 20 ms: it never stops, and never ends within the deadline."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        for byte in data:
            await peer.write(bytes([byte]))
            await asyncio.sleep(0.02)

    return behave


def after_an_answer(behaviour: Behaviour) -> Behaviour:
    """The first request is answered: what follows has no handshake in its time."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.write(OK)
        await behaviour(peer)

    return behave


HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"


@pytest.mark.parametrize(
    ("behaviour", "tls", "sent", "stage"),
    [
        pytest.param(stall, False, Sent.NOT_SENT, "during the TLS handshake", id="TLS handshake"),
        pytest.param(stall, True, Sent.MAYBE_SENT, "before it answered", id="request"),
        pytest.param(stall_after(b"HTTP/1.1 2"), True, Sent.MAYBE_SENT, "was complete", id="status line"),
        pytest.param(stall_after(HEAD[:-2]), True, Sent.MAYBE_SENT, "was complete", id="head"),
        pytest.param(drip(HEAD), True, Sent.MAYBE_SENT, "was complete", id="drip in the head"),
        pytest.param(
            drip(b"HTTP/1.1 102 Processing\r\n\r\n" * 5),
            True,
            Sent.MAYBE_SENT,
            "was complete",
            id="drip of 1xx",
        ),
    ],
)
async def test_one_deadline_ends_every_stall(
    certificates: Certificates, client_for: Make, behaviour: Behaviour, tls: bool, sent: Sent, stage: str
) -> None:
    """No progress of the server's moves the deadline, and the socket is closed at it."""
    behaviour = after_an_answer(behaviour) if tls else behaviour
    async with serve(behaviour, certificates.good if tls else None) as target:
        client = client_for(target)
        if tls:
            await client.post()
        connections = client.pool.connections()
        error = await failure(client, timeout=0.2)
        for connection in connections:
            await connection.lost
    assert (error.cause, error.sent) == (Cause.TIMEOUT, sent)
    assert stage in str(error)


async def test_a_server_that_reads_nothing_cannot_hold_a_large_request(
    certificates: Certificates, client_for: Make
) -> None:
    """Writing has no deadline of its own: it is the same one."""

    async def behave(peer: Peer) -> None:
        await target.gone.wait()

    async with serve(behave, certificates.good) as target:
        error = await failure(client_for(target), timeout=0.2, body=bytes(8 * limits.MIB))
        target.gone.set()
    assert (error.cause, error.sent) == (Cause.TIMEOUT, Sent.MAYBE_SENT)


async def test_a_server_that_accepts_nothing_is_given_up(client_for: Make) -> None:
    """A full queue of connections leaves ours without an answer: not sent."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        error = await failure(client_for(connect_to={HOST: listener.getsockname()}), timeout=0.2)
    assert (error.cause, error.sent) == (Cause.TIMEOUT, Sent.NOT_SENT)
    assert "accepted a connection" in str(error)


def reset_after(data: bytes, *, reading: bool = True) -> Behaviour:
    async def behave(peer: Peer) -> None:
        if reading:
            await peer.request()
        if data:
            await peer.write(data)
        peer.reset()

    return behave


async def close_in_handshake(peer: Peer) -> None:
    await peer.reader.read(1)


@pytest.mark.parametrize(
    ("behaviour", "tls", "cause", "sent"),
    [
        pytest.param(reset_after(b"", reading=False), False, Cause.TLS, Sent.NOT_SENT, id="reset on accept"),
        pytest.param(close_in_handshake, False, Cause.TLS, Sent.NOT_SENT, id="close in the handshake"),
        pytest.param(reset_after(b""), True, Cause.RESET, Sent.MAYBE_SENT, id="reset after the request"),
        pytest.param(once(b""), True, Cause.RESET, Sent.MAYBE_SENT, id="close after the request"),
        pytest.param(reset_after(HEAD[:-2]), True, Cause.RESET, Sent.MAYBE_SENT, id="reset in the head"),
        pytest.param(once(HEAD[:-2]), True, Cause.RESET, Sent.MAYBE_SENT, id="close in the head"),
    ],
)
async def test_a_broken_connection_tells_how_far_it_came(
    certificates: Certificates, client_for: Make, behaviour: Behaviour, tls: bool, cause: Cause, sent: Sent
) -> None:
    """A fresh connection is not tried again: only kept ones can be stale."""
    async with serve(behaviour, certificates.good if tls else None) as target:
        error = await failure(client_for(target))
    assert (error.cause, error.sent, target.connections) == (cause, sent, 1)


def flood(chunk: bytes, head: bytes = b"HTTP/1.1 200 OK\r\n") -> Behaviour:
    """20 MB of it."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.write(head)
        for _ in range(20 * limits.MIB // len(chunk)):
            await peer.write(chunk)

    return behave


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(flood(b"x-a: " + b"b" * 1_000 + b"\r\n"), id="20 MB of headers"),
        pytest.param(flood(b"b" * 4_096, b"HTTP/1.1 200 OK\r\nx-a: "), id="one header of 20 MB"),
        pytest.param(flood(b"b" * 4_096, b"HTTP/1.1 200 "), id="a reason of 20 MB"),
        pytest.param(flood(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100, b""), id="endless 1xx"),
        pytest.param(flood(b"\r\n" * 1_000, b""), id="endless empty lines"),
        pytest.param(once(b"HTTP/1.1 100 Continue\r\n\r\n" * 9 + OK), id="nine 1xx"),
        pytest.param(
            once(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc"), id="two lengths"
        ),
        pytest.param(once(b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n"), id="negative length"),
        pytest.param(once(b"HTTP/1.1 999999 OK\r\n\r\n"), id="status of six digits"),
        pytest.param(once(b"HTTP/1.1 099 Odd\r\ncontent-length: 0\r\n\r\n"), id="status below 100"),
        pytest.param(once(b"SSH-2.0-OpenSSH_9.2\r\n"), id="not HTTP"),
        pytest.param(
            once(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"), id="101"
        ),
    ],
)
async def test_what_is_not_an_http_answer_is_refused(
    certificates: Certificates, client_for: Make, behaviour: Behaviour
) -> None:
    """Never more than the limits is read, and what was sent may have arrived."""
    async with serve(behaviour, certificates.good) as target:
        error = await failure(client_for(target))
    assert (error.cause, error.sent) == (Cause.PROTOCOL, Sent.MAYBE_SENT)


@pytest.mark.parametrize(
    ("kind", "cause", "words"),
    [
        (Certificates.wrong_name, Cause.TLS_NAME, "another name"),
        (Certificates.expired, Cause.TLS_EXPIRED, "has expired"),
        (Certificates.not_yet_valid, Cause.TLS_EXPIRED, "not valid yet"),
        (Certificates.self_signed, Cause.TLS_UNTRUSTED, "spec.tls.ca"),
        (Certificates.unknown_ca, Cause.TLS_UNTRUSTED, "spec.tls.ca"),
    ],
)
async def test_a_certificate_that_does_not_fit_is_refused(
    certificates: Certificates,
    client_for: Make,
    kind: Callable[[Certificates], ssl.SSLContext],
    cause: Cause,
    words: str,
) -> None:
    """Before a byte of the request is sent."""
    async with serve(keep_alive, kind(certificates)) as target:
        error = await failure(client_for(target))
        assert target.requests == []
    assert (error.cause, error.sent) == (cause, Sent.NOT_SENT)
    assert words in str(error)


async def test_the_roots_of_the_system_do_not_trust_a_private_ca(
    certificates: Certificates, client_for: Make
) -> None:
    """Without spec.tls.ca the system's roots decide."""
    async with serve(keep_alive, certificates.good) as target:
        error = await failure(client_for(target, TlsSettings(ca=None)))
    assert error.cause == Cause.TLS_UNTRUSTED


async def test_plain_http_on_the_port_is_told(client_for: Make) -> None:
    """The sentence says that no TLS is spoken there."""

    async def behave(peer: Peer) -> None:
        await peer.reader.read(100)
        await peer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serve(behave, None) as target:
        error = await failure(client_for(target))
    assert (error.cause, error.sent) == (Cause.TLS, Sent.NOT_SENT)
    assert "does not speak TLS" in str(error)


async def test_tls_before_1_2_is_refused(certificates: Certificates, client_for: Make) -> None:
    """A server that has only TLS 1.1 gets no request."""
    context = certificates.server(certificates.ca.issue_cert(HOST))
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    async with serve(keep_alive, context) as target:
        error = await failure(client_for(target))
    assert (error.cause, error.sent) == (Cause.TLS, Sent.NOT_SENT)


async def test_a_refused_connection_is_not_sent(client_for: Make, unused_tcp_port: int) -> None:
    """Nobody listens there."""
    error = await failure(client_for(connect_to={HOST: ("127.0.0.1", unused_tcp_port)}))
    assert (error.cause, error.sent) == (Cause.CONNECT, Sent.NOT_SENT)
    assert str(error) == f"{HOST} could not be connected to: the connection was refused."


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((("x-a", "b\r\nx-evil: 1"),), b""),
        ((("x-a", "b\nx-evil: 1"),), b""),
        ((("x-a\r\nx-evil", "1"),), b""),
        ((("x-a", "b\0"),), b""),
        ((("x-a", "\ud800"),), b""),
    ],
)
async def test_a_header_cannot_smuggle_another(
    client_for: Make, headers: tuple[tuple[str, str], ...], body: bytes
) -> None:
    """The last guard, whatever rendering let through; no connection is made."""
    with pytest.raises(SendError) as caught:
        await client_for().post(headers=headers, body=body)
    assert (caught.value.cause, caught.value.sent) == (Cause.PROTOCOL, Sent.NOT_SENT)
