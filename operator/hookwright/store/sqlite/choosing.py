"""Which dead letters a selector means: the statement whose index finds them, and what it is given.

Statements about dead letters come in the same forms: `…_with_keys`, `…_of_route_and_reason`, `…_of_route`,
`…_of_reason`, `…_of_all`. Must not: run one.
"""

from __future__ import annotations

import json

from hookwright.store.port import ReplaySelector

_HIGHEST = 2**63 - 1


def chosen(selector: ReplaySelector) -> str:
    """The form, by what is selected beside times."""
    if selector.keys:
        return "with_keys"
    if selector.route is not None:
        return "of_route" if selector.reason is None else "of_route_and_reason"
    return "of_all" if selector.reason is None else "of_reason"


def values(selector: ReplaySelector) -> dict[str, str | int | None]:
    """What the statements are given."""
    return {
        "keys": json.dumps(selector.keys),
        "route": selector.route,
        "reason": selector.reason,
        "since": 0 if selector.since is None else selector.since,
        "until": _HIGHEST if selector.until is None else selector.until,
    }
