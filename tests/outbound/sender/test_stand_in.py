"""A receiver that stands in for every host."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hookwright.core.egress import EgressPolicy
from hookwright.errors import SendError
from hookwright.outbound.port import StandIn, TlsSettings
from outbound.sender.conftest import Client
from outbound.sender.target import HOST, Certificates, keep_alive, serve


async def test_every_connection_is_led_to_it(
    client_for: Callable[..., Client], certificates: Certificates
) -> None:
    """Whatever the settings or a webhook say: no name is resolved, and nobody but its authority is trusted."""
    other = Certificates()
    async with serve(keep_alive, certificates.good) as target:
        client = client_for(
            tls=TlsSettings(ca=other.pem),
            stand_in=StandIn("127.0.0.1", target.port, certificates.pem),
            connect_to={HOST: ("192.0.2.1", 9)},
        )
        assert (await client.post()).status == 200


async def test_a_host_that_the_policy_denies_is_denied_all_the_same(
    client_for: Callable[..., Client], certificates: Certificates
) -> None:
    """A first try says what the installation will say."""
    client = client_for(
        stand_in=StandIn("127.0.0.1", 9, certificates.pem), policy=EgressPolicy(deny_hosts=[HOST])
    )
    with pytest.raises(SendError, match="denies the host"):
        await client.post()
