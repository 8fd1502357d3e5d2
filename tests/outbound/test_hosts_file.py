"""Names of the hosts file."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookwright.core.egress import EgressPolicy
from hookwright.errors import Cause, SendError
from hookwright.outbound.hosts_file import addresses
from hookwright.outbound.port import TlsSettings
from hookwright.outbound.resolver import system_lookup
from hookwright.outbound.sender import HttpSender

FILE = """
127.0.0.1  localhost me # not.this
10.0.0.7\tAPI.example.com. api
::1 localhost
bad-address broken.example.com
10.0.0.7 api.example.com
"""


def test_a_name_has_the_addresses_beside_it(tmp_path: Path) -> None:
    """Aliases too, whatever their case, each address once; nothing from comments and damaged lines."""
    file = tmp_path / "hosts"
    file.write_text(FILE)
    assert addresses("localhost", file) == ["127.0.0.1", "::1"]
    assert addresses("api.EXAMPLE.com", file) == ["10.0.0.7"]
    assert addresses("api", file) == ["10.0.0.7"]
    assert addresses("not.this", file) == addresses("broken.example.com", file) == addresses("x", file) == []
    assert addresses("localhost", tmp_path / "missing") == []


def test_localhost_resolves() -> None:
    """As every system lists it."""
    assert "127.0.0.1" in system_lookup("localhost")


async def test_a_name_that_leads_to_loopback_is_refused() -> None:
    """By the egress policy, as any other address of this machine."""
    sender = HttpSender(EgressPolicy(), user_agent="test")
    try:
        with pytest.raises(
            SendError, match=r"localhost is refused\. The address 127\.0\.0\.1 is loopback"
        ) as caught:
            await sender.send(
                sender.pool(TlsSettings(), "default/one"), "POST", "https://localhost/", (), b"", timeout=5
            )
        assert caught.value.cause is Cause.REFUSED_ADDRESS
    finally:
        await sender.close()
