"""Back in service with a large backlog (SPEC 8): start and memory with 50,000 deliveries waiting."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import httpx

from load import event_bytes
from rig import LISTENING, dev, throwaway_ca

COUNT = 50_000
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


def test_a_start_with_50000_waiting_takes_events_within_five_seconds(tmp_path: Path) -> None:
    """After `kill -9`; every delivery is still counted, memory stays under 200 MiB."""
    ca_file, _ = throwaway_ca(tmp_path, HOST)
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    (manifests / "webhook.yaml").write_text(WEBHOOK)
    process = dev(tmp_path, manifests, ca_file, 9, HOST, core=None)
    found = process.wait_for(LISTENING)
    before, after = event_bytes()
    with httpx.Client(timeout=60) as http:
        for start in range(0, COUNT, 1_000):
            batch = b",".join(
                b"%b%010d%b" % (before, number, after) for number in range(start, start + 1_000)
            )
            answer = http.post(
                f"http://127.0.0.1:{found[1]}/v1/events",
                content=b"[%b]" % batch,
                headers={"content-type": "application/json"},
            )
            assert answer.status_code == 202
        process.end(signal.SIGKILL)
        began = time.perf_counter()
        process = dev(tmp_path, manifests, ca_file, 9, HOST, core=None)
        try:
            found = process.wait_for(LISTENING)
            seconds = time.perf_counter() - began
            summary = http.get(f"http://127.0.0.1:{found[2]}/admin/v1/summary").json()
            memory = process.memory()
        finally:
            process.end(signal.SIGKILL)
    print(f"\n{COUNT:,} waiting: takes events {seconds:.2f} s after its start, {memory:.0f} MiB")
    assert summary["pending"] == COUNT
    assert seconds < 5
    assert memory < 200
