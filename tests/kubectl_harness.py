"""`kubectl hookwright` as a user calls it, with a small real process in place of kubectl."""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from client_harness import ADMIN_TOKEN, EVENT_TOKEN
from gitops.settled import Raw
from hookwright.cli.main import main

LABELS = {"app.kubernetes.io/name": "hookwright", "app.kubernetes.io/component": "dispatcher"}


@dataclass
class Kubectl:
    """The caller's kubectl, and the commands that use it."""

    folder: Path
    state: dict[str, Any]

    def __call__(self, *words: str, name: str = "kubectl-hookwright", **env: str) -> Result:
        """`kubectl hookwright WORDS`, or as another name has it."""
        (self.folder / "state.json").write_text(json.dumps(self.state))
        given = {**self.environment, "HOOKWRIGHT_NAMESPACE": None, "HOOKWRIGHT_RELEASE": None, **env}
        return CliRunner().invoke(main, words, prog_name=name, env=given, catch_exceptions=False)

    @property
    def environment(self) -> dict[str, str]:
        """Where kubectl is, and what it sees."""
        return {"PATH": str(self.folder), "FAKE_KUBECTL": str(self.folder)}

    def put(self, *objects: Raw) -> None:
        """Objects that the cluster holds besides."""
        self.state["objects"] += objects

    def release(self, namespace: str, name: str) -> None:
        """A release: its Service and its tokens."""
        self.put(_object("Service", namespace, f"{name}-dispatcher", labels=LABELS))
        for purpose, token in (("admin", ADMIN_TOKEN), ("ingest", EVENT_TOKEN)):
            secret = _object("Secret", namespace, f"{name}-{purpose}-token")
            self.put({**secret, "data": {"token": base64.b64encode(f"{token}\nold\n".encode()).decode()}})

    def calls(self, *verb: str) -> list[tuple[int, list[str]]]:
        """(process, words) of each call that began with these words."""
        file = self.folder / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        calls = [(int(line.split()[0]), json.loads(line.partition(" ")[2])) for line in lines]
        return [(process, words) for process, words in calls if words[: len(verb)] == list(verb)]


def _object(kind: str, namespace: str, name: str, **metadata: Any) -> Raw:
    return {"kind": kind, "metadata": {"namespace": namespace, "name": name, **metadata}}


def make_kubectl(folder: Path) -> Kubectl:
    """A kubectl in a new folder; it sees an empty cluster."""
    folder.mkdir()
    source = (Path(__file__).parent / "cli/fake_kubectl.py").read_text()
    program = folder / "kubectl"
    program.write_text(f"#!{sys.executable}\n{source}")
    program.chmod(0o755)
    return Kubectl(folder, {"objects": [], "server": {}})
