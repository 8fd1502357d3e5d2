"""Which of many things changed since somebody last asked: so that asking costs what changed, not what there is.

A cursor is `<start>.<position>`: the position grows with each change, the start names this process. A cursor of another
process, or of a time of which too much is forgotten, is void: then everything is told anew.
Must not: know what the things are, look at a clock.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from typing import Final, NamedTuple

_CURSOR: Final = re.compile(r"([0-9a-z]{1,32})\.([0-9]{1,18})")


class Changed(NamedTuple):
    """An answer. `keys`: the one that changed longest ago first; `anew`: they are the first of everything, and what was
    told before is void; `cursor`: what to ask with next; `more`: whether something is left to tell already."""

    keys: list[str]
    anew: bool
    cursor: str
    more: bool


class Changes:
    """Keys in the order in which they last changed. `start`: names this process, letters and digits."""

    def __init__(self, start: str) -> None:
        self._start = start
        self._last = self._forgotten = 0
        self._positions: dict[str, int] = {}
        """The last change of each key, in their order."""

    def note(self, keys: Iterable[str]) -> None:
        """These changed."""
        for key in keys:
            self._last += 1
            self._positions.pop(key, None)
            self._positions[key] = self._last

    def forget(self, present: Container[str], most: int) -> None:
        """Of the keys that are not `present` keep the latest `most`."""
        absent = [key for key in self._positions if key not in present]
        for key in absent[: max(0, len(absent) - most)]:
            self._forgotten = self._positions.pop(key)

    def __len__(self) -> int:
        return len(self._positions)

    def since(self, cursor: str, limit: int) -> Changed:
        """What changed after a cursor (empty: from the beginning), at most `limit` keys. ValueError: it is none."""
        position = self._position(cursor)
        anew = position is None
        keys: list[str] = []
        for key, changed in reversed(self._positions.items()):
            if changed <= (position or 0):
                break
            keys.append(key)
        keys.reverse()
        told = keys[:limit]
        last = self._positions[told[-1]] if len(told) < len(keys) else self._last
        return Changed(told, anew, f"{self._start}.{last}", len(told) < len(keys))

    def _position(self, cursor: str) -> int | None:
        """None: the cursor is void."""
        if not cursor:
            return None
        found = _CURSOR.fullmatch(cursor)
        if found is None:
            raise ValueError("since is the since of an earlier answer, or empty for everything.")
        position = int(found[2])
        return position if found[1] == self._start and self._forgotten <= position <= self._last else None
