"""Answers that curl, Go and Python's clients read although they are not quite HTTP/1.1, and answers that break off."""

import asyncio
from collections.abc import Callable

import pytest

from hookwright.errors import Cause, SendError, Sent
from outbound.sender.conftest import Client
from outbound.sender.target import HOST, OK, Behaviour, Certificates, Peer, answering, serve

Make = Callable[..., Client]
LINE = b"HTTP/1.1 200 OK\r\n"
CHUNKED = LINE + b"Transfer-Encoding: chunked\r\n\r\n"
LENGTH = b"Content-Length: 2\r\n\r\nok"


def ends_with(answer: bytes) -> Behaviour:
    """Answer each request with these bytes, and close the connection after each."""

    async def behave(peer: Peer) -> None:
        if await peer.request() is not None:
            await peer.write(answer)

    return behave


def in_single_bytes(answer: bytes) -> Behaviour:
    """Each byte in a TLS record of its own; the connection is kept."""

    async def behave(peer: Peer) -> None:
        while await peer.request() is not None:
            for byte in answer:
                await peer.write(bytes([byte]))

    return behave


LENIENT = [
    pytest.param(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", id="bare line feeds"),
    pytest.param(LINE + b"A: b\nContent-Length: 2\r\n\nok", id="some bare line feeds"),
    pytest.param(b"HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\nContent-Length: 2\n\nok", id="interim, bare"),
    pytest.param(b"HTTP/1.1 100 Continue\n\n" + LINE + LENGTH, id="interim with bare line feeds only"),
    pytest.param(b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\n\n", id="chunks, bare"),
    pytest.param(CHUNKED + b"2\nok\n0\n\n", id="bare line feeds in chunks only"),
    pytest.param(CHUNKED + b"2 \r\nok\r\n0   \r\n\r\n", id="blanks after a chunk size"),
    pytest.param(CHUNKED + b"2\t\r\nok\r\n0\r\n\r\n", id="tab after a chunk size"),
    pytest.param(CHUNKED + b" 2 ;a=b\r\nok\r\n0\r\n\r\n", id="blanks around a chunk size"),
    pytest.param(CHUNKED + b'1;a="\x01\r\no\r\n1\r\nk\r\n0\r\n\r\n', id="odd chunk extension"),
    pytest.param(CHUNKED + b"2\r\nok\r\n0\r\nno trailer\r\n\r\n", id="odd trailer"),
    pytest.param(LINE + b"X-A: a;\r\n  b\r\n" + LENGTH, id="folded line"),
    pytest.param(LINE + b"X-A:\r\n\tb\r\n" + LENGTH, id="folded after the colon"),
    pytest.param(b"HTTP/1.1 200 OK\nX-A: a;\n b\nContent-Length:\n 2\n\nok", id="folded length, bare"),
    pytest.param(LINE + b"Content-Length: 2\r\n" + LENGTH, id="the same length twice"),
    pytest.param(LINE + b"Content-Length: 2, 2\r\n\r\nok", id="the same length in a list"),
    pytest.param(LINE + b"Content-Length: 02\r\n" + LENGTH, id="the same length with a zero"),
    pytest.param(
        LINE + b"Content-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        id="chunks beside a length",
    ),
    pytest.param(
        CHUNKED[:-2] + b"Content-Length: 1\r\n\r\n2\r\nok\r\n0\r\n\r\n", id="a length beside chunks"
    ),
    pytest.param(LINE + b"Transfer-Encoding: identity\r\n" + LENGTH, id="identity and a length"),
    pytest.param(
        LINE + b"Content-Length: 2\r\nTransfer-Encoding: Identity\r\n\r\nok", id="a length and identity"
    ),
    pytest.param(
        LINE + b"Transfer-Encoding: identity, chunked\r\nContent-Length: 9\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        id="identity and chunked",
    ),
    pytest.param(LINE + b"Content-Length : 2\r\n\r\nok", id="blank before the colon"),
    pytest.param(LINE + b"X-A\t: b\r\n" + LENGTH, id="tab before a colon"),
    pytest.param(LINE + b"Set-Cookie: a=\x01b\r\n" + LENGTH, id="control byte in a value"),
    pytest.param(LINE + b"X-A: b\x00c\r\n" + LENGTH, id="null in a value"),
    pytest.param(LINE + b"X-A: b\rc\r\n" + LENGTH, id="carriage return in a value"),
    pytest.param(LINE + b"a/b: 1\r\n" + LENGTH, id="slash in a name"),
    pytest.param(LINE + b"a b: 1\r\n" + LENGTH, id="blank in a name"),
    pytest.param(LINE + "ä: 1\r\n".encode() + LENGTH, id="UTF-8 in a name"),
    pytest.param(LINE + b": 1\r\n" + LENGTH, id="no name"),
    pytest.param(b"HTTP/1.1  200 OK\r\n" + LENGTH, id="two blanks before the status"),
    pytest.param(b"HTTP/1.2 200 OK\r\n" + LENGTH, id="a version to come"),
    pytest.param(b"\n\nHTTP/1.1 200 OK\n" + LENGTH, id="empty lines before"),
    pytest.param(b"HTTP/1.1 200 OK\r\r\nContent-Length: 2\r\r\n\r\r\nok", id="two carriage returns"),
]


@pytest.mark.parametrize("answer", LENIENT)
async def test_an_answer_that_others_read_is_read_and_ends_its_connection(
    certificates: Certificates, client_for: Make, answer: bytes
) -> None:
    """Read at once although the server keeps the connection; the next request goes over a new one."""
    async with serve(answering(answer), certificates.good) as target:
        client = client_for(target)
        for _ in range(2):
            got = await client.post()
            assert (got.status, got.body, got.cut) == (200, b"ok", None)
    assert (target.connections, len(target.requests)) == (2, 2)


@pytest.mark.parametrize("answer", LENIENT)
async def test_a_lenient_reading_may_come_in_single_bytes(
    certificates: Certificates, client_for: Make, answer: bytes
) -> None:
    """Wherever the strict parser gives up, the answer is the same."""
    async with serve(in_single_bytes(answer), certificates.good) as target:
        got = await client_for(target).post()
    assert (got.status, got.body, got.cut) == (200, b"ok", None)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\n\nok", id="bare line feeds, no length"),
        pytest.param(LINE + b"Transfer-Encoding: identity\r\n\r\nok", id="identity, no length"),
        pytest.param(LINE + b"Transfer-Encoding:\r\n gzip\r\n\r\nok", id="a coding that is not the last"),
        pytest.param(CHUNKED + b"2\r\nok\r\n0\r\n", id="no empty line after the last chunk"),
        pytest.param(b"HTTP/1.0 200 OK\n\nok", id="HTTP/1.0, bare"),
    ],
)
async def test_an_answer_may_end_with_its_connection(
    certificates: Certificates, client_for: Make, answer: bytes
) -> None:
    """The body is whole where nothing says otherwise."""
    async with serve(ends_with(answer), certificates.good) as target:
        got = await client_for(target).post()
    assert (got.status, got.body, got.cut) == (200, b"ok", None)


