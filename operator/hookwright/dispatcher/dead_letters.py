"""Dead letters as the admin port shows them, alone and by webhook and reason, and how they are sent once more.

A replay is asked for in steps, so that whoever asks can show how far it is and stop; it never comes round to letters
that died after its first step, if the steps name the time it began as their end.
Must not: know HTTP, decide about deliveries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from hookwright.api.admin import DeadGroup, DeadLetter, Replayed
from hookwright.core.event import delivery_id, event_id, parse_id
from hookwright.core.records import DeadReason
from hookwright.core.times import rfc3339
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.dispatcher.views import Listed
from hookwright.errors import EventError
from hookwright.limits import REPLAY_BATCH, REPLAY_STEP
from hookwright.store import port
from hookwright.store.port import DeadLetterRow, History, Replay, ReplaySelector


class DeadLetters:
    """`tag` is the installation tag of ids. Errors as in `views.Views`, and pages as there."""

    def __init__(self, history: History, lanes: Lanes, clock: Clock, tag: str) -> None:
        self._history, self._lanes, self._clock, self._tag = history, lanes, clock, tag

    async def dead_letters(self, selector: ReplaySelector, *, before: int | None, limit: int) -> Listed:
        """DeadLetters that fit, the newest first.

        A page may hold fewer than `limit`, or none, and another follow: it ends where the history says.
        """
        end = await self._history.horizon(selector, before=before)
        after = None if end is None else end - 1
        found = await self._history.dead_letters(selector, before=before, after=after, limit=limit + 1)
        shown = found[:limit]
        following = shown[-1][0] if len(found) > limit else end
        return Listed((self._letter(row) for _, row in shown), None if following is None else str(following))

    async def dead_groups(
        self, *, webhook: str | None, reason: DeadReason | None, before: int | None, limit: int
    ) -> Listed:
        """DeadGroups, the one whose newest letter died last first."""
        found = await self._history.dead_groups(route=webhook, reason=reason, before=before, limit=limit + 1)
        shown = found[:limit]
        following = str(shown[-1][0]) if len(found) > limit else None
        return Listed((_group(group) for _, group in shown), following)

    async def replay(
        self, selector: ReplaySelector, *, ids: Sequence[str], limit: int | None, dry_run: bool
    ) -> Replayed:
        """Dead letters that fit the selector, and are among `ids` if any are given, go back to waiting.

        At most `limit` (default: all ids, or a step), the oldest first. `dry_run`: none, they are only counted.
        """
        keys = tuple(map(self._key, ids))
        now = self._clock.now_ms()
        # letters that died before this call only: one that dies again meanwhile would come round and round
        until = now + 1 if selector.until is None else min(selector.until, now + 1)
        selector = replace(selector, keys=keys, until=until)
        room = 0 if dry_run else limit or len(keys) or REPLAY_STEP
        replayed: list[Replay] = []
        for each in _in_batches(selector):
            replayed += await self._replay(each, now, room - len(replayed))
        remaining = await self._history.dead_count(selector)
        told = [delivery_id(one.key, self._tag) for one in replayed] if ids else None
        return Replayed(replayed=len(replayed), remaining=remaining, ids=told)

    async def _replay(self, selector: ReplaySelector, now: int, room: int) -> list[Replay]:
        """As many as there is room for."""
        replayed: list[Replay] = []
        while room > len(replayed):
            batch = min(REPLAY_BATCH, room - len(replayed))
            group = await self._lanes.replay(selector, now=now, limit=batch)
            replayed += group
            if len(group) < batch:
                break
        return replayed

    def _key(self, identifier: str) -> int:
        try:
            return parse_id(identifier, self._tag)[0]
        except ValueError as error:
            raise EventError(f"{error}.", status=400) from None

    def _letter(self, row: DeadLetterRow) -> DeadLetter:
        return DeadLetter(
            id=delivery_id(row.key, self._tag),
            event_id=event_id(row.event_key, self._tag),
            webhook=row.route,
            trigger=row.trigger,
            reason=row.reason,
            message=row.message,
            attempts=row.attempts,
            time=rfc3339(row.at),
            accepted_time=rfc3339(row.received),
        )


def _in_batches(selector: ReplaySelector) -> Iterator[ReplaySelector]:
    """The same with some keys at a time: a step of the store looks at no more."""
    keys = selector.keys
    for at in range(0, len(keys), REPLAY_BATCH):
        yield replace(selector, keys=keys[at : at + REPLAY_BATCH])
    if not keys:
        yield selector


def _group(group: port.DeadGroup) -> DeadGroup:
    return DeadGroup(
        webhook=group.route,
        reason=group.reason,
        count=group.letters,
        message=group.message,
        newest=rfc3339(group.newest),
        oldest=rfc3339(group.oldest),
    )
