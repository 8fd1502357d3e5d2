"""Accepting events: match, number, store in one transaction, then hand to the lanes. The answer is the 202's body.

Matching is decided here, once (SPEC 3). What cannot wait (a filter over its budget, a gone webhook, a full backlog)
is stored as a dead letter at once, so that nothing that matched is lost. Must not: read HTTP, send.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from hookwright.core.event import Event, Identity, delivery_id, event_id
from hookwright.core.keys import Keys
from hookwright.core.lifecycle import RouteState
from hookwright.core.matching import Matched, Matcher
from hookwright.core.records import DeadReason, Delivery
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.errors import EventError, StoreError, StoreFull
from hookwright.limits import BATCH_DELIVERIES, INGEST_RETRY_AFTER_SECONDS
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
        backlog_webhook: int,
        backlog_total: int,
        backlog_bytes: int,
    ) -> None:
        self._work, self._lanes, self._keys, self._clock = work, lanes, keys, clock
        self._backlog_webhook, self._backlog_total = backlog_webhook, backlog_total
        self._backlog_bytes = backlog_bytes
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
        matched = [matcher.match(event, reach) for event in events]
        count = sum(map(len, matched))
        if count > BATCH_DELIVERIES:
            raise EventError(
                f"The batch would make {count:,} deliveries; at most {BATCH_DELIVERIES:,} fit, send smaller batches.",
                status=413,
            )
        if count and self._full(count, events):
            raise unavailable("The installation's backlog limit is reached; send the event again later.")
        batch = [
            self._new(event, routes, (holder, namespace))
            for event, routes in zip(events, matched, strict=True)
        ]
        stored = [new for new in batch if new.deliveries or new.identity is not None]
        if not stored:
            return _answer(new.answer for new in batch)
        return await self._store(batch, stored)

    def _full(self, count: int, events: Sequence[Event]) -> bool:
        totals = self._lanes.totals
        size = sum(len(event.raw) for event in events)
        return (
            totals.waiting + count > self._backlog_total or totals.waiting_bytes + size > self._backlog_bytes
        )

    def _new(self, event: Event, routes: Sequence[Matched], scope: tuple[str, str | None]) -> NewEvent:
        key = self._keys.take(1 + len(routes))
        tag = self._work.tag
        if routes:
            self._lanes.parsed.keep(key, event)
        deliveries = tuple(
            self._delivery(key + 1 + at, match, len(event.raw)) for at, match in enumerate(routes)
        )
        listed = b",".join(
            b'{"id":"%b","webhook":"%b"}' % (delivery_id(each.key, tag).encode(), each.route.encode())
            for each in deliveries
        )
        identity = digest = None
        if event.identity is not None:
            identity = _identity(*scope, event.identity)
            content = event.raw if event.content is None else event.content
            digest = blake2b(content, digest_size=16).digest()
        return NewEvent(
            key=key,
            event_type=event.event_type,
            trigger=event.trigger,
            raw=event.raw,
            received=self._clock.now_ms(),
            deliveries=deliveries,
            identity=identity,
            digest=digest or b"",
            answer=b'{"id":"%b","deliveries":[%b]}' % (event_id(key, tag).encode(), listed),
        )

    def _delivery(self, key: int, match: Matched, size: int) -> NewDelivery:
        lane = self._lanes.lane(match.route)
        waiting = lane.waiting
        lane.reserve(size)
        if match.error is not None:
            return NewDelivery(key, match.route, DeadReason.FILTER_ERROR, match.error)
        if lane.standing.state is RouteState.GONE:
            return NewDelivery(key, match.route, DeadReason.GONE, lane.standing.message)
        if waiting >= self._backlog_webhook:
            message = f"{self._backlog_webhook:,} deliveries of this webhook were waiting already."
            return NewDelivery(key, match.route, DeadReason.BACKLOG, message)
        return NewDelivery(key, match.route)

    async def _store(self, batch: Sequence[NewEvent], stored: Sequence[NewEvent]) -> bytes:
        try:
            results = await self._work.accept(stored)
        except StoreError as error:
            self._unreserve(stored, in_doubt=not isinstance(error, StoreFull))
            reason = str(error).removesuffix(".")
            raise unavailable(f"The event cannot be stored now ({reason}); send it again.") from error
        except BaseException:  # cancelled: it may be stored all the same
            self._unreserve(stored, in_doubt=True)
            raise
        if any(isinstance(result, Conflict) for result in results):
            self._unreserve(stored)
            raise _conflict(batch, stored, results)
        repeats: dict[int, bytes] = {}
        for new, result in zip(stored, results, strict=True):
            if isinstance(result, Repeat):
                repeats[new.key] = result.answer
                self._unreserve([new])
            else:
                self._hand_over(new)
        return _answer(repeats.get(new.key, new.answer) for new in batch)

    def _unreserve(self, events: Sequence[NewEvent], *, in_doubt: bool = False) -> None:
        for new in events:
            for delivery in new.deliveries:
                lane = self._lanes.lane(delivery.route)
                lane.release(len(new.raw), in_doubt=in_doubt)
                if in_doubt:
                    self._lanes.settle(lane)

    def _hand_over(self, new: NewEvent) -> None:
        sole = len(new.deliveries) == 1
        for each in new.deliveries:
            if each.dead is not None:
                self._lanes.lane(each.route).dead_at_once(len(new.raw))
                continue
            delivery = Delivery(
                each.key, new.key, each.route, new.event_type, new.trigger, new.raw, new.received, sole=sole
            )
            self._lanes.accepted(delivery)


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


def _answer(answers: Iterable[bytes]) -> bytes:
    return b'{"events":[%b]}' % b",".join(answers)