async def test_header_fields_that_are_none_are_left_out(certificates: Certificates, client_for: Make) -> None:
    """The others are as they came; a folded one is joined by a blank."""
    head = LINE + b"X-A: a;\r\n\t b\r\nno/name: 1\r\nSet-Cookie: a=\x01b\r\nX-B : c \r\n"
    async with serve(answering(head + LENGTH), certificates.good) as target:
        got = await client_for(target).post()
    assert got.headers == [("x-a", "a; b"), ("x-b", "c"), ("content-length", "2")]


@pytest.mark.parametrize("many", [101, 120, 3_000])
async def test_the_headers_beyond_the_limit_are_left_out(
    certificates: Certificates, client_for: Make, many: int
) -> None:
    """The answer counts and its connection is kept; what we read of headers ourselves is never left out."""
    wanted = b"Retry-After: 7\r\nContent-Type: application/json\r\n"
    async with serve(answering(LINE + b"a: b\r\n" * many + wanted + LENGTH), certificates.good) as target:
        client = client_for(target)
        for _ in range(2):
            got = await client.post()
            assert (got.status, got.body, len(got.headers)) == (200, b"ok", 103)
    assert got.headers[100:] == [
        ("retry-after", "7"),
        ("content-type", "application/json"),
        ("content-length", "2"),
    ]
    assert target.connections == 1


HALF = LINE + b"Content-Length: 100\r\n\r\npart"
CLOSED = "ended early, as the connection was closed"
BROKEN = "ended early, as the connection was broken off"


def broken_off(answer: bytes) -> Behaviour:
    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.write(answer)
        peer.reset()

    return behave


def stalled(answer: bytes) -> Behaviour:
    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.write(answer)
        await peer.gone()

    return behave


