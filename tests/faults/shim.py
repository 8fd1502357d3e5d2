"""The faults that no setting of the machine can make: `shim.c`, compiled for each round, and its switches.

A switch takes effect in the running process at once, as the file of switches is mapped into it.
"""

from __future__ import annotations

import struct
import subprocess
from enum import IntEnum
from pathlib import Path


class Switch(IntEnum):
    """Place of each number in the file; 0: no fault. The same order as in `shim.c`."""

    CLOCK_MS = 0
    """By which the wall clock is ahead (or behind, if negative)."""
    SYNC_ERRNO = 1
    """With which an fsync fails."""
    SYNC_MS = 2
    """That an fsync takes longer."""
    READ_US = 3
    """That each read of a file takes longer."""
    READ_ONLY = 4
    """1: writes fail as on a disk that became read-only."""
    DNS = 5
    """1: names below `.test` are at the bench's address; 2: the name server does not answer."""


DNS_ANSWERS, DNS_FAILS = 1, 2


class Shim:
    """The switches of one round, in its folder. `data`: the dispatcher's; `address`: of the names below `.test`."""

    def __init__(self, folder: Path, data: Path, address: str) -> None:
        library, self._file = folder / "shim.so", folder / "switches"
        source = Path(__file__).with_name("shim.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-o", library, source, "-ldl"], check=True)
        self._file.write_bytes(bytes(8 * len(Switch)))
        self.environment = {
            "LD_PRELOAD": str(library),
            "HW_SWITCHES": str(self._file),
            "HW_DATA": str(data),
            "HW_ADDRESS": address,
        }

    def set(self, switch: Switch, value: int) -> None:
        """From now on, in the running process too."""
        with self._file.open("r+b") as opened:
            opened.seek(8 * switch)
            opened.write(struct.pack("=q", value))
