"""From a webhook's spec and Secrets to its credentials."""

from typing import Any

import pytest

from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.outbound.auth import Credentials, credentials
from hookwright.outbound.port import Answer

SECRETS = {"api/token": "token-value", "api/user": "user", "api/password": "pass-word", "api/id": "client-id"}
TOKEN_URL = "https://idp.example/token"


class Endpoint:
    """A token endpoint that keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes, tuple[tuple[str, str], ...]]] = []

    async def __call__(self, url: str, form: bytes, headers: tuple[tuple[str, str], ...]) -> Answer:
        self.asked.append((url, form, headers))
        return Answer(200, [], b'{"access_token": "fetched", "token_type": "Bearer"}')


def made(auth: dict[str, Any] | None, endpoint: Endpoint) -> Credentials | None:
    """Credentials of a webhook with this `auth`."""
    spec = WebhookSpec.model_validate({"triggers": ["Manual"], "url": "https://a.example/", "auth": auth})
    return credentials(spec, SECRETS, fetch=endpoint, clock=lambda: 0.0)


def ref(key: str) -> dict[str, str]:
    """A reference to a key of the Secret `api`."""
    return {"name": "api", "key": key}


@pytest.mark.parametrize("auth", [None, {}], ids=["no auth", "empty auth"])
def test_a_webhook_without_auth_has_no_credentials(auth: dict[str, Any] | None) -> None:
    """There is nothing to add to its requests."""
    assert made(auth, Endpoint()) is None


@pytest.mark.parametrize(
    ("auth", "value", "shown"),
    [
        ({"bearer": {"tokenSecretRef": ref("token")}}, "Bearer token-value", "Bearer ‹secret api/token›"),
        (
            {"basic": {"usernameSecretRef": ref("user"), "passwordSecretRef": ref("password")}},
            "Basic dXNlcjpwYXNzLXdvcmQ=",
            "Basic ‹secret api/user›:‹secret api/password›",
        ),
        (
            {"oauth2": {"clientID": "me", "clientSecretRef": ref("password"), "tokenURL": TOKEN_URL}},
            "Bearer fetched",
            "Bearer ‹secret token of idp.example›",
        ),
    ],
    ids=["bearer", "basic", "oauth2"],
)
async def test_each_scheme_adds_its_header(auth: dict[str, Any], value: str, shown: str) -> None:
    """One Authorization header per scheme, shown with the Secret's name in place of its value."""
    made_credentials = made(auth, Endpoint())
    assert made_credentials is not None
    assert await made_credentials.headers(15.0) == (("authorization", value),)
    assert made_credentials.shown == (("authorization", shown),)


async def test_oauth2_asks_with_all_that_the_spec_says() -> None:
    """Client id from a Secret, scopes, audience and style reach the token endpoint."""
    endpoint = Endpoint()
    oauth2 = {
        "clientIDSecretRef": ref("id"),
        "clientSecretRef": ref("password"),
        "tokenURL": TOKEN_URL,
        "scopes": ["a", "b"],
        "audience": "x",
        "authStyle": "Body",
    }
    made_credentials = made({"oauth2": oauth2}, endpoint)
    assert made_credentials is not None
    await made_credentials.headers(15.0)
    ((url, form, headers),) = endpoint.asked
    assert url == TOKEN_URL
    assert form == (
        b"grant_type=client_credentials&scope=a%20b&audience=x&client_id=client-id&client_secret=pass-word"
    )
    assert "authorization" not in dict(headers)
