"""What statements about dead letters are given, in each of their forms (`store.choosing`). Must not: run one."""

from __future__ import annotations

import json

from hookwright.store.port import ReplaySelector

_HIGHEST = 2**63 - 1


def values(selector: ReplaySelector) -> dict[str, str | int | None]:
    """What the statements are given."""
    return {
        "keys": json.dumps(selector.keys),
        "route": selector.route,
        "reason": selector.reason,
        "since": 0 if selector.since is None else selector.since,
        "until": _HIGHEST if selector.until is None else selector.until,
    }
