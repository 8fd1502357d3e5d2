"""What `make dist` builds, and the workflow that would publish it."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml

from hookwright import __version__

ROOT = Path(__file__).parents[2]
ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"


def dist(out: Path) -> dict[str, bytes]:
    """What is built without an image, by name."""
    command = [sys.executable, str(ROOT / "tools" / "dist.py"), "--no-image", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {file.name: file.read_bytes() for file in out.iterdir()}


@pytest.mark.needs_npm
def test_a_release_is_built_twice_into_the_same_bytes(tmp_path: Path) -> None:
    """Wheel, sdist, chart, bill of materials and sums; the chart is one that helm reads, the wheel holds every module."""
    built = dist(tmp_path / "a")
    assert built == dist(tmp_path / "b")
    name = f"hookwright-{__version__}"
    assert set(built) == {
        f"{name}-py3-none-any.whl", f"{name}.tar.gz", f"{name}.tgz", f"{name}.cdx.json", "SHA256SUMS"
    }  # fmt: skip
    assert {part["name"] for part in json.loads(built[f"{name}.cdx.json"])["components"]} >= {"kopf", "httpx"}
    with tarfile.open(tmp_path / "a" / f"{name}.tgz") as chart:
        about = chart.extractfile("hookwright/Chart.yaml")
        assert about is not None
        assert yaml.safe_load(about)["version"] == __version__
    with zipfile.ZipFile(tmp_path / "a" / f"{name}-py3-none-any.whl") as wheel:
        ours = {entry for entry in wheel.namelist() if entry.endswith(".py")}
    source = ROOT / "operator"
    assert ours == {
        str(path.relative_to(source)) for path in source.rglob("*.py") if "__pycache__" not in path.parts
    }


@pytest.mark.needs_go
def test_the_workflow_is_one() -> None:
    """actionlint finds nothing wrong with it."""
    workflow = ROOT / ".github" / "workflows" / "ci.yml"
    done = subprocess.run(
        ["go", "run", ACTIONLINT, str(workflow)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
