"""Bearer tokens from a file, checked in constant time, re-read when the file changes (a rotated Secret).

A file without a token refuses everybody, and says so. Must not: know what is asked for.
"""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Final

import structlog

from hookwright.core.tokens import read_tokens
from hookwright.errors import UsageError

_CHECK_SECONDS: Final = 1.0
_AGAIN_SECONDS: Final = 60.0
_FILE_BYTES: Final = 65_536

log = structlog.get_logger()


class Tokens:
    """The tokens of one port: one a line, so that an old and a new one can overlap. Raises UsageError if there is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._checked = self._said = 0.0
        self._stamp: tuple[int, int, int] | None = None
        self._tokens: tuple[tuple[str, bytes], ...] = ()
        self._trouble: str | None = None
        self._read()
        if self._trouble is not None:
            raise UsageError(self._trouble)

    def _read(self) -> None:
        try:
            stamp, text = self._content()
        except OSError as error:
            self._tokens, self._stamp = (), None
            self._trouble = f"{self._path}: cannot be read ({error.strerror})."
            return
        if text is None:
            return
        self._stamp = stamp
        self._tokens = tuple(
            (holder, token.encode()) for holder, token in read_tokens(text.decode(errors="replace"))
        )
        self._trouble = (
            None if self._tokens else f"{self._path}: no token in it; write one on a line of its own."
        )

    def _content(self) -> tuple[tuple[int, int, int], bytes | None]:
        """Stamp and text, None if nothing changed. Between two versions of a volume a path leads nowhere for a moment."""
        for last in (False, True):
            try:
                stat = self._path.stat()
                stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
                return stamp, None if stamp == self._stamp else self._path.read_bytes()[:_FILE_BYTES]
            except FileNotFoundError:
                if last:
                    raise
        raise AssertionError

    def trouble(self, now: float) -> str | None:
        """None: there is a token. Otherwise why everybody is refused, one sentence. `now`: monotonic seconds."""
        if now - self._checked > _CHECK_SECONDS:
            self._checked = now
            before = self._trouble
            self._read()
            self._tell(now, before)
        return self._trouble

    def _tell(self, now: float, before: str | None) -> None:
        if self._trouble is None:
            if before is not None:
                log.info("token.found", file=str(self._path))
        elif before is None or now - self._said > _AGAIN_SECONDS:
            self._said = now
            log.error("token.missing", reason=f"{self._trouble} Until then everybody is refused.")

    def holder(self, authorization: str | None, now: float) -> str | None:
        """Who sent `Authorization: Bearer …`: the name beside the token, "" without one; None: nobody who is known."""
        self.trouble(now)
        if authorization is None or authorization[:7].lower() != "bearer ":
            return None
        given = authorization[7:].strip().encode()
        found = None
        for holder, token in self._tokens:
            if hmac.compare_digest(given, token):
                found = holder
        return found
