"""The test's side of `victim.py`: starts it, talks to it, kills it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import hookwright

_HERE = Path(__file__).parent
_CODE = Path(hookwright.__file__).parents[1]


class Victim:
    """A process with a store in a folder; killed at the end of the `with` block if it still runs."""

    def __init__(
        self,
        folder: Path,
        *,
        environment: Mapping[str, str] = {},
        prefix: Sequence[str] = (),
        first: str = "open",
    ) -> None:
        """`first` is the first word it must say."""
        self._first = first
        self._process = subprocess.Popen(
            [*prefix, sys.executable, str(_HERE / "victim.py"), str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
            env={**os.environ, "PYTHONPATH": str(_CODE), **environment},
        )  # fmt: skip

    def __enter__(self) -> Victim:
        assert self.answer().startswith(f"{self._first} "), self.errors()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def tell(self, *words: object) -> None:
        """A command."""
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()

    def answer(self) -> str:
        """The next answer; "" if the process ended."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")

    def answers(self) -> list[str]:
        """All answers up to the end of the process."""
        assert self._process.stdout is not None
        return self._process.stdout.read().splitlines()

    def ask(self, *words: object) -> str:
        """A command and the next answer."""
        self.tell(*words)
        return self.answer()

    def ended(self) -> int:
        """Wait for its end: the exit code."""
        return self._process.wait(timeout=30)

    def errors(self) -> str:
        """What it wrote to standard error, once it ended."""
        assert self._process.stderr is not None
        return self._process.stderr.read()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def root(self) -> Path:
        """The file system as the process sees it."""
        return Path(f"/proc/{self._process.pid}/root")

    def kill(self) -> None:
        """kill -9, as the machine would."""
        self._process.kill()
        self._process.wait(timeout=30)
