"""What is stored, whatever becomes of the process: the memory store, and a look into it for those who judge.

Must not: delay or refuse anything (`door`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from hookwright.core.parts import EVERY_PART, Parts
from hookwright.core.records import AttemptRecord, Buried, DeadReason, Delivery, Pruned
from hookwright.errors import StoreError
from hookwright.store.memory import MemoryStore
from hookwright.store.port import Recovered

_NOTHING: Mapping[int, Delivery] = {}


class Disk(MemoryStore):
    """`prunes`: dead letters grow old within a life; `step_rows`: rows of the next step of a burial."""

    def __init__(self, *, prunes: bool, step_rows: Callable[[], int], **options: Any) -> None:
        super().__init__("simula", **options)
        self._step_rows = step_rows
        self.prunes = prunes
        self._untold: Pruned | None = None
        self.dropped: set[int] = set()
        """Dead letters past their time."""

    # --- for those who judge -----------------------------------------------------------------------

    def rows(self, route: str) -> Mapping[int, Delivery]:
        """What waits of a webhook."""
        kept = self._routes.get(route)
        return _NOTHING if kept is None else kept.waiting

    def waits(self, route: str, key: int) -> bool:
        """Whether a delivery waits."""
        kept = self._routes.get(route)
        return kept is not None and key in kept.waiting

    def kept(self, route: str, key: int) -> bool:
        """Whether a delivery waits, is a dead letter, or was one until its time was over."""
        return self.waits(route, key) or key in self._dead or key in self.dropped

    def sizes(self, route: str) -> tuple[int, int, int]:
        """Of a webhook: how many wait, the bytes of their events, dead letters."""
        kept = self._routes.get(route)
        return (0, 0, 0) if kept is None else (len(kept.waiting), kept.size, kept.dead)

    def waiting(self) -> Iterator[tuple[str, Mapping[int, Delivery]]]:
        """Webhooks of which something waits."""
        return ((route, kept.waiting) for route, kept in self._routes.items() if kept.waiting)

    def remembered(self) -> Iterator[tuple[str, Any]]:
        """What is remembered, by webhook."""
        return ((route, kept.stored) for route, kept in self._routes.items())

    # --- the port (smaller steps than it must take) -------------------------------------------------

    def _record(self, record: AttemptRecord) -> None:
        """The history: nobody reads it here."""

    async def bury(
        self,
        route: str,
        reason: DeadReason,
        message: str,
        *,
        now: int,
        exclude: frozenset[int],
        received_before: int | None = None,
        after: int = 0,
    ) -> Buried:
        most = self._step_rows()
        keys = sorted(key for key in self.rows(route) if key > after)
        rest = frozenset(keys[most:])
        options: Any = {"now": now, "received_before": received_before, "after": after}
        done = await super().bury(route, reason, message, exclude=exclude | rest, **options)
        return replace(done, after=keys[most - 1], oldest=None) if rest else done

    async def recovered(self, came: Parts = EVERY_PART, own: Parts = EVERY_PART) -> Recovered:
        self._untold = None  # what an earlier process dropped is in what this one reads
        return await super().recovered(came, own)

    async def prune(self, *, now: int) -> Pruned:
        if not self.prunes:  # nothing gets that old in a life
            return Pruned(0, 0, {}, 0)
        before = set(self._dead)
        pruned = await super().prune(now=now)
        self.dropped |= before - self._dead.keys()
        if self._untold is not None:
            pruned, self._untold = _together(self._untold, pruned), None
        return pruned

    async def prune_half(self, *, now: int) -> None:
        """A step of it is done, the next fails. Raises StoreError."""
        self._untold = await self.prune(now=now)
        raise StoreError("A step of pruning failed.")


def _together(one: Pruned, other: Pruned) -> Pruned:
    routes = one.dead_letters.keys() | other.dead_letters.keys()
    letters = {
        route: one.dead_letters.get(route, 0) + other.dead_letters.get(route, 0) for route in sorted(routes)
    }
    return Pruned(
        one.identities + other.identities, one.history + other.history, letters, one.events + other.events
    )
