"""What a dispatcher still does after SIGTERM while nodes, proxies and load balancers learn that it goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from product.conftest import Product, granted
from rig import until


def test_events_are_taken_until_nobody_sends_any_more(product: Product) -> None:
    """By an open connection and by a new one, each told to come no more on it; what came is delivered after a restart."""
    product.webhook("one", "  url: https://target.test/one\n  triggers: [RequestGranted]\n")
    product.start(DRAIN_DELAY="1h")
    product.loaded("default/one")
    delivered = product.accepted(granted())
    product.drain()
    answers = [product.post(granted()), product.post(granted())]
    with httpx.Client() as other:
        answers.append(other.get(f"{product.events}/v1/namespaces/default/events"))
    assert [each.headers["connection"] for each in answers] == ["close"] * 3
    assert [each.status_code for each in answers[:2]] == [202, 202]
    product.stop()  # asked again, it does not wait
    product.start()
    accepted = [each["deliveries"][0]["id"] for answer in answers[:2] for each in answer.json()["events"]]
    for each in [*delivered, *accepted]:
        product.arrived(each)
    until(lambda: product.view("default/one")["pending"] == 0)
    assert [len(product.received(each)) for each in accepted] == [1, 1]


def test_who_is_told_to_end_while_it_starts_ends_in_order(tmp_path: Path) -> None:
    """The first process of a container, which this is, hears no signal but those that it asks for."""
    settings = {
        "HOOKWRIGHT_DATA": str(tmp_path / "data"),
        "HOOKWRIGHT_STORE_KIND": "postgres",
        "HOOKWRIGHT_STORE_POSTGRES_URL_FILE": str(tmp_path / "url"),  # it is waited for
        "HOOKWRIGHT_INGEST_AUTH": "none",
        "HOOKWRIGHT_LISTEN": "127.0.0.1:0",
        "HOOKWRIGHT_ADMIN": "127.0.0.1:0",
    }
    command = [sys.executable, "-m", "hookwright", "dispatcher"]
    with subprocess.Popen(
        command, env={**os.environ, **settings}, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert any("store.waits" in line for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0, process.stderr.read()
