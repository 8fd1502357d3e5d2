"""One process owns a data folder: an advisory lock on a file in it, held as long as the process lives.

The lock is `flock`, not `fcntl` record locks: those are lost when any descriptor of the file is closed, and
would not keep two stores of one process apart. Must not: touch the database.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from hookwright.errors import StoreLocked
from hookwright.store.sqlite.failures import not_usable


class Ownership:
    """The lock on a data folder, which is made. Raises StoreLocked if another process has it.

    StoreFull if there is no space for it, StoreError if it cannot be written at all.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise not_usable(folder, error) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._descriptor)
            raise StoreLocked(
                f"The data folder {folder} is in use by another process (pid {owner}): "
                "stop that one, or choose another folder."
            ) from error
        with suppress(OSError):  # on a full disk the lock counts all the same, only the pid is not shown
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let go; the file stays, so that two processes never lock two different files."""
        os.close(self._descriptor)
