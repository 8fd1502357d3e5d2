"""Which dead letters a selector means, as the form of the statements about them. Must not: know SQL."""

from __future__ import annotations

from hookwright.store.port import ReplaySelector


def chosen(selector: ReplaySelector) -> str:
    """The form, by what is selected beside times; statements are named `…_with_keys`, `…_of_route` and so on."""
    if selector.keys:
        return "with_keys"
    if selector.route is not None:
        return "of_route" if selector.reason is None else "of_route_and_reason"
    return "of_all" if selector.reason is None else "of_reason"
