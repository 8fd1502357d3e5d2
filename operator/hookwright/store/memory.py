"""The store in memory: Work, Upkeep and History in one. For tests, and to say in few lines what a store does.

Nothing survives the process, nothing is ever full. What waits is kept by webhook and sorted, so that no call walks
through what other webhooks have. Passes the same suite as every other store.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappush
from itertools import islice, takewhile

from hookwright.core.backlog_shares import BacklogShares
from hookwright.core.parts import EVERY_PART, Parts, part_of
from hookwright.core.records import (
    Action,
    AttemptRecord,
    Buried,
    Claimed,
    DeadReason,
    Delivery,
    Finish,
    Pruned,
    RouteCounts,
    StoredRoute,
    StoreStats,
    Use,
    Wanted,
)
from hookwright.core.shares import namespace_of
from hookwright.limits import KEY_COUNTER_BITS, STORE_STEP_ROWS
from hookwright.store.alone import OneOwner
from hookwright.store.attempts import Attempts
from hookwright.store.dead_events import Dead, DeadEvents
from hookwright.store.dead_letters import DeadLetters
from hookwright.store.kept import Kept, identity_size, letters_size
from hookwright.store.port import (
    EVERY_ATTEMPT,
    NO_SELECTOR,
    Accepted,
    AttemptSelector,
    Conflict,
    DeadGroup,
    DeadLetterRow,
    New,
    NewEvent,
    Recovered,
    Repeat,
    Replay,
    ReplaySelector,
    Retention,
    StoredDelivery,
)
from hookwright.store.waiting import HIGHEST_KEY, Waiting


@dataclass(slots=True)
class _Identity:
    digest: bytes
    answer: Repeat
    at: int
    position: int = 0
    begins: int = 0


class MemoryStore(OneOwner):
    """Work, Upkeep and History, as the port says. `tag` is the installation tag of ids."""

    def __init__(self, tag: str = "000000", *, retention: Retention = Retention()) -> None:  # noqa: B008 - frozen
        self.tag = tag
        self._retention = retention
        self._routes: dict[str, Waiting] = {}
        self._needed: dict[int, int] = {}  # how many deliveries need an event
        self._dead = DeadLetters()
        self._dead_events = DeadEvents()
        self._identities: dict[bytes, _Identity] = {}  # in the order of positions
        self._last_identity = self._identity_end = 0
        self._attempts = Attempts()
        self._uses: dict[str, Use] = {}
        self._position = 0
        self._high_key = 0
        self._commits = self._rows = 0

    def _route(self, route: str) -> Waiting:
        kept = self._routes.get(route)
        if kept is None:
            kept = self._routes[route] = Waiting(route)
        return kept

    # --- Work ------------------------------------------------------------------------------------

    async def accept(self, batch: Sequence[NewEvent]) -> list[Accepted]:
        self._commits += 1
        fresh: dict[bytes, _Identity] = {}
        answers = [self._judge(event, fresh) for event in batch]
        if not any(isinstance(answer, Conflict) for answer in answers):
            self._know(fresh)
            for event, answer in zip(batch, answers, strict=True):
                if isinstance(answer, New):
                    self._store(event)
        return answers

    def _judge(self, event: NewEvent, fresh: dict[bytes, _Identity]) -> Accepted:
        if event.identity is None:
            return New()
        known = fresh.get(event.identity) or self._identities.get(event.identity)
        if known is None or known.at <= event.received - self._retention.identity_seconds * 1000:
            answer = Repeat(event.key, tuple(each.route for each in event.deliveries))
            fresh[event.identity] = _Identity(event.digest, answer, event.received)
            return New()
        return known.answer if known.digest == event.digest else Conflict()

    def _know(self, fresh: Mapping[bytes, _Identity]) -> None:
        for identity, one in fresh.items():
            self._identities.pop(identity, None)  # it had left the window, and begins anew as the newest
            self._last_identity += 1
            one.position, one.begins = self._last_identity, self._identity_end
            self._identity_end += identity_size(len(one.answer.routes))
            self._identities[identity] = one

    def _store(self, event: NewEvent) -> None:
        count = len(event.deliveries)
        self._rows += 1
        self._high_key = max(self._high_key, event.key + count)
        if count:
            self._needed[event.key] = count
        for new in event.deliveries:
            kept = self._route(new.route)
            delivery = Delivery(
                new.key, event.key, new.route, event.event_type, event.trigger, event.raw, event.received,
                sole=count == 1, hops=event.hops,
            )  # fmt: skip
            if new.dead is None:
                kept.add(delivery)
            else:
                self._bury(kept, delivery, new.dead, new.message, event.received)

    def _release(self, delivery: Delivery) -> bool:
        """A delivery is done; True if its event leaves, as this was the last one."""
        key = delivery.event_key
        left = self._needed.pop(key) - 1
        if left:
            self._needed[key] = left
        return not left

    def _bury(self, kept: Waiting, delivery: Delivery, reason: DeadReason, message: str, at: int) -> None:
        self._position += 1
        row = DeadLetterRow(
            delivery.key, delivery.event_key, delivery.route, delivery.trigger, reason, message,
            delivery.attempts, at, delivery.received,
        )  # fmt: skip
        self._dead[delivery.key] = Dead(self._position, row, delivery)
        heappush(kept.dying, (at, self._position, delivery.key))
        self._dead_events.came(namespace_of(delivery.route), delivery.event_key, len(delivery.raw))
        kept.dead += 1
        kept.dead_bytes += len(delivery.raw)

    def _unbury(self, dead: Dead) -> tuple[int, int]:
        """It is a dead letter no more; what its namespace, and all, take less."""
        del self._dead[dead.row.key]
        kept, size = self._routes[dead.row.route], len(dead.delivery.raw)
        kept.dead -= 1
        kept.dead_bytes -= size
        return self._dead_events.went(namespace_of(dead.row.route), dead.row.event_key, size)

    async def stored(self, keys: Sequence[int]) -> set[int]:
        return {key for key in keys if key in self._needed}

    async def finish(self, results: Sequence[Finish]) -> None:
        self._commits += 1
        self._rows += len(results)
        for result in results:
            if result.record is not None:
                self._record(result.record)
            kept = self._route(result.route)
            delivery = kept.take(result.key)
            if delivery is not None:
                self._act(kept, delivery, result)

    def _record(self, record: AttemptRecord) -> None:
        self._position += 1
        self._attempts.add(self._position, record)
        self._route(record.route)

    def _act(self, kept: Waiting, delivery: Delivery, result: Finish) -> None:
        if result.action is Action.ACK:
            self._release(delivery)
        elif result.action is Action.DELAY:
            delayed = delivery._replace(attempts=result.attempts, steps=result.steps, due=result.due)
            kept.add(delayed, max(0, result.due - result.at))
        else:
            assert result.reason is not None
            attempts = max(delivery.attempts, result.attempts)
            self._bury(kept, delivery._replace(attempts=attempts), result.reason, result.message, result.at)

    async def claim(self, wanted: Mapping[str, Wanted], *, now: int) -> dict[str, Claimed]:
        return {
            route: kept.claim(one, now) if (kept := self._routes.get(route)) else Claimed([], None)
            for route, one in wanted.items()
        }

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
        kept = self._routes.get(route)
        if kept is None:
            return Buried(0, 0, None, None)
        end = HIGHEST_KEY if received_before is None else received_before
        keys = kept.keys(after, min(HIGHEST_KEY, end << KEY_COUNTER_BITS))
        old = [kept.waiting[key] for key in keys if key not in exclude and kept.waiting[key].received < end]
        for delivery in old:
            kept.take(delivery.key)
            self._bury(kept, delivery, reason, message, now)
        events = tuple((delivery.event_key, len(delivery.raw)) for delivery in old)
        size = sum(size for _, size in events)
        if len(keys) == STORE_STEP_ROWS:
            return Buried(len(old), size, keys[-1], None, events)
        return Buried(len(old), size, None, kept.oldest(), events)

    async def replay(self, selector: ReplaySelector, *, now: int, limit: int) -> list[Replay]:
        chosen = list(islice(self._dead.selected(selector), limit))
        for dead in chosen:
            self._unbury(dead)
            self._routes[dead.row.route].add(dead.delivery._replace(received=now, steps=0, due=0))
        return [
            Replay(dead.row.key, dead.row.route, dead.row.event_key, len(dead.delivery.raw))
            for dead in chosen
        ]

    async def ping(self) -> None:
        pass

    async def close(self) -> None:
        pass

    # --- Upkeep ----------------------------------------------------------------------------------

    async def remember(self, routes: Sequence[StoredRoute]) -> None:
        for one in routes:
            self._route(one.route).stored = one._replace(begun=None)

    async def clamp(self, *, now: int, parts: Parts = EVERY_PART) -> int:
        return sum(kept.clamp(now) for route, kept in self._routes.items() if part_of(route) in parts)

    async def prune(self, *, now: int) -> Pruned:
        keep = self._retention
        identities = self._prune_identities(now)
        history = self._attempts.prune(now - keep.history_seconds * 1000, keep.history_bytes)
        dead_letters, events = self._prune_dead_letters(now)
        self._forget_routes(now)
        dead, attempts = self._kept_dead(), self._attempts.kept()
        self._uses = {
            "dead_letters": dead.use(keep.dead_letter_bytes),
            "history": attempts.use(keep.history_bytes),
        }
        return Pruned(identities, history, dead_letters, events)

    def _prune_identities(self, now: int) -> int:
        past = now - self._retention.identity_seconds * 1000
        last = self._last_identity - self._retention.identity_count
        begin = self._identity_end - self._retention.identity_bytes

        def over(entry: tuple[bytes, _Identity]) -> bool:
            one = entry[1]
            return one.at <= past or one.position <= last or one.begins < begin

        identities = [identity for identity, _ in takewhile(over, self._identities.items())]
        for identity in identities:
            del self._identities[identity]
        return len(identities)

    def _prune_dead_letters(self, now: int) -> tuple[dict[str, int], int]:
        past = now - self._retention.dead_letter_seconds * 1000
        dropped: list[Dead] = []
        for kept in self._routes.values():
            while (dead := self._dead.oldest(kept)) is not None and dead.row.at <= past:
                self._unbury(dead)
                dropped.append(dead)
        sizes = self._kept_dead()
        while sizes.total > self._retention.dead_letter_bytes:
            dead = self._dead.oldest(self._routes[sizes.loser()])
            assert dead is not None
            sizes.lost(letters_size(1, len(dead.delivery.raw)), *self._unbury(dead))
            dropped.append(dead)
        return Counter(dead.row.route for dead in dropped), sum(
            self._release(dead.delivery) for dead in dropped
        )

    def _kept_dead(self) -> Kept:
        def webhooks(namespace: str) -> dict[str, int]:
            return {
                route: letters_size(kept.dead, kept.dead_bytes)
                for route, kept in self._routes.items()
                if kept.dead and namespace_of(route) == namespace
            }

        namespaces = {name: size for name, size in self._dead_events.sizes.items() if name and size}
        return Kept(namespaces, self._dead_events.sizes[""], webhooks)

    def _forget_routes(self, now: int) -> None:
        past = now - max(self._retention.history_seconds, self._retention.identity_seconds) * 1000
        for route, kept in list(self._routes.items()):
            deleted = kept.stored.deleted_at
            left = kept.waiting or kept.dead or self._attempts.has(route)
            if deleted is not None and deleted <= past and not left:
                del self._routes[route]

    def stats(self) -> StoreStats:
        oldest = next(iter(self._identities.values()), None)
        size = 0 if oldest is None else self._identity_end - oldest.begins
        return StoreStats(
            commits=self._commits,
            rows=self._rows,
            identities=len(self._identities),
            oldest_identity=None if oldest is None else oldest.at,
            kept=self._uses | {"identities": Use(size, self._retention.identity_bytes, {})},
        )

    # --- History ---------------------------------------------------------------------------------

    async def recovered(self, came: Parts = EVERY_PART, own: Parts = EVERY_PART) -> Recovered:
        memory = {route: kept.stored for route, kept in self._routes.items()}
        counts: defaultdict[tuple[int, int], Counter[str]] = defaultdict(Counter)
        for route, kept in self._routes.items():
            for one in kept.waiting.values():
                counts[one.event_key, len(one.raw)][namespace_of(route)] += 1
        shares = BacklogShares()
        for (event_key, size), namespaces in counts.items():
            shares.came(event_key, size, namespaces)
        return Recovered(await self.counts([*self._routes]), memory, self._high_key, shares)

    async def last_invocations(self, parts: Parts = EVERY_PART) -> dict[str, AttemptRecord]:
        return self._attempts.last()

    async def counts(self, routes: Sequence[str]) -> dict[str, RouteCounts]:
        found = ((route, self._routes[route]) for route in routes if route in self._routes)
        return {route: kept.counts() for route, kept in found if kept.waiting or kept.dead}

    async def invocations(
        self,
        selector: AttemptSelector = EVERY_ATTEMPT,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int,
        in_short: bool = False,
    ) -> list[tuple[int, AttemptRecord]]:
        return self._attempts.newest(selector, before, after, limit, in_short)

    async def horizon(
        self, selector: AttemptSelector | ReplaySelector, *, before: int | None = None
    ) -> int | None:
        return None

    async def invocation(self, delivery_key: int, attempt: int | None) -> AttemptRecord | None:
        return self._attempts.one(delivery_key, attempt)

    async def delivery(self, key: int) -> StoredDelivery | None:
        for kept in self._routes.values():
            if (one := kept.waiting.get(key)) is not None:
                return StoredDelivery(one.route, one.event_key, one.trigger, one.raw, due=one.due)
        if (dead := self._dead.get(key)) is None:
            return None
        one, row = dead.delivery, dead.row
        return StoredDelivery(one.route, one.event_key, one.trigger, one.raw, None, row.reason, row.message)

    async def dead_letters(
        self,
        selector: ReplaySelector = NO_SELECTOR,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int,
    ) -> list[tuple[int, DeadLetterRow]]:
        return self._dead.newest(selector, before, after, limit)

    async def dead_groups(
        self,
        *,
        route: str | None = None,
        reason: DeadReason | None = None,
        before: int | None = None,
        limit: int,
    ) -> list[tuple[int, DeadGroup]]:
        return self._dead.groups(ReplaySelector(route=route, reason=reason), before, limit)

    async def dead_count(self, selector: ReplaySelector) -> int:
        return sum(1 for _ in self._dead.selected(selector))
