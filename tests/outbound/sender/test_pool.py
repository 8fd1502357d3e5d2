"""Kept connections: how many there are, when they end, and that no request suffers from another."""

import asyncio
import gc
import time
from collections.abc import Callable

import pytest

from hookwright import limits
from hookwright.errors import Cause, SendError, Sent
from hookwright.outbound.connection import Connection
from hookwright.outbound.pool import Keep
from hookwright.outbound.port import TlsSettings
from outbound.sender.conftest import Client
from outbound.sender.target import HOST, OK, OTHER_HOST, Certificates, Peer, keep_alive, once, serve

Make = Callable[..., Client]


async def test_there_are_never_more_connections_than_requests_in_flight(
    certificates: Certificates, client_for: Make
) -> None:
    """Eight at once make eight handshakes, and two hundred more make none."""
    async with serve(keep_alive, certificates.good) as target:
        client = client_for(target)

        async def many() -> None:
            for _ in range(25):
                await client.post()

        await asyncio.gather(*(many() for _ in range(8)))
        assert len(target.requests) == 200
        assert target.connections <= 8
        before = target.connections
        for _ in range(10):
            await client.post()
        assert target.connections == before


async def test_the_connection_used_last_is_used_first(certificates: Certificates, client_for: Make) -> None:
    """So those not needed grow old."""
    used: list[int] = []

    async def behave(peer: Peer) -> None:
        number = peer.target.connections
        while await peer.request() is not None:
            used.append(number)
            await peer.write(OK)

    async with serve(behave, certificates.good) as target:
        client = client_for(target)
        await asyncio.gather(*(client.post() for _ in range(4)))
        for _ in range(5):
            await client.post()
    assert len(set(used[4:])) == 1


async def test_pools_share_no_connection(certificates: Certificates, client_for: Make) -> None:
    """Two webhooks to one host have a connection each, and closing one leaves the other's."""
    async with serve(keep_alive, certificates.good) as target:
        client = client_for(target)
        other = Client(client.sender, client.sender.pool(TlsSettings(ca=certificates.pem), "default/two"))
        await client.post()
        await other.post()
        assert target.connections == 2
        client.pool.close()
        await other.post()
        assert target.connections == 2


async def test_an_unused_connection_is_closed(certificates: Certificates, client_for: Make) -> None:
    """After its time the server sees it go, without a request that would notice."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.write(OK)
        await peer.gone()

    async with serve(behave, certificates.good) as target:
        client = client_for(target, keep=Keep(idle=0.1))
        await client.post()
        assert not target.gone.is_set()
        await asyncio.wait_for(target.gone.wait(), 30.0)
        assert client.pool.connections() == ()


async def test_a_connection_ends_after_its_life(certificates: Certificates, client_for: Make) -> None:
    """However busy it is: an old address is not used for ever."""
    async with serve(keep_alive, certificates.good) as target:
        client = client_for(target, keep=Keep(life=0.0))
        for _ in range(3):
            assert (await client.post()).status == 200
    assert target.connections == 3


async def test_a_connection_that_grew_old_while_idle_is_not_taken(
    certificates: Certificates, client_for: Make
) -> None:
    """Five minutes after it was made it is closed instead."""
    async with serve(keep_alive, certificates.good) as target:
        client = client_for(target)
        await client.post()
        (connection,) = client.pool.connections()
        assert client.pool.take(HOST, time.monotonic() + limits.CONNECTION_SECONDS) is None
        await connection.lost


async def test_a_connection_that_the_server_closed_is_not_used(
    certificates: Certificates, client_for: Make
) -> None:
    """It is dropped when the server closes it, before the next request."""
    async with serve(once(OK), certificates.good) as target:
        client = client_for(target)
        await client.post()
        (connection,) = client.pool.connections()
        await connection.lost
        await client.post()
    assert (target.connections, len(target.requests)) == (2, 2)


@pytest.mark.parametrize("reset", [False, True])
async def test_a_stale_connection_is_replaced_once(
    certificates: Certificates, client_for: Make, reset: bool
) -> None:
    """A kept connection that ends with the request and no byte of an answer: a fresh one gets the request."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.write(OK)
        if peer.target.connections == 1 and await peer.request() is not None:
            peer.reset() if reset else peer.writer.close()
        else:
            await keep_alive(peer)

    async with serve(behave, certificates.good) as target:
        client = client_for(target)
        await client.post()
        assert (await client.post(body=b'{"second":1}')).status == 200
    assert [request.body for request in target.requests] == [b"{}", b'{"second":1}', b'{"second":1}']
    assert target.connections == 2


