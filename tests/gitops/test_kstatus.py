"""What kstatus itself, by which Flux and Helm wait, makes of objects in every state."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gitops.states import STATES, State, identity

pytestmark = pytest.mark.needs_go
SOURCE = Path(__file__).parent / "kstatus"


@pytest.fixture(scope="module")
def program() -> Path:
    """The program, built once for each version of its sources."""
    files = [SOURCE / name for name in ("main.go", "go.mod", "go.sum")]
    version = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    built = cache / "hookwright" / f"kstatus-{version}"
    if not built.exists():
        built.parent.mkdir(parents=True, exist_ok=True)
        begun = built.with_suffix(f".{os.getpid()}")
        subprocess.run(["go", "build", "-mod=readonly", "-o", begun, "."], cwd=SOURCE, check=True)
        begun.rename(built)
    return built


@pytest.fixture(scope="module")
def computed(program: Path) -> dict[str, dict[str, str]]:
    """Status and message of every state, by its name."""
    answers = compute(program, [state.object for state in STATES])
    return {identity(state): answer for state, answer in zip(STATES, answers, strict=True)}


def compute(program: Path, objects: Sequence[Any]) -> list[dict[str, str]]:
    """Status and message of each object."""
    lines = "\n".join(map(json.dumps, objects))
    done = subprocess.run([program], input=lines, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("state", STATES, ids=identity)
def test_kstatus_of_every_state(computed: dict[str, dict[str, str]], state: State) -> None:
    """The status is that of the table; of a failure its message is that of Stalled."""
    found = computed[identity(state)]
    assert found["status"] == state.kstatus
    if state.kstatus == "Failed":
        conditions = {each["type"]: each for each in state.object["status"]["conditions"]}
        assert found["message"] == conditions["Stalled"]["message"]


def test_what_is_no_object_is_refused(program: Path) -> None:
    """The program ends with an error instead of a status that nobody computed."""
    done = subprocess.run([program], input="[]", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
