"""Requests and answers that are as they should be, or odd and legal."""

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from hookwright import limits
from hookwright.outbound.encoding import expand
from outbound.sender.conftest import Client
from outbound.sender.target import HOST, OK, Behaviour, Certificates, Peer, answering, keep_alive, once, serve

Make = Callable[..., Client]


async def test_a_request_arrives_as_it_was_given(certificates: Certificates, client_for: Make) -> None:
    """Line, headers in their order, and body; Host, length and coding are added by the sender."""
    async with serve(keep_alive, certificates.good) as target:
        answer = await client_for(target).post(
            f"https://{HOST}/hook/42?key=%20a",
            headers=(("webhook-id", "msg_1"), ("X-Name", "Zoë")),
            body=b'{"a":1}',
        )
    assert (answer.status, answer.body, answer.cut) == (200, b"ok", None)
    assert answer.headers == [("content-length", "2")]
    (request,) = target.requests
    assert request.line == "POST /hook/42?key=%20a HTTP/1.1"
    assert request.headers == [
        ("host", HOST),
        ("accept-encoding", "identity"),
        ("content-length", "7"),
        ("webhook-id", "msg_1"),
        ("X-Name", "Zoë"),
        ("user-agent", "hookwright/test"),
    ]
    assert request.body == b'{"a":1}'


@pytest.mark.parametrize(
    ("url", "target_line"),
    [
        (f"https://{HOST}", "/"),
        (f"https://{HOST}?a=b", "/?a=b"),
        (f"https://{HOST.upper()}./x", "/x"),
        (f"https://{HOST}/ä?ö=%41", "/%C3%A4?%C3%B6=%41"),
        (f"https://{HOST}/a%2Fb//c/../d", "/a%2Fb//c/../d"),
    ],
)
async def test_a_target_line_is_ascii_and_starts_with_a_slash(
    certificates: Certificates, client_for: Make, url: str, target_line: str
) -> None:
    """What the URL says goes out unchanged but for letters beyond ASCII."""
    async with serve(keep_alive, certificates.good) as target:
        await client_for(target).post(url)
    (request,) = target.requests
    assert request.line == f"POST {target_line} HTTP/1.1"
    assert request.header("host") == [HOST]


async def test_a_delete_without_a_body_has_no_length(certificates: Certificates, client_for: Make) -> None:
    """An empty POST says content-length: 0, an empty DELETE says nothing (RFC 9110, 8.6)."""
    async with serve(keep_alive, certificates.good) as target:
        client = client_for(target)
        await client.post(method="DELETE", body=b"")
        await client.post(method="POST", body=b"")
    assert [request.header("content-length") for request in target.requests] == [[], ["0"]]


async def test_a_given_user_agent_replaces_the_own(certificates: Certificates, client_for: Make) -> None:
    """A webhook may set User-Agent, in any case of letters."""
    async with serve(keep_alive, certificates.good) as target:
        await client_for(target).post(headers=(("User-Agent", "mine/1"),))
    assert target.requests[0].header("user-agent") == ["mine/1"]


async def test_a_large_body_arrives_whole(certificates: Certificates, client_for: Make) -> None:
    """More than any buffer on the way holds."""
    body = bytes(range(256)) * 8_192
    async with serve(keep_alive, certificates.good) as target:
        await client_for(target).post(body=body)
    assert target.requests[0].body == body


