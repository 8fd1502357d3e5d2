"""OAuth 2.0 client credentials against a real authorization server (Authlib's, over TLS)."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from hookwright.errors import Cause, SendError, Sent
from hookwright.outbound.auth.oauth2 import ClientCredentials, OAuth2Credentials, read_answer
from hookwright.outbound.port import Answer

DEADLINE = 10.0
HEADER_CLIENT = ("header client/+ü", "header secret: %/+ü")
BODY_CLIENT = ("body client/+ü", "body secret&=%+ü")


class Clock:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def make(server: Any, clock: Callable[[], float] | None = None, **changes: Any) -> OAuth2Credentials:
    """Credentials of the header client, with changes."""
    client_id, client_secret = HEADER_CLIENT
    values = {"token_url": server.url + "/token", "client_id": client_id, "client_secret": client_secret}
    return OAuth2Credentials(ClientCredentials(**(values | changes)), server.fetch, clock or Clock())


async def refusal(credentials: OAuth2Credentials) -> str:
    """The sentence of the SendError that takes the place of headers."""
    with pytest.raises(SendError) as caught:
        await credentials.headers(DEADLINE)
    assert caught.value.cause is Cause.TOKEN
    assert caught.value.sent is Sent.NOT_SENT
    return str(caught.value)


async def test_header_style_gives_a_token_that_the_resource_accepts(server: Any) -> None:
    """Id and secret go as HTTP basic, form-encoded first, so that blanks, colons and umlauts survive."""
    credentials = make(server)
    headers = await credentials.headers(DEADLINE)
    assert headers == (("authorization", "Bearer issued-token-0001"),)
    assert await server.call(headers) == 200
    assert server.forms == [{"grant_type": "client_credentials"}]


async def test_body_style_gives_a_token_that_the_resource_accepts(server: Any) -> None:
    """Id and secret go as form fields, with every character that means something in a form."""
    client_id, client_secret = BODY_CLIENT
    credentials = make(server, client_id=client_id, client_secret=client_secret, in_body=True)
    assert await server.call(await credentials.headers(DEADLINE)) == 200


async def test_scopes_are_joined_by_blanks_and_audience_is_sent(server: Any) -> None:
    """The server sees both scopes as one value, gives a token for them, and sees the audience."""
    credentials = make(server, scopes=("read", "write"), audience="https://api.example.com/?a=b&c")
    await credentials.headers(DEADLINE)
    assert server.forms[0]["scope"] == "read write"
    assert server.forms[0]["audience"] == "https://api.example.com/?a=b&c"
    assert server.issued["issued-token-0001"].get_scope() == "read write"


async def test_a_scope_the_client_may_not_have_is_named_by_its_error_code(server: Any) -> None:
    """The sentence names the endpoint's host and the server's error code."""
    sentence = await refusal(make(server, scopes=("admin",)))
    assert sentence == "The token endpoint localhost answered 400 with the error invalid_scope."


@pytest.mark.parametrize(
    ("client", "in_body", "status"),
    [
        ((HEADER_CLIENT[0], "wrong-secret-of-the-client"), False, 401),
        ((BODY_CLIENT[0], "wrong-secret-of-the-client"), True, 401),
        (("nobody", "wrong-secret-of-the-client"), False, 401),
    ],
    ids=["header", "body", "unknown client"],
)
async def test_a_wrong_secret_is_invalid_client(
    server: Any, client: tuple[str, str], in_body: bool, status: int
) -> None:
    """A wrong secret or client is refused by the server with invalid_client; the sentence shows neither."""
    sentence = await refusal(make(server, client_id=client[0], client_secret=client[1], in_body=in_body))
    assert sentence == f"The token endpoint localhost answered {status} with the error invalid_client."


async def test_a_token_is_fetched_once_for_many_deliveries(server: Any) -> None:
    """While the token is good nothing is asked again."""
    credentials = make(server)
    first = await credentials.headers(DEADLINE)
    assert [await credentials.headers(DEADLINE) for _ in range(20)] == [first] * 20
    assert len(server.forms) == 1


async def test_a_token_is_renewed_in_the_background_before_it_expires(server: Any) -> None:
    """Inside the last minute the present token is still given out at once, and a new one is on its way."""
    clock = Clock()
    credentials = make(server, clock)
    first = await credentials.headers(DEADLINE)
    clock.now += 3600 - 61
    assert await credentials.headers(DEADLINE) == first
    assert len(server.forms) == 1

    clock.now += 2
    server.asked.clear()
    server.open.clear()
    assert [await credentials.headers(DEADLINE) for _ in range(5)] == [first] * 5
    await asyncio.wait_for(server.asked.wait(), DEADLINE)
    assert len(server.forms) == 2
    server.open.set()
    clock.now += 60
    assert await credentials.headers(DEADLINE) == (("authorization", "Bearer issued-token-0002"),)
    assert len(server.forms) == 2


async def test_a_failed_renewal_leaves_the_good_token_in_use(server: Any) -> None:
    """A token endpoint that fails while the token is still good costs no delivery and is asked every 5 s."""
    clock = Clock()
    credentials = make(server, clock)
    first = await credentials.headers(DEADLINE)
    client = server.clients.pop(HEADER_CLIENT[0])
    clock.now += 3550
    server.fetched.clear()
    assert await credentials.headers(DEADLINE) == first
    await asyncio.wait_for(server.fetched.wait(), DEADLINE)
    assert await credentials.headers(DEADLINE) == first
    assert await server.call(first) == 200
    assert server.fetches == 2

    clock.now += 45
    server.fetched.clear()
    assert await credentials.headers(DEADLINE) == first
    await asyncio.wait_for(server.fetched.wait(), DEADLINE)
    assert len(server.forms) == 3

    clock.now += 5
    assert "invalid_client" in await refusal(credentials)
    server.clients[client.client_id] = client
    assert await credentials.headers(DEADLINE) == (("authorization", "Bearer issued-token-0002"),)


async def test_an_expired_token_is_not_given_out(server: Any) -> None:
    """After expires_in seconds a delivery waits for a new token."""
    clock = Clock()
    server.expires_in = 10
    credentials = make(server, clock)
    first = await credentials.headers(DEADLINE)
    clock.now += 10
    assert await credentials.headers(DEADLINE) != first
    assert len(server.forms) == 2


async def test_without_expires_in_a_token_lasts_five_minutes(server: Any) -> None:
    """RFC 6749 only recommends expires_in; without it 300 s are taken."""
    clock = Clock()
    server.expires_in = 0
    credentials = make(server, clock)
    first = await credentials.headers(DEADLINE)
    clock.now += 299
    assert await credentials.headers(DEADLINE) == first
    clock.now += 1
    assert await credentials.headers(DEADLINE) != first


async def test_fifty_concurrent_callers_cost_one_request(server: Any) -> None:
    """Whoever needs a token while a fetch is under way waits for that one."""
    server.open.clear()
    credentials = make(server)
    callers = [asyncio.create_task(credentials.headers(DEADLINE)) for _ in range(50)]
    await asyncio.wait_for(server.asked.wait(), DEADLINE)
    server.open.set()
    assert set(await asyncio.gather(*callers)) == {(("authorization", "Bearer issued-token-0001"),)}
    assert len(server.forms) == 1


async def test_fifty_concurrent_callers_share_one_refusal(server: Any) -> None:
    """A refusal reaches all who waited, each as an error of its own, and the next caller asks again."""
    server.open.clear()
    credentials = make(server, client_secret="wrong-secret-of-the-client")
    callers = [asyncio.create_task(credentials.headers(DEADLINE)) for _ in range(50)]
    await asyncio.wait_for(server.asked.wait(), DEADLINE)
    server.open.set()
    errors = await asyncio.gather(*callers, return_exceptions=True)
    assert {type(error) for error in errors} == {SendError}
    assert len({id(error) for error in errors}) == 50
    assert len(server.forms) == 1
    await refusal(credentials)
    assert len(server.forms) == 2


async def test_a_cancelled_caller_does_not_end_the_fetch_for_the_others(server: Any) -> None:
    """Even the caller who started the fetch may give up: the one that joined gets its token."""
    server.open.clear()
    credentials = make(server)
    starter = asyncio.create_task(credentials.headers(DEADLINE))
    await asyncio.wait_for(server.asked.wait(), DEADLINE)
    joined = asyncio.create_task(credentials.headers(DEADLINE))
    starter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starter
    server.open.set()
    assert await joined == (("authorization", "Bearer issued-token-0001"),)
    assert len(server.forms) == 1


async def test_a_deadline_ends_only_its_own_waiting(server: Any) -> None:
    """A delivery whose time is up gets the token error; the fetch goes on and serves the next one."""
    server.open.clear()
    credentials = make(server)
    with pytest.raises(SendError, match="localhost gave no token within the delivery's timeout"):
        await credentials.headers(0.01)
    server.open.set()
    assert await credentials.headers(DEADLINE) == (("authorization", "Bearer issued-token-0001"),)
    assert len(server.forms) == 1


async def test_a_401_of_the_target_is_cured_by_one_refresh(server: Any) -> None:
    """A token was revoked: the resource says 401, a new one is fetched, the resource accepts it."""
    credentials = make(server)
    used = await credentials.headers(DEADLINE)
    server.issued["issued-token-0001"].revoked = True
    assert await server.call(used) == 401
    assert await credentials.refresh(used, DEADLINE) is True
    assert await server.call(await credentials.headers(DEADLINE)) == 200
    assert len(server.forms) == 2


async def test_a_refresh_that_fails_says_that_there_was_an_answer(server: Any) -> None:
    """The target has answered 401 by then, so the attempt must not be told as one that was not sent."""
    credentials = make(server)
    used = await credentials.headers(DEADLINE)
    server.clients.clear()
    with pytest.raises(SendError, match="localhost answered 401 with the error invalid_client") as caught:
        await credentials.refresh(used, DEADLINE)
    assert (caught.value.cause, caught.value.sent) == (Cause.TOKEN, Sent.ANSWERED)


async def test_one_refresh_serves_all_who_used_the_same_token(server: Any) -> None:
    """Concurrent and late callers with the old token cost no further request."""
    credentials = make(server)
    used = await credentials.headers(DEADLINE)
    assert await asyncio.gather(*(credentials.refresh(used, DEADLINE) for _ in range(20))) == [True] * 20
    assert await credentials.refresh(used, DEADLINE) is True
    assert len(server.forms) == 2


async def test_a_server_that_gives_the_same_token_again_has_nothing_else_to_try() -> None:
    """Then the 401 stands: sending once more would be the same request."""

    async def fetch(url: str, form: bytes, headers: tuple[tuple[str, str], ...]) -> Answer:
        return Answer(200, [], b'{"access_token": "always-the-same", "token_type": "bearer"}')

    client = ClientCredentials("https://idp.example/token", "id", "client-secret")
    credentials = OAuth2Credentials(client, fetch, Clock())
    used = await credentials.headers(DEADLINE)
    assert await credentials.refresh(used, DEADLINE) is False


async def test_trouble_on_the_way_to_the_endpoint_is_a_token_error() -> None:
    """The sender's own sentence is kept; for the delivery it is token trouble, and nothing was sent."""

    async def fetch(url: str, form: bytes, headers: tuple[tuple[str, str], ...]) -> Answer:
        raise SendError("idp.example refused the connection.", cause=Cause.CONNECT, sent=Sent.MAYBE_SENT)

    client = ClientCredentials("https://idp.example/token", "id", "client-secret")
    sentence = await refusal(OAuth2Credentials(client, fetch, Clock()))
    assert sentence == (
        "The token endpoint idp.example could not be asked: idp.example refused the connection."
    )


async def test_fetched_tokens_are_told_for_redaction_and_never_shown(server: Any) -> None:
    """The present token and the ones just before it are known by the endpoint's host; shown is only that."""
    credentials = make(server)
    assert credentials.live_secrets() == ()
    await credentials.refresh(await credentials.headers(DEADLINE), DEADLINE)
    assert credentials.live_secrets() == (
        ("token of localhost", "issued-token-0001"),
        ("token of localhost", "issued-token-0002"),
    )
    assert credentials.shown == (("authorization", "Bearer ‹secret token of localhost›"),)
    assert credentials.constant is None


def test_no_repr_holds_a_secret() -> None:
    """Neither the client nor a token tells its secret in a repr, as it would stand in a traceback."""
    client = ClientCredentials("https://idp.example/token", "the-client-id", "the-client-secret")
    token = read_answer(Answer(200, [], b'{"access_token": "the-access-token"}'))
    assert "the-client" not in repr(client)
    assert "the-access-token" not in repr(token)
