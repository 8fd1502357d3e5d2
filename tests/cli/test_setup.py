"""`tools/setup.sh`, with a small program in place of the environment's Python and pip."""

from __future__ import annotations

import subprocess
from pathlib import Path

SETUP = Path(__file__).parents[2] / "tools" / "setup.sh"
PIP = """#!/bin/sh
case "$*" in *--editable*) exit 0 ;; esac
for number in $(seq 45); do echo "Collecting package$number==1.0 (from -r requirements.txt)"; done
echo "Building wheels for collected packages: odd"
echo "Installing collected packages: odd"
exit %d
"""


def run(folder: Path, code: int) -> subprocess.CompletedProcess[str]:
    """Set up a folder whose pip ends with this code."""
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(PIP % code)
    python.chmod(0o755)
    (folder / "requirements.txt").write_text("odd==1.0\n" * 45)
    return subprocess.run(["sh", SETUP, ".venv"], cwd=folder, capture_output=True, text=True)


def test_signs_of_life_while_packages_are_installed(tmp_path: Path) -> None:
    """How many of how many, and which one has to be built, for which a compiler is needed."""
    done = run(tmp_path, 0)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        "Installing 45 packages into .venv, once. They are ready-made for the usual systems: no compiler is needed.",
        "  20 of 45",
        "  40 of 45",
        "  building odd, as there is no ready-made one for this system: that needs a compiler",
        "  unpacking",
    ]
    assert (tmp_path / ".venv" / ".ready").exists()


def test_an_installation_that_failed_is_not_taken_for_done(tmp_path: Path) -> None:
    """One sentence, and the next run begins anew."""
    done = run(tmp_path, 1)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("The packages could not be installed;")
    assert not (tmp_path / ".venv" / ".ready").exists()
