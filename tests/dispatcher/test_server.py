"""The listening socket, spoken to by plain sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from uvicorn.protocols.http.flow_control import FlowControl

from hookwright.dispatcher.ports.crowd import Memory
from hookwright.dispatcher.ports.cycle import CYCLE, Cycle
from hookwright.dispatcher.ports.server import Listener

REQUEST = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"
CHUNKED = b"POST /echo HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n"
UPGRADE = b"POST /echo HTTP/1.1\r\nhost: here\r\nconnection: upgrade\r\nUpgrade: h2c\r\ncontent-length: 4\r\n\r\nbody"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def whole(receive: Any) -> bytes:
    """A body, whatever its pieces."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    return body


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Answers `hello`, or four bytes of the request; the path /slow lets more time pass than an idle connection has."""
    body = b"hello"
    if scope["path"] == "/slow":
        await asyncio.sleep(2.5)
    elif scope["path"] == "/echo":
        body = b"%b!" % await whole(receive)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def listening(app: Any, **options: Any) -> AsyncIterator[Callable[[], Awaitable[Connection]]]:
    """A listener; gives a maker of connections to it."""
    listener = Listener(app, "127.0.0.1", 0, **options)
    await listener.start()
    writers: list[asyncio.StreamWriter] = []

    async def connect() -> Connection:
        reader, writer = await asyncio.open_connection(*listener.address)
        writers.append(writer)
        return reader, writer

    yield connect
    for writer in writers:
        writer.close()
    await listener.close()


@pytest.fixture
async def connection() -> AsyncIterator[Connection]:
    """To a listener that closes idle connections soon."""
    listener = Listener(hello, "127.0.0.1", 0, keep_alive=0.5)
    await listener.start()
    reader, writer = await asyncio.open_connection(*listener.address)
    yield reader, writer
    writer.close()
    await listener.close()


async def test_an_idle_connection_is_closed(connection: Connection) -> None:
    """After its answer, without a word."""
    reader, writer = connection
    writer.write(REQUEST)
    answer = await asyncio.wait_for(reader.read(), 20)
    assert answer == b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"


async def test_a_connection_with_a_request_is_not_idle(connection: Connection) -> None:
    """Neither while its answer takes long, nor though an answer went before or another request waits behind."""
    reader, writer = connection
    slow = REQUEST.replace(b"/", b"/slow", 1)
    writer.write(REQUEST)
    await asyncio.wait_for(reader.readuntil(b"hello"), 20)
    writer.write(slow + REQUEST)
    answers = await asyncio.wait_for(reader.read(), 20)
    assert answers.count(b"hello") == 2


async def test_head_gets_the_head_alone(connection: Connection) -> None:
    """And the connection goes on."""
    reader, writer = connection
    writer.write(REQUEST.replace(b"GET", b"HEAD") + REQUEST)
    answers = await asyncio.wait_for(reader.read(), 20)
    assert answers == 2 * b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n" + b"hello"


@pytest.mark.parametrize("value", [b"5", b"5\r\nx: y"])
async def test_an_application_that_fails_before_its_answer_is_written_is_answered_for(value: bytes) -> None:
    """Its head waits for its body: so a failure between them, or a header that is none, is a 500 and nothing else."""

    async def fails(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-length", value)]})
        raise LookupError

    async with listening(fails) as connect:
        reader, writer = await connect()
        writer.write(REQUEST)
        said = await asyncio.wait_for(reader.read(), 20)
    assert said.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert said.count(b"HTTP/1.1") == 1


async def test_a_client_that_waits_to_be_asked_is_asked(connection: Connection) -> None:
    """`Expect: 100-continue` is answered before there is a body."""
    reader, writer = connection
    writer.write(b"POST /echo HTTP/1.1\r\nhost: here\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"HTTP/1.1 100 Continue\r\n\r\n"), 20)
    writer.write(b"body")
    assert (await asyncio.wait_for(reader.read(), 20)).endswith(b"\r\n\r\nbody!")


@pytest.mark.parametrize(
    ("request_", "echoed"),
    [
        (REQUEST, b"hello"),
        (b"\r\n\r\n" + REQUEST, b"hello"),
        (UPGRADE, b"body!"),
        (UPGRADE.replace(b"Upgrade: h2c", b"UPGRADE: websocket"), b"body!"),
        (CHUNKED + b"2\r\n\r\n\r\n2\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n!"),
        (CHUNKED + b"3;x=y\r\nabc\r\n1\r\nd\r\n0\r\na: trailer\r\nhost: there\r\n\r\n", b"abcd!"),
        (b"PUT /echo HTTP/1.1\r\nhost: here\r\ncontent-length: 4\r\n\r\n\r\n\r\n", b"\r\n\r\n!"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1_000_000])
async def test_a_request_is_the_same_in_one_piece_and_in_many(
    connection: Connection, request_: bytes, echoed: bytes, size: int
) -> None:
    """Wherever it is cut, and whatever stands behind it in the same piece; an offer to upgrade is ignored."""
    reader, writer = connection
    sent = request_ * 3 + b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n"
    for start in range(0, len(sent), size):
        writer.write(sent[start : start + size])
        await writer.drain()
        await asyncio.sleep(0)
    answers = await asyncio.wait_for(reader.read(), 20)
    assert answers.count(b"HTTP/1.1 200 OK") == 4
    assert answers.count(b"\r\n\r\n" + echoed) >= 3
    assert answers.endswith(b"hello")


@pytest.mark.parametrize("size", [1, 1_000_000])
async def test_an_application_can_ask_and_answer_at_once(size: int) -> None:
    """It has the body where all of it is there; its answer is the same as in two messages, and the first one counts."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        cycle = scope["extensions"][CYCLE]
        body = cycle.whole(4)
        at_once.append(body is not None)
        if body is None:
            body = await whole(receive)
        cycle.answer(200, ((b"x-path", scope["raw_path"]),), body, close=scope["path"] == "/last")
        cycle.answer(500, (), b"never said")

    at_once: list[bool] = []
    lines = b"POST / HTTP/1.1", b"POST / HTTP/1.1", b"HEAD / HTTP/1.1", b"POST /last HTTP/1.1"
    bodies = b"body", b"large", b"", b"."
    sent = b"".join(
        b"%b\r\nhost: here\r\ncontent-length: %d\r\n\r\n%b" % (line, len(body), body)
        for line, body in zip(lines, bodies, strict=True)
    )
    async with listening(app) as connect:
        reader, writer = await connect()
        for start in range(0, len(sent), size):
            writer.write(sent[start : start + size])
            await asyncio.sleep(0)
        answers = await asyncio.wait_for(reader.read(), 20)
    begin = b"HTTP/1.1 200 OK\r\nx-path: /"
    assert answers == (
        begin + b"\r\ncontent-length: 4\r\n\r\nbody" + begin + b"\r\ncontent-length: 5\r\n\r\nlarge"
        + begin + b"\r\ncontent-length: 0\r\n\r\n"
        + begin + b"last\r\ncontent-length: 1\r\nconnection: close\r\n\r\n."
    )  # fmt: skip
    assert size == 1 or at_once == [True, False, True, True]