CHUNKED = (
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n"
    b"3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nx-sum: 1\r\n\r\n"
)
INTERIM = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
ADVERTISED = b"HTTP/1.1 200 OK\r\nupgrade: h2,h2c\r\nconnection: Upgrade\r\ncontent-length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        pytest.param(CHUNKED, 200, b"abcde", id="chunked with extension and trailer"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", id="204"),
        pytest.param(
            b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", 304, b"", id="304 with length"
        ),
        pytest.param(INTERIM * 8 + OK, 200, b"ok", id="as many interim answers as allowed"),
        pytest.param(b"HTTP/1.1 404 \r\ncontent-length: 0\r\n\r\n", 404, b"", id="no reason"),
        pytest.param(ADVERTISED, 200, b"ok", id="an upgrade offered, not taken"),
        pytest.param(
            b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n",
            302,
            b"",
            id="302",
        ),
    ],
)
async def test_an_answer_with_an_end_of_its_own_keeps_the_connection(
    certificates: Certificates, client_for: Make, answer: bytes, status: int, body: bytes
) -> None:
    """Two requests over one connection; a redirect is an answer like any other and is not followed."""
    async with serve(answering(answer), certificates.good) as target:
        client = client_for(target)
        for _ in range(2):
            got = await client.post()
            assert (got.status, got.body, got.cut) == (status, body, None)
    assert (target.connections, len(target.requests)) == (1, 2)
    assert not any(name in ("x-sum", "link") for name, _ in got.headers)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok", id="close"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nok", id="no length"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\nok", id="HTTP/1.0"),
        pytest.param(b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", id="HTTP/1.0 with length"),
        pytest.param(OK + OK, id="two answers to one request"),
        pytest.param(OK + b"rubbish", id="rubbish after the answer"),
    ],
)
async def test_an_answer_that_ends_the_connection_is_taken(
    certificates: Certificates, client_for: Make, answer: bytes
) -> None:
    """The answer counts, and the next request gets a connection of its own."""
    async with serve(once(answer), certificates.good) as target:
        client = client_for(target)
        for _ in range(2):
            got = await client.post()
            assert (got.status, got.body) == (200, b"ok")
    assert (target.connections, len(target.requests)) == (2, 2)


