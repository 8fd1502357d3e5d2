"""What a claim answers, of a webhook's two queues: what may go at once, and what waits for a time.

One rule for every store. Must not: know how a store keeps them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hookwright.core.records import Claimed, Delivery, Wanted


def claimed(
    at_once: Iterator[Delivery],
    delayed: Iterator[Delivery],
    wanted: Wanted,
    now: int,
    sizes: Mapping[int, int] | None = None,
) -> Claimed:
    """Take what is due from two queues, of whose heads the one that is due longer goes first.

    `at_once` in the order of keys, `delayed` in that of due times; nothing that is excluded. Neither is read
    further than the first that stays. `sizes`: bytes by key, where those of events are not read yet.
    """
    found: list[Delivery] = []
    size = 0
    first, late = next(at_once, None), next(delayed, None)
    while True:
        if late is not None and late.due <= now and _goes_before(late, first):
            delivery = late
        elif first is not None:
            delivery = first
        else:
            break
        size += len(delivery.raw) if sizes is None else sizes[delivery.key]
        if len(found) >= wanted.limit or (found and size > wanted.max_bytes):
            break
        found.append(delivery)
        if delivery is late:
            late = next(delayed, None)
        else:
            first = next(at_once, None)
    if first is not None:
        return Claimed(found, 0)
    return Claimed(found, None if late is None else late.due)


def _goes_before(late: Delivery, first: Delivery | None) -> bool:
    return first is None or (late.due, late.key) < (first.received, first.key)
