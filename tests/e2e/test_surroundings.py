"""What surrounds the controller, beside a real API server: a line that goes dead, a Secret that nobody has made yet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.ipv6_machine import CONTROLLER, Machine
from e2e.kube import ours
from e2e.machine_product import condition, machine_with_api_server, start_controller
from rig import until

LOOK = 240.0
"""Seconds, fewer than until the controller looks at everything without being told."""
READYZ = f"http://[{CONTROLLER}]:8082/readyz"
CUT = """
add table inet cut
add chain inet cut out {{ type filter hook output priority 0; }}
add rule inet cut out tcp dport 6443 tcp sport {{ {ports} }} drop
add rule inet cut out tcp sport 6443 tcp dport {{ {ports} }} drop
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """With a controller whose administrator has not brought the token of the events port yet."""
    with machine_with_api_server(tmp_path_factory.mktemp("machine")) as made:
        start_controller(made, HOOKWRIGHT_INGEST_EXISTING_SECRET_NAME="events")
        yield made


def webhook(name: str, **spec: Any) -> dict[str, Any]:
    """To the machine's target, unless `spec` says otherwise."""
    return ours(
        "Webhook", name, "hooks", {"url": "https://hooks.example/in", "triggers": ["RequestGranted"], **spec}
    )


def cut_lines(machine: Machine) -> int:
    """Every connection from the controller to the API server goes dead and is not closed; how many there were."""
    lines = machine.run("ss", "-tnpH", "dport", "=", ":6443").splitlines()
    ports = {re.search(r":(\d+) ", line)[1] for line in lines if "python" in line}
    machine.run("nft", "-f", "-", stdin=CUT.format(ports=", ".join(ports)))
    return len(ports)


def test_a_token_that_is_not_there_is_said_and_waited_for(machine: Machine) -> None:
    """Its Secret's name and key, in the log and where readiness is asked; once it is there the controller is ready."""
    said = "Secret events does not exist: create it with the key token."
    until(lambda: said in [line.get("message") for line in machine.log("controller")])
    until(lambda: said in machine.run("curl", "-s", READYZ))
    machine.kubectl("-n", "hooks", "create", "secret", "generic", "events", "--from-literal=token=mine")
    until(lambda: machine.answers(READYZ))


def test_a_line_that_goes_dead_is_given_up(machine: Machine) -> None:
    """As behind a load balancer that forgets connections: kopf's watches and the others' begin anew within two minutes."""
    token = {"valueFrom": {"secretKeyRef": {"name": "late", "key": "token"}}, "name": "x-token"}
    machine.apply(webhook("waits", headers=[token]))
    until(lambda: condition(machine, "waits", "ResolvedRefs") == "False")
    assert cut_lines(machine) >= 7  # the watches
    labels = {"hookwright.io/webhook-secret": "true"}
    metadata = {"name": "late", "namespace": "hooks", "labels": labels}
    machine.apply(
        webhook("new"),
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"token": "t"}},
    )
    until(lambda: condition(machine, "new", "Accepted") == "True", LOOK)
    until(lambda: condition(machine, "waits", "ResolvedRefs") == "True", LOOK)