@pytest.mark.parametrize(
    ("behaviour", "body", "cut"),
    [
        pytest.param(ends_with(HALF), b"part", CLOSED, id="shorter than its length"),
        pytest.param(
            ends_with(HALF.replace(b"\r", b"")), b"part", CLOSED, id="the same with bare line feeds"
        ),
        pytest.param(ends_with(CHUNKED + b"4\r\npart\r\n"), b"part", CLOSED, id="no last chunk"),
        pytest.param(ends_with(CHUNKED + b"9\r\npart"), b"part", CLOSED, id="half a chunk"),
        pytest.param(ends_with(CHUNKED), b"", CLOSED, id="no chunk at all"),
        pytest.param(
            answering(CHUNKED + b"4\r\npart\r\nzz\r\n"),
            b"part",
            "holds a chunk whose size is no number",
            id="chunk size is no number",
        ),
        pytest.param(
            answering(CHUNKED + b"4\r\npart\r\n-1\r\n"),
            b"part",
            "holds a chunk whose size is no number",
            id="negative chunk size",
        ),
        pytest.param(
            answering(CHUNKED + b"4\r\npart\r\n0x2\r\n"),
            b"part",
            "holds a chunk whose size is no number",
            id="chunk size with 0x",
        ),
        pytest.param(
            answering(CHUNKED + b"f" * 17 + b"\r\n"),
            b"",
            "holds a chunk whose size is no number",
            id="chunk size overflows",
        ),
        pytest.param(
            answering(CHUNKED + b"4\r\npartandmore\r\n0\r\n\r\n"),
            b"part",
            "holds a chunk that is longer than it says",
            id="chunk longer than it says",
        ),
        pytest.param(
            answering(CHUNKED + b"1 \r\na\r\n" * 2_000),
            b"a" * 1_000,
            "is not valid HTTP/1.1 and has more than 2,000 lines",
            id="very many chunks",
        ),
        pytest.param(broken_off(HALF), b"part", BROKEN, id="reset in the body"),
        pytest.param(broken_off(LINE + b"\r\npart"), b"part", BROKEN, id="reset, no length"),
    ],
)
async def test_a_body_that_breaks_off_leaves_an_answer(
    certificates: Certificates, client_for: Make, behaviour: Behaviour, body: bytes, cut: str
) -> None:
    """With its head read the status is known: it is answered, and says what the body lacks."""
    async with serve(behaviour, certificates.good) as target:
        client = client_for(target)
        got = await client.post()
        assert client.pool.take(HOST, 0.0) is None
    # after a reset the system may throw away what was not read yet
    assert (got.status, got.cut, len(target.requests)) == (200, cut, 1)
    assert body.startswith(got.body)


