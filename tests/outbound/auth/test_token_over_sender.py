"""Tokens fetched the way production does: over the one sender and its egress policy."""

from typing import Any

import pytest

from hookwright.core.egress import EgressPolicy
from hookwright.errors import Cause, SendError, Sent
from hookwright.outbound.auth.oauth2 import ClientCredentials, OAuth2Credentials, SenderTokenFetcher
from hookwright.outbound.port import TlsSettings
from hookwright.outbound.sender import HttpSender

CLIENT = ClientCredentials("https://idp.example/token", "header client/+ü", "header secret: %/+ü")


def sender_for(server: Any, host: str) -> HttpSender:
    """A sender that reaches the authorization server under a name of ours."""
    port = int(server.url.rpartition(":")[2])
    return HttpSender(
        EgressPolicy(),
        connect_to={host: ("127.0.0.1", port)},
        ca_files=[server.ca_file],
        user_agent="hookwright/test",
    )


async def test_a_token_comes_over_the_sender(server: Any) -> None:
    """Real TLS, real form, real token; the second fetch uses the kept connection."""
    sender = sender_for(server, "idp.example")
    fetch = SenderTokenFetcher(sender, sender.pool(TlsSettings(), "default/one"), 10.0)
    credentials = OAuth2Credentials(CLIENT, fetch, lambda: 0.0)
    used = await credentials.headers(10.0)
    assert await server.call(used) == 200
    assert await credentials.refresh(used, 10.0)
    assert await server.call(await credentials.headers(10.0)) == 200
    await sender.close()


async def test_the_egress_policy_holds_for_token_endpoints(server: Any) -> None:
    """A token endpoint at a private address is refused, and nothing is asked of it."""
    sender = sender_for(server, "other.example")
    fetch = SenderTokenFetcher(sender, sender.pool(TlsSettings(), "default/one"), 10.0)
    client = ClientCredentials("https://127.0.0.1/token", "id", "client-secret")
    with pytest.raises(SendError, match=r"^The token endpoint 127\.0\.0\.1 could not be asked: ") as caught:
        await OAuth2Credentials(client, fetch, lambda: 0.0).headers(10.0)
    assert (caught.value.cause, caught.value.sent) == (Cause.TOKEN, Sent.NOT_SENT)
    assert server.forms == []
    await sender.close()
