"""One webhook holds up no other (SPEC 5, Isolation), counted at the target; `make bench` measures the ratio of latencies."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import httpx

from load import target
from receiver import Receiver
from rig import HANGS, LISTENING, dev, throwaway_ca

HOST = "isolation.test"
MANIFEST = """---
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata: {name: %s}
spec: {url: "https://isolation.test%s", triggers: [%s], timeout: 60s, maxInFlight: %d}
"""


class Target(Receiver):
    """Keeps the paths of all requests in the order in which they came."""

    paths: ClassVar[list[str]] = []

    def __init__(self) -> None:
        super().__init__(None)

    def on_message_complete(self) -> None:
        Target.paths.append(self.url.decode())
        super().on_message_complete()


@asynccontextmanager
async def running(folder: Path, manifests: str) -> AsyncIterator[tuple[httpx.AsyncClient, str, str]]:
    """The product with these webhooks and its target: (client, event address, admin address)."""
    (folder / "manifests").mkdir()
    (folder / "manifests" / "webhooks.yaml").write_text(manifests)
    ca_file, cert = throwaway_ca(folder, HOST)
    Target.paths.clear()
    async with target(cert, Target) as port, httpx.AsyncClient(timeout=HANGS) as http:
        process = dev(folder, folder / "manifests", ca_file, port, HOST, core=None)
        try:
            found = await asyncio.to_thread(process.wait_for, LISTENING)
            yield http, f"http://127.0.0.1:{found[1]}/v1/events", f"http://127.0.0.1:{found[2]}/admin/v1"
        finally:
            process.end(signal.SIGKILL)


async def arrived(count: int, path: str) -> None:
    """Wait until so many requests for this path have come."""
    async with asyncio.timeout(HANGS):
        while Target.paths.count(path) < count:
            await asyncio.sleep(0.01)


def event(kind: str) -> dict[str, Any]:
    """A small event."""
    return {"event_type": kind, "data": {"id": "req-1"}}


async def test_a_dead_target_does_not_hold_up_nine_healthy_ones(tmp_path: Path) -> None:
    """All 500 deliveries of each of the nine arrive before a single attempt of the tenth has ended."""
    nine = [f"/{number}" for number in range(9)]
    healthy = "".join(MANIFEST % (f"w{path[1:]}", path, "RequestGranted", 16) for path in nine)
    dead = MANIFEST % ("dead", "/-/hang", "RequestGranted", 16)
    async with running(tmp_path, dead + healthy) as (http, events, admin):
        answer = await http.post(events, json=[event("AccessRequestGranted")] * 500)
        assert answer.status_code == 202
        for path in nine:
            await arrived(500, path)
        ended = await http.get(f"{admin}/invocations", params={"webhook": "default/dead"})
        view = (await http.get(f"{admin}/webhooks/default/dead")).json()
    assert ended.json()["items"] == []
    assert (view["pending"], view["inFlight"]) == (500, 16)
    assert [Target.paths.count(path) for path in nine] == [500] * 9
    assert Target.paths.count("/-/hang") <= 16


async def test_a_long_queue_does_not_hold_up_a_short_one(tmp_path: Path) -> None:
    """Lanes take turns: one delivery accepted behind 999 of another webhook is among the first half that arrives."""
    long = MANIFEST % ("long", "/long", "RequestGranted", 999)
    short = MANIFEST % ("short", "/short", "RequestFailed", 1)
    async with running(tmp_path, long + short) as (http, events, _):
        batch = [*[event("AccessRequestGranted")] * 999, event("AccessRequestFailed")]
        assert (await http.post(events, json=batch)).status_code == 202
        await arrived(999, "/long")
        await arrived(1, "/short")
    assert Target.paths.index("/short") < 500
