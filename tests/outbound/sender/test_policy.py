"""Names and addresses: nothing is connected to that the egress policy has not seen."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from hookwright import limits
from hookwright.core.egress import EgressPolicy
from hookwright.errors import Cause, SendError, Sent
from hookwright.outbound.connection import Connection
from hookwright.outbound.connector import first_to_answer
from hookwright.outbound.resolver import Resolver, system_lookup
from outbound.sender.conftest import Client
from outbound.sender.target import HOST, OK, Certificates, keep_alive, once, serve

Make = Callable[..., Client]
LOOPBACK = EgressPolicy(allow=["127.0.0.1/32"])
CLOSE = OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")


def names(*answers: Sequence[str] | Exception) -> Resolver:
    """A resolver that gives these answers one after the other, and remembers none; the last one for good."""
    left = list(answers)

    def lookup(host: str) -> Sequence[str]:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Resolver(lookup, remember=0.0)


async def refusal(client: Client, url: str = f"https://{HOST}/") -> SendError:
    with pytest.raises(SendError) as caught:
        await client.post(url, timeout=2.0)
    assert (caught.value.cause, caught.value.sent) == (Cause.REFUSED_ADDRESS, Sent.NOT_SENT)
    return caught.value


async def test_a_vetted_address_is_connected_to_and_verified_by_name(
    certificates: Certificates, client_for: Make
) -> None:
    """The server sees the name in Host, the certificate is checked against the name, not the address."""
    async with serve(keep_alive, certificates.good) as target:
        client = client_for(policy=LOOPBACK, resolver=names(["127.0.0.1"]), port=target.port)
        assert (await client.post()).status == 200
    assert target.requests[0].header("host") == [HOST]


async def test_a_name_that_turns_to_a_private_address_is_refused(
    certificates: Certificates, client_for: Make
) -> None:
    """Each new connection asks anew: the second answer of the name server reaches nobody."""
    async with serve(once(CLOSE), certificates.good) as target:
        client = client_for(
            policy=LOOPBACK, resolver=names(["127.0.0.1"], ["169.254.169.254"]), port=target.port
        )
        assert (await client.post()).status == 200
        error = await refusal(client)
        assert target.connections == 1
    assert "169.254.169.254" in str(error)
    assert "metadata" in str(error)


async def test_one_refused_address_refuses_the_name(certificates: Certificates, client_for: Make) -> None:
    """Even when another address of it is allowed and answers."""
    async with serve(keep_alive, certificates.good) as target:
        client = client_for(policy=LOOPBACK, resolver=names(["127.0.0.1", "10.0.0.1"]), port=target.port)
        error = await refusal(client)
        assert target.connections == 0
    assert HOST in str(error)
    assert "10.0.0.1" in str(error)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "fe80::1%1"])
async def test_a_name_of_a_refused_address_is_refused(client_for: Make, address: str) -> None:
    """By default nothing that is not public is reached."""
    await refusal(client_for(resolver=names([address])))


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "2600:1f00:aa::10", "2606:4700::5efe:a00:5", "64:ff9b::808:808"]
)
async def test_a_denied_network_is_not_connected_to(
    certificates: Certificates, client_for: Make, address: str
) -> None:
    """Allowed or public, alone or beside another address; so are private ones that a public one stands for."""
    policy = EgressPolicy(allow=["127.0.0.0/8"], deny=["127.0.0.1", "2600:1f00::/40", "8.8.8.0/24"])
    async with serve(keep_alive, certificates.good) as target:
        for addresses in ([address], ["127.0.0.2", address]):
            error = await refusal(client_for(policy=policy, resolver=names(addresses), port=target.port))
            assert address in str(error)
            assert "egress.deny" in str(error) or "private" in str(error)
        assert target.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0"])
async def test_an_ipv4_literal_is_vetted(client_for: Make, host: str) -> None:
    """A literal needs no name server and gets no mercy."""
    await refusal(client_for(resolver=names(OSError("not asked"))), f"https://{host}/")


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "017700000001"])
async def test_an_old_spelling_of_an_address_is_a_name(client_for: Make, host: str) -> None:
    """It is resolved like any name, and its address vetted."""
    await refusal(client_for(resolver=names(["127.0.0.1"])), f"https://{host}/")


async def test_an_allowed_literal_is_verified_by_its_address(
    certificates: Certificates, client_for: Make
) -> None:
    """The certificate must hold the address."""
    async with serve(keep_alive, certificates.good) as target:
        client = client_for(policy=LOOPBACK, port=target.port)
        assert (await client.post("https://127.0.0.1/")).status == 200
    async with serve(keep_alive, certificates.wrong_name()) as target:
        client = client_for(policy=LOOPBACK, port=target.port)
        with pytest.raises(SendError) as caught:
            await client.post("https://127.0.0.1/")
    assert caught.value.cause == Cause.TLS_NAME


async def test_connect_to_passes_addresses_and_not_host_rules(
    certificates: Certificates, client_for: Make
) -> None:
    """The administrator's own word opens an address; what he denies by name stays denied."""
    async with serve(keep_alive, certificates.good) as target:
        assert (await client_for(target).post()).status == 200
        await refusal(client_for(target, policy=EgressPolicy(deny_hosts=[HOST])))
        await refusal(client_for(target, policy=EgressPolicy(allow_hosts=["*.example.com"])))
        assert target.connections == 1


