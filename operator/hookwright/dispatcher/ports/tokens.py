"""Bearer tokens from a file, checked in constant time, re-read when the file changes (a rotated Secret)."""

from __future__ import annotations

import hmac
from pathlib import Path

from hookwright.errors import UsageError

_CHECK_SECONDS = 1.0
_FILE_BYTES = 65_536


class Tokens:
    """The tokens of one port: one a line, so that an old and a new one can overlap. Raises UsageError if there is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._checked = 0.0
        self._stamp: tuple[int, int, int] | None = None
        self._tokens: tuple[bytes, ...] = ()
        self._read()
        if not self._tokens:
            raise UsageError(f"{path}: no token in it; write one on a line of its own.")

    def _read(self) -> None:
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if stamp == self._stamp:
                return
            with self._path.open("rb") as file:
                tokens = tuple(line.strip() for line in file.read(_FILE_BYTES).splitlines() if line.strip())
        except OSError as error:
            if self._stamp is None:
                raise UsageError(f"{self._path}: cannot be read ({error.strerror}).") from error
            return  # a volume between two versions: the tokens in force stay
        if tokens:
            self._tokens, self._stamp = tokens, stamp

    def allow(self, authorization: str | None, now: float) -> bool:
        """Whether `Authorization: Bearer …` holds one of the tokens. `now`: monotonic seconds."""
        if now - self._checked > _CHECK_SECONDS:
            self._checked = now
            self._read()
        if authorization is None or authorization[:7].lower() != "bearer ":
            return False
        given = authorization[7:].strip().encode()
        found = False
        for token in self._tokens:
            found |= hmac.compare_digest(given, token)
        return found
