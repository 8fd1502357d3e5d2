"""Targets of Go's net/http and Node's https, with answers that are allowed and not everyday: arrived once, and read."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from product.conftest import HOST, Product
from rig import Process, throwaway_ca

TARGET = Path(__file__).parent / "node" / "target.js"
ANSWERS = ["plain", "chunked", "early", "trailer", "close", "until-end", "empty"]
VALIDATED = '  responseValidators: [{path: $.state, values: ["taken"]}]\n'


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("go", marks=pytest.mark.needs_go),
        pytest.param("node", marks=pytest.mark.needs_npm),
    ],
)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product with a webhook for each kind of answer, all led to the one target."""
    folder = tmp_path_factory.mktemp(request.param)
    go = request.param == "go"
    command = [str(request.getfixturevalue("built") / "target")] if go else ["node", str(TARGET)]
    ca_file, cert = throwaway_ca(folder, HOST)
    log = folder / "received.jsonl"
    target = Process([*command, str(cert), str(log)], folder / "target.out", core=None)
    try:
        port = int(target.wait_for(r'"port": ([0-9]+)')[1])
        yield from started(Product(folder, ca_file, port, log))
    finally:
        target.end(signal.SIGKILL)


def started(product: Product) -> Iterator[Product]:
    """The product running, ended afterwards."""
    for name in ANSWERS:
        read = "" if name == "empty" else VALIDATED
        product.webhook(name, f"  url: https://{HOST}/{name}\n  triggers: [dev.example.{name}]\n{read}")
    product.start()
    for name in ANSWERS:
        product.loaded(f"default/{name}")
    yield product
    product.stop()
    product.http.close()


def delivered(product: Product, name: str) -> dict[str, Any]:
    """Send one event to a webhook and wait for its end: the one request at the target, and the record."""
    (delivery,) = product.accepted({"x": 1}, f"/v1/events?type=dev.example.{name}")
    record = product.invocation(delivery)
    (request,) = product.received(delivery)
    return {**request, **record}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_read_and_the_event_arrives_once(running: Product, name: str) -> None:
    """Chunks, 1xx before the answer, trailers, a body that ends with the connection, and none at all; twice each."""
    expected = (204, []) if name == "empty" else (200, ["taken"])
    for _ in range(2):
        found = delivered(running, name)
        assert (found["result"], found["proto"]) == ("Delivered", "HTTP/1.1")
        read = [each["actual"] for each in found["validators"]]
        assert (found["response"]["statusCode"], read) == expected


@pytest.mark.parametrize("name", ["plain", "chunked", "early", "trailer", "empty"])
def test_the_connection_is_used_again_after_it(running: Product, name: str) -> None:
    """Nothing of such an answer is left on the connection, so that it serves all that follow."""
    peers = {delivered(running, name)["peer"] for _ in range(4)}
    assert len(peers) == 1


@pytest.mark.parametrize("name", ["close", "until-end"])
def test_a_connection_that_the_target_closes_is_not_used_again(running: Product, name: str) -> None:
    """Each delivery has its own, and none is sent twice."""
    peers = {delivered(running, name)["peer"] for _ in range(4)}
    assert len(peers) == 4
