"""What Artifact Hub and `helm show` say of the chart."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from chart.conftest import CHART, Helm
from hookwright import __version__


def annotation(name: str) -> Any:
    """Of Chart.yaml, for Artifact Hub."""
    text = yaml.safe_load((CHART / "Chart.yaml").read_text())["annotations"][f"artifacthub.io/{name}"]
    return yaml.safe_load(text)


def test_examples_of_the_resources_are_valid(tmp_path: Path) -> None:
    """One of each kind that the chart installs, as the command judges them."""
    examples = annotation("crdsExamples")
    assert [each["kind"] for each in examples] == [each["kind"] for each in annotation("crds")]
    assert {each["name"] for each in annotation("crds")} == {
        path.stem for path in (CHART / "files/crds").glob("*.yaml")
    }
    (tmp_path / "examples.yaml").write_text(yaml.safe_dump_all(examples))
    command = [sys.executable, "-m", "hookwright", "validate", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_package_says_who_made_it_and_what_is_in_it(helm: Helm) -> None:
    """Its image with the version, its licence, and a page that is not empty."""
    assert annotation("images") == [{"name": "hookwright", "image": f"hookwright/hookwright:{__version__}"}]
    assert annotation("license") == "Apache-2.0"
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["maintainers"]
    page = helm("show", "readme", str(CHART)).stdout
    assert "| `ingress.enabled` |" in page
    assert f"--version {__version__}" in page
