"""README and tutorial, "On a cluster": from an empty cluster to the first delivery, run as they are written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.conftest import PRODUCT, ROOT, Receiver, remove
from e2e.kube import Kube
from rig import until
from walked import write_files

HOSTS, PLACE = ("hooks.slack.com", "tickets.example.com"), "hookwright"


def section(page: str) -> str:
    """What the page says of a cluster."""
    return (ROOT / page).read_text().split("\n## On a cluster\n")[1].split("\n## ")[0]


def commands(page: str) -> list[str]:
    """Lines of the section's first block."""
    block = re.search(r"^```\n(.*?)^```$", section(page), re.MULTILINE | re.DOTALL)
    assert block is not None
    return block[1].splitlines()


@pytest.fixture
def folder(kube: Kube, image: str, receiver: Receiver, tmp_path: Path) -> Iterator[Path]:
    """A checkout on an empty cluster, with a values.yaml that names the image and leads the targets to the receiver."""
    for name in ("charts", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    repository, _, tag = image.rpartition(":")
    authority = kube.get("configmap", "authorities", PRODUCT)["data"]
    there = kube("get", "namespace", PLACE, "--ignore-not-found")
    assert not there, f"the namespace {PLACE} is somebody's: this test begins without it"
    kube.namespace(PLACE)
    metadata = {"name": "authorities", "namespace": PLACE}
    kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": authority})
    values = {
        "image": {"repository": repository, "tag": tag},
        "egress": {
            "connectTo": [f"{host}:443:{Receiver.ADDRESS}:443" for host in HOSTS],
            "caFile": {"configMap": "authorities"},
        },
    }
    (tmp_path / "values.yaml").write_text(json.dumps(values))
    write_files((ROOT / "docs" / "tutorial.md").read_text(), tmp_path)
    yield tmp_path
    remove(kube, [PLACE])
    for secret in ("slack", "tickets"):
        kube("-n", "default", "delete", "secret", secret, "--ignore-not-found")


def run(lines: list[str], kube: Kube, folder: Path) -> None:
    """One after the other; each ends well."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {
        **os.environ,
        "PATH": path,
        "KUBECONFIG": str(kube.kubeconfig),
        "HOOKWRIGHT_NAMESPACE": PLACE,
    }
    for line in lines:
        done = subprocess.run(
            ["bash", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def test_first_delivery_in_three_commands(kube: Kube, folder: Path, receiver: Receiver) -> None:
    """Each ends well, and the target has been called."""
    lines = commands("README.md")
    assert len(lines) == 3
    run(lines, kube, folder)
    got = receiver.at("/services/T00000000/B00000000/placeholder")
    assert [each["host"] for each in got][:1] == [HOSTS[0]]


def test_the_tutorial_on_a_cluster(kube: Kube, folder: Path, receiver: Receiver) -> None:
    """Its files and commands: the webhook becomes Ready, its test passes as a gate, and an event arrives."""
    run(commands("docs/tutorial.md"), kube, folder)
    [first] = until(lambda: receiver.at("/api/tickets"))[:1]
    assert (first["host"], first["headers"]["authorization"]) == (HOSTS[1], "Bearer not-a-real-token")