async def test_connect_to_may_name_a_host(certificates: Certificates, client_for: Make) -> None:
    """Split DNS: another name is resolved, the certificate is still that of the first."""
    async with serve(keep_alive, certificates.good) as target:
        asked: list[str] = []

        def lookup(host: str) -> list[str]:
            asked.append(host)
            return ["127.0.0.1"]

        client = client_for(connect_to={HOST: ("inside.example", target.port)}, resolver=Resolver(lookup))
        assert (await client.post()).status == 200
    assert asked == ["inside.example"]


@pytest.mark.parametrize(
    "url",
    [
        "http://target.example/",
        "https://target.example:8443/sekrit",
        "https://user:sekrit@target.example/",
        "https://[::1]/",
        "https://target.example/a b",
        "https://target.example/\r\nx: y",
        "https://target.example#f",
        "https://target.example/#sekrit",
        "https:///sekrit",
        "target.example",
        "",
    ],
)
async def test_a_url_that_is_not_plain_https_is_refused(client_for: Make, url: str) -> None:
    """And not shown: it may hold a secret."""
    assert "sekrit" not in str(await refusal(client_for(resolver=names(OSError("not asked"))), url))


@pytest.mark.parametrize(
    "error", [OSError("lookup failed"), UnicodeError("label too long"), ValueError("odd")]
)
async def test_a_name_that_does_not_resolve_is_not_sent(client_for: Make, error: Exception) -> None:
    """Whatever the lookup raises is DNS trouble with the host's name."""
    with pytest.raises(SendError) as caught:
        await client_for(resolver=names(error)).post()
    assert (caught.value.cause, caught.value.sent) == (Cause.DNS, Sent.NOT_SENT)
    assert HOST in str(caught.value)


async def test_a_name_without_addresses_does_not_resolve(client_for: Make) -> None:
    """An empty answer is an error, not a crash."""
    with pytest.raises(SendError) as caught:
        await client_for(resolver=names([])).post()
    assert caught.value.cause == Cause.DNS


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example", "x.invalid"])
async def test_the_system_says_no_to_impossible_names(client_for: Make, host: str) -> None:
    """Through the real lookup: too long, empty label, reserved for never existing (RFC 6761)."""
    with pytest.raises(SendError) as caught:
        await client_for().post(f"https://{host}/", timeout=30.0)
    assert (caught.value.cause, caught.value.sent) == (Cause.DNS, Sent.NOT_SENT)


