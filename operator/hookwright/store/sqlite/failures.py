"""What an error of SQLite means for the store: wait for space, end the process, or blame one request.

A failed write, fsync or checkpoint ends the process with the database unclosed, because a later fsync can
falsely succeed (DESIGN 4). Must not: act on what it finds.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from hookwright.errors import StoreBroken, StoreDamaged, StoreError, StoreFull
from hookwright.store.sqlite.space import FreeSpace

_WAIT = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PERM,
}
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_REQUEST = {
    sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_MISUSE,
    sqlite3.SQLITE_RANGE, sqlite3.SQLITE_TOOBIG,
}  # fmt: skip


class Failure(Enum):
    """What to do about an error."""

    WAIT = "wait"
    """No space or not writable: nothing was stored, it heals by itself."""
    BROKEN = "broken"
    """What is on disk is not known any more."""
    REQUEST = "request"
    """One request cannot be stored; the others can."""


def judge(error: Exception, free_space: FreeSpace) -> Failure:
    """What an exception of a statement or commit means."""
    code = getattr(error, "sqlite_errorcode", None)
    if not isinstance(error, sqlite3.Error) or code is None:
        return Failure.REQUEST
    if code == sqlite3.SQLITE_READONLY_DBMOVED:
        return Failure.BROKEN
    if code == sqlite3.SQLITE_IOERR_WRITE and free_space()[0] == 0:
        return Failure.WAIT  # a disk that became read-only, or a quota, says so by other means than ENOSPC
    primary = code & 0xFF
    if primary in _WAIT or code == sqlite3.SQLITE_IOERR_SHMSIZE:  # the log's index could not grow
        return Failure.WAIT
    return Failure.REQUEST if primary in _REQUEST else Failure.BROKEN


class Judge:
    """`judge` for one store: a disk may take writes again between a write that it refused and the look at it."""

    def __init__(self, free_space: FreeSpace) -> None:
        self._free_space = free_space
        self._waits = False
        """The last failure was such a one, and nothing was written since: the next failed write is believed to be one."""

    def __call__(self, error: Exception) -> Failure:
        """What it means; a second failed write on a disk with space is not believed."""
        failure = judge(error, self._free_space)
        if self._waits and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_IOERR_WRITE:
            self._waits = failure is Failure.WAIT
            return Failure.WAIT
        self._waits = failure is Failure.WAIT
        return failure

    def works(self) -> None:
        """Something was written."""
        self._waits = False


def as_store_error(error: Exception) -> StoreError:
    """The exception for the caller whose request it was."""
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return StoreError(f"The store refused a request ({name}: {error}); nothing of it was stored.")


def full(folder: Path, why: str) -> StoreFull:
    """The exception while nothing can be stored."""
    return StoreFull(
        f"The data folder {folder} takes no more ({why}): free some space; it goes on by itself then."
    )


def broken(folder: Path, why: str) -> StoreBroken:
    """The exception after which the process must end."""
    return StoreBroken(f"The store in {folder} failed ({why}): the process ends, start it again.")


def damaged(file: Path, why: str) -> StoreDamaged:
    """The exception for a file that is not used."""
    return StoreDamaged(
        f"{file} {why}; nothing was changed. Move it away to begin with an empty store, or put back a copy."
    )


@contextmanager
def opening(file: Path, free_space: FreeSpace) -> Iterator[None]:
    """While a store is opened: errors of the system and of SQLite become ours.

    StoreFull if it heals by itself, StoreDamaged if the file cannot be read, else StoreError.
    """
    try:
        yield
    except OSError as error:
        raise not_usable(file.parent, error) from error
    except sqlite3.Error as error:
        if judge(error, free_space) is Failure.WAIT:
            raise full(file.parent, str(error)) from error
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
            raise damaged(file, f"cannot be read ({error})") from error
        raise StoreError(f"The store in {file.parent} cannot be opened ({error}).") from error


def not_usable(folder: Path, error: OSError) -> StoreError:
    """The exception for a folder or file that the system refuses."""
    if error.errno in _NO_SPACE:
        return full(folder, str(error.strerror))
    return StoreError(
        f"The data folder {folder} cannot be written ({error.strerror}): "
        "make it writable, or choose another one."
    )
