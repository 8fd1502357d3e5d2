"""The latest events as they were parsed when they came, so that an attempt that starts at once need not parse again.

Few and small, by count and by size: whatever waits longer is parsed from its bytes. Must not: be needed.
"""

from __future__ import annotations

from typing import Any

from hookwright.core.event import Event
from hookwright.core.records import Delivery
from hookwright.limits import PARSED_EVENT_BYTES, PARSED_EVENTS


class Parsed:
    """Documents by event key; the oldest goes first."""

    def __init__(self) -> None:
        self._documents: dict[int, dict[str, Any]] = {}

    def keep(self, event_key: int, event: Event) -> None:
        """An event whose deliveries start once it is stored; one that is not stored after all only takes a place."""
        if len(event.raw) <= PARSED_EVENT_BYTES:
            self._documents[event_key] = event.document
            if len(self._documents) > PARSED_EVENTS:
                del self._documents[next(iter(self._documents))]

    def document(self, delivery: Delivery) -> dict[str, Any] | None:
        """Of a delivery's event, if it is here; gone with the only delivery it has."""
        if delivery.sole:
            return self._documents.pop(delivery.event_key, None)
        return self._documents.get(delivery.event_key)
