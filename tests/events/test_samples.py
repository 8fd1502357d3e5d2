"""The sample of each trigger, the merge of a test's own values, and the JSON Schema of the event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookwright.api.envelope import Envelope
from hookwright.api.event_schema import event_schema
from hookwright.core.decode import decode
from hookwright.core.samples import SAMPLE_TRIGGERS, merge, sample, sample_event

EVENT_TYPES = {
    "RequestCreated": "AccessRequestCreated",
    "RequestApproved": "AccessRequestApproved",
    "RequestRejected": "AccessRequestRejected",
    "RequestGranted": "AccessRequestGranted",
    "RequestExpired": "AccessRequestExpired",
    "RequestFailed": "AccessRequestFailed",
    "Manual": "Manual",
}


def field_paths(value: Any, path: str = "") -> Iterator[str]:
    """Every path below a value, `[]` for the elements of a list."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield f"{path}.{key}"
            yield from field_paths(child, f"{path}.{key}")
    if isinstance(value, list):
        for child in value:
            yield from field_paths(child, f"{path}[]")


def schema_paths(schema: dict[str, Any], node: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every property below a part of the schema, references followed."""
    for option in node.get("anyOf", ()):
        yield from schema_paths(schema, option, path)
    if "$ref" in node:
        yield from schema_paths(schema, schema["$defs"][node["$ref"].rpartition("/")[2]], path)
    if "items" in node:
        yield from schema_paths(schema, node["items"], f"{path}[]")
    for key, child in node.get("properties", {}).items():
        yield f"{path}.{key}", child
        yield from schema_paths(schema, child, f"{path}.{key}")


def test_there_are_seven() -> None:
    """The seven triggers of the form have a sample, under the event type that is really sent."""
    assert {trigger: sample(trigger)["event_type"] for trigger in SAMPLE_TRIGGERS} == EVENT_TYPES


@pytest.mark.parametrize("trigger", SAMPLE_TRIGGERS)
def test_a_sample_is_accepted_and_follows_the_schema(trigger: str) -> None:
    """Each sample is an event that ingest takes, and is valid by the schema and the models."""
    event = sample_event(trigger)
    assert decode({"content-type": "application/json"}, event.raw) == [event]
    assert event.trigger == trigger
    jsonschema_rs.validator_for(event_schema()).validate(event.document)
    assert Envelope.model_validate(event.document).event_type == event.event_type


@pytest.mark.parametrize("trigger", SAMPLE_TRIGGERS)
def test_a_sample_has_every_documented_field(trigger: str) -> None:
    """Every documented field stands in every sample, and no other."""
    schema = event_schema()
    documented = {path for path, _ in schema_paths(schema, schema)}
    documented = {path for path in documented if not path.startswith(".cloudevent")}
    assert set(field_paths(sample(trigger))) == documented


def test_samples_are_fresh_and_the_same() -> None:
    """Changing one sample does not change the next."""
    first = sample("Manual")
    first["data"]["access_groups"][0]["integration"]["name"] = "changed"
    assert sample("Manual") == sample("Manual") != first


def test_an_unknown_trigger_has_no_sample() -> None:
    """Any other trigger is a KeyError."""
    for trigger in ("AccessRequestCreated", "com.example.x", ""):
        with pytest.raises(KeyError):
            sample(trigger)


@pytest.mark.parametrize(
    ("trigger", "status"),
    [
        ("RequestCreated", "Pending"),
        ("RequestApproved", "Approved"),
        ("RequestRejected", "Rejected"),
        ("RequestGranted", "Approved"),
        ("RequestExpired", "Approved"),
        ("RequestFailed", "Approved"),
    ],
)
def test_the_approver_has_done_what_the_event_says(trigger: str, status: str) -> None:
    """The person among the approvals has decided what fits the event."""
    (approval,) = sample(trigger)["data"]["approvals"]
    assert (approval["status"], approval["approver"]["email"]) == (status, "approver@example.com")


def test_times_of_the_samples_go_on() -> None:
    """No event happens before the request was made, and it expires when its time is up."""
    for trigger in SAMPLE_TRIGGERS:
        event = sample(trigger)
        assert float(event["event_time"]) >= float(event["data"]["creation_date"])
    assert (
        int(float(sample("RequestExpired")["event_time"]))
        == sample("RequestExpired")["data"]["revocation_date"]
    )


@pytest.mark.parametrize(
    ("base", "over", "merged"),
    [
        ({"a": 1, "b": 2}, {"b": 3}, {"a": 1, "b": 3}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 3, "z": 4}}, {"a": {"x": 1, "y": 3, "z": 4}}),
        ({"a": [1, 2, 3]}, {"a": [4]}, {"a": [4]}),
        ({"a": {"x": 1}}, {"a": 5}, {"a": 5}),
        ({"a": 5}, {"a": {"x": 1}}, {"a": {"x": 1}}),
        ({"a": 1}, {"a": None}, {"a": None}),
        ({"a": {"x": 1}}, {"a": {"x": None}}, {"a": {"x": None}}),
        ({}, {"a": None}, {"a": None}),
        ({"a": 1}, {}, {"a": 1}),
    ],
)
def test_merge(base: Any, over: Any, merged: Any) -> None:
    """Objects are merged deeply, lists and scalars replaced, and a null sets null instead of deleting."""
    before = orjson.dumps([base, over])
    assert merge(base, over) == merged
    assert orjson.dumps([base, over]) == before


OBJECTS = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=12,
).filter(lambda value: isinstance(value, dict))


@given(OBJECTS, OBJECTS)
def test_merge_keeps_every_field(base: dict[str, Any], over: dict[str, Any]) -> None:
    """Whatever is laid over, no field of either side is lost, and doing it twice changes nothing."""
    merged = merge(base, over)
    assert merged.keys() == base.keys() | over.keys()
    assert merge(merged, over) == merged
    assert merge(base, {}) == base


def test_every_property_of_the_schema_is_described() -> None:
    """Each property has a description: one sentence on one line."""
    schema = event_schema()
    properties = dict(schema_paths(schema, schema))
    assert len(properties) > 50
    for path, node in properties.items():
        assert node.get("description", "").endswith("."), path
        assert "\n" not in node["description"], path


def test_the_schema_is_one_of_2020_12_and_always_the_same() -> None:
    """The schema says its dialect, is valid by it, and comes out equal each time."""
    assert event_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(event_schema())
    assert orjson.dumps(event_schema()) == orjson.dumps(event_schema())


@pytest.mark.parametrize(
    "document",
    [
        {"event_type": "AccessRequestCreated"},
        {
            "event_type": "AccessRequestCreated",
            "event_time": 1696263265.8,
            "data": {"approvals": None, "new": 1},
        },
        {"event_type": "AccessRequestCreated", "data": {"id": None, "access_bundle": None}},
    ],
)
def test_the_schema_allows_what_ingest_allows(document: dict[str, Any]) -> None:
    """Missing, null and unknown fields, and times as numbers, are valid."""
    jsonschema_rs.validator_for(event_schema()).validate(document)