async def test_each_time_that_a_request_is_sent_is_told(certificates: Certificates, client_for: Make) -> None:
    """Before its answer: also of the one that met a stale connection. Nothing is where no connection may be made."""
    told: list[int] = []

    async def behave(peer: Peer) -> None:
        while await peer.request() is not None:
            told.append(0)
            if len(peer.target.requests) == 2:
                return
            await peer.write(OK)

    async with serve(behave, certificates.good) as target:
        client = client_for(target)
        for number in (1, 2):
            await client.post(sent=lambda number=number: told.append(number))
    assert told == [1, 0, 2, 0, 2, 0]
    with pytest.raises(SendError):
        await client_for().post("https://127.0.0.1/", sent=lambda: told.append(3))
    assert 3 not in told


async def test_a_stale_connection_is_replaced_only_once(certificates: Certificates, client_for: Make) -> None:
    """If the fresh one fails as well, that is the answer."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        if peer.target.connections == 1:
            await peer.write(OK)
            await peer.request()

    async with serve(behave, certificates.good) as target:
        client = client_for(target)
        await client.post()
        with pytest.raises(SendError) as caught:
            await client.post()
    assert (caught.value.cause, caught.value.sent) == (Cause.RESET, Sent.MAYBE_SENT)
    assert (target.connections, len(target.requests)) == (2, 3)


async def test_a_request_that_was_partly_answered_is_not_repeated(
    certificates: Certificates, client_for: Make
) -> None:
    """One byte of an answer shows that the server has read it."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.write(OK)
        await peer.request()
        await peer.write(b"H")

    async with serve(behave, certificates.good) as target:
        client = client_for(target)
        await client.post()
        with pytest.raises(SendError) as caught:
            await client.post()
    assert (caught.value.cause, target.connections, len(target.requests)) == (Cause.RESET, 1, 2)


async def test_a_stall_on_a_kept_connection_ends_at_its_own_deadline(
    certificates: Certificates, client_for: Make
) -> None:
    """Not at that of the request before, which had more time; and it is not repeated."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.write(OK)
        await peer.gone()

    async with serve(behave, certificates.good) as target:
        client = client_for(target)
        await client.post(timeout=120.0)
        with pytest.raises(SendError) as caught:
            await asyncio.wait_for(client.post(timeout=0.2), 60.0)
        await target.gone.wait()
    assert (caught.value.cause, target.connections) == (Cause.TIMEOUT, 1)


async def test_the_deadline_of_an_answered_request_ends_no_later_one(
    certificates: Certificates, client_for: Make
) -> None:
    """A request of a second is answered; the next one has a minute and gets its answer after that second."""
    first = 1.0

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.write(OK)
        await peer.request()
        await asyncio.sleep(first + 0.1)
        await peer.write(OK)

    async with serve(behave, certificates.good) as target:
        client = client_for(target)
        await client.post(timeout=first)
        assert (await client.post(timeout=60.0)).status == 200
    assert target.connections == 1


async def test_an_answer_that_nobody_asked_for_ends_the_connection(
    certificates: Certificates, client_for: Make
) -> None:
    """It must not be taken for the answer to the next request."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.write(OK)
        if peer.target.connections == 1:
            await proceed.wait()
            await peer.write(b"HTTP/1.1 500 Late\r\ncontent-length: 0\r\n\r\n")
        await keep_alive(peer)

    proceed = asyncio.Event()
    async with serve(behave, certificates.good) as target:
        client = client_for(target)
        await client.post()
        (connection,) = client.pool.connections()
        proceed.set()
        await connection.lost
        assert (await client.post()).status == 200
    assert target.connections == 2


@pytest.mark.parametrize("stage", ["handshake", "request", "body"])
async def test_a_cancelled_request_closes_its_socket_at_once(
    certificates: Certificates, client_for: Make, stage: str
) -> None:
    """Wherever it was; the pool goes on."""
    arrived = asyncio.Event()

    async def behave(peer: Peer) -> None:
        if stage != "handshake":
            await peer.request()
        if stage == "body":
            await peer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart")
        arrived.set()
        await peer.gone()

    async with serve(behave, None if stage == "handshake" else certificates.good) as target:
        client = client_for(target)
        task = asyncio.create_task(client.post())
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(target.gone.wait(), 30.0)
        assert client.pool.connections() == ()


async def test_a_hundred_cancelled_requests_leave_the_pool_usable(
    certificates: Certificates, client_for: Make
) -> None:
    """The server stalls until told; then everything goes as if nothing had been."""
    stalled = asyncio.Event()

    async def behave(peer: Peer) -> None:
        while await peer.request() is not None:
            if not stalled.is_set():
                await peer.gone()
                return
            await peer.write(OK)

    async with serve(behave, certificates.good) as target:
        client = client_for(target)
        results = await asyncio.gather(
            *(asyncio.wait_for(client.post(), 0.3) for _ in range(100)), return_exceptions=True
        )
        assert all(isinstance(result, TimeoutError) for result in results)
        stalled.set()
        answers = await asyncio.gather(*(client.post() for _ in range(100)))
        assert {answer.status for answer in answers} == {200}


