"""A dispatcher goes on from a folder in a database, and from there in another folder, after `hookwright store copy`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import postgres_server
from postgres_server import Postgres
from product.conftest import Product, granted
from rig import HANGS, until

BUSY = "  url: https://target.test/-/status/503\n  triggers: [RequestGranted]\n"
REFUSES = "  url: https://target.test/-/status/400\n  triggers: [RequestGranted]\n"
WORKS = "  url: https://target.test/{}\n  triggers: [RequestGranted]\n"


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A server."""
    with postgres_server.folder() as folder, postgres_server.serving(folder) as server:
        yield server


def copied(*words: str | Path) -> None:
    """The command, which ends well."""
    command = [sys.executable, "-m", "hookwright", "store", "copy", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANGS, check=False)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "All is copied.")


def test_a_dispatcher_goes_on_where_the_copy_is(product: Product, postgres: Postgres, tmp_path: Path) -> None:
    """What waited is delivered, what was dead is replayed, a repeat is answered as before, and the history is there."""
    url = tmp_path / "url"
    url.write_text(postgres.url())
    product.webhook("busy", BUSY)
    product.webhook("dead", REFUSES)
    product.start()
    event = granted()
    ids = waits, dies = product.accepted(event, idempotency_key="one")
    until(lambda: product.invocations(webhook="default/busy") and product.dead_letters())
    product.stop()
    (data,) = {file.parent for file in product.folder.rglob("store.db")}

    copied("--from", data, "--to-url-file", url)
    product.webhook("busy", WORKS.format("waited"))
    product.start(STORE_KIND="postgres", STORE_POSTGRES_URL_FILE=str(url))
    until(lambda: [each["headers"]["webhook-id"] for each in product.received(path="/waited")] == [waits])
    assert product.accepted(event, idempotency_key="one") == [*ids]
    assert [letter["id"] for letter in product.dead_letters()] == [dies]
    until(lambda: len(product.invocations(webhook="default/busy")) >= 2)
    found = [each["result"] for each in product.invocations(webhook="default/busy")]
    assert found[0] == "Delivered"
    assert "Delivered" not in found[1:]
    product.stop()

    copied("--from-url-file", url, "--to", data)
    product.webhook("dead", WORKS.format("replayed"))
    product.start(STORE_KIND="sqlite")
    product.loaded("default/dead")
    assert product.replayed(dies) == 1
    until(lambda: [each["headers"]["webhook-id"] for each in product.received(path="/replayed")] == [dies])
    assert product.accepted(event, idempotency_key="one") == [*ids]
    assert len(product.received(path="/waited")) == 1
