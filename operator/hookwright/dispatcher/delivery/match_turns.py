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
from hookwright.limits import BATCH_DELIVERIES, MATCH_BRIEF_STEPS

_LEAST_STEPS: Final = 10  # of one event, when nothing much is to be looked at


class MatchTurns:
    """Matches the events of all requests."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()  # fair: who waits longest is next

    def at_once(self, matcher: Matcher, events: Sequence[Event], reach: Reach) -> list[list[Matched]] | None:
        """What a single event is for, where that takes no turn; None: `match` says."""
        if len(events) == 1 and not self._turn.locked():
            found = matcher.matching(events[0], reach)
            if isinstance(found, list) and len(found) <= BATCH_DELIVERIES:
                return [found]
        return None

    async def match(self, matcher: Matcher, events: Sequence[Event], reach: Reach) -> list[list[Matched]]:
        """What each event is for. Raises EventError (413) as soon as they are too many deliveries."""
        matched: list[list[Matched]] = []
        left = BATCH_DELIVERIES
        steps = MATCH_BRIEF_STEPS
        for event in events:
            work: list[Matched] | Matching | None = None
            while not isinstance(work, list):
                async with self._turn:
                    if isinstance(work, Matching):
                        matching, before = work, work.made
                        work = work.go_on()
                        steps -= matching.made - before
                    else:
                        work = matcher.matching(event, reach)
                        steps -= work.made if isinstance(work, Matching) else _LEAST_STEPS
                    if steps < 0:
                        steps = MATCH_BRIEF_STEPS
                        await asyncio.sleep(0)  # with the turn in hand: nobody else has one in this round
            left -= len(work)
            if left < 0:
                raise EventError(
                    f"The batch would make more than {BATCH_DELIVERIES:,} deliveries, which is the most that fit; "
                    "send smaller batches.",
                    status=413,
                )
            matched.append(work)
        return matched