async def test_a_stalling_target_delays_nobody_else(certificates: Certificates, client_for: Make) -> None:
    """32 requests hang on one webhook while 300 of another come and go."""

    async def hang(peer: Peer) -> None:
        await peer.request()
        await peer.gone()

    async with serve(hang, certificates.good) as dead, serve(keep_alive, certificates.good) as alive:
        places = {HOST: ("127.0.0.1", alive.port), OTHER_HOST: ("127.0.0.1", dead.port)}
        healthy = client_for(connect_to=places)
        other = Client(healthy.sender, healthy.sender.pool(TlsSettings(ca=certificates.pem), "default/two"))
        hanging = [asyncio.create_task(other.post(f"https://{OTHER_HOST}/", timeout=30.0)) for _ in range(32)]
        for _ in range(300):
            assert (await healthy.post()).status == 200
        assert not any(task.done() for task in hanging)
        assert alive.connections == 1
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)


async def test_an_idle_connection_makes_room_for_a_new_one(
    certificates: Certificates, client_for: Make
) -> None:
    """With room for two, the third webhook's connection closes the one unused longest; what is in use stays."""
    gate = asyncio.Event()

    async def behave(peer: Peer) -> None:
        while (request := await peer.request()) is not None:
            if request.body == b'"wait"':
                await gate.wait()
            await peer.write(OK)

    async with serve(behave, certificates.good) as target:
        first = client_for(target, connections=2)
        second, third = (
            Client(first.sender, first.sender.pool(TlsSettings(ca=certificates.pem), f"default/{number}"))
            for number in range(2)
        )
        busy = asyncio.create_task(first.post(body=b'"wait"'))
        await second.post()
        (idle,) = second.pool.connections()
        await third.post()
        await idle.lost
        gate.set()
        assert (await busy).status == 200
        assert [len(each.pool.connections()) for each in (first, second, third)] == [1, 0, 1]
        await second.post()
    assert target.connections == 4


async def test_what_is_in_use_may_be_more_than_there_is_room_for(
    certificates: Certificates, client_for: Make
) -> None:
    """How many requests are under way is the callers' business: none is refused here."""
    async with serve(keep_alive, certificates.good) as target:
        client = client_for(target, connections=2)
        answers = await asyncio.gather(*(client.post() for _ in range(8)))
    assert [answer.status for answer in answers] == [200] * 8


async def test_a_closed_pool_lets_a_request_end(certificates: Certificates, client_for: Make) -> None:
    """A webhook that changes closes idle connections now, and busy ones when they end."""
    asked, proceed = asyncio.Event(), asyncio.Event()

    async def behave(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await proceed.wait()
        await peer.write(OK)
        await peer.gone()

    async with serve(behave, certificates.good) as target:
        client = client_for(target)
        task = asyncio.create_task(client.post())
        await asked.wait()
        client.pool.close()
        proceed.set()
        assert (await task).status == 200
        await asyncio.wait_for(target.gone.wait(), 30.0)
        assert client.pool.connections() == ()


async def test_closing_the_sender_ends_requests_under_way(
    certificates: Certificates, client_for: Make
) -> None:
    """They may have been sent; nothing is left open."""
    asked = asyncio.Event()

    async def behave(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await peer.gone()

    async with serve(behave, certificates.good) as target:
        client = client_for(target)
        task = asyncio.create_task(client.post())
        await asked.wait()
        await client.sender.close()
        with pytest.raises(SendError) as caught:
            await task
    assert (caught.value.cause, caught.value.sent) == (Cause.RESET, Sent.MAYBE_SENT)


async def test_a_closed_connection_leaves_no_garbage(certificates: Certificates, client_for: Make) -> None:
    """Nothing holds on to it: its parser and buffers go as well."""
    async with serve(once(OK), certificates.good) as target:
        client = client_for(target)
        for _ in range(20):
            await client.post()
    gc.collect()
    assert len([thing for thing in gc.get_objects() if isinstance(thing, Connection)]) <= 1


async def test_who_waits_for_the_handshakes_of_others_loses_no_time_and_leaves_no_socket(
    certificates: Certificates, client_for: Make
) -> None:
    """Forty connections to a target that shakes no hands: most wait for a place, and end cleanly when they are cancelled."""

    async def behave(peer: Peer) -> None:
        await peer.gone()

    async with serve(behave, None) as target:
        client = client_for(target)
        tasks = [asyncio.create_task(client.post(timeout=60.0)) for _ in range(40)]
        while target.connections < 40:
            await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(error, asyncio.CancelledError) for error in ended)
    assert client.pool.size == 0
