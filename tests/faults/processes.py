"""What a round needs of the machine: two processes that take orders, and the word for what it refuses.

Must not: know what a round is about.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


class NotPossibleError(Exception):
    """This machine does not let the bench make the fault; the text says what it lacks."""


class Talker:
    """A process that takes one order a line and answers with a line."""

    def __init__(self, *command: str | Path) -> None:
        path = os.pathsep.join([str(HERE.parent), str(HERE.parents[1] / "tools")])
        self._child = subprocess.Popen(
            [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip

    def tell(self, **order: object) -> None:
        """An order."""
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(order) + "\n")

    def hear(self) -> Any:
        """The next answer."""
        assert self._child.stdout is not None
        return json.loads(self._child.stdout.readline())

    def end(self) -> None:
        """It ends when it hears no more."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        self._child.stdout.close()
        self._child.wait()
