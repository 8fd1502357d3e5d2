"""README, section "On a cluster": from an empty cluster to the first delivery, run as it is written."""

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

HOST, PLACE = "hooks.slack.com", "hookwright"


def commands() -> list[str]:
    """Lines of the section's first block."""
    section = (ROOT / "README.md").read_text().split("\n## On a cluster\n")[1].split("\n## ")[0]
    block = re.search(r"^```\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert block is not None
    return block[1].splitlines()


@pytest.fixture
def folder(kube: Kube, image: str, receiver: Receiver, tmp_path: Path) -> Iterator[Path]:
    """A checkout on an empty cluster, with a values.yaml that names the image and leads the target to the receiver."""
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
            "connectTo": [f"{HOST}:443:{Receiver.ADDRESS}:443"],
            "caFile": {"configMap": "authorities"},
        },
    }
    (tmp_path / "values.yaml").write_text(json.dumps(values))
    yield tmp_path
    remove(kube, [PLACE])
    kube("-n", "default", "delete", "-f", str(ROOT / "examples/slack/secret.yaml"), "--ignore-not-found")


def test_first_delivery_in_three_commands(kube: Kube, folder: Path, receiver: Receiver) -> None:
    """Each ends well, and the target has been called."""
    lines = commands()
    assert len(lines) == 3
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "KUBECONFIG": str(kube.kubeconfig)}
    for line in lines:
        done = subprocess.run(
            ["bash", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    got = receiver.at("/services/T00000000/B00000000/placeholder")
    assert [each["host"] for each in got][:1] == [HOST]