async def test_who_is_asked_for_a_body_has_read_the_answers_before() -> None:
    """So an answer that is given at once never comes to a connection on which others wait to be read already."""
    written: list[bytes] = []
    transport: Any = SimpleNamespace(write=written.append, is_closing=lambda: False)
    flow = FlowControl(transport)
    held: Any = SimpleNamespace(transport=transport, flow=flow)
    cycle = Cycle(held, bare=False, expects=True, keep_alive=True)
    flow.pause_writing()
    asking = asyncio.create_task(cycle.receive())
    cycle.take(b"body")
    cycle.end()
    await asyncio.sleep(0)
    assert written == [b"HTTP/1.1 100 Continue\r\n\r\n"]
    assert not asking.done()
    flow.resume_writing()
    assert (await asking)["body"] == b"body"


async def test_a_refusal_before_the_body_keeps_the_connection_where_little_of_it_is_missing() -> None:
    """Else it says that it closes, reads the body away, and closes."""
    async with listening(hello) as connect:
        reader, writer = await connect()
        short = b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 60000\r\n\r\n" + b"x" * 60_000
        writer.write(short + short)
        writer.write(short.replace(b"60000", b"70000", 1) + b"x" * 10_000 + short)
        answers = await asyncio.wait_for(reader.read(), 20)
        assert answers.count(b"hello") == 3
        assert answers.count(b"connection: close") == 1


async def test_of_several_requests_one_is_served_at_a_time() -> None:
    """The next one is not even looked at before the answer of the one before it is sent."""
    seen: list[str] = []
    go = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])
        await go.wait()
        await hello(scope, receive, send)

    async with listening(app) as connect:
        reader, writer = await connect()
        writer.write(
            REQUEST.replace(b"/", b"/a", 1) + REQUEST.replace(b"/", b"/b", 1) + b"no request\r\n\r\n"
        )
        _, other = await connect()
        other.write(REQUEST.replace(b"/", b"/c", 1))
        while len(seen) < 2:
            await asyncio.sleep(0)
        assert sorted(seen) == ["/a", "/c"]
        go.set()
        answers = await asyncio.wait_for(reader.read(), 20)
        assert answers.count(b"hello") == 2
        assert b"400 Bad Request" in answers


