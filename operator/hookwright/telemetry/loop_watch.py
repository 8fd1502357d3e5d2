"""How long the event loop stands still, and on what: nothing else in the process goes on meanwhile.

A heartbeat on the loop is late by what ran before it. When it is missing for `LOOP_STOP_SECONDS`, a thread of its own
looks what runs, so that the log can name it. Python code of other threads holds the loop up as well, as the interpreter
runs one thread at a time: they are named where the loop itself only waits.
Must not: know what runs, show a value of it, cost anything (50 beats and 14 looks a second, 50 µs each).
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Final, NamedTuple

import structlog

from hookwright.limits import (
    LOOP_BEAT_SECONDS,
    LOOP_FRAMES,
    LOOP_HANGS_SECONDS,
    LOOP_LOG_SECONDS,
    LOOP_PLACES,
    LOOP_STOP_SECONDS,
)

log = structlog.get_logger()

_WAITING: Final = ("threading.py", "queue.py", "selectors.py", "concurrent/futures/thread.py")
"""Where threads stand that have nothing to do."""


class Slowest(NamedTuple):
    """The longest stop, in seconds: `wall` by the clock; `cpu` at most what the loop's own thread computed meanwhile: a
    busy machine does not lengthen it, and other threads are not in it. They may be of different stops."""

    wall: float
    cpu: float


class LoopWatch:
    """Watches the running loop from `start` to `close`. `stopped` is called after each stop."""

    def __init__(self, stopped: Callable[[], None]) -> None:
        self._stopped = stopped
        self._wall = self._cpu = self._due = self._spent = 0.0
        self._ended = threading.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._seen: list[tuple[float, str]] = []
        """What ran while a beat was missing, each with the time at which the beat was due."""
        self._said, self._unsaid = -LOOP_LOG_SECONDS, 0
        self._hangs: float | None = None
        """When the beat was due that the thread has told of already."""

    def start(self) -> None:
        """Begin, on the loop that is to be watched."""
        self._loop, self._watched = asyncio.get_running_loop(), threading.get_ident()
        self._resting: CodeType | None = None
        """Where the loop's thread stands between two callbacks."""
        self._next()
        threading.Thread(target=self._look, name="loop-watch", daemon=True).start()

    def close(self) -> None:
        """End; the thread follows by itself."""
        self._ended.set()
        if self._timer is not None:
            self._timer.cancel()

    def slowest(self) -> Slowest:
        """The longest since the last call."""
        found = Slowest(self._wall, self._cpu)
        self._wall = self._cpu = 0.0
        return found

    @property
    def noticed(self) -> bool:
        """Whether the thread has seen that the beat is missing. For tests, which stop the loop until it has."""
        return any(due == self._due for due, _ in self._seen)

    # --- on the loop -----------------------------------------------------------------------------

    def _next(self) -> None:
        self._due = time.monotonic() + LOOP_BEAT_SECONDS
        self._spent = time.thread_time()
        self._timer = self._loop.call_later(LOOP_BEAT_SECONDS, self._beat)

    def _beat(self) -> None:
        late = time.monotonic() - self._due
        caller = sys._getframe().f_back
        self._resting = None if caller is None else caller.f_code
        self._wall = max(self._wall, late)
        self._cpu = max(self._cpu, min(late, time.thread_time() - self._spent))
        if late >= LOOP_STOP_SECONDS:
            self._stopped()
            self._say(late)
        self._next()

    def _say(self, late: float) -> None:
        """A line, unless there was one lately."""
        seen = [what for due, what in self._seen if due == self._due]
        self._seen = []
        if time.monotonic() - self._said < LOOP_LOG_SECONDS:
            self._unsaid += 1
            return
        log.warning("loop.stopped", seconds=round(late, 3), ran=seen, more=self._unsaid)
        self._said, self._unsaid = time.monotonic(), 0

    # --- in the thread ---------------------------------------------------------------------------

    def _look(self) -> None:
        pause = LOOP_STOP_SECONDS
        while not self._ended.wait(pause) and not self._loop.is_closed():
            due = self._due
            missing = time.monotonic() - due
            if missing >= LOOP_STOP_SECONDS:
                self._note(due, missing)
            pause = max(LOOP_STOP_SECONDS - missing, 0.0) or LOOP_STOP_SECONDS

    def _note(self, due: float, missing: float) -> None:
        seen = dict.fromkeys([*self._seen, *((due, what) for what in self._running())])
        self._seen = list(seen)[-LOOP_PLACES:]
        if missing > LOOP_HANGS_SECONDS and self._hangs != due:
            self._hangs = due  # the process may be killed before the loop goes on, if it ever does
            log.error("loop.hangs", seconds=round(missing, 1), ran=[what for _, what in self._seen])

    def _running(self) -> list[str]:
        """The loop's own place, or those of other threads."""
        frames = sys._current_frames()
        del frames[
            threading.get_ident()
        ]  # which holds `frames`: all that runs would be kept until a collection
        own = frames.pop(self._watched, None)
        if own is not None and own.f_code is not self._resting:
            return [_place(own)]
        return [_place(one) for one in frames.values() if not one.f_code.co_filename.endswith(_WAITING)]


def _place(frame: FrameType) -> str:
    """Function, file and line of what runs, and of its callers: `inner (file.py:1) < outer (file.py:2)`."""
    places: list[str] = []
    caller: FrameType | None = frame
    while caller is not None and len(places) < LOOP_FRAMES:
        code = caller.f_code
        file = "/".join(code.co_filename.rsplit("/", 2)[-2:])
        places.append(f"{code.co_qualname} ({file}:{caller.f_lineno})")
        caller = caller.f_back
    return " < ".join(places)
