"""Events of which deliveries are about to start, once each: parsed at most once, their bytes shared.

So an event for a thousand webhooks costs one parse and one copy, whether it was just accepted or claimed from the store.
Bounded by count and by what the parsed forms weigh: what does not fit any more is parsed from its bytes again. An event
goes with the last delivery that was announced. Must not: be needed.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import orjson

from hookwright.core.event import Event
from hookwright.core.jsontext import weight
from hookwright.core.records import Delivery
from hookwright.limits import PARSED_BYTES, PARSED_EVENT_BYTES, PARSED_EVENTS


class _Kept:
    __slots__ = ("document", "raw", "wanted", "weight")

    def __init__(self, raw: bytes, document: dict[str, Any] | None, size: int, wanted: int) -> None:
        self.raw, self.document, self.wanted = raw, document, wanted
        """`wanted`: deliveries that were announced and have not asked yet."""
        self.weight = size if size < PARSED_EVENT_BYTES else PARSED_EVENT_BYTES


class Parsed:
    """By event key; the one that nobody asked for longest goes first."""

    def __init__(self) -> None:
        self._events: OrderedDict[int, _Kept] = (
            OrderedDict()
        )  # a dict searches for its first among those that went
        self._weight = 0

    def keep(self, event_key: int, event: Event, deliveries: int) -> None:
        """An event whose deliveries start once it is stored; one that is not stored after all only takes a place."""
        self._add(event_key, _Kept(event.raw, event.document, event.weight, deliveries))

    def shared(self, delivery: Delivery) -> Delivery:
        """A delivery that was claimed: with the bytes that others of its event have."""
        if delivery.sole:
            return delivery
        kept = self._events.get(delivery.event_key)
        if kept is None:
            kept = _Kept(delivery.raw, None, weight(delivery.raw), 0)
            self._add(delivery.event_key, kept)
        kept.wanted += 1
        return delivery._replace(raw=kept.raw)

    def document(self, delivery: Delivery) -> dict[str, Any]:
        """Of a delivery's event. Raises ValueError if it is no JSON."""
        kept = self._events.pop(delivery.event_key, None)
        if kept is not None:
            self._weight -= kept.weight
        elif delivery.sole:
            return _loads(delivery.raw)
        else:
            kept = _Kept(delivery.raw, None, weight(delivery.raw), 0)
        if kept.document is None:
            kept.document = _loads(kept.raw)
        kept.wanted -= 1
        if not delivery.sole and kept.wanted:
            self._add(delivery.event_key, kept)
        return kept.document

    def _add(self, event_key: int, kept: _Kept) -> None:
        events = self._events
        events[event_key] = kept
        self._weight += kept.weight
        while self._weight > PARSED_BYTES or len(events) > PARSED_EVENTS:
            self._weight -= events.popitem(last=False)[1].weight


def _loads(raw: bytes) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(raw)
    return document
