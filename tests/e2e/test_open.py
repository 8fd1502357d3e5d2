"""The page, from the pod of the built image, by the way on which `kubectl hookwright open` leads a browser to it."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import httpx

from e2e.conftest import PRODUCT, Release
from e2e.kube import Kube
from rig import Process

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
}


def test_the_page_comes_from_the_pod(kube: Kube, release: Release, tmp_path: Path) -> None:
    """Shell and files with their policy, and data for the token of the printed address, until Ctrl-C."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "KUBECONFIG": str(kube.kubeconfig),
        "HOOKWRIGHT_NAMESPACE": PRODUCT,
    }
    command = ["kubectl", "hookwright", "open", "--print"]
    opened = Process(command, tmp_path / "open.log", core=None, env=environment)
    try:
        address, token = opened.wait_for(r"(http://127\.0\.0\.1:[0-9]+)/#token=(\S+)").groups()
        with httpx.Client(base_url=address, timeout=60) as client:
            shell = client.get("/webhooks/default/any", headers={"accept": "text/html"})
            assert set(shell.headers["content-security-policy"].split("; ")) >= POLICY
            files = re.findall(r'(?:src|href)="(/[^"]+)"', shell.text)
            assert {Path(name).suffix for name in files} >= {".js", ".css"}
            for name in files:
                answer = client.get(name)
                assert (answer.status_code, "immutable" in answer.headers["cache-control"]) == (200, True), (
                    name
                )
            assert client.get("/admin/v1/webhooks").status_code == 401
            told = client.get("/admin/v1/webhooks", headers={"authorization": f"Bearer {token}"})
            assert (told.status_code, "items" in told.json()) == (200, True)
    finally:
        opened.end(signal.SIGINT)
