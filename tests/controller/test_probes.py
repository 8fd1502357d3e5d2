"""The small port: health, readiness, metrics, and nothing else."""

from __future__ import annotations

import httpx
import pytest

from hookwright.controller.probes import Probes


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/healthz", 200, "ok\n"),
        ("GET", "/readyz?x=1", 503, "Not yet.\nNamespace b refuses.\n"),
        ("GET", "/metrics", 200, "numbers\n"),
        ("GET", "/other", 404, "/healthz, /readyz or /metrics\n"),
        ("POST", "/healthz", 405, "GET only\n"),
    ],
)
async def test_each_path(method: str, path: str, status: int, text: str) -> None:
    """One answer a connection."""
    probes = Probes(
        lambda: None, lambda: "Not yet.", lambda: ["Not yet.", "Namespace b refuses."], lambda: b"numbers\n"
    )
    port = await probes.start("127.0.0.1", 0)
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.request(method, f"http://127.0.0.1:{port}{path}")
    await probes.close()
    assert (answer.status_code, answer.text) == (status, text)
