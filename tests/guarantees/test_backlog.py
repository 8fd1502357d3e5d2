"""Back in service with a large backlog (SPEC 8): what a start reads and holds with 50,000 deliveries waiting.

How long it takes, `make bench` tells.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from load import event_bytes
from rig import HANGS, LISTENING, Process, dev, throwaway_ca

COUNT = 50_000
BATCH = 1_000
HOST = "backlog.test"
WEBHOOK = f"""
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata: {{name: one}}
spec:
  url: https://{HOST}/hook
  triggers: [RequestGranted]
  maxInFlight: 1
  rateLimit: {{requests: 1, per: Hour}}
"""


@contextmanager
def started(folder: Path) -> Iterator[tuple[Process, str, str]]:
    """A process on this folder that takes events, killed at the end: (process, event port, admin port)."""
    process = dev(folder, folder / "manifests", folder / "ca.pem", 9, HOST, core=None)
    try:
        found = process.wait_for(LISTENING)
        yield process, found[1], found[2]
    finally:
        process.end(signal.SIGKILL)


def post(http: httpx.Client, port: str, first: int, count: int) -> None:
    """Post events in one batch."""
    before, after = event_bytes()
    batch = b",".join(b"%b%010d%b" % (before, number, after) for number in range(first, first + count))
    headers = {"content-type": "application/json"}
    address = f"http://127.0.0.1:{port}/v1/events"
    assert http.post(address, content=b"[%b]" % batch, headers=headers).status_code == 202


def test_a_start_with_50000_waiting_reads_little_of_them(tmp_path: Path) -> None:
    """After `kill -9`: less than half of 50 MiB is read until it takes events; all are counted; under 200 MiB held."""
    throwaway_ca(tmp_path, HOST)
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "webhook.yaml").write_text(WEBHOOK)
    with httpx.Client(timeout=HANGS) as http:
        with started(tmp_path) as (process, events, _):
            empty = process.read()
            for first in range(0, COUNT, BATCH):
                post(http, events, first, BATCH)
        with started(tmp_path) as (process, events, admin):
            full, memory = process.read(), process.memory()
            post(http, events, COUNT, 1)
            summary = http.get(f"http://127.0.0.1:{admin}/admin/v1/summary").json()
    print(
        f"\n{COUNT:,} waiting: a start reads {full - empty:.1f} MiB more than an empty one, {memory:.0f} MiB of memory"
    )
    assert summary["pending"] == COUNT + 1
    assert full - empty < 25  # of more than 50, the log that the kill left included
    assert memory < 200
