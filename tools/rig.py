"""Processes under test, for demo, tests and benchmarks: started, pinned, measured from /proc, ended by pid."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import trustme

HANGS = 120.0
"""Seconds after which a wait is taken for one without an end. It only stops a hang: no test judges by it."""
TICK = os.sysconf("SC_CLK_TCK")
Found = TypeVar("Found")


def until(what: Callable[[], Found | Literal[False] | None], seconds: float = HANGS) -> Found:
    """Ask again until the answer is true, then give it; fail after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"still {found!r} after {seconds} s")
        time.sleep(0.05)


def throwaway_ca(folder: Path, *names: str) -> tuple[Path, Path]:
    """A certificate authority for this run: (its PEM, the server's key and chain)."""
    authority = trustme.CA()
    ca_file, cert = folder / "ca.pem", folder / "server.pem"
    authority.cert_pem.write_to_path(ca_file)
    authority.issue_cert(*names).private_key_and_cert_chain_pem.write_to_path(cert)
    return ca_file, cert


def records(text: str) -> list[dict[str, Any]]:
    """The JSON lines of a log that is still being written: a last line without its end is not one yet."""
    whole, _, _ = text.rpartition("\n")
    return [json.loads(line) for line in whole.split("\n") if line.startswith("{")]


class Process:
    """One child. `core` None: not pinned."""

    def __init__(
        self, command: Sequence[str], log: Path, *, core: int | None, env: dict[str, str] | None = None
    ) -> None:
        self._log = log
        self._out = log.open("wb")
        self._child = subprocess.Popen(
            command, stdout=self._out, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}
        )
        if core is not None:
            os.sched_setaffinity(self._child.pid, {core})

    @property
    def pid(self) -> int:
        """Process id."""
        return self._child.pid

    def wait_for(self, pattern: str, seconds: float = HANGS) -> re.Match[str]:
        """Until the log says so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = re.search(pattern, self._log.read_text(errors="replace"))
            if found is not None:
                return found
            if self._child.poll() is not None:
                break
            time.sleep(0.02)
        self.end(signal.SIGKILL)
        raise RuntimeError(
            f"{self._log}: no {pattern!r} in it:\n{self._log.read_text(errors='replace')[-2000:]}"
        )

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._child.poll() is None

    def cpu(self) -> float:
        """CPU seconds of all its threads so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self) -> float:
        """Resident MiB."""
        found = re.search(r"VmRSS:\s+([0-9]+)", Path(f"/proc/{self.pid}/status").read_text())
        return int(found[1]) / 1024 if found else 0.0

    def peak(self) -> float:
        """The most resident MiB it ever had."""
        found = re.search(r"VmHWM:\s+([0-9]+)", Path(f"/proc/{self.pid}/status").read_text())
        return int(found[1]) / 1024 if found else 0.0

    def read(self) -> float:
        """MiB that it has read so far, from files and sockets."""
        found = re.search(r"rchar: ([0-9]+)", Path(f"/proc/{self.pid}/io").read_text())
        return int(found[1]) / 1024**2 if found else 0.0

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it and wait, as `wait` does."""
        if self._child.poll() is None:
            self._child.send_signal(how)
        self.wait()

    def wait(self) -> None:
        """Wait until it has ended. RuntimeError if it had to be killed because it never did."""
        try:
            self._child.wait(HANGS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            raise RuntimeError(f"{self._log}: the process did not end") from None
        finally:
            self._out.close()


def dev(
    folder: Path,
    manifests: Path,
    ca_file: Path,
    port: int,
    *hosts: str,
    core: int | None = 0,
    env: dict[str, str] | None = None,
    files: tuple[int, int] | None = None,
    flags: Sequence[str] = (),
) -> Process:
    """`hookwright dev` on free ports, the hosts led to a local port. `files`: soft and hard limit of open ones."""
    limits = (
        [] if files is None else ["sh", "-c", 'ulimit -Sn "$1"; ulimit -Hn "$2"; shift 2; exec "$@"', "sh"]
    )
    command = [*limits, *map(str, files or ()), sys.executable, "-m", "hookwright", "dev", str(manifests),
               "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", str(folder / "data"),
               "--ca-file", str(ca_file), *flags]  # fmt: skip
    for host in hosts:
        command += ["--connect-to", f"{host}:443:127.0.0.1:{port}"]
    return Process(command, folder / "dev.log", core=core, env=env)


LISTENING = r"http://127\.0\.0\.1:([0-9]+)/v1/events\s+Admin: http://127\.0\.0\.1:([0-9]+)"
