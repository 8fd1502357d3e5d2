"""What statements about dead letters are given, in each of their forms (`store.choosing`). Must not: run one."""

from __future__ import annotations

from typing import Any

from hookwright.store.choosing import chosen
from hookwright.store.port import ReplaySelector

HIGHEST = 2**63 - 1


def form(selector: ReplaySelector) -> tuple[str, list[Any]]:
    """The end of the statement's name, and its first values: what is selected, then the times."""
    name = chosen(selector)
    given: dict[str, list[Any]] = {
        "with_keys": [list(selector.keys), selector.route, selector.reason],
        "of_route": [selector.route],
        "of_route_and_reason": [selector.route, selector.reason],
        "of_reason": [selector.reason],
        "of_all": [],
    }
    since = 0 if selector.since is None else selector.since
    until = HIGHEST if selector.until is None else selector.until
    return name, [*given[name], since, until]
