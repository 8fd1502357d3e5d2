"""Accepting events: match, number, store in one transaction, then hand to the lanes. The answer is the 202's body.

Matching is decided here, once (SPEC 3). What cannot wait (a filter over its budget, a gone webhook, a full backlog)
is stored as a dead letter at once, so that nothing that matched is lost. Must not: read HTTP, send.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b

from hookwright.core.event import Event, Identity, delivery_id, event_id
from hookwright.core.keys import Keys
from hookwright.core.lifecycle import RouteState
from hookwright.core.matching import Matched, Matcher
from hookwright.core.records import DeadReason, Delivery
from hookwright.core.room import Room
from hookwright.core.shares import namespace_of
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.dispatcher.delivery.match_turns import MatchTurns
from hookwright.dispatcher.slices import in_slices
from hookwright.errors import EventError, StoreError
from hookwright.limits import INGEST_RETRY_AFTER_SECONDS, LANES_SLICE
from hookwright.store.port import Accepted, Conflict, NewDelivery, NewEvent, Repeat, Work


def unavailable(message: str) -> EventError:
    """A 503 with Retry-After."""
    return EventError(message, status=503, retry_after=INGEST_RETRY_AFTER_SECONDS)


class Acceptor:
    """Takes events. `use` gives it the matcher of a configuration; until then everything is a 503."""

    def __init__(
        self,
        work: Work,
        lanes: Lanes,
        keys: Keys,
        clock: Clock,
        *,
        room: Room,
    ) -> None:
        self._work, self._lanes, self._keys, self._clock, self._room = work, lanes, keys, clock, room
        self._turns = MatchTurns()
        self._doubts: set[asyncio.Task[None]] = set()
        self._matcher: Matcher | None = None
        self._cluster: frozenset[str] | None = None
        self.closed = False

    def use(self, matcher: Matcher, cluster: frozenset[str] | None) -> None:
        """Match by this from now on; `cluster` are the namespaces /v1/events reaches (None: all)."""
        self._matcher, self._cluster = matcher, cluster

    async def accept(self, events: Sequence[Event], namespace: str | None, holder: str = "") -> bytes:
        """Store every delivery of a batch, then answer. `namespace` None: posted to /v1/events; `holder` of the token.

        Raises EventError: 503 (not ready, backlog, store), 409 (another body under a known identity),
        413 (too many deliveries). Nothing of the batch is kept then.
        """
        matcher = self._matcher
        if self.closed:
            raise unavailable("The dispatcher is shutting down; send the event again.")
        if matcher is None:
            raise unavailable("The dispatcher has no configuration yet; send the event again.")
        reach = self._cluster if namespace is None else frozenset((namespace,))
        begun = self._turns.begin(matcher, events, reach)
        if isinstance(begun, list):
            matched = [begun]
        else:
            matched = await self._turns.match(matcher, events, reach, begun)
            if self.closed:
                raise unavailable("The dispatcher is shutting down; send the event again.")
        keys: list[int] = []
        count = size = 0
        for event, routes in zip(events, matched, strict=True):
            keys.append(self._keys.take(1 + len(routes)))
            if routes:
                count += len(routes)
                size += len(event.raw)
        self._check_room(count, size)
        if count > LANES_SLICE:
            made = await self._reserved_in_slices(events, keys, matched, count, size)
        else:
            made = self._reserved(events, keys, matched)
        batch: list[NewEvent] = []
        stored: list[NewEvent] = []
        for event, key, deliveries in zip(events, keys, made, strict=True):
            new = self._new(event, key, deliveries, (holder, namespace))
            batch.append(new)
            if deliveries or new.identity is not None:
                stored.append(new)
        if not stored:
            return self._answer(batch, {})
        return await self._store(batch, stored)

    def _reserved(
        self, events: Sequence[Event], keys: Sequence[int], matched: Sequence[Sequence[Matched]]
    ) -> list[list[NewDelivery]]:
        """Of each event."""
        made: list[list[NewDelivery]] = []
        for event, key, routes in zip(events, keys, matched, strict=True):
            deliveries: list[NewDelivery] = []
            for at, match in enumerate(routes, 1):
                deliveries.append(self._delivery(key + at, match, len(event.raw)))
            made.append(deliveries)
        return made

    async def _reserved_in_slices(
        self,
        events: Sequence[Event],
        keys: Sequence[int],
        matched: Sequence[Sequence[Matched]],
        count: int,
        size: int,
    ) -> list[list[NewDelivery]]:
        """Of each event; none stays reserved where others took the room meanwhile, or the caller goes away."""
        made: list[list[NewDelivery]] = [[] for _ in events]
        left = (
            (at, key + number, match)
            for at, (key, routes) in enumerate(zip(keys, matched, strict=True))
            for number, match in enumerate(routes, 1)
        )
        try:
            async for at, key, match in in_slices(left, LANES_SLICE):
                made[at].append(self._delivery(key, match, len(events[at].raw)))
            self._check_room(count, size)
        except BaseException:
            for event, deliveries in zip(events, made, strict=True):
                for each in deliveries:
                    self._release(each, len(event.raw))
            raise
        return made

    def _check_room(self, count: int, size: int) -> None:
        if count and self._room.is_full(self._lanes.shares, count, size):
            raise unavailable("The installation's backlog limit is reached; send the event again later.")

    def _new(
        self, event: Event, key: int, made: Sequence[NewDelivery], scope: tuple[str, str | None]
    ) -> NewEvent:
        deliveries, size = tuple(made), len(event.raw)
        if deliveries:
            self._lanes.parsed.keep(key, event, len(deliveries))
        if len(deliveries) == 1:
            self._lanes.shares.came_alone(namespace_of(deliveries[0].route), 1, size)
        elif deliveries:
            namespaces = Counter(namespace_of(each.route) for each in deliveries)
            self._lanes.shares.came(key, size, namespaces)
        identity, digest = None, b""
        if event.identity is not None:
            identity = _identity(*scope, event.identity)
            content = event.raw if event.content is None else event.content
            digest = blake2b(content, digest_size=16).digest()
        return NewEvent(
            key, event.event_type, event.trigger, event.raw, self._clock.now_ms(), deliveries, identity, digest,
            event.hops,
        )  # fmt: skip

    def _delivery(self, key: int, match: Matched, size: int) -> NewDelivery:
        lane = self._lanes.lane(match.route)
        over, own = self._room.over(lane, size, self._lanes.shares), self._lanes.owns(lane)
        if own:
            lane.reserve(size)
        if match.error is not None:
            return NewDelivery(key, match.route, DeadReason.FILTER_ERROR, match.error, own)
        if own and lane.standing.state is RouteState.GONE:
            return NewDelivery(key, match.route, DeadReason.GONE, lane.standing.message)
        if over is not None:
            return NewDelivery(key, match.route, DeadReason.BACKLOG, over, own)
        return NewDelivery(key, match.route, own=own)

    async def _store(self, batch: Sequence[NewEvent], stored: Sequence[NewEvent]) -> bytes:
        try:
            results = await self._work.accept(stored)
        except StoreError as error:
            if error.in_doubt:
                self._doubt(stored)
            else:
                await self._each(self._give_back, stored)
            reason = str(error).removesuffix(".")
            raise unavailable(f"The event cannot be stored now ({reason}); send it again.") from error
        except BaseException:  # cancelled: it may be stored all the same
            self._doubt(stored)
            raise
        repeats: dict[int, Repeat] = {}
        for new, result in zip(stored, results, strict=True):
            if isinstance(result, Conflict):
                await self._each(self._give_back, stored)
                raise _conflict(batch, stored, results)
            if isinstance(result, Repeat):
                repeats[new.key] = result
        if repeats:
            await self._each(self._give_back, [new for new in stored if new.key in repeats])
            stored = [new for new in stored if new.key not in repeats]
        await self._each(self._hand_over, stored)
        return self._answer(batch, repeats)

    async def _each(self, what: Callable[[NewEvent, NewDelivery], None], events: Sequence[NewEvent]) -> None:
        """Do this with each delivery: many in slices, and all of them, whatever becomes of the caller meanwhile."""
        count = 0
        for new in events:
            count += len(new.deliveries)
        if count > LANES_SLICE:
            await self._each_in_slices(what, events)
            return
        for new in events:
            for each in new.deliveries:
                what(new, each)

    async def _each_in_slices(
        self, what: Callable[[NewEvent, NewDelivery], None], events: Sequence[NewEvent]
    ) -> None:
        left = ((new, each) for new in events for each in new.deliveries)
        try:
            async with self._lanes.handing_over:
                async for new, each in in_slices(left, LANES_SLICE):
                    what(new, each)
        finally:
            for new, each in left:
                what(new, each)

    def _hand_over(self, new: NewEvent, each: NewDelivery) -> None:
        """It is on stable storage."""
        if each.dead is not None or not each.own:
            if each.own:
                self._lanes.lane(each.route).dead_at_once(len(new.raw))
            self._wait_no_more(new, each)
            return
        delivery = Delivery(
            each.key, new.key, each.route, new.event_type, new.trigger, new.raw, new.received,
            sole=len(new.deliveries) == 1, hops=new.hops,
        )  # fmt: skip
        self._lanes.accepted(delivery)

    def _give_back(self, new: NewEvent, each: NewDelivery) -> None:
        """It was not stored."""
        self._release(each, len(new.raw))
        self._wait_no_more(new, each)

    def _release(self, each: NewDelivery, size: int) -> None:
        if each.own:
            self._lanes.lane(each.route).release(size)

    def _doubt(self, events: Sequence[NewEvent]) -> None:
        """It is not known whether they were stored: lanes look for them, and what waits is counted when it is known."""
        for new in events:
            for each in new.deliveries:
                if not each.own:
                    continue
                lane = self._lanes.lane(each.route)
                lane.release(len(new.raw), in_doubt=True)
                self._lanes.settle(lane)
        task = asyncio.get_running_loop().create_task(self._resolve(events))
        self._doubts.add(task)
        task.add_done_callback(self._doubts.discard)

    async def _resolve(self, events: Sequence[NewEvent]) -> None:
        """Of what was not stored for sure nothing waits; what cannot be asked waits until the process ends."""
        with contextlib.suppress(StoreError):
            stored = await self._work.stored([new.key for new in events])
            for new in events:
                for delivery in new.deliveries:
                    if new.key not in stored or delivery.dead is not None or not delivery.own:
                        self._wait_no_more(new, delivery)

    def _wait_no_more(self, new: NewEvent, delivery: NewDelivery) -> None:
        self._lanes.shares.went(namespace_of(delivery.route), new.key, len(new.raw))

    def _answer(self, batch: Sequence[NewEvent], repeats: Mapping[int, Repeat]) -> bytes:
        tag = self._work.tag
        answers = []
        for new in batch:
            repeat = repeats.get(new.key)
            if repeat is None:
                answers.append(_answer(new.key, [each.route for each in new.deliveries], tag))
            else:
                answers.append(_answer(repeat.event_key, repeat.routes, tag))
        return f'{{"events":[{",".join(answers)}]}}'.encode()


def _identity(holder: str, namespace: str | None, identity: Identity) -> bytes:
    """Scoped by token and path; each part with its length, so that no two lists of them spell the same."""
    parts = (holder, "" if namespace is None else namespace, *identity)
    spelt = "".join(f"{len(part)} {part}" for part in parts)
    return blake2b(spelt.encode(), digest_size=16).digest()


def _conflict(
    batch: Sequence[NewEvent], stored: Sequence[NewEvent], results: Sequence[Accepted]
) -> EventError:
    """The 409 of the first event whose identity another one has."""
    at = next(at for at, result in enumerate(results) if isinstance(result, Conflict))
    refused = stored[at]
    number = next(number for number, new in enumerate(batch) if new.key == refused.key)
    which = "The event" if len(batch) == 1 else f"Event {number} of the batch"
    beside = any(new.identity == refused.identity for new in stored[:at])
    known = "stands in this batch already" if beside else "was posted within the last 24 h"
    return EventError(
        f"{which} has the identity of another that {known}; use a new Idempotency-Key or CloudEvents id.",
        status=409,
    )


def _answer(key: int, routes: Sequence[str], tag: str) -> str:
    """What is said of one event; a repeat is told the same."""
    listed = []
    for at, route in enumerate(routes, 1):
        listed.append(f'{{"id":"{delivery_id(key + at, tag)}","webhook":"{route}"}}')
    return f'{{"id":"{event_id(key, tag)}","deliveries":[{",".join(listed)}]}}'
