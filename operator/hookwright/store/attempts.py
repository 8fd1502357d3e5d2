"""The history of attempts of the store in memory. Must not: know deliveries."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from itertools import islice, takewhile

from hookwright.core.records import FAILURES, AttemptRecord
from hookwright.store.kept import Kept, attempts_size, message_alone
from hookwright.store.port import AttemptSelector


class Attempts:
    """Records by their positions, which grow."""

    def __init__(self) -> None:
        self._records: dict[int, AttemptRecord] = {}
        self._positions: defaultdict[str, deque[int]] = defaultdict(deque)  # by webhook, the oldest first
        self._sizes: Counter[str] = Counter()

    def add(self, position: int, record: AttemptRecord) -> None:
        """The newest one."""
        self._records[position] = record
        self._positions[record.route].append(position)
        self._sizes[record.route] += attempts_size(1, len(record.detail))

    def has(self, route: str) -> bool:
        """Whether something is kept of a webhook."""
        return bool(self._positions.get(route))

    def kept(self) -> Kept:
        """What they take."""
        return Kept.of_webhooks((route, size) for route, size in self._sizes.items() if size)

    def prune(self, past: int, limit: int) -> int:
        """Drop what is as old as `past`, then what is over a size; how many."""
        before = len(self._records)
        for record in list(takewhile(lambda record: record.time <= past, self._records.values())):
            self._drop(record.route)
        kept = self.kept()
        while kept.total > limit:
            lost = self._drop(kept.loser())
            kept.lost(lost, lost, lost)
        return before - len(self._records)

    def _drop(self, route: str) -> int:
        """The oldest of a webhook; what it took."""
        record = self._records.pop(self._positions[route].popleft())
        size = attempts_size(1, len(record.detail))
        self._sizes[route] -= size
        return size

    # --- reading ---------------------------------------------------------------------------------

    def newest(
        self, selector: AttemptSelector, before: int | None, after: int | None, limit: int, in_short: bool
    ) -> list[tuple[int, AttemptRecord]]:
        """See `store.port.History.invocations`."""
        found = (
            (position, _in_short(one) if in_short else one)
            for position, one in reversed(self._records.items())
            if (before is None or position < before)
            and (after is None or position > after)
            and _fits(one, selector)
        )
        return list(islice(found, limit))

    def one(self, delivery_key: int, attempt: int | None) -> AttemptRecord | None:
        """See `store.port.History.invocation`."""
        for one in reversed(self._records.values()):
            if one.delivery_key == delivery_key and attempt in (None, one.attempt):
                return one
        return None

    def last(self) -> dict[str, AttemptRecord]:
        """See `store.port.History.last_invocations`."""
        return {one.route: _in_short(one) for one in self._records.values() if one.kind == "Delivery"}


def _in_short(record: AttemptRecord) -> AttemptRecord:
    return record._replace(detail=message_alone(record.detail))


def _fits(record: AttemptRecord, selector: AttemptSelector) -> bool:
    lowest, highest = selector.statuses or (0, 999)
    return (
        selector.route in (None, record.route)
        and selector.result in (None, record.result)
        and selector.friendly_id in (None, record.friendly_id)
        and selector.kind in (None, record.kind)
        and selector.delivery in (None, record.delivery_key)
        and (not selector.failed or record.result in FAILURES)
        and lowest <= (record.status or 0) <= highest
        and (selector.since is None or record.time >= selector.since)
        and (selector.until is None or record.time < selector.until)
    )
