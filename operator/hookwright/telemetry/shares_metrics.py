"""What many use, and how near it is to its limits: in all, and of the namespaces that take most (SPEC 3, BacklogShares).

The series are bounded (`limits.METRICS_NAMESPACES`), the other namespaces are summed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import nlargest

from prometheus_client.core import GaugeMetricFamily, Metric

from hookwright.core.backlog_shares import BacklogShares
from hookwright.core.records import Use
from hookwright.core.room import Room
from hookwright.limits import METRICS_NAMESPACES

OTHERS = "(others)"


def waiting(shares: BacklogShares, room: Room) -> Iterator[Metric]:
    """What waits."""
    alone = shares.namespaces < 2
    for name, documentation, value in (
        ("pending_bytes", "Bytes of the events of what waits, each counted once.", shares.all.bytes),
        ("pending_limit", "Deliveries that may wait; beyond it events get 503.", room.total),
        ("pending_limit_bytes", "Bytes of events that may wait.", room.total_bytes),
        (
            "namespace_pending_limit",
            "Deliveries that one namespace may have waiting while others have none.",
            room.total if alone else room.namespace,
        ),
        (
            "namespace_pending_limit_bytes",
            "The same in bytes of events.",
            room.total_bytes if alone else room.namespace_bytes,
        ),
    ):
        yield GaugeMetricFamily(f"hookwright_{name}", documentation, value)
    counts = {name: share.waiting for name, share in shares.waiting().items()}
    sizes = {name: share.bytes for name, share in shares.waiting().items()}
    for name, documentation, values in (
        ("hookwright_namespace_pending", "Its deliveries waiting or under way.", counts),
        ("hookwright_namespace_pending_bytes", "Bytes of their events, each counted once.", sizes),
    ):
        family = GaugeMetricFamily(name, documentation, labels=["namespace"])
        for namespace, value in _most(values).items():
            family.add_metric([namespace], value)
        yield family


def kept(uses: Mapping[str, Use]) -> Iterator[Metric]:
    """What is kept of what is done, by kind: dead_letters, history, identities."""
    total = GaugeMetricFamily("hookwright_kept_bytes", "What is kept.", labels=["kind"])
    limit = GaugeMetricFamily("hookwright_kept_limit_bytes", "How much is kept at most.", labels=["kind"])
    each = GaugeMetricFamily(
        "hookwright_namespace_kept_bytes", "What is kept of a namespace.", labels=["kind", "namespace"]
    )
    for kind, use in uses.items():
        total.add_metric([kind], use.total)
        limit.add_metric([kind], use.limit)
        for namespace, value in _most(use.namespaces).items():
            each.add_metric([kind, namespace], value)
    yield from (total, limit, each)


def _most(values: Mapping[str, int]) -> dict[str, int]:
    """Those that take most, by name, and the sum of all others."""
    names = sorted(nlargest(METRICS_NAMESPACES, values, key=values.__getitem__))
    found = {name: values[name] for name in names}
    if len(values) > len(found):
        found[OTHERS] = sum(values.values()) - sum(found.values())
    return found
