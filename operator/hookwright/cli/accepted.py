"""What `hookwright send` tells people: what was accepted, and why other webhooks do not match.

On a terminal what was accepted stands last, and of many others only how many; a pipe gets each. Must not: ask anybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import click

from hookwright.core.redaction import printable

Explained = Mapping[str, Any]

_OTHERS: Final = {"active": "inactive", "namespace": "other namespace", "triggers": "other trigger"}
"""What a reason begins with → how it is counted; whoever has none of these is kept back by a filter."""
_FILTER: Final = "filter"
_SHOWN: Final = 20  # webhooks of which only a filter keeps the event back


def in_a_pipe(accepted: Sequence[Mapping[str, Any]], others: Sequence[Explained]) -> Iterator[str]:
    """First what was accepted, then each of the others."""
    yield from _accepted(accepted)
    yield from map(_reasons, others)


def on_a_terminal(
    accepted: Sequence[Mapping[str, Any]], others: Sequence[Explained], *, every: bool
) -> Iterator[str]:
    """First the others, in full where only a filter speaks or with `every`; last what was accepted."""
    filtered = [each for each in others if _kind(each) == _FILTER]
    shown = others if every else filtered[:_SHOWN]
    yield from map(_reasons, shown)
    if len(shown) < len(others):
        kinds = Counter(map(_kind, others))
        counts = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
        verb = "webhook does" if len(others) == 1 else "webhooks do"
        yield f"{len(others):,} {verb} not match: {counts}. --why NAME or --all says why."
    yield from _accepted(accepted)


def _kind(webhook: Explained) -> str:
    begins = {reason.partition(":")[0] for reason in webhook["reasons"]}
    return next((kind for begin, kind in _OTHERS.items() if begin in begins), _FILTER)


def _reasons(webhook: Explained) -> str:
    if webhook["matched"]:
        return f"  {_dot()} {printable(webhook['webhook'])}  matches"
    reasons = "; ".join(reason.removesuffix(".") for reason in webhook["reasons"])
    return f"  ○ {printable(webhook['webhook'])}  {printable(reasons)}"


def _accepted(accepted: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for event in accepted:
        deliveries = event["deliveries"]
        yield f"Accepted {printable(event['id'])}: {_count(len(deliveries), 'delivery', 'deliveries')}"
        for delivery in deliveries:
            yield f"  {_dot()} {printable(delivery['webhook'])}  {printable(delivery['id'])}"
    if not accepted:
        yield "Accepted nothing: the batch is empty."


def _dot() -> str:
    return click.style("●", fg="green")


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
