"""What a process that holds secrets forbids, tried in a process of its own, as any user."""

from __future__ import annotations

import subprocess
import sys

FORBIDDEN = """
import ctypes, os, resource, signal, sys
from hookwright.cli.hardening import forbid_core_dumps
if os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
forbid_core_dumps()
assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
if sys.platform == "linux":
    assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0
    number = os.memfd_create("identity")
    os.write(number, b"kept")
    assert open(f"/proc/self/fd/{number}", "rb").read() == b"kept"
    assert str(number) in os.listdir("/proc/self/fd")
    assert "VmRSS" in open("/proc/self/status").read()
os.kill(os.getpid(), signal.SIGABRT)
"""


def test_no_core_is_written_and_what_we_read_of_ourselves_stays_readable() -> None:
    """A file in memory opened by its path (client certificates), our own files and figures."""
    done = subprocess.run(
        [sys.executable, "-c", FORBIDDEN], capture_output=True, text=True, check=False, cwd="/"
    )
    assert (done.returncode, done.stderr) == (-6, "")
