"""Where an access request names what filters ask for: the table "Filter places" of SPEC 2.

A place is one or more ways down from the event's `data`, and the fields to read at their ends. It gives the
texts that stand there, each once and none empty; whatever is missing or of another shape gives nothing. Each object
that is looked at is paid for: OverBudget. Must not: compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from hookwright.core.budget import Budget
from hookwright.core.jsontext import compact

APPROVALS: Final = "approvals"
_FEW: Final = 8  # objects that are free
_Data = dict[str, Any]


def _children(parents: Sequence[_Data], key: str, budget: Budget) -> list[_Data]:
    """The objects under `key`, be it one or a list of them."""
    found: list[_Data] = []
    for parent in parents:
        child = parent.get(key)
        if isinstance(child, dict):
            found.append(child)
        elif isinstance(child, list):
            if len(child) > _FEW:
                budget.spend(len(child) >> 1)
            found += [element for element in child if isinstance(element, dict)]
    return found


def _texts(things: Iterable[_Data], fields: Sequence[str]) -> Sequence[str]:
    found: dict[str, None] = {}
    for thing in things:
        for field in fields:
            value = thing.get(field)
            if isinstance(value, str):
                if value:
                    found[value] = None
            elif isinstance(value, int | float):  # an id may be a number
                found[compact(value)] = None
    return tuple(found)


def _named(
    ways: Sequence[Sequence[str]], fields: Sequence[str], data: _Data, budget: Budget
) -> Sequence[str]:
    ends: list[_Data] = []
    for way in ways:
        things = [data]
        for step in way:
            if len(things) > _FEW:
                budget.spend(len(things) >> 1)
            things = _children(things, step, budget)
        ends += things
    if len(ends) > _FEW:
        budget.spend(len(ends) * len(fields) >> 1)
    return _texts(ends, fields)


def _approvals(data: _Data, budget: Budget) -> Sequence[str]:
    """("Manual",) if a person has approved, ("Automatic",) if none stands among the approvals, else nothing.

    A person is an `approver` with an id, name or e-mail. A request that waits for a person is neither, and so
    is an event without the field `approvals`; null there is an empty list.
    """
    if APPROVALS not in data:
        return ()
    approvals = _children([data], APPROVALS, budget)
    budget.spend(len(approvals) << 3)
    by_people = [
        approval
        for approval in approvals
        if _texts(_children([approval], "approver", budget), ("id", "name", "email"))
    ]
    if not by_people:
        return ("Automatic",)
    statuses = (approval.get("status") for approval in by_people)
    approved = any(isinstance(status, str) and status.lower() == "approved" for status in statuses)
    return ("Manual",) if approved else ()


def _place(*ways: str, fields: str) -> Callable[[_Data, Budget], Sequence[str]]:
    return partial(_named, [way.split(".") for way in ways], fields.split())


PLACES: Final[Mapping[str, Callable[[_Data, Budget], Sequence[str]]]] = {
    "integrations": _place("access_groups.integration", fields="name id"),
    "integration_types": _place("access_groups.integration", fields="type"),
    "resource_types": _place(
        "access_groups.resource_types", "access_groups.access_units.resource.type", fields="name id"
    ),
    "resources": _place("access_groups.access_units.resource", fields="name id"),
    "permissions": _place("access_groups.access_units.permission", fields="name id"),
    "requesters": _place("requester", fields="name email id"),
    "grantees": _place("grantee", fields="name source_id id"),
    "access_flows": _place("access_flow", fields="name id"),
    "bundles": _place("access_bundle", fields="name id"),
    APPROVALS: _approvals,
}
