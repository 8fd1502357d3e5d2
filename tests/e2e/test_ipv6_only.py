"""Both processes on a machine that has IPv6 addresses alone, with a real API server: from the Webhook to its receiver."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.ipv6_machine import (
    ACCOUNT,
    API,
    CONTROLLER,
    DISPATCHER,
    HOOKWRIGHT,
    ROOT,
    TARGET,
    Machine,
)  # fmt: skip
from e2e.kube import ours
from hookwright.core.samples import sample
from rig import throwaway_ca, until

WEBHOOK = ours("Webhook", "w", "hooks", {"url": "https://hooks.example/in", "triggers": ["RequestGranted"]})
LABELS = {"app.kubernetes.io/instance": "hw", "app.kubernetes.io/component": "dispatcher"}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "d", "namespace": "hooks", "labels": LABELS},
    "spec": {"containers": [{"name": "dispatcher", "image": "x"}]},
}


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """With the API server and our kinds."""
    if os.environ.get("HOOKWRIGHT_E2E") != "local":
        pytest.skip("needs root and the programs of our own cluster")
    programs = subprocess.run(
        [ROOT / "tests/cluster/build"], check=True, capture_output=True, text=True
    ).stdout
    with Machine(tmp_path, Path(programs.strip())) as made:
        made.start_api_server()
        made.kubectl("apply", "--server-side", "-f", str(ROOT / "crds"))
        made.kubectl("create", "namespace", "hooks")
        made.kubectl("-n", "hooks", "create", "serviceaccount", "hw")
        made.kubectl(
            "create", "clusterrolebinding", "hw", "--clusterrole=cluster-admin", "--serviceaccount=hooks:hw"
        )
        made.write("account/token", made.kubectl("-n", "hooks", "create", "token", "hw"))
        yield made


def start_controller(machine: Machine) -> None:
    """In a pod's surroundings: the account's files, the API server's address, no name server."""
    assert machine.run("ls", str(ACCOUNT)).split() == ["ca.crt", "token"]
    machine.start(
        "controller", *HOOKWRIGHT, "controller", HOOKWRIGHT_NAMESPACE="hooks", HOOKWRIGHT_RELEASE="hw",
        KUBERNETES_SERVICE_HOST=API, KUBERNETES_SERVICE_PORT="6443",
    )  # fmt: skip


def start_dispatcher(machine: Machine, authority: Path) -> None:
    """With what the controller made for it."""
    for each in ("ingest", "admin"):
        machine.write(f"{each}-token", until(lambda each=each: machine.secret(f"hw-{each}-token"))["token"])
    folder = machine.folder
    machine.start(
        "dispatcher", *HOOKWRIGHT, "dispatcher",
        HOOKWRIGHT_DATA=str(folder / "data"), HOOKWRIGHT_CONFIG=str(folder / "config"),
        HOOKWRIGHT_TOKEN_FILE=str(folder / "ingest-token"), HOOKWRIGHT_ADMIN_TOKEN_FILE=str(folder / "admin-token"),
        HOOKWRIGHT_EGRESS_ALLOW=f"{TARGET}/128", HOOKWRIGHT_EGRESS_CA_FILE=str(authority),
    )  # fmt: skip
    machine.apply(POD)
    status = {"status": {"phase": "Running", "podIP": DISPATCHER, "podIPs": [{"ip": DISPATCHER}]}}
    machine.kubectl("-n", "hooks", "patch", "pod", "d", "--subresource=status", "-p", json.dumps(status))


def ready(machine: Machine) -> bool:
    """Whether the webhook is, by its status."""
    machine.mount()
    read = "jsonpath={.status.conditions[?(@.type=='Ready')].status}"
    return machine.kubectl("-n", "hooks", "get", "webhook", "w", "-o", read) == "True"


def test_a_delivery_where_there_is_no_ipv4(machine: Machine) -> None:
    """API server, both ports, probes, target and the command line have IPv6 addresses, and nobody asks for a name."""
    authority, certificate = throwaway_ca(machine.folder, "hooks.example")
    receive = [HOOKWRIGHT[0], str(ROOT / "tools/receiver.py"), "--cert", str(certificate), "--host", TARGET]
    machine.start("receiver", *receive, "--port", "443", "--log", str(machine.folder / "received.log"))
    start_controller(machine)
    start_dispatcher(machine, authority)
    machine.apply(WEBHOOK)
    until(lambda: ready(machine))

    token = ("--token-file", str(machine.folder / "ingest-token"))
    send = [*HOOKWRIGHT, "send", "--to", f"http://[{DISPATCHER}]:8080", *token, "-f", "-", "-o", "json"]
    (event,) = json.loads(machine.run(*send, stdin=json.dumps(sample("RequestGranted"))))["events"]
    (delivery,) = event["deliveries"]
    until(lambda: delivery["id"] in (machine.folder / "received.log").read_text())
    for url in (f"http://[{DISPATCHER}]:8081/readyz", f"http://[{CONTROLLER}]:8082/readyz"):
        until(lambda url=url: machine.answers(url))
    admin = (
        "--admin",
        f"http://[{DISPATCHER}]:8081",
        "--admin-token-file",
        str(machine.folder / "admin-token"),
    )
    listed = json.loads(machine.run(*HOOKWRIGHT, "list", *admin, "-o", "json"))
    assert "hooks/w" in json.dumps(listed)
    assert not [line for line in machine.log("controller") if line["level"] == "error"]
