"""Says of objects that are left to another release that it is so: in the log, and once on each object by an Event.

Must not: decide which they are (`owners` does), or write their status.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from hookwright.controller.conditions import Note
from hookwright.controller.inventory import Entry, Id
from hookwright.controller.trouble import Troubles

_CURE: Final = (
    "the second writes no status and runs no test. Uninstall one of them, or let each watch namespaces of its own "
    "(watchNamespaces)."
)


class Yields:
    """`release`: our own, as `namespace/name`; `post`: posts an Event."""

    def __init__(self, release: str, troubles: Troubles, post: Callable[[Note], Awaitable[None]]) -> None:
        self._release, self._troubles, self._post = release, troubles, post
        self._told: set[tuple[Id, str]] = set()

    async def say(self, yielded: Mapping[str, Sequence[Entry]]) -> None:
        """`yielded`: other release → entries."""
        for other, entries in yielded.items():
            keys = [f"{each.object.kind} {each.object.key}" for each in entries]
            sentence = f"Release {other} handles objects that release {self._release} watches, too: {_CURE}"
            self._troubles.note("yield", other, sentence, keys)
        for other in set(self._troubles.causes("yield")) - yielded.keys():
            self._troubles.over("yield", other)
        told = {(each.id, other): each for other, entries in yielded.items() for each in entries}
        new = [self._note(told[each], each[1]) for each in told.keys() - self._told]
        self._told = set(told)
        await asyncio.gather(*map(self._post, new))

    def _note(self, entry: Entry, other: str) -> Note:
        message = f"Release {other} handles this object, which release {self._release} watches, too: {_CURE}"
        return Note(entry.object.kind, entry.object.key, entry.uid, True, "HandledByAnother", message)
