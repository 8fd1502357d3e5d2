"""One process of the product, driven by its contract alone (SPEC 7): command, environment, ports, answers, signals.

Must not: import the product, or know what a round is about.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from faults.ledger import Verdict
from ports import kept_port
from rig import HANGS, until

START_SECONDS = HANGS  # that a start may take on a busy machine


class Dispatcher:
    """Is started, asked, signalled and ended; what it must not do by itself is noted in the verdict."""

    def __init__(self, verdict: Verdict, log: Path) -> None:
        self.verdict, self.log = verdict, log
        self.ports = kept_port(), kept_port()
        """Of events, and of the admin API."""
        self.command: list[str] = []
        """Of the product, with its flags."""
        self.prefix: list[str] = []
        """Put before that."""
        self.environment: dict[str, str] = {}
        self.stderr: int | None = None
        """Where its lines go instead of its log."""
        self.process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(timeout=60, base_url=f"http://127.0.0.1:{self.ports[1]}")
        self.expected_end = False
        self.started = 0.0
        """When it was, the latest time."""

    def launch(self, *more: str) -> None:
        """Start it, without waiting for it. It dies with the bench."""
        command = [
            "setpriv",
            "--pdeathsig",
            "KILL",
            *self.prefix,
            sys.executable,
            "-m",
            "hookwright",
            *self.command,
        ]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        with self.log.open("ab") as log:
            self.started = time.monotonic()
            self.expected_end = False
            self.process = subprocess.Popen(
                [*command, *more], stdout=log, stderr=log if self.stderr is None else self.stderr,
                env=environment | self.environment,
            )  # fmt: skip

    def start(self, *more: str) -> None:
        """Start it and wait until it is ready."""
        self.launch(*more)
        self.wait_ready()

    def wait_ready(self) -> None:
        """Until it takes events. RuntimeError if it ends instead."""
        until(lambda: self.ready() or self.ended(), START_SECONDS)
        if self.ended():
            raise RuntimeError(f"the dispatcher did not start: {self.said()[-2000:]}")

    def ready(self) -> bool:
        """Whether it says that it takes events."""
        return self.status("/readyz") == 200

    def status(self, path: str, seconds: float = 5.0) -> int:
        """What the admin port answers; 0: nothing."""
        try:
            return self.http.get(path, timeout=seconds).status_code
        except httpx.HTTPError:
            return 0

    def said_ready(self) -> str:
        """Why it takes no events; "": it does not say."""
        try:
            return self.http.get("/readyz").text
        except httpx.HTTPError:
            return ""

    def said(self) -> str:
        """All that it wrote."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def ended(self) -> bool:
        """Whether the process has."""
        return self.process is None or self.process.poll() is not None

    def signal(self, number: signal.Signals) -> None:
        """Send it one."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.verdict.check(not self.ended(), "the dispatcher ended by itself")
        self.expected_end = True
        self.process.kill()
        self.process.wait()
        self.verdict.kills += 1

    def exit_code(self, seconds: float = 60.0) -> int | None:
        """Wait for an end that is right; None: it does not come."""
        assert self.process is not None
        self.expected_end = True
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(seconds)
        return None

    def stop(self) -> None:
        """SIGTERM, and it ends as it should."""
        self.signal(signal.SIGTERM)
        code = self.exit_code()
        self.verdict.check(code == 0, f"after SIGTERM the exit code is {code}")

    def clear(self) -> None:
        """End what is left."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.http.close()
