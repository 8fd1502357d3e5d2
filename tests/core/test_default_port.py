"""`:443` in a URL, as Power Automate hands it out, is accepted and taken off: it is the port of https anyway."""

from __future__ import annotations

import pytest

from core.builders import assembled, only, secret, webhook
from hookwright.core.routes import Route


@pytest.mark.parametrize(
    ("written", "used"),
    [
        (
            "https://prod-7.example:443/workflows/1?sv=1.0&sig=x:443/",
            "https://prod-7.example/workflows/1?sv=1.0&sig=x:443/",
        ),
        ("https://a.example:443", "https://a.example"),
        ("https://a.example:443?b=c", "https://a.example?b=c"),
        ("https://a.example:443/{{ data.id }}", "https://a.example/{{ data.id }}"),
    ],
)
def test_the_port_is_taken_off(written: str, used: str) -> None:
    """In the spec and in a Secret alike: same host, same request and no other."""
    plain = only(assembled(webhook(url=written)))
    ref = {"secretKeyRef": {"name": "s", "key": "url"}}
    found = assembled(webhook(url=None, urlFrom=ref), secret(url=f"{written}\n"))
    hidden = only(found)
    assert (plain.held, hidden.held, found.findings) == (None, None, [])
    host = used.removeprefix("https://").partition("/")[0].partition("?")[0]
    for config in (plain, hidden):
        route = Route(config)
        assert (route.url, route.host) == (used, host)


def test_the_port_of_a_token_endpoint_is_taken_off() -> None:
    """It has the rules of url."""
    oauth2 = {
        "clientID": "c",
        "clientSecretRef": {"name": "s", "key": "k"},
        "tokenURL": "https://login.example:443/token",
    }
    found = assembled(webhook(auth={"oauth2": oauth2}), secret(k="x"))
    assert found.findings == []
    spec = only(found).spec
    assert spec is not None
    assert spec.auth is not None
    assert spec.auth.oauth2 is not None
    assert spec.auth.oauth2.token_url == "https://login.example/token"
