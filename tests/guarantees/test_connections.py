"""Connections to targets that hang are fewer than files may be open, and others' deliveries find one."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx

from guarantees.test_isolation import HOST, MANIFEST, Target, arrived, event
from load import target
from rig import HANGS, LISTENING, Process, dev, throwaway_ca

FILES = 1_024


async def test_a_webhook_of_a_thousand_hanging_requests_leaves_files_to_all_others(tmp_path: Path) -> None:
    """With 1,024 files: its attempts wait beyond its share; senders, a new target and the admin port go on."""
    (tmp_path / "manifests").mkdir()
    greedy = MANIFEST % ("greedy", "/-/hang", "RequestGranted", 1024)
    quiet = (MANIFEST % ("quiet", "/quiet", "RequestFailed", 1)).replace(
        "name: quiet", "name: quiet, namespace: other"
    )
    beside = MANIFEST % ("beside", "/beside", "RequestFailed", 1)
    (tmp_path / "manifests" / "webhooks.yaml").write_text(greedy + quiet + beside)
    ca_file, cert = throwaway_ca(tmp_path, HOST)
    Target.paths.clear()
    async with target(cert, Target) as port, httpx.AsyncClient(timeout=HANGS) as http:
        command = ["sh", "-c", f'ulimit -n {FILES}; exec "$@"', "sh", sys.executable, "-m", "hookwright", "dev",
                   str(tmp_path / "manifests"), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data",
                   str(tmp_path / "data"), "--ca-file", str(ca_file),
                   "--connect-to", f"{HOST}:443:127.0.0.1:{port}"]  # fmt: skip
        process = Process(command, tmp_path / "dev.log", core=None)
        try:
            found = await asyncio.to_thread(process.wait_for, LISTENING)
            events, admin = f"http://127.0.0.1:{found[1]}/v1/events", f"http://127.0.0.1:{found[2]}/admin/v1"
            answer = await http.post(events, json=[event("AccessRequestGranted")] * 900)
            assert answer.status_code == 202
            await arrived(50, "/-/hang")
            for number in range(1, 4):
                answer = await http.post(events, json=event("AccessRequestFailed"))
                assert answer.status_code == 202
                await arrived(number, "/quiet")
                await arrived(number, "/beside")
            assert len(os.listdir(f"/proc/{process.pid}/fd")) < FILES * 3 // 4
            view = (await http.get(f"{admin}/webhooks/default/greedy")).json()
        finally:
            process.end(signal.SIGKILL)
    assert view["inFlight"] < FILES // 2
    assert view["pending"] == 900


async def test_connections_that_sent_a_large_request_keep_little(tmp_path: Path) -> None:
    """500 webhooks get an event of 1 MiB as it is; their kept connections do not keep as much each."""
    (tmp_path / "manifests").mkdir()
    manifests = (MANIFEST % (f"w{number}", "/whole", "RequestGranted", 1) for number in range(500))
    (tmp_path / "manifests" / "webhooks.yaml").write_text("".join(manifests))
    ca_file, cert = throwaway_ca(tmp_path, HOST)
    Target.paths.clear()
    large = event("AccessRequestGranted")
    large["data"]["text"] = "x" * 1_000_000
    async with target(cert, Target) as port, httpx.AsyncClient(timeout=HANGS) as http:
        process = dev(tmp_path, tmp_path / "manifests", ca_file, port, HOST, core=None)
        try:
            found = await asyncio.to_thread(process.wait_for, LISTENING)
            answer = await http.post(f"http://127.0.0.1:{found[1]}/v1/events", json=large)
            assert answer.status_code == 202
            await arrived(500, "/whole")
            assert process.peak() < 300
        finally:
            process.end(signal.SIGKILL)