def test_the_system_is_asked_for_an_absolute_name() -> None:
    """A dot at the end keeps the search list away; it shows on a literal, which is none with a dot."""
    with pytest.raises(socket.gaierror):
        system_lookup("127.0.0.1")


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    """Lookups of stuck hosts wait for this; set at the end, so that no thread is left."""
    event = threading.Event()
    yield event
    event.set()


def lookup_with(stuck: threading.Event, asked: list[str]) -> Callable[[str], list[str]]:
    def lookup(host: str) -> list[str]:
        asked.append(host)
        if host.startswith("stuck"):
            stuck.wait(20.0)
            raise OSError("gave up")
        return ["127.0.0.1"]

    return lookup


async def test_a_dead_name_server_delays_only_its_own(
    certificates: Certificates, client_for: Make, stuck: threading.Event
) -> None:
    """200 hosts whose lookups hang, several requests each: another host is resolved at once."""
    asked: list[str] = []
    resolver = Resolver(lookup_with(stuck, asked), remember=0.0)
    async with serve(keep_alive, certificates.good) as target:
        client = client_for(policy=LOOPBACK, resolver=resolver, port=target.port)
        hanging = [
            asyncio.create_task(client.post(f"https://stuck{number % 200}.example/", timeout=30.0))
            for number in range(600)
        ]
        assert (await client.post()).status == 200
        assert not any(task.done() for task in hanging)
        assert len([host for host in asked if host.startswith("stuck")]) == 200
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)


async def test_a_namespace_whose_names_nobody_answers_delays_no_other(stuck: threading.Event) -> None:
    """700 names of one namespace hang, of many webhooks; another's lookup has a thread at once, and threads are few."""
    asked: list[str] = []
    resolver = Resolver(lookup_with(stuck, asked))
    hanging = [
        asyncio.create_task(resolver.addresses(f"stuck{number}.example", f"crowd/w{number}"))
        for number in range(700)
    ]
    await asyncio.sleep(0)
    assert await resolver.addresses(HOST, "other/one") == ("127.0.0.1",)
    assert limits.RESOLVER_THREADS // 2 < len(asked) - 1 < limits.RESOLVER_THREADS
    assert await resolver.addresses("fine.example", "other/two") == ("127.0.0.1",)
    await resolver.close()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_who_waits_for_a_thread_of_its_own_share_holds_up_no_other_that_asks_the_same(
    stuck: threading.Event,
) -> None:
    """A host is asked for by a namespace that has no thread left, then by one that has: that one's answer serves both."""
    asked: list[str] = []
    resolver = Resolver(lookup_with(stuck, asked))
    crowd = [
        asyncio.create_task(resolver.addresses(f"stuck{number}.example", f"crowd/w{number}"))
        for number in range(700)
    ]
    crowd.append(asyncio.create_task(resolver.addresses(HOST, "crowd/late")))
    await asyncio.sleep(0)
    assert await resolver.addresses(HOST, "other/one") == ("127.0.0.1",)
    assert await resolver.addresses(HOST, "crowd/later") == ("127.0.0.1",)
    assert asked.count(HOST) == 1
    await resolver.close()
    await asyncio.gather(*crowd, return_exceptions=True)


async def test_hosts_in_trouble_share_few_threads(stuck: threading.Event) -> None:
    """After a failed lookup a host waits among its like, so that threads for the healthy are left."""
    asked: list[str] = []
    resolver = Resolver(lookup_with(stuck, asked), remember=0.0)
    count = limits.RESOLVER_SUSPECT_THREADS
    stuck.set()  # the first round fails at once
    first = [resolver.addresses(f"stuck{number}.example", f"crowd/w{number}") for number in range(count)]
    assert all(isinstance(error, SendError) for error in await asyncio.gather(*first, return_exceptions=True))
    stuck.clear()
    asked.clear()
    second = [
        asyncio.create_task(resolver.addresses(f"stuck{number}.example", f"crowd/w{number}"))
        for number in range(count)
    ]
    assert await resolver.addresses(HOST, "crowd/healthy") == ("127.0.0.1",)
    assert len(asked) == count * 3 // 4 + 1
    await resolver.close()
    await asyncio.gather(*second, return_exceptions=True)


