"""A way out for lines that never holds up who writes them: a bounded buffer, and a thread that empties it.

A reader that stalls (a log driver, a pager, Ctrl-S) costs lines, never time: what does not fit is dropped and
counted, and one line says so once the reader goes on. Must not: format, or raise for a stream that is gone.
"""

from __future__ import annotations

import atexit
import io
import os
import select
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO, TextIO

from hookwright.limits import LOG_BUFFER_BYTES, LOG_BUFFER_SECONDS, LOG_DRAIN_SECONDS

Lost = Callable[[int], bytes]
"""The line that says how many were lost."""


class Outlet(io.RawIOBase):
    """Lines on their way to `stream`, an unbuffered one; in their order, from any thread."""

    def __init__(self, stream: BinaryIO, lost: Lost) -> None:
        self.dropped = 0
        """Lines that never came out, so far."""
        self._stream, self._lost_line = stream, lost
        self._held = bytearray()  # copies: many small results of orjson kept alive cost ten times as much
        self._lost = 0
        self._hurry = self._writing = self._ended = False
        self._lock = threading.RLock()  # garbage collected under it may log
        self._more = threading.Condition(self._lock)
        self._written = threading.Condition(self._lock)
        self._thread = threading.Thread(target=self._run, name="outlet", daemon=True)
        self._thread.start()

    def hold(self, line: bytes) -> None:
        """Write a line within `LOG_BUFFER_SECONDS`, with those that come until then."""
        with self._lock:
            if len(self._held) + len(line) > LOG_BUFFER_BYTES:
                self._lose(1)
                return
            if not self._held:
                self._more.notify()
            self._held += line

    def write(self, line: bytes) -> int:  # type: ignore[override]  # a text stream on top writes bytes
        """Write a line, and all that is held, as soon as the stream takes it."""
        with self._lock:
            self.hold(line)
            self._hurry = True
            self._more.notify()
        return len(line)

    def drain(self) -> None:
        """Wait until all is written, but no longer than `LOG_DRAIN_SECONDS`."""
        with self._lock:
            self._hurry = bool(self._held)
            self._more.notify()
            self._written.wait_for(lambda: not self._held and not self._writing, LOG_DRAIN_SECONDS)

    def end(self) -> None:
        """Drain, and end the thread once the stream lets go of it."""
        self.drain()
        with self._lock:
            self._ended = True
            self._more.notify()

    def writable(self) -> bool:
        """For a text stream on top."""
        return True

    def isatty(self) -> bool:
        """Whether people read it."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Of the stream."""
        return self._stream.fileno()

    def _lose(self, lines: int) -> None:
        self.dropped += lines
        self._lost += lines

    def _run(self) -> None:
        while not self._ended:
            with self._lock:
                self._more.wait_for(lambda: self._held or self._ended)
                self._more.wait_for(lambda: self._hurry or self._ended, LOG_BUFFER_SECONDS)
                held, self._held = self._held, bytearray()
                lost, self._lost = self._lost, 0
                self._hurry, self._writing = False, True
            note = self._lost_line(lost) if lost else b""
            held += note
            rest = self._put(held)
            with self._lock:
                if rest:  # ends with the note
                    self._lost += lost
                    self._lose(rest.count(b"\n") - note.count(b"\n"))
                self._writing = False
                self._written.notify_all()

    def _put(self, lines: bytearray) -> bytes:
        """Write, however long that takes; what could not be written."""
        rest = memoryview(lines)
        try:
            while rest:
                count = self._stream.write(rest)
                if count is None:  # another process made it non-blocking
                    select.select([], [self._stream], [])
                else:
                    rest = rest[count:]
        except (OSError, ValueError):  # it is gone, or closed
            return bytes(rest)
        return b""


def take_over(lost: Lost) -> Outlet:
    """From now on whatever this process prints goes through outlets; the one of stderr.

    stdout and stderr share it where both are the same file, as on a terminal: lines keep their order.
    """
    errors = _outlet(sys.stderr, lost)
    sys.stderr = _printing(errors, sys.stderr)
    if sys.stdout is not None:  # None: whoever started the process closed it
        same = os.path.sameopenfile(sys.stdout.fileno(), errors.fileno())
        sys.stdout = _printing(errors if same else _outlet(sys.stdout, _sentence), sys.stdout)
    return errors


def _outlet(stream: TextIO, lost: Lost) -> Outlet:
    """On the bare descriptor: Python flushes buffered streams at its end, and would wait there for the reader."""
    outlet = Outlet(io.FileIO(stream.fileno(), "wb", closefd=False), lost)
    atexit.register(outlet.drain)
    return outlet


def _printing(outlet: Outlet, like: TextIO) -> TextIO:
    return io.TextIOWrapper(outlet, like.encoding, like.errors, line_buffering=True)  # type: ignore[type-var]


def _sentence(lines: int) -> bytes:
    return f"... {lines:,} lines were lost here, as nobody read them\n".encode()
