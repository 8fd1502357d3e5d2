"""Webhooks by parts: in which part one is, and which of the processes that share a store works on each part.

A process works on a part alone, for as long as the store says that it holds it. Each works out by itself who is to have
what, from the slots of those that are there (`shared_out`). Must not: know how a part is held, or when a process is gone.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple
from zlib import crc32

from hookwright.limits import STORE_PARTS

Parts = frozenset[int]
EVERY_PART: Final[Parts] = frozenset(range(STORE_PARTS))
NO_PART: Final[Parts] = frozenset()
UPKEEP_PART: Final = 0
"""Who works on it keeps the store in shape."""


def part_of(route: str) -> int:
    """The part of a webhook: the same in every process."""
    return crc32(route.encode()) % STORE_PARTS


def shared_out(slots: Collection[int]) -> dict[int, Parts]:
    """The parts for each slot: all have equally many, but for one; few move when one comes or goes.

    Each part takes the slot that it ranks highest among those that have room (rendezvous hashing).
    """
    least, more = divmod(STORE_PARTS, len(slots))
    chosen: dict[int, set[int]] = {slot: set() for slot in slots}
    for part in range(STORE_PARTS):
        room = [
            slot for slot in slots if len(chosen[slot]) < least or (len(chosen[slot]) == least and more > 0)
        ]
        slot = max(room, key=lambda slot: crc32(b"%d:%d" % (slot, part)))
        more -= len(chosen[slot]) == least
        chosen[slot].add(part)
    return {slot: frozenset(parts) for slot, parts in chosen.items()}


class Moved(NamedTuple):
    """What changed of the parts that a process works on."""

    came: Parts
    """From now on nobody else works on them."""
    leaving: Parts
    """Another is to have them, as soon as they are given away; until then they are held."""
    lost: Parts
    """Their time was over: another may work on them already."""


class Held:
    """The parts of the process with a slot, as the store answers."""

    def __init__(self) -> None:
        self.parts = self.wanted = self._leaving = NO_PART
        self.processes = 1
        """How many there are; one that is about to end counts itself alone where no other is."""
        self.retired = False
        """The process is about to end, and wants none any more."""

    def answered(self, slot: int, slots: Collection[int], parts: Parts) -> Moved:
        """These slots are there, and these parts are held now; what changed by that."""
        self.processes = max(1, len(slots))
        self.wanted = NO_PART if self.retired else shared_out(slots)[slot]
        moved = Moved(parts - self.parts, parts - self.wanted - self._leaving, self.parts - parts)
        self.parts, self._leaving = parts, (self._leaving | moved.leaving) & parts
        return moved

    def given(self, parts: Parts) -> None:
        """Others may have these from now on."""
        self.parts -= parts
        self._leaving -= parts