async def test_a_body_that_never_ends_leaves_an_answer_at_the_deadline(
    certificates: Certificates, client_for: Make
) -> None:
    """The status came in time."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.write(OK)  # what follows has no handshake in its time
        await stalled(HALF)(peer)

    async with serve(behave, certificates.good) as target:
        client = client_for(target)
        await client.post()
        got = await client.post(timeout=1.0)
        assert client.pool.take(HOST, 0.0) is None
    assert (got.status, got.body, got.cut) == (200, b"part", "was not complete when its time was over")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        pytest.param(LINE + b"nonsense\r\n" + LENGTH, "line 2 has no colon", id="no colon"),
        pytest.param(LINE + b"a: b\nnonsense\n" + LENGTH, "line 3 has no colon", id="no colon, bare"),
        pytest.param(LINE + b" a: b\r\n" + LENGTH, "line 2 begins with a blank", id="blank at the start"),
        pytest.param(
            LINE + b"Content-Length: 3\r\n" + LENGTH, "it has two different Content-Length", id="two lengths"
        ),
        pytest.param(
            LINE + b"Content-Length: 2, 3\r\n\r\nabc",
            "it has two different Content-Length",
            id="two lengths in a list",
        ),
        pytest.param(
            LINE + b"Content-Length: +2\r\n\r\nok", "its Content-Length is no number", id="length with a sign"
        ),
        pytest.param(LINE + b"Content-Length:\r\n\r\nok", "its Content-Length is no number", id="no length"),
        pytest.param(b"http/1.1 200 OK\r\n" + LENGTH, "it does not begin with HTTP/", id="lower case"),
        pytest.param(b" HTTP/1.1 200 OK\r\n" + LENGTH, "it does not begin with HTTP/", id="blank before"),
        pytest.param(b"\xef\xbb\xbf" + OK, "it does not begin with HTTP/", id="byte order mark"),
        pytest.param(b"hello", "it does not begin with HTTP/", id="HTTP/0.9"),
        pytest.param(b"\x00\x00\x12\x04\x00", "it does not begin with HTTP/", id="HTTP/2 frames"),
        pytest.param(b"HTTP/2 200\r\n" + LENGTH, "line 1 is no status line", id="HTTP/2 in words"),
        pytest.param(b"HTTP/1.1 2000 OK\r\n" + LENGTH, "line 1 is no status line", id="four digits"),
        pytest.param(b"HTTP/1.1\t200\tOK\r\n" + LENGTH, "line 1 is no status line", id="tabs"),
        pytest.param(b"HTTP/1.1 OK\r\n" + LENGTH, "line 1 is no status line", id="no status"),
    ],
)
async def test_a_head_that_cannot_be_read_says_where(
    certificates: Certificates, client_for: Make, answer: bytes, problem: str
) -> None:
    """The sentence has the cause and the line, the error all that came; the server need not close."""
    async with serve(stalled(answer), certificates.good) as target:
        with pytest.raises(SendError) as caught:
            await client_for(target).post()
    assert (caught.value.cause, caught.value.sent) == (Cause.PROTOCOL, Sent.MAYBE_SENT)
    assert str(caught.value) == f"The answer of {HOST} is not valid HTTP/1.1: {problem}."
    assert answer.startswith(caught.value.unread)
    assert caught.value.unread


async def test_a_head_of_very_many_lines_is_refused(certificates: Certificates, client_for: Make) -> None:
    """Each line that is read leniently takes time, and others wait for it."""
    async with serve(stalled(b"HTTP/1.1 200 OK\n" + b"a:\n" * 2_000), certificates.good) as target:
        with pytest.raises(SendError, match=r"is not valid HTTP/1\.1 and has more than 2,000 lines\.$"):
            await client_for(target).post()


async def test_a_head_that_breaks_off_keeps_what_came(certificates: Certificates, client_for: Make) -> None:
    """Without its end a head is none, as more of it may have followed."""
    async with serve(ends_with(LINE + b"Content-Length: 0\r\n"), certificates.good) as target:
        with pytest.raises(SendError, match="closed the connection in the middle of its answer") as caught:
            await client_for(target).post()
    assert caught.value.unread == LINE + b"Content-Length: 0\r\n"


TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


async def test_a_408_on_a_kept_connection_is_asked_anew_at_once(
    certificates: Certificates, client_for: Make
) -> None:
    """The server closes an idle connection with a word, as the next request leaves: it never was its answer."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.write(OK)
        if await peer.request() is not None:
            await peer.write(TIMED_OUT)

    async with serve(behave, certificates.good) as target:
        client = client_for(target)
        assert [(await client.post()).status for _ in range(3)] == [200, 200, 200]
    assert target.connections == 3


@pytest.mark.parametrize(
    ("answer", "connections"),
    [
        pytest.param(TIMED_OUT, 2, id="on each new connection"),
        pytest.param(TIMED_OUT.replace(b"Connection: close\r\n", b""), 1, id="on connections that are kept"),
    ],
)
async def test_a_408_of_the_target_itself_counts(
    certificates: Certificates, client_for: Make, answer: bytes, connections: int
) -> None:
    """On a new connection, or where the connection is kept, it is about this request."""
    async with serve(answering(answer), certificates.good) as target:
        client = client_for(target)
        assert [(await client.post()).status for _ in range(2)] == [408, 408]
    assert (len(target.requests), target.connections) == (2, connections)


async def test_what_a_kept_connection_may_have_taken_was_not_surely_unsent(
    certificates: Certificates, client_for: Make
) -> None:
    """The peer closes it under the request and takes no new one: nobody knows what it read."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(OK)
        server.close()
        await reader.readuntil(b"{}")
        writer.close()

    server = await asyncio.start_server(behave, "127.0.0.1", 0, ssl=certificates.good)
    client = client_for(connect_to={HOST: server.sockets[0].getsockname()})
    await client.post()
    with pytest.raises(SendError) as caught:
        await client.post()
    assert (caught.value.cause, caught.value.sent) == (Cause.CONNECT, Sent.MAYBE_SENT)
    await server.wait_closed()
