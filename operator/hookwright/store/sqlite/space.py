"""How much room there is: free space of the disk, and the reserve under which new events are refused.

Results and pruning need room when events are refused already, so there is a reserve (SPEC 8). The database is
never made smaller: what leaves it is used again, and counts as free as long as half the reserve is free on
the disk, which the log needs. Must not: know SQLite.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hookwright.limits import RESERVE_MAX_BYTES, RESERVE_MIN_BYTES, RESERVE_SHARE

FreeSpace = Callable[[], tuple[int, int]]
"""Free and total bytes of the disk; nothing is free on one that is read-only."""


def disk(folder: Path) -> FreeSpace:
    """Free and total bytes of the disk that holds a folder."""

    def free_space() -> tuple[int, int]:
        found = os.statvfs(folder)
        writable = not found.f_flag & os.ST_RDONLY
        return found.f_bavail * found.f_frsize if writable else 0, found.f_blocks * found.f_frsize

    return free_space


@dataclass(frozen=True, slots=True)
class Reserve:
    """The reserve of a disk; `reusable` gives the free bytes inside the database."""

    free_space: FreeSpace
    reusable: Callable[[], int]

    def is_touched(self) -> bool:
        """Whether less is free than the reserve."""
        free, total = self.free_space()
        if free <= 0:
            return True
        least = min(RESERVE_MIN_BYTES, total // 4)  # a small disk must not be all reserve
        reserve = max(least, min(RESERVE_MAX_BYTES, int(total * RESERVE_SHARE)))
        if free >= reserve:
            return False
        return free < reserve // 2 or free + self.reusable() < reserve