async def test_the_connection_that_needs_its_place_least_gives_it_up() -> None:
    """First who never sent a byte, then who is idle longest, then whose head came first; never one that waits."""
    go = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/wait":
            await go.wait()
        await hello(scope, receive, send)

    async with listening(app, places=5) as connect:
        waiting, at_work = await connect()
        at_work.write(REQUEST.replace(b"/", b"/wait", 1))
        dripping, drips = await connect()
        drips.write(b"GET / HTT")
        idle, asked = await connect()
        asked.write(REQUEST)
        await asyncio.wait_for(idle.readuntil(b"hello"), 20)
        later, asks = await connect()
        asks.write(REQUEST)
        await asyncio.wait_for(later.readuntil(b"hello"), 20)
        silent, _ = await connect()
        for goes in (silent, idle, later, dripping):
            comes, writes = await connect()
            writes.write(REQUEST.replace(b"/", b"/wait", 1))
            assert await asyncio.wait_for(goes.read(), 20) == b""
        for _ in range(3):  # who is refused takes no place from those that come later, and gives none
            refused, _ = await connect()
            assert b"503 Service Unavailable" in await asyncio.wait_for(refused.readuntil(b"try again."), 20)
        go.set()
        assert (await asyncio.wait_for(waiting.readuntil(b"hello"), 20)).startswith(b"HTTP/1.1 200")
        assert (await asyncio.wait_for(comes.readuntil(b"hello"), 20)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\nhost: here\r\n" + b"a:\r\n" * 99 + b"\r\n", b"200"),
        (b"GET / HTTP/1.1\r\nhost: here\r\n" + b"a:\r\n" * 100 + b"\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nhost: here\r\n" + b"a:\r\n" * 1_000, b"431"),
        (b"GET / HTTP/1.1\r\nhost: here\r\na: " + b"a" * 60_000 + b"\r\n\r\n", b"200"),
        (b"GET / HTTP/1.1\r\nhost: here\r\na: " + b"a" * 70_000, b"431"),
        (b"GET /" + b"a" * 70_000, b"431"),
        (CHUNKED + b"0\r\n" + b"a: b\r\n" * 20_000, b"431"),
        (CHUNKED + b"0\r\na: " + b"b" * 200_000, b"431"),
        (CHUNKED + b"1;" + b"b" * 200_000, b"431"),
        (b"\x16\x03\x01", b"400"),
        (b"GET / HTTP/1.1\nhost: here\n\n" + REQUEST, b"400"),
        (REQUEST.replace(b"GET", b"CONNECT"), b"400"),
        (CHUNKED + b"x\r\n", b"400"),
    ],
)
async def test_what_is_no_request_is_told_so(request_: bytes, status: bytes) -> None:
    """Also when it is not complete, and a client that goes on sending gets its answer all the same."""
    async with listening(hello) as connect:
        reader, writer = await connect()
        writer.write(request_)
        if status == b"200":
            assert await asyncio.wait_for(reader.readuntil(b"hello"), 20)
        else:
            writer.write(b"x" * 3_000_000)
            await writer.drain()
            writer.write_eof()
            assert (await asyncio.wait_for(reader.read(), 20)).startswith(b"HTTP/1.1 " + status)


async def test_what_all_connections_hold_is_bounded_and_given_back() -> None:
    """A body for which there is no room is a 503; whatever way a request ends, nothing of it is counted any more."""
    memory = Memory(300_000)
    head = b"POST /echo HTTP/1.1\r\nhost: here\r\ncontent-length: 100000\r\n\r\n"
    async with listening(hello, memory=memory) as connect:
        first = await connect()
        first[1].write(head + b"x" * 99_999)
        while memory.held < 99_999:
            await asyncio.sleep(0)
        second, third = await connect(), await connect()
        second[1].write(head + b"x" * 99_999)
        third[1].write(head + b"x" * 99_999)
        refused, _ = await asyncio.wait(
            [asyncio.create_task(reader.readuntil(b"again.")) for reader, _ in (second, third)],
            return_when=asyncio.FIRST_COMPLETED,
        )
        assert b"503 Service Unavailable" in refused.pop().result()
        first[1].write(b"x")
        await asyncio.wait_for(first[0].readuntil(b"\r\n\r\n"), 20)
        for _, writer in (first, second, third):
            writer.close()
        while memory.held:
            await asyncio.sleep(0)


async def test_a_listener_that_retires_says_so_with_its_answers() -> None:
    """One request on each connection, whether it was open or is new, and that of a request under way too."""
    answers = asyncio.Event()

    async def held(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/held":
            await answers.wait()
        await hello(scope, receive, send)

    listener = Listener(held, "127.0.0.1", 0)
    await listener.start()
    idle, under_way = [await asyncio.open_connection(*listener.address) for _ in range(2)]
    idle[1].write(REQUEST)
    assert b"connection" not in await idle[0].readuntil(b"hello")
    under_way[1].write(REQUEST.replace(b"/", b"/held", 1))
    idle[1].write(REQUEST)
    assert b"connection" not in await idle[0].readuntil(b"hello")
    listener.retire()
    answers.set()
    idle[1].write(REQUEST)
    new = await asyncio.open_connection(*listener.address)
    new[1].write(REQUEST)
    last = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"
    for reader, writer in (idle, under_way, new):
        assert await reader.read() == last
        writer.close()
    await listener.close()
