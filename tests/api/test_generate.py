"""What is generated: up to date, the same bytes at each run, and a check that bites."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

from rig import HANGS

ROOT = Path(__file__).resolve().parents[2]


def generate(*arguments: str, seed: str = "0") -> subprocess.CompletedProcess[str]:
    """The generator as a process of its own."""
    return subprocess.run(
        [sys.executable, ROOT / "tools" / "generate.py", *arguments],
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT / "operator")},
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )


def written(root: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_generated_files_are_up_to_date() -> None:
    """`--check` finds nothing to do in this project."""
    result = generate("--check")
    assert (result.returncode, result.stderr) == (0, "")


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    """Runs with another order of hashing write the same files, among them both CRDs."""
    for seed in ("1", "2"):
        assert generate("--root", str(tmp_path / seed), seed=seed).returncode == 0
    first = written(tmp_path / "1")
    assert first == written(tmp_path / "2")
    assert {"crds/webhooks.hookwright.io.yaml", "crds/webhooktests.hookwright.io.yaml"} <= first.keys()


def test_check_names_what_differs_and_writes_nothing(tmp_path: Path) -> None:
    """A changed and a missing file are named, exit code 1, and stay as they are."""
    generate("--root", str(tmp_path))
    changed = tmp_path / "crds" / "webhooks.hookwright.io.yaml"
    changed.write_text("x")
    (tmp_path / "docs" / "reference" / "webhook.md").unlink()
    result = generate("--check", "--root", str(tmp_path))
    assert result.returncode == 1
    assert [line.split()[0] for line in result.stderr.splitlines()] == [
        "crds/webhooks.hookwright.io.yaml",
        "docs/reference/webhook.md",
    ]
    assert changed.read_text() == "x"


def test_crds_are_plain_yaml_objects() -> None:
    """Each CRD file is one object of the kind that kubectl applies."""
    files = sorted((ROOT / "crds").glob("*.yaml"))
    assert len(files) == 2
    for path in files:
        definition = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert definition["kind"] == "CustomResourceDefinition"
        assert path.name == f"{definition['metadata']['name']}.yaml"
