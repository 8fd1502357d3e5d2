"""Matching on the event loop: in slices, one at a time, first come first served, whatever events and filters cost.

Between two slices the loop does everything else. Must not: decide what matches, store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from hookwright.core.event import Event
from hookwright.core.matching import Matched, Matcher, Matching, Reach
from hookwright.errors import EventError
from hookwright.limits import BATCH_DELIVERIES, MATCH_BRIEF_STEPS, MATCH_LITTLE_STEPS

_ORDINARY_STEPS: Final = MATCH_LITTLE_STEPS // 2  # of one event, where not much was to be looked at


class MatchTurns:
    """Matches the events of all requests."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()  # fair: who waits longest is next

    def begin(
        self, matcher: Matcher, events: Sequence[Event], reach: Reach
    ) -> list[Matched] | Matching | None:
        """What a single event is for, where that takes no turn; else what `match` goes on with. Raises EventError (413)."""
        if len(events) != 1 or self._turn.locked():
            return None
        work = matcher.matching(events[0], reach)
        if isinstance(work, list) and len(work) > BATCH_DELIVERIES:
            raise _too_many()
        return work

    async def match(
        self, matcher: Matcher, events: Sequence[Event], reach: Reach, begun: Matching | None = None
    ) -> list[list[Matched]]:
        """What each event is for; `begun`: of the first. Raises EventError (413) as soon as they are too many deliveries."""
        matched: list[list[Matched]] = []
        left = BATCH_DELIVERIES
        steps = MATCH_BRIEF_STEPS - (0 if begun is None else begun.made)
        work: list[Matched] | Matching | None = begun
        for event in events:
            while not isinstance(work, list):
                async with self._turn:
                    if work is None:
                        work = matcher.matching(event, reach)
                        steps -= work.made if isinstance(work, Matching) else _ORDINARY_STEPS
                    elif steps >= 0:  # else the loop goes on first
                        matching, before = work, work.made
                        work = work.go_on()
                        steps -= matching.made - before
                    if steps < 0:
                        steps = MATCH_BRIEF_STEPS
                        await asyncio.sleep(0)  # with the turn in hand: nobody else has one in this round
            left -= len(work)
            if left < 0:
                raise _too_many()
            matched.append(work)
            work = None
        return matched


def _too_many() -> EventError:
    return EventError(
        f"The batch would make more than {BATCH_DELIVERIES:,} deliveries, which is the most that fit; "
        "send smaller batches.",
        status=413,
    )
