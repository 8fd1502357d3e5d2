"""The process `hookwright controller` before an API server answers it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from hookwright.limits import CLUSTER_REQUEST_SECONDS
from ports import kept_port
from rig import until


def kubeconfig(port: int) -> str:
    """Of an API server on this machine."""
    server = {"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}
    context = {"name": "x", "context": {"cluster": "c", "user": "u"}}
    users = [{"name": "u", "user": {}}]
    return json.dumps({"clusters": [server], "contexts": [context], "users": users, "current-context": "x"})


def healthy(address: str) -> bool:
    """Whether its probes answer: by then it asks the API server."""
    try:
        return httpx.get(f"http://{address}/healthz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("listens", [True, False], ids=["silent", "refused"])
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_ends_at_once_while_it_waits_for_the_api_server(
    tmp_path: Path, listens: bool, told: signal.Signals
) -> None:
    """Neither a request that is never answered nor the pause before the next keeps it: exit code 0."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if listens:
            server.listen()
        probes = f"127.0.0.1:{kept_port()}"
        (tmp_path / "kubeconfig").write_text(kubeconfig(server.getsockname()[1]))
        settings = {"HOOKWRIGHT_NAMESPACE": "hooks", "HOOKWRIGHT_PROBES": probes}
        with subprocess.Popen(
            [sys.executable, "-m", "hookwright", "controller"],
            env={**os.environ, **settings, "KUBECONFIG": str(tmp_path / "kubeconfig")},
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                until(lambda: healthy(probes))
                process.send_signal(told)
                _, said = process.communicate(timeout=CLUSTER_REQUEST_SECONDS / 2)
            finally:
                process.kill()
    assert (process.returncode, "Traceback" in said) == (0, False), said
