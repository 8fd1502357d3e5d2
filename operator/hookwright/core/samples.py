"""The mock events of each trigger, and how a test's own values are laid over them (SPEC 6).

Built from the documented payload schema (`api.envelope`); the values are those of the vendor's page, so that
a template made there can be tried here. Beside the full event of a trigger stand its lean ones, as real
events have less (SPEC 2). The same every time: tests and documentation show them.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from hookwright.api.v1alpha1.webhook import MANUAL, TRIGGERS
from hookwright.core.event import Event, delivery_id
from hookwright.core.jsontext import weight

SAMPLE_TRIGGERS: Final[tuple[str, ...]] = TRIGGERS
SAMPLE_DELIVERY: Final = delivery_id(0, "sample")
"""The delivery that a template sees where nothing is sent."""

# What the approver of the sample did by the time of each event; a Manual call may come while a request waits.
_APPROVAL_STATUS: Final = {
    "RequestCreated": "Pending",
    "RequestApproved": "Approved",
    "RequestRejected": "Rejected",
    "RequestGranted": "Approved",
    "RequestExpired": "Approved",
    "RequestFailed": "Approved",
    MANUAL: "Pending",
}
# The vendor's own client may read null or nothing here, or its older events know no such field.
_OPTIONAL: Final = (
    "grantee",
    "justification",
    "access_flow",
    "access_bundle",
    "access_duration_in_seconds",
)
_CREATED: Final = 1696263265
_DURATION: Final = 3600
# Seconds after the request was created.
_HAPPENED: Final = {
    "RequestCreated": 0,
    "RequestApproved": 60,
    "RequestRejected": 60,
    "RequestGranted": 75,
    "RequestExpired": 75 + _DURATION,
    "RequestFailed": 75,
    MANUAL: 30,
}


def sample(trigger: str) -> dict[str, Any]:
    """A fresh whole event of one of the `SAMPLE_TRIGGERS`; KeyError for any other."""
    status = _APPROVAL_STATUS[trigger]
    return {
        "event_type": trigger if trigger == MANUAL else f"Access{trigger}",
        "event_time": f"{_CREATED + _HAPPENED[trigger]}.851898000",
        "data": _data(status),
    }


def sample_event(trigger: str) -> Event:
    """The sample as an Event; KeyError for a trigger that has none."""
    return event_of(sample(trigger))


def event_of(document: dict[str, Any]) -> Event:
    """A sample's document as an Event."""
    event_type: str = document["event_type"]
    raw = orjson.dumps(document)
    return Event(event_type, event_type.removeprefix("Access"), document, raw, weight=weight(raw))


def lean_samples(trigger: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The whole event with as little in it as real ones may have; KeyError for a trigger without a sample.

    One with null for what there may not be and lists without an item, one without these fields and with items
    that hold as little. An approver is null, as nobody has acted yet or the system approved by itself.
    """
    empty, bare = sample(trigger), sample(trigger)
    for name in _optional(trigger):
        empty["data"][name] = None
        del bare["data"][name]
    for name in ("access_groups", "approvals"):
        empty["data"][name] = []
    for group in bare["data"]["access_groups"]:
        group["resource_types"] = group["access_units"] = []
    for approval in bare["data"]["approvals"]:
        approval["approver"] = None
    return empty, bare


def _optional(trigger: str) -> tuple[str, ...]:
    """The fields of data that not every event of `trigger` has."""
    granted = trigger in ("RequestGranted", "RequestExpired")
    return _OPTIONAL if granted else (*_OPTIONAL, "revocation_date")


def merge(base: Any, over: Any) -> Any:
    """`over` laid over `base`, neither changed: objects deeply, anything else replaced.

    A null is a value like any other: it replaces a value with null and never takes the field away.
    """
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    return {**base, **{key: merge(base[key], value) if key in base else value for key, value in over.items()}}


def _data(approval_status: str) -> dict[str, Any]:
    return {
        "id": "request-1",
        "friendly_id": "AR-123",
        "requester": {"id": "user-1", "name": "User", "email": "user@example.com"},
        "grantee": {"id": "user-1", "source_id": "source-user-1", "name": "User", "type": "User"},
        "justification": "I need access to this",
        "creation_date": f"{_CREATED}.851898000",
        "revocation_date": _CREATED + _HAPPENED["RequestExpired"],
        "access_flow": {"id": "flow-1", "name": "Flow 1"},
        "access_bundle": {"id": "bundle-1", "name": "Bundle 1"},
        "access_duration_in_seconds": _DURATION,
        "access_groups": [_access_group()],
        "approvals_logical_relation": "AnyOf",
        "approvals": [
            {
                "name": "Approver",
                "type": "User",
                "status": approval_status,
                "approver": {"id": "user-2", "name": "Approver", "email": "approver@example.com"},
            }
        ],
    }


def _access_group() -> dict[str, Any]:
    kind = {"id": "postgresql-database", "name": "Database", "display_path": "Postgresql/Database"}
    return {
        "integration": {"id": "integration-1", "type": "Postgresql", "name": "prod db"},
        "resource_types": [dict(kind)],
        "access_units": [
            {
                "resource": {"id": "res-1", "name": "DB 1", "path": "prod db/res-1", "type": dict(kind)},
                "permission": {"id": "permission-1", "name": "ReadOnly"},
            }
        ],
    }
