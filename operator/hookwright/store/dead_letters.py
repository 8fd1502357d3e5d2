"""The dead letters of the store in memory, and how they are looked for. Must not: bury or replay them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop
from itertools import islice

from hookwright.core.records import DeadReason
from hookwright.store.dead_events import Dead
from hookwright.store.port import DeadGroup, DeadLetterRow, ReplaySelector
from hookwright.store.waiting import Waiting


class DeadLetters(dict[int, Dead]):
    """By key, in the order of positions."""

    def oldest(self, kept: Waiting) -> Dead | None:
        """Of a webhook."""
        while kept.dying:
            _, position, key = kept.dying[0]
            dead = self.get(key)
            if dead is not None and dead.position == position:
                return dead
            heappop(kept.dying)
        return None

    def selected(self, selector: ReplaySelector) -> Iterator[Dead]:
        """Those that fit, the oldest first."""
        chosen: Iterable[Dead] = self.values()
        if selector.keys:
            found = (self[key] for key in {*selector.keys} if key in self)
            chosen = sorted(found, key=lambda dead: dead.position)
        return (dead for dead in chosen if _fits(dead.row, selector))

    def newest(
        self, selector: ReplaySelector, before: int | None, after: int | None, limit: int
    ) -> list[tuple[int, DeadLetterRow]]:
        """See `store.port.History.dead_letters`."""
        found = (
            (dead.position, dead.row)
            for dead in reversed(self.values())
            if (before is None or dead.position < before) and dead.position > (after or 0)
            and _fits(dead.row, selector)
        )  # fmt: skip
        return list(islice(found, limit))

    def groups(self, selector: ReplaySelector, before: int | None, limit: int) -> list[tuple[int, DeadGroup]]:
        """See `store.port.History.dead_groups`."""
        groups: defaultdict[tuple[str, DeadReason], list[Dead]] = defaultdict(list)
        for dead in reversed(self.values()):
            if _fits(dead.row, selector):
                groups[dead.row.route, dead.row.reason].append(dead)
        found = (
            (each[0].position, _group([dead.row for dead in each]))
            for each in groups.values()
            if before is None or each[0].position < before
        )
        return list(islice(found, limit))


def _group(rows: Sequence[DeadLetterRow]) -> DeadGroup:
    """Of the letters of one, the newest first."""
    times = [row.at for row in rows]
    return DeadGroup(rows[0].route, rows[0].reason, len(rows), rows[0].message, max(times), min(times))


def _fits(row: DeadLetterRow, selector: ReplaySelector) -> bool:
    return (
        selector.route in (None, row.route)
        and selector.reason in (None, row.reason)
        and (selector.since is None or row.at >= selector.since)
        and (selector.until is None or row.at < selector.until)
    )