async def test_an_answer_to_head_has_no_body(certificates: Certificates, client_for: Make) -> None:
    """Its length is that of the body which a GET would have."""
    async with serve(once(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n"), certificates.good) as target:
        answer = await client_for(target).post(method="HEAD", body=b"")
    assert (answer.status, answer.body) == (200, b"")


async def test_an_answer_may_come_in_single_bytes(certificates: Certificates, client_for: Make) -> None:
    """Each byte in a TLS record of its own."""

    async def behave(peer: Peer) -> None:
        while await peer.request() is not None:
            for byte in CHUNKED:
                await peer.write(bytes([byte]))

    async with serve(behave, certificates.good) as target:
        answer = await client_for(target).post()
    assert answer.body == b"abcde"


async def test_an_early_answer_is_taken(certificates: Certificates, client_for: Make) -> None:
    """A server that refuses after the head, without reading 8 MB of body, has answered; nothing is reused."""

    async def behave(peer: Peer) -> None:
        await peer.head()
        await peer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
        await target.gone.wait()

    async with serve(behave, certificates.good) as target:
        client = client_for(target)
        answer = await client.post(body=bytes(8 * limits.MIB))
        assert answer.status == 413
        assert client.pool.take(HOST, 0.0) is None
        target.gone.set()


def compressed(coding: str, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-encoding: %b\r\ncontent-length: %d\r\n\r\n%b" % (
        coding.encode(),
        len(body),
        body,
    )


BARE = zlib.compressobj(wbits=-15)
TEXT = b'{"id": 7}'


DAMAGED = "is said to be compressed and cannot be expanded"
SHORT = "is not whole in its compressed data"
UNKNOWN = "is compressed in a way that was not asked for and cannot be read"
ZIPPED = gzip.compress(TEXT, mtime=0)


@pytest.mark.parametrize(
    ("coding", "body", "expected", "cut"),
    [
        pytest.param("gzip", ZIPPED, TEXT, None, id="gzip"),
        pytest.param("X-GZIP", ZIPPED, TEXT, None, id="x-gzip"),
        pytest.param("gzip, identity", ZIPPED, TEXT, None, id="gzip and nothing"),
        pytest.param("gzip", gzip.compress(b'{"id"') + gzip.compress(b": 7}"), TEXT, None, id="two members"),
        pytest.param("gzip", ZIPPED + b"\r\nrubbish", TEXT, None, id="rubbish behind"),
        pytest.param("gzip", ZIPPED + b"\0" * 512, TEXT, None, id="zeros behind"),
        pytest.param("gzip", ZIPPED[:-9], TEXT, SHORT, id="cut short"),
        pytest.param("gzip", ZIPPED + ZIPPED[:5], TEXT, SHORT, id="second member cut short"),
        pytest.param("gzip", gzip.compress(b"") * 101, b"", SHORT, id="very many members"),
        pytest.param("gzip", b"", b"", None, id="nothing"),
        pytest.param("deflate", zlib.compress(TEXT), TEXT, None, id="deflate"),
        pytest.param("deflate", BARE.compress(TEXT) + BARE.flush(), TEXT, None, id="bare deflate"),
        pytest.param("identity", TEXT, TEXT, None, id="identity"),
        pytest.param("br", b"\x8b\x04\x80", b"\x8b\x04\x80", UNKNOWN, id="brotli"),
        pytest.param("gzip", b"not gzip at all", b"not gzip at all", DAMAGED, id="not gzip"),
    ],
)
async def test_a_compressed_answer_is_expanded(
    certificates: Certificates, client_for: Make, coding: str, body: bytes, expected: bytes, cut: str | None
) -> None:
    """We ask for identity; what cannot be expanded stays as it came, for the status counts all the same."""
    async with serve(answering(compressed(coding, body)), certificates.good) as target:
        answer = await client_for(target).post()
    assert (answer.status, answer.body, answer.cut) == (200, expected, cut)


def endless(chunk: bytes, head: bytes) -> Behaviour:
    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.write(head)
        while True:
            await peer.write(chunk)

    return behave


HEAD_CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
BOMB = gzip.compress(bytes(50 * limits.MIB))  # 50 KB


@pytest.mark.parametrize(
    ("behaviour", "length"),
    [
        pytest.param(
            endless(bytes(16_384), b"HTTP/1.1 200 OK\r\n\r\n"), limits.ANSWER_BYTES, id="without length"
        ),
        pytest.param(
            endless(b"4000\r\n" + bytes(16_384) + b"\r\n", HEAD_CHUNKED), limits.ANSWER_BYTES, id="chunked"
        ),
        pytest.param(
            endless(b"1;" + b"x" * 16_384 + b"\r\na\r\n", HEAD_CHUNKED), None, id="chunk extensions"
        ),
        pytest.param(endless(b"x-a: b\r\n" * 2_000, HEAD_CHUNKED + b"0\r\n"), 0, id="trailers"),
        pytest.param(once(compressed("gzip", BOMB)), limits.ANSWER_BYTES, id="gzip bomb"),
        pytest.param(
            once(b"HTTP/1.1 200 OK\r\ncontent-length: 65537\r\n\r\n" + bytes(65_537)),
            limits.ANSWER_BYTES,
            id="by one",
        ),
    ],
)
async def test_an_answer_beyond_the_limit_is_cut_and_counts(
    certificates: Certificates, client_for: Make, behaviour: Behaviour, length: int | None
) -> None:
    """The status decides; the connection is closed, since nobody reads the rest."""
    async with serve(behaviour, certificates.good) as target:
        client = client_for(target)
        answer = await client.post()
        assert (answer.status, answer.cut) == (200, "was cut at 64 KiB")
        assert len(answer.body) == length or (length is None and len(answer.body) < 100)
        assert client.pool.take(HOST, 0.0) is None


def test_a_bomb_is_not_expanded_beyond_the_limit() -> None:
    """50 MiB of zeros cost no more memory than the limit, give or take a buffer."""
    tracemalloc.start()
    try:
        assert expand(BOMB, "gzip", limits.ANSWER_BYTES) == (bytes(limits.ANSWER_BYTES), "was cut at 64 KiB")
        assert tracemalloc.get_traced_memory()[1] < 4 * limits.ANSWER_BYTES
    finally:
        tracemalloc.stop()


async def test_an_answer_of_exactly_the_limit_is_whole(certificates: Certificates, client_for: Make) -> None:
    """64 KiB are allowed, plain and expanded."""
    body = bytes(limits.ANSWER_BYTES)
    plain = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    for answer in (plain, compressed("gzip", gzip.compress(body, mtime=0))):
        async with serve(answering(answer), certificates.good) as target:
            got = await client_for(target).post()
        assert (got.body, got.cut) == (body, None)


async def test_phases_are_told_for_a_new_connection_only(
    certificates: Certificates, client_for: Make
) -> None:
    """A kept connection has no name, connect and TLS phases."""
    async with serve(keep_alive, certificates.good) as target:
        client = client_for(target)
        first = (await client.post()).phases
        second = (await client.post()).phases
    assert first.dns is not None
    assert first.connect is not None
    assert first.tls is not None
    assert first.first_byte is not None
    assert (second.dns, second.connect, second.tls) == (None, None, None)
    assert second.first_byte is not None
    assert second.first_byte > 0
