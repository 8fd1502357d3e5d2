"""Both processes on a machine that has IPv6 addresses alone, with a real API server: from the Webhook to its receiver.

Their environment names proxies, as platforms put them into all pods.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.ipv6_machine import CONTROLLER, DISPATCHER, HOOKWRIGHT, Machine
from e2e.kube import ours
from e2e.machine_product import (
    deliver,
    machine_with_api_server,
    ready,
    start_controller,
    start_dispatcher,
    start_receiver,
)
from rig import until

WEBHOOK = ours("Webhook", "w", "hooks", {"url": "https://hooks.example/in", "triggers": ["RequestGranted"]})

PROXIES = dict.fromkeys(
    ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"],
    "http://[fd00::ff]:9",
)
"""Nobody is there."""


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """With the API server and our kinds."""
    with machine_with_api_server(tmp_path) as made:
        yield made


def test_a_delivery_where_there_is_no_ipv4(machine: Machine) -> None:
    """API server, both ports, probes, target and the command line have IPv6 addresses; nobody asks for a name or a proxy."""
    authority = start_receiver(machine)
    start_controller(machine, **PROXIES)
    start_dispatcher(machine, authority, **PROXIES)
    machine.apply(WEBHOOK)
    until(lambda: ready(machine, "w"))
    deliver(machine)
    for url in (f"http://[{DISPATCHER}]:8081/readyz", f"http://[{CONTROLLER}]:8082/readyz"):
        until(lambda url=url: machine.answers(url))
    token = ("--admin-token-file", str(machine.folder / "admin-token"))
    admin = ("--admin", f"http://[{DISPATCHER}]:8081", *token)
    listed = json.loads(machine.run(*HOOKWRIGHT, "list", *admin, "-o", "json"))
    assert "hooks/w" in json.dumps(listed)
    assert not [line for line in machine.log("controller") if line["level"] == "error"]
