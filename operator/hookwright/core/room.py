"""How much may wait (SPEC 3): of one webhook, of one namespace, of all. An event's bytes count once in each.

A namespace may take what it likes while all together have less than one namespace may have. Beyond that each may still
have an equal part of the rest, which no other can take: so none, nor several of them, can fill what others need
(decision 0017). Where there is only one namespace, there is none to share with. What waits at other processes on the same
store counts as they said last. Must not: change any count.
"""

from __future__ import annotations

from typing import NamedTuple

from hookwright.core.backlog_shares import BacklogShares
from hookwright.core.lane import Lane
from hookwright.limits import MIB


class Room(NamedTuple):
    """Deliveries, and bytes of their events."""

    webhook: int
    webhook_bytes: int
    namespace: int
    namespace_bytes: int
    total: int
    total_bytes: int

    def is_full(self, shares: BacklogShares, count: int, size: int) -> bool:
        """Whether so many more, with events of `size` bytes, are more than may wait in all."""
        waiting, held = shares.in_all()
        return waiting + count > self.total or held + size > self.total_bytes

    def over(self, lane: Lane, size: int, shares: BacklogShares) -> str | None:
        """Why a further delivery of a webhook, with an event of `size` bytes, may not wait, in a sentence; None: it may."""
        here = (lane.waiting, lane.waiting_bytes)
        waiting, held = here if lane.owned else shares.elsewhere.webhooks.get(lane.key, here)
        if waiting >= self.webhook:
            return _sentence("webhook", f"{waiting:,} deliveries", "backlog.webhook")
        if held + size > self.webhook_bytes:
            return _sentence("webhook", _mib(held), "backlog.webhookBytes")
        if shares.namespaces < 2:
            return None
        waiting, held = shares.in_all()
        many = waiting + 1 > self.namespace
        large = held + size > self.namespace_bytes
        if not (many or large):
            return None
        waiting, held = shares.in_all_of(lane.namespace)
        if many and (waiting + 1) * shares.namespaces > self.total - self.namespace:
            return _sentence("namespace", f"{waiting:,} deliveries", "backlog.namespace")
        if large and (held + size) * shares.namespaces > self.total_bytes - self.namespace_bytes:
            return _sentence("namespace", _mib(held), "backlog.namespaceBytes")
        return None


def _mib(size: int) -> str:
    return f"{size / MIB:,.1f} MiB"


def _sentence(whose: str, much: str, setting: str) -> str:
    return f"{much} of this {whose} were waiting already, which is all that {setting} leaves it."
