"""What the admin port shows of attempts and deliveries, read from history and lanes.

A delivery is in three places: what is tried now is known to `UnderWay`, what waits or is dead to the store, what was
tried to the history; here they become one answer. Must not: know HTTP, change anything.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from hookwright.api.admin import Invocation
from hookwright.api.admin_deliveries import DeliveryView
from hookwright.core.event import delivery_id, event_id, parse_id
from hookwright.core.invocations import in_short, invocation
from hookwright.core.lane import Lane
from hookwright.core.lifecycle import RouteState, spoken
from hookwright.core.records import FAILURES, AttemptRecord
from hookwright.core.times import rfc3339
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.dispatcher.delivery.records import friendly_id
from hookwright.dispatcher.delivery.under_way import UnderWay
from hookwright.dispatcher.views import Listed
from hookwright.limits import ADMIN_PAGE_MAX, KEY_COUNTER_BITS
from hookwright.store.port import AttemptSelector, History, StoredDelivery


class Next(NamedTuple):
    """What a waiting delivery waits for: a time (milliseconds), or something that a sentence names."""

    at: int | None = None
    sentence: str | None = None


class InvocationViews:
    """`tag` is the installation tag of ids; any method may raise StoreError (503)."""

    def __init__(self, history: History, lanes: Lanes, under_way: UnderWay, clock: Clock, tag: str) -> None:
        self._history, self._lanes, self._under_way = history, lanes, under_way
        self._clock, self._tag = clock, tag

    def delivery_key(self, identifier: str) -> int | None:
        """The key in the id of a delivery or an invocation; None: it is none of this installation."""
        try:
            return parse_id(identifier, self._tag)[0]
        except ValueError:
            return None

    async def invocations(
        self, selector: AttemptSelector, *, before: int | None, after: int | None, limit: int, short: bool
    ) -> Listed:
        """Invocations that fit, newest first; `short`: without requests and answers.

        A page may hold fewer than `limit`, or none, and another follow: it ends where the history says.
        """
        end = await self._history.horizon(selector, before=before)
        if end is not None and end > (after or 0):
            after = end - 1
        else:
            end = None
        found = await self._history.invocations(
            selector, before=before, after=after, limit=limit + 1, in_short=short
        )
        shown = found[:limit]
        following = shown[-1][0] if len(found) > limit else end
        made = in_short if short else invocation
        items = (made(record, self._tag) for _, record in shown)
        return Listed(items, None if following is None else str(following))

    async def invocation(self, identifier: str) -> Invocation | None:
        """One, by invocation id, or the latest of a delivery id; None: unknown or no such id."""
        try:
            key, attempt = parse_id(identifier, self._tag)
        except ValueError:
            return None
        record = await self._history.invocation(key, attempt)
        return None if record is None else invocation(record, self._tag)

    async def delivery(self, identifier: str) -> DeliveryView | None:
        """One, by its id or that of an invocation; None: unknown, or nothing of it is kept."""
        key = self.delivery_key(identifier)
        if key is None:
            return None
        stored = await self._history.delivery(key)
        found = await self._history.invocations(
            AttemptSelector(delivery=key), limit=ADMIN_PAGE_MAX, in_short=True
        )
        records = [record for _, record in reversed(found)]
        if stored is None and not records:
            return None
        fields = self._over(records) if stored is None else self._stored(key, stored, records)
        return DeliveryView(
            id=delivery_id(key, self._tag),
            accepted_time=rfc3339(key >> KEY_COUNTER_BITS),
            attempts=[in_short(record, self._tag) for record in records],
            **fields,
        )

    def _over(self, records: list[AttemptRecord]) -> dict[str, Any]:
        """Of one of which only attempts are left."""
        last = records[-1]
        failed = last.result in FAILURES
        state = "delivered" if not failed else "dead" if last.kind == "Delivery" else "ended"
        return {
            "webhook": last.route,
            "event_id": event_id(last.event_key, self._tag) if last.event_key else None,
            "trigger": last.trigger,
            "friendly_id": last.friendly_id,
            "event_gone": True,
            "state": state,
            "reason": last.result if state == "dead" else None,
            "message": _message(last),
        }

    def _stored(self, key: int, stored: StoredDelivery, records: list[AttemptRecord]) -> dict[str, Any]:
        """Of one that waits or is dead."""
        fields: dict[str, Any] = {
            "webhook": stored.route,
            "event_id": event_id(stored.event_key, self._tag),
            "trigger": stored.trigger,
            "friendly_id": friendly_id(stored.raw),
            "event": orjson.loads(stored.raw),
            "message": stored.message or (_message(records[-1]) if records else ""),
        }
        if stored.due is None:
            return fields | {"state": "dead", "reason": stored.reason}
        if self._under_way.has(key):
            return fields | {"state": "running"}
        comes = what_next(self._lanes.lane(stored.route), stored.due, self._clock.now())
        at = None if comes.at is None else rfc3339(comes.at)
        return fields | {"state": "waiting", "next_attempt_time": at, "waits_for": comes.sentence}


def what_next(lane: Lane, due_ms: int, now: float) -> Next:
    """What a delivery that waits in a lane, due at a time (0: at once), waits for."""
    standing, circuit = lane.standing, lane.circuit
    if standing.state is not RouteState.RUNNING:
        return Next(sentence=f"It waits for its webhook, which is {standing.state}: {standing.message}")
    at = max(due_ms / 1000, lane.paused_until)
    if circuit.open:
        wait = max(circuit.next_probe, due_ms / 1000) - now
        when = "is under way" if circuit.probe else f"comes in {spoken(wait)}" if wait > 0 else "comes now"
        return Next(sentence=f"It waits for the circuit's probe, which {when}.")
    if at > now:
        return Next(at=int(at * 1000))
    return Next(sentence=f"It waits for its turn: {lane.in_flight:,} of its webhook are under way.")


def _message(record: AttemptRecord) -> str:
    message: str = orjson.loads(record.detail).get("message", "")
    return message
