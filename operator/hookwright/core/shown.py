"""What is shown of a webhook beside its configuration: read from its lane, by the process that works on it.

In the others a webhook is as it is configured, and nothing is counted, so that sums over all processes are right; or it
is as that process told them. Must not: read a clock, make sentences.
"""

from __future__ import annotations

from typing import NamedTuple

import orjson

from hookwright.core.lane import Lane
from hookwright.core.lifecycle import RouteState
from hookwright.core.records import LastInvocation


class Shown(NamedTuple):
    """Of one webhook; times are epoch seconds unless a name ends in `_ms`."""

    state: RouteState
    message: str
    """Why it is held, or what else is to be said of its configuration."""
    circuit_failures: int = 0
    """Of how many failures in a row its circuit is open; 0: it is closed."""
    probe_at: float = 0.0
    """When an open circuit is tried."""
    waiting: int = 0
    in_flight: int = 0
    dead: int = 0
    waiting_bytes: int = 0
    consecutive_failures: int = 0
    last_success_ms: int | None = None
    last_failure_ms: int | None = None
    last: LastInvocation | None = None
    oldest: float | None = None
    next_due: float | None = None
    """See `core.outlook.Outlook`; None as well where nothing waits."""
    activity: list[tuple[int, int]] | None = None
    """See `core.activity.Activity.pairs`."""


def shown(lane: Lane, now: float) -> Shown:
    """Of a webhook, now."""
    standing, circuit = lane.standing, lane.circuit
    if not lane.owned:
        return Shown(*standing.as_configured)
    oldest, next_due = lane.outlook(now) or (None, None)
    return Shown(
        standing.state, standing.message, circuit.failures if circuit.open else 0, circuit.next_probe,
        lane.waiting, lane.in_flight, lane.dead, lane.waiting_bytes, standing.consecutive_failures, standing.last_success_ms,
        standing.last_failure_ms, standing.last, oldest, next_due,
        None if standing.activity is None else standing.activity.pairs(now),
    )  # fmt: skip


def encoded(seen: Shown) -> bytes:
    """For other processes, of this release or a neighbouring one: JSON."""
    last = None if seen.last is None else seen.last._asdict()
    return orjson.dumps(seen._asdict() | {"last": last})


def decoded(text: bytes) -> Shown | None:
    """What another process encoded; members of a newer release are left out. None: it is not understood."""
    fields = orjson.loads(text)
    try:
        last = fields["last"]
        activity = fields["activity"]
        known = {
            **{name: fields[name] for name in Shown._fields if name in fields},
            "state": RouteState(fields["state"]),
            "last": None if last is None else LastInvocation(**last),
            "activity": None if activity is None else [(done, others) for done, others in activity],
        }
        return Shown(**known)
    except (KeyError, TypeError, ValueError):
        return None
