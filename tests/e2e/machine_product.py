"""The product on a machine of its own (`ipv6_machine`): both processes as in their pods, and what a webhook's status says.

Must not: judge (the tests do), or start the machine's API server.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.ipv6_machine import ACCOUNT, API, DISPATCHER, HOOKWRIGHT, ROOT, TARGET, Machine
from hookwright.core.samples import sample
from rig import Process, throwaway_ca, until

RELEASE = "hw"
LABELS = {"app.kubernetes.io/instance": RELEASE, "app.kubernetes.io/component": "dispatcher"}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "d", "namespace": "hooks", "labels": LABELS},
    "spec": {"containers": [{"name": "dispatcher", "image": "x"}]},
}


@contextmanager
def machine_with_api_server(folder: Path) -> Iterator[Machine]:
    """With the API server, our kinds, the namespace `hooks` and an account in it that may do everything."""
    if os.environ.get("HOOKWRIGHT_E2E") != "local":
        pytest.skip("needs root and the programs of our own cluster")
    programs = subprocess.run(
        [ROOT / "tests/cluster/build"], check=True, capture_output=True, text=True
    ).stdout
    with Machine(folder, Path(programs.strip())) as made:
        made.start_api_server()
        made.kubectl("apply", "--server-side", "-f", str(ROOT / "crds"))
        made.kubectl("create", "namespace", "hooks")
        made.kubectl("-n", "hooks", "create", "serviceaccount", "hw")
        made.kubectl(
            "create", "clusterrolebinding", "hw", "--clusterrole=cluster-admin", "--serviceaccount=hooks:hw"
        )
        made.write("account/token", made.kubectl("-n", "hooks", "create", "token", "hw"))
        yield made


def start_controller(machine: Machine, **env: str) -> Process:
    """In a pod's surroundings: the account's files, the API server's address, no name server."""
    assert machine.run("ls", str(ACCOUNT)).split() == ["ca.crt", "token"]
    return machine.start(
        "controller", *HOOKWRIGHT, "controller", HOOKWRIGHT_NAMESPACE="hooks", HOOKWRIGHT_RELEASE=RELEASE,
        KUBERNETES_SERVICE_HOST=API, KUBERNETES_SERVICE_PORT="6443", **env,
    )  # fmt: skip


def start_receiver(machine: Machine) -> Path:
    """A target for `hooks.example`; the file of its authority."""
    authority, certificate = throwaway_ca(machine.folder, "hooks.example")
    receive = [HOOKWRIGHT[0], str(ROOT / "tools/receiver.py"), "--cert", str(certificate), "--host", TARGET]
    machine.start("receiver", *receive, "--port", "443", "--log", str(machine.folder / "received.log"))
    return authority


def start_dispatcher(machine: Machine, authority: Path, **env: str) -> None:
    """With what the controller made for it."""
    for each in ("ingest", "admin"):
        machine.write(f"{each}-token", until(lambda each=each: machine.secret(f"hw-{each}-token"))["token"])
    folder = machine.folder
    machine.start(
        "dispatcher", *HOOKWRIGHT, "dispatcher",
        HOOKWRIGHT_DATA=str(folder / "data"), HOOKWRIGHT_CONFIG=str(folder / "config"),
        HOOKWRIGHT_TOKEN_FILE=str(folder / "ingest-token"), HOOKWRIGHT_ADMIN_TOKEN_FILE=str(folder / "admin-token"),
        HOOKWRIGHT_EGRESS_ALLOW=f"{TARGET}/128", HOOKWRIGHT_EGRESS_CA_FILE=str(authority), **env,
    )  # fmt: skip
    machine.apply(POD)
    status = {"status": {"phase": "Running", "podIP": DISPATCHER, "podIPs": [{"ip": DISPATCHER}]}}
    machine.kubectl("-n", "hooks", "patch", "pod", "d", "--subresource=status", "-p", json.dumps(status))


def condition(machine: Machine, webhook: str, kind: str) -> str:
    """Its status; empty while there is none."""
    read = f"jsonpath={{.status.conditions[?(@.type=='{kind}')].status}}"
    return machine.kubectl("-n", "hooks", "get", "webhook", webhook, "-o", read)


def ready(machine: Machine, webhook: str) -> bool:
    """Whether it is, with what the dispatcher is given mounted."""
    machine.mount()
    return condition(machine, webhook, "Ready") == "True"


def deliver(machine: Machine) -> None:
    """Send an event; returns when its one delivery has arrived."""
    token = ("--token-file", str(machine.folder / "ingest-token"))
    send = [*HOOKWRIGHT, "send", "--to", f"http://[{DISPATCHER}]:8080", *token, "-f", "-", "-o", "json"]
    (event,) = json.loads(machine.run(*send, stdin=json.dumps(sample("RequestGranted"))))["events"]
    (delivery,) = event["deliveries"]
    until(lambda: delivery["id"] in (machine.folder / "received.log").read_text())