async def test_a_lookup_that_hangs_ends_at_the_deadline(client_for: Make, stuck: threading.Event) -> None:
    """Not sent, and the next one joins the same lookup."""
    asked: list[str] = []
    client = client_for(resolver=Resolver(lookup_with(stuck, asked)))
    for _ in range(2):
        with pytest.raises(SendError) as caught:
            await client.post("https://stuck.example/", timeout=0.1)
        assert (caught.value.cause, caught.value.sent) == (Cause.TIMEOUT, Sent.NOT_SENT)
        assert "resolved" in str(caught.value)
    assert asked == ["stuck.example"]


async def test_closing_the_sender_ends_lookups_under_way(client_for: Make, stuck: threading.Event) -> None:
    """Those who wait get an error, not a cancellation that nobody asked for."""
    asked = threading.Event()

    def lookup(host: str) -> list[str]:
        asked.set()
        stuck.wait(20.0)
        return ["127.0.0.1"]

    client = client_for(resolver=Resolver(lookup))
    waiting = [asyncio.create_task(client.post("https://stuck.example/")) for _ in range(3)]
    assert await asyncio.to_thread(asked.wait, 5.0)
    await client.sender.close()
    for error in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(error, SendError)
        assert error.sent == Sent.NOT_SENT


async def test_an_answer_is_remembered_for_a_moment(certificates: Certificates, client_for: Make) -> None:
    """A target that closes each connection costs no lookup each."""
    asked: list[str] = []
    resolver = Resolver(lookup_with(threading.Event(), asked))
    async with serve(once(CLOSE), certificates.good) as target:
        client = client_for(policy=LOOPBACK, resolver=resolver, port=target.port)
        for _ in range(3):
            await client.post()
    assert (target.connections, asked) == (3, [HOST])


async def test_the_next_address_is_tried(certificates: Certificates, client_for: Make) -> None:
    """The first address refuses the connection, the second one answers; one connection is left."""
    async with serve(keep_alive, certificates.good) as target:
        policy = EgressPolicy(allow=["127.0.0.0/8"])
        client = client_for(policy=policy, resolver=names(["127.0.0.9", "127.0.0.1"]), port=target.port)
        assert (await client.post()).status == 200
        assert len(client.pool.connections()) == 1
        client = client_for(policy=policy, resolver=names(["127.0.0.9", "127.0.0.8"]), port=target.port)
        with pytest.raises(SendError) as caught:
            await client.post()
    assert (caught.value.cause, caught.value.sent) == (Cause.CONNECT, Sent.NOT_SENT)


async def test_two_addresses_that_answer_at_once_leave_one_connection(
    certificates: Certificates, client_for: Make
) -> None:
    """The one that is not needed is closed. Both attempts are held until both are under way."""
    async with serve(keep_alive, certificates.good) as target:
        loop = asyncio.get_running_loop()
        both = asyncio.Event()
        begun: list[str] = []
        made: list[Connection] = []

        async def attempt(address: str) -> tuple[Connection, asyncio.Transport]:
            begun.append(address)
            if len(begun) == 2:
                both.set()
            await both.wait()
            transport, connection = await loop.create_connection(
                lambda: Connection(loop, HOST, lambda _: None, memoryview(bytearray(1))), address, target.port
            )
            made.append(connection)
            return connection, transport

        winner, _ = await first_to_answer(attempt, ["127.0.0.1", "127.0.0.1"], beside=lambda: True)
        for connection in made:
            if connection is not winner:
                await connection.lost
        assert not winner.lost.done()
        winner.abort()
        await winner.lost
