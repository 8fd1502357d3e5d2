"""What was under way when the process ended without a word: a small file that outlives it, without a write per attempt.

A delivery that was under way in three such ends is a suspect: it may be what ends the process, so it is set aside.
The file is mapped into memory: a mark costs half a microsecond and survives `kill -9`; after a power cut it may be old
or gone, which loses nothing but counts. Must not: be needed, know lanes.
"""

from __future__ import annotations

import mmap
from pathlib import Path

import structlog

from hookwright.limits import SUSPECT_CRASHES, UNDER_WAY_SLOTS

log = structlog.get_logger()
_SLOT = 2  # numbers: a delivery's key (0: free); crashes, and in the lowest bit whether it is under way
_BYTES = UNDER_WAY_SLOTS * _SLOT * 8


class UnderWay:
    """Marks of the attempts under way; `file` None: of this process only, so that nothing ever is a suspect."""

    def __init__(self, file: Path | None = None) -> None:
        self._marks = memoryview(bytearray(_BYTES) if file is None else _opened(file)).cast("Q")
        self._slots: dict[int, int] = {}
        self._free: list[int] = []
        self.crashes: dict[int, int] = {}
        """By delivery: how many ends of the process it was under way in."""
        self._alone: dict[str, int] = {}
        """By namespace: the one under way of those that one more crash dooms."""
        for slot in reversed(range(UNDER_WAY_SLOTS)):
            key, crashes = self._marks[slot * _SLOT], self._marks[slot * _SLOT + 1]
            crashes = (crashes >> 1) + (crashes & 1)
            if key and 0 < crashes <= SUSPECT_CRASHES and key not in self._slots:
                self._slots[key], self.crashes[key] = slot, crashes
                self._marks[slot * _SLOT + 1] = crashes << 1
            else:
                self._marks[slot * _SLOT] = 0
                self._free.append(slot)
        self.doomed = {key for key, crashes in self.crashes.items() if crashes >= SUSPECT_CRASHES}
        """Deliveries that are not to be tried again."""

    def may_begin(self, key: int, namespace: str) -> bool:
        """Whether an attempt may begin now: of those that one more crash dooms, one at a time in a namespace.

        So the next crash names the one that ends the process, and not all that ran beside it.
        """
        return self.crashes.get(key, 0) != SUSPECT_CRASHES - 1 or namespace not in self._alone

    def begin(self, key: int, namespace: str) -> None:
        """An attempt of a delivery begins."""
        crashes = 0
        if self.crashes:
            crashes = self.crashes.get(key, 0)
            if crashes == SUSPECT_CRASHES - 1:
                self._alone[namespace] = key
        slot = self._slots.get(key)
        if slot is None:
            if not self._free:
                return  # more than anybody has under way
            slot = self._slots[key] = self._free.pop()
        self._marks[slot * _SLOT + 1] = crashes << 1 | 1  # first: it counts for nobody without a key
        self._marks[slot * _SLOT] = key

    def has(self, key: int) -> bool:
        """Whether an attempt of a delivery is under way."""
        slot = self._slots.get(key)
        return slot is not None and bool(self._marks[slot * _SLOT + 1] & 1)

    def leave(self, key: int) -> None:
        """An attempt was given up by our own will, at the end: that is no crash, and those before it count on."""
        slot = self._slots.get(key)
        if slot is not None:
            self._marks[slot * _SLOT + 1] = self.crashes.get(key, 0) << 1

    def end(self, key: int, namespace: str) -> None:
        """A delivery was tried to the end, or is not tried any more: no crash of it counts."""
        slot = self._slots.pop(key, None)
        if slot is not None:
            self._marks[slot * _SLOT] = 0
            self._free.append(slot)
        if self.crashes and self.crashes.pop(key, 0):
            self.doomed.discard(key)
            if self._alone.get(namespace) == key:
                del self._alone[namespace]


def _opened(file: Path) -> mmap.mmap | bytearray:
    """The file, made new unless it is whole; without a disk that takes it, memory of this process."""
    try:
        file.touch(mode=0o600)
        if file.stat().st_size != _BYTES:
            # written, not only made longer: a page that finds no space later would end the process
            file.write_bytes(bytes(_BYTES))
        with file.open("r+b") as opened:
            return mmap.mmap(opened.fileno(), _BYTES)
    except OSError as error:
        log.warning("under_way.unusable", reason=str(error))
        return bytearray(_BYTES)
