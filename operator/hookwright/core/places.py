"""Where an access request names what filters ask for: the table "Filter places" of SPEC 2.

Each function takes the event's `data` and gives the texts that stand at its place, names before ids, each
once and none empty; whatever is missing or of another shape gives nothing.
Must not: compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from hookwright.core.jsontext import compact

APPROVALS: Final = "approvals"
_Data = Mapping[str, Any]


def _texts(objects: Iterator[_Data], *keys: str) -> Sequence[str]:
    found: dict[str, None] = {}
    for thing in objects:
        for key in keys:
            value = thing.get(key)
            if isinstance(value, str):
                if value:
                    found[value] = None
            elif isinstance(value, int | float):  # an id may be a number
                found[compact(value)] = None
    return tuple(found)


def _one(parent: _Data, key: str) -> Iterator[_Data]:
    child = parent.get(key)
    if isinstance(child, dict):
        yield child


def _each(parent: _Data, key: str) -> Iterator[_Data]:
    children = parent.get(key)
    if isinstance(children, list):
        yield from (child for child in children if isinstance(child, dict))


def _groups(data: _Data) -> Iterator[_Data]:
    return _each(data, "access_groups")


def _units(data: _Data, key: str) -> Iterator[_Data]:
    return (
        thing for group in _groups(data) for unit in _each(group, "access_units") for thing in _one(unit, key)
    )


def _integrations(data: _Data) -> Iterator[_Data]:
    return (integration for group in _groups(data) for integration in _one(group, "integration"))


def _resource_types(data: _Data) -> Iterator[_Data]:
    for group in _groups(data):
        yield from _each(group, "resource_types")
    for resource in _units(data, "resource"):
        yield from _one(resource, "type")


def _approvals(data: _Data) -> Sequence[str]:
    """("Manual",) if a person has approved, ("Automatic",) if none stands among the approvals, else nothing.

    A person is an `approver` with an id, name or e-mail. A request that waits for a person is neither, and so
    is an event without the field `approvals`; null there is an empty list.
    """
    if APPROVALS not in data:
        return ()
    by_people = [
        approval
        for approval in _each(data, APPROVALS)
        if _texts(_one(approval, "approver"), "id", "name", "email")
    ]
    if not by_people:
        return ("Automatic",)
    statuses = (approval.get("status") for approval in by_people)
    approved = any(isinstance(status, str) and status.lower() == "approved" for status in statuses)
    return ("Manual",) if approved else ()


PLACES: Final[Mapping[str, Callable[[_Data], Sequence[str]]]] = {
    "integrations": lambda data: _texts(_integrations(data), "name", "id"),
    "integration_types": lambda data: _texts(_integrations(data), "type"),
    "resource_types": lambda data: _texts(_resource_types(data), "name", "id"),
    "resources": lambda data: _texts(_units(data, "resource"), "name", "id"),
    "permissions": lambda data: _texts(_units(data, "permission"), "name", "id"),
    "requesters": lambda data: _texts(_one(data, "requester"), "name", "email", "id"),
    "grantees": lambda data: _texts(_one(data, "grantee"), "name", "source_id", "id"),
    "access_flows": lambda data: _texts(_one(data, "access_flow"), "name", "id"),
    "bundles": lambda data: _texts(_one(data, "access_bundle"), "name", "id"),
    APPROVALS: _approvals,
}
