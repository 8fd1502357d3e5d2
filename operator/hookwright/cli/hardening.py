"""What a process that holds secrets forbids at its start: to be written into a core file, or read by its like."""

from __future__ import annotations

import ctypes
import resource
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4  # of <sys/prctl.h>


def forbid_core_dumps() -> None:
    """No core file; on Linux no other process of the same user looks into this one either (ptrace, /proc/PID/mem)."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
