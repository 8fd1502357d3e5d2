"""The store in memory: Work and History in one. For tests, and to say in few lines what a store does.

Nothing survives the process, nothing is ever full. Passes the same suite as every other store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from hookwright.limits import HISTORY_ROW_BYTES
from hookwright.store.port import (
    Accepted,
    Action,
    AttemptRecord,
    Conflict,
    DeadLetterRow,
    DeadReason,
    Delivery,
    Finish,
    New,
    NewEvent,
    Repeat,
    ReplaySelector,
    Retention,
    RouteCounts,
    StoredRoute,
    StoreStats,
)


@dataclass(slots=True)
class _Identity:
    digest: bytes
    answer: bytes
    at: int


class MemoryStore:
    """Work and History. `tag` is the installation tag of ids."""

    def __init__(self, tag: str = "000000", *, retention: Retention = Retention()) -> None:  # noqa: B008 - frozen
        self.tag = tag
        self._retention = retention
        self._events: dict[int, NewEvent] = {}
        self._needed: Counter[int] = Counter()  # deliveries that still need an event
        self._waiting: dict[int, Delivery] = {}
        self._waits: dict[int, int] = {}  # of delayed deliveries: how long the wait was when it was set
        self._dead: dict[int, tuple[int, DeadLetterRow, Delivery]] = {}  # by key, with the position
        self._identities: dict[bytes, _Identity] = {}
        self._history: list[tuple[int, AttemptRecord]] = []
        self._memory: dict[str, StoredRoute] = {}
        self._position = 0
        self._high_key = 0
        self._commits = self._rows = 0

    # --- Work ------------------------------------------------------------------------------------

    async def accept(self, batch: Sequence[NewEvent]) -> list[Accepted]:
        """See the port."""
        self._commits += 1
        fresh: dict[bytes, _Identity] = {}
        answers = [self._judge(event, fresh) for event in batch]
        if not any(isinstance(answer, Conflict) for answer in answers):
            self._identities.update(fresh)
            for event, answer in zip(batch, answers, strict=True):
                if isinstance(answer, New):
                    self._store(event)
        return answers

    def _judge(self, event: NewEvent, fresh: dict[bytes, _Identity]) -> Accepted:
        if event.identity is None:
            return New()
        known = fresh.get(event.identity) or self._identities.get(event.identity)
        if known is None or known.at <= event.received - self._retention.identity_seconds * 1000:
            self._identities.pop(event.identity, None)
            fresh[event.identity] = _Identity(event.digest, event.answer, event.received)
            return New()
        return Repeat(known.answer) if known.digest == event.digest else Conflict()

    def _store(self, event: NewEvent) -> None:
        self._rows += 1
        self._high_key = max(self._high_key, event.key + len(event.deliveries))
        if event.deliveries:
            self._events[event.key] = event
            self._needed[event.key] = len(event.deliveries)
        for new in event.deliveries:
            delivery = Delivery(
                new.key, event.key, new.route, event.event_type, event.trigger, event.raw, event.received,
                sole=len(event.deliveries) == 1,
            )  # fmt: skip
            if new.dead is None:
                self._waiting[new.key] = delivery
            else:
                self._bury(delivery, new.dead, new.message, event.received)

    def _release(self, delivery: Delivery) -> None:
        """A delivery is done: its event leaves with the last one."""
        key = delivery.event_key
        self._needed[key] -= 1
        if not self._needed[key]:
            del self._needed[key], self._events[key]

    def _bury(self, delivery: Delivery, reason: DeadReason, message: str, at: int) -> None:
        self._position += 1
        row = DeadLetterRow(
            delivery.key, delivery.event_key, delivery.route, delivery.trigger, reason, message,
            delivery.attempts, at, delivery.received,
        )  # fmt: skip
        self._dead[delivery.key] = (self._position, row, delivery)

    async def finish(self, results: Sequence[Finish]) -> None:
        """See the port."""
        self._commits += 1
        self._rows += len(results)
        for result in results:
            if result.record is not None:
                self._position += 1
                self._history.append((self._position, result.record))
            delivery = self._waiting.get(result.key)
            if delivery is None or delivery.route != result.route:
                continue
            del self._waiting[result.key]
            if result.action is Action.ACK:
                self._release(delivery)
            elif result.action is Action.DELAY:
                self._waits[result.key] = max(0, result.due - result.at)
                self._waiting[result.key] = replace(
                    delivery, attempts=result.attempts, steps=result.steps, due=result.due
                )
            else:
                assert result.reason is not None
                delivery.attempts = max(delivery.attempts, result.attempts)
                self._bury(delivery, result.reason, result.message, result.at)

    async def claim(
        self, route: str, *, now: int, limit: int, max_bytes: int, exclude: frozenset[int]
    ) -> list[Delivery]:
        """See the port."""
        due = [one for one in self._of(route, exclude) if one.due <= now]
        due.sort(key=lambda one: (one.due or one.received, one.key))
        found: list[Delivery] = []
        size = 0
        for delivery in due[:limit]:
            size += len(delivery.raw)
            if found and size > max_bytes:
                break
            found.append(replace(delivery))
        return found

    async def next_due(self, route: str, exclude: frozenset[int]) -> int | None:
        """See the port."""
        return min((one.due for one in self._of(route, exclude)), default=None)

    def _of(self, route: str, exclude: frozenset[int]) -> Iterator[Delivery]:
        return (one for one in self._waiting.values() if one.route == route and one.key not in exclude)

    async def replay(self, selector: ReplaySelector, *, now: int, limit: int) -> list[tuple[int, str, int]]:
        """See the port."""
        chosen = sorted(entry for entry in self._dead.values() if _selected(entry[1], selector))[:limit]
        for _, row, delivery in chosen:
            del self._dead[row.key]
            self._waiting[row.key] = replace(delivery, received=now, steps=0, due=0)
        return [(row.key, row.route, len(delivery.raw)) for _, row, delivery in chosen]

    async def bury_waiting(
        self,
        route: str,
        reason: DeadReason,
        message: str,
        *,
        now: int,
        exclude: frozenset[int],
        received_before: int | None = None,
    ) -> tuple[int, int]:
        """See the port."""
        chosen = [
            one
            for one in self._of(route, exclude)
            if received_before is None or one.received < received_before
        ]
        for delivery in chosen:
            del self._waiting[delivery.key]
            self._bury(delivery, reason, message, now)
        return len(chosen), sum(len(delivery.raw) for delivery in chosen)

    async def remember(self, routes: Sequence[StoredRoute]) -> None:
        """See the port."""
        self._memory.update((one.route, one) for one in routes)

    async def clamp(self, *, now: int) -> int:
        """See the port."""
        far = [one for one in self._waiting.values() if one.due > now + self._waits.get(one.key, one.due)]
        for one in far:
            one.due = now + self._waits[one.key]
        return len(far)

    async def prune(self, *, now: int) -> dict[str, int]:
        """See the port."""
        keep = self._retention
        identities = _expired(
            [(one.at, 1) for one in self._identities.values()],
            now - keep.identity_seconds * 1000, keep.identity_count,
        )  # fmt: skip
        for identity in list(self._identities)[:identities]:
            del self._identities[identity]
        history = _expired(
            [(one.time, len(one.detail) + HISTORY_ROW_BYTES) for _, one in self._history],
            now - keep.history_seconds * 1000, keep.history_bytes,
        )  # fmt: skip
        del self._history[:history]
        dead = sorted(self._dead.values(), key=lambda entry: (entry[1].at, entry[0]))
        dropped = _expired(
            [(row.at, len(delivery.raw)) for _, row, delivery in dead],
            now - keep.dead_letter_seconds * 1000, keep.dead_letter_bytes,
        )  # fmt: skip
        events = len(self._events)
        for _, row, delivery in dead[:dropped]:
            del self._dead[row.key]
            self._release(delivery)
        return {
            "identities": identities,
            "history": history,
            "dead_letters": dropped,
            "events": events - len(self._events),
        }

    async def ping(self) -> None:
        """See the port."""

    async def close(self) -> None:
        """See the port."""

    def stats(self) -> StoreStats:
        """See the port."""
        return StoreStats(
            commits=self._commits,
            rows=self._rows,
            identities=len(self._identities),
            oldest_identity=min((one.at for one in self._identities.values()), default=None),
        )

    # --- History ---------------------------------------------------------------------------------

    async def recovered(self) -> tuple[dict[str, RouteCounts], dict[str, StoredRoute], int]:
        """See the port."""
        return await self.counts(), dict(self._memory), self._high_key

    async def counts(self) -> dict[str, RouteCounts]:
        """See the port."""
        counts: dict[str, RouteCounts] = {}
        for one in self._waiting.values():
            old = counts.get(one.route, RouteCounts(0, 0, 0))
            counts[one.route] = replace(
                old, waiting=old.waiting + 1, waiting_bytes=old.waiting_bytes + len(one.raw)
            )
        for _, row, _ in self._dead.values():
            old = counts.get(row.route, RouteCounts(0, 0, 0))
            counts[row.route] = replace(old, dead=old.dead + 1)
        return counts

    async def invocations(
        self,
        *,
        route: str | None = None,
        result: str | None = None,
        friendly_id: str | None = None,
        kind: str | None = None,
        before: int | None = None,
        limit: int,
    ) -> list[tuple[int, AttemptRecord]]:
        """See the port."""
        found = [
            (position, one)
            for position, one in reversed(self._history)
            if (before is None or position < before)
            and route in (None, one.route)
            and result in (None, one.result)
            and friendly_id in (None, one.friendly_id)
            and kind in (None, one.kind)
        ]
        return found[:limit]

    async def invocation(self, delivery_key: int, attempt: int | None) -> AttemptRecord | None:
        """See the port."""
        for _, one in reversed(self._history):
            if one.delivery_key == delivery_key and attempt in (None, one.attempt):
                return one
        return None

    async def dead_letters(
        self, *, route: str | None = None, before: int | None = None, limit: int
    ) -> list[tuple[int, DeadLetterRow]]:
        """See the port."""
        found = [
            (position, row)
            for position, row, _ in self._dead.values()
            if (before is None or position < before) and route in (None, row.route)
        ]
        return sorted(found, key=lambda entry: -entry[0])[:limit]

    async def event(self, delivery_key: int) -> bytes | None:
        """See the port."""
        key = max((key for key in self._events if key < delivery_key), default=0)
        event = self._events.get(key)
        return event.raw if event is not None and delivery_key <= key + len(event.deliveries) else None


def _selected(row: DeadLetterRow, selector: ReplaySelector) -> bool:
    return (
        (not selector.keys or row.key in selector.keys)
        and selector.route in (None, row.route)
        and (selector.since is None or row.at >= selector.since)
        and (selector.until is None or row.at < selector.until)
    )


def _expired(entries: Iterable[tuple[int, int]], past: int, most: int) -> int:
    """How many of the first entries (time, size) to drop: past their time, or more than `most` in sum."""
    entries = list(entries)
    size = sum(length for _, length in entries)
    for number, (at, length) in enumerate(entries):
        if at > past and size <= most:
            return number
        size -= length
    return len(entries)
