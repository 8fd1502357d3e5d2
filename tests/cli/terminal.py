"""A terminal of 80 columns with a program on it, as somebody sits before it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rig import HANGS

HOOKWRIGHT = Path(sys.executable).parent / "hookwright"
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class Terminal:
    """What a program wrote so far."""

    def __init__(self, program: subprocess.Popen[bytes], end: int) -> None:
        self.program, self._end = program, end
        self._raw = b""

    @property
    def coloured(self) -> str:
        """All of it, with colours."""
        return self._raw.decode(errors="replace").replace("\r\n", "\n")

    @property
    def text(self) -> str:
        """All of it, without."""
        return _ESCAPES.sub("", self.coloured)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Until it stands there."""
        end = time.monotonic() + HANGS
        while (found := re.search(pattern, self.text, re.MULTILINE)) is None:
            assert self._read(end), f"no {pattern!r} in:\n{self.text}"
        return found

    def closed(self) -> str:
        """Until the program has ended; what it wrote."""
        end = time.monotonic() + HANGS
        while self._read(end):
            pass
        self.program.wait(HANGS)
        return self.text

    def _read(self, end: float) -> bool:
        """Take in what comes next; False: nothing does."""
        if not select.select([self._end], [], [], max(0.0, end - time.monotonic()))[0]:
            return False
        try:
            data = os.read(self._end, 65_536)
        except OSError:  # Linux says so when the last writer has gone
            return False
        self._raw += data
        return bool(data)


@contextmanager
def on_terminal(
    command: Sequence[str | Path], folder: Path, env: Mapping[str, str] | None = None, columns: int = 80
) -> Iterator[Terminal]:
    """Run a command in a folder on a terminal; it is interrupted, as by Ctrl-C, when the block ends."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {**os.environ, **(env or {})}
    for name in ("COLUMNS", "LINES"):
        environment.pop(name, None)
    program = subprocess.Popen(
        command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    terminal = Terminal(program, ours)
    try:
        yield terminal
    finally:
        if program.poll() is None:
            program.send_signal(signal.SIGINT)
            terminal.closed()
        os.close(ours)
