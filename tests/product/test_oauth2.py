"""OAuth 2.0 client credentials end to end: the product, and an authorization server made of Authlib in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from outbound.auth.conftest import Server
from outbound.auth.conftest import server as authorization  # noqa: F401 - a fixture
from product.conftest import Product, granted
from rig import until

HOST = "idp.example"
SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: client, labels: {hookwright.io/webhook-secret: "true"}}
stringData: {id: "%s client/+ü", secret: "%s"}
"""
WEBHOOK = """
  url: https://idp.example/resource
  triggers: [RequestGranted]
  retry: {schedule: [STEPS]}
  auth:
    oauth2:
      clientIDSecretRef: {name: client, key: id}
      clientSecretRef: {name: client, key: secret}
      tokenURL: https://idp.example/token
""".replace("STEPS", ", ".join(["1s"] * 30))
HEADER_SECRET, BODY_SECRET = "header secret: %/+ü", "body secret&=%+ü"


@pytest.fixture
async def protected(tmp_path: Path, authorization: Server) -> AsyncIterator[Product]:  # noqa: F811
    """The product, with the one host of token endpoint and target; not started yet."""
    port = urlsplit(authorization.url).port or 0
    product = Product(tmp_path, authorization.ca_file, port, tmp_path / "no-receiver", (HOST,))
    product.write("secret", SECRET % ("header", HEADER_SECRET))
    yield product
    await asyncio.to_thread(product.stop)
    product.http.close()


def deliver(product: Product, count: int) -> list[dict[str, Any]]:
    """Post so many events at once; the invocation that ended each delivery."""
    deliveries = product.accepted([granted()] * count)
    return [
        until(
            lambda identifier=identifier: (
                (found := product.invocation(identifier)) and found["result"] == "Delivered" and found
            )
        )
        for identifier in deliveries
    ]


async def test_one_token_serves_many_deliveries(protected: Product, authorization: Server) -> None:  # noqa: F811
    """Fetched once, with the credentials as HTTP basic and the scopes asked for; each delivery is accepted with it."""
    protected.webhook("one", WEBHOOK + "      scopes: [read, write]\n")
    await asyncio.to_thread(protected.start)
    for _ in range(3):
        for invocation in await asyncio.to_thread(deliver, protected, 10):
            assert invocation["attempts"] == 1
            assert invocation["request"]["headers"]["authorization"] == f"Bearer ‹secret token of {HOST}›"
    assert authorization.forms == [{"grant_type": "client_credentials", "scope": "read write"}]


async def test_credentials_travel_in_the_body_where_that_is_asked_for(
    protected: Product,
    authorization: Server,  # noqa: F811
) -> None:
    """authStyle: Body is client_secret_post, with the characters of a real password."""
    protected.write("secret", SECRET % ("body", BODY_SECRET))
    protected.webhook("one", WEBHOOK + "      authStyle: Body\n")
    await asyncio.to_thread(protected.start)
    await asyncio.to_thread(deliver, protected, 1)
    assert authorization.forms == [
        {"grant_type": "client_credentials", "client_id": "body client/+ü", "client_secret": BODY_SECRET}
    ]


async def test_a_revoked_token_is_fetched_anew_once(protected: Product, authorization: Server) -> None:  # noqa: F811
    """The target's 401 costs one more token for all who met it, and no step of the schedule."""
    protected.webhook("one", WEBHOOK)
    await asyncio.to_thread(protected.start)
    await asyncio.to_thread(deliver, protected, 5)
    (first,) = authorization.issued.values()
    first.revoked = True
    invocations = await asyncio.to_thread(deliver, protected, 10)
    assert len(authorization.forms) == 2
    assert {each["attempt"] for each in invocations} == {1}
    assert max(each["attempts"] for each in invocations) == 2
    await asyncio.to_thread(deliver, protected, 5)
    assert len(authorization.forms) == 2


async def test_a_refused_client_waits_for_its_new_secret(protected: Product, authorization: Server) -> None:  # noqa: F811
    """invalid_client is said, the delivery waits; a corrected Secret is used by the next attempt."""
    protected.write("secret", SECRET % ("header", "not the right one"))
    protected.webhook("one", WEBHOOK)
    await asyncio.to_thread(protected.start)
    (delivery,) = await asyncio.to_thread(protected.accepted, granted())
    failed = await asyncio.to_thread(protected.invocation, f"{delivery}.1")
    assert failed["result"] == "Retrying"
    assert f"The token endpoint {HOST} answered 401 with the error invalid_client" in failed["message"]
    assert failed["hint"]
    assert failed.get("response") is None
    protected.write("secret", SECRET % ("header", HEADER_SECRET))
    await asyncio.to_thread(until, lambda: protected.invocation(delivery)["result"] == "Delivered")
    assert len(authorization.issued) == 1
