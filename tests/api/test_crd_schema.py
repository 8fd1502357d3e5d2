"""From models to structural schemas: what is converted, and what is refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from hookwright.api.base import Model
from hookwright.api.crd_schema import SchemaError, structural
from hookwright.api.crd_yaml import crd
from hookwright.api.ruled import Distinct, Follows, Rule, Ruled

Short = Annotated[str, Field(max_length=8)]


class Inner(Model):
    """An inner object."""

    name: Short
    """Its name."""


def test_optional_reference_is_written_out_with_its_own_description() -> None:
    """`$ref`, `anyOf` with null, titles and null defaults are gone; the field's words win."""

    class Outer(Model):
        """An outer
        object."""

        inner: Inner | None = None
        """The inner one."""

    inner = structural(Outer)["properties"]["inner"]
    assert structural(Outer)["description"] == "An outer object."
    assert inner == {
        "description": "The inner one.",
        "type": "object",
        "properties": {"name": {"description": "Its name.", "type": "string", "maxLength": 8}},
        "x-kubernetes-validations": [
            {
                "rule": "has(self.name)",
                "message": "name must be set",
                "reason": "FieldValueRequired",
                "fieldPath": ".name",
            }
        ],
    }


def test_key_of_a_list_map_is_required_in_kubernetes_way() -> None:
    """A list map demands that its keys are `required`; no CEL rule says it a second time."""

    class Outer(Model):
        items: Annotated[list[Inner], Field(max_length=2), Distinct("name")]

    items = structural(Outer)["properties"]["items"]
    assert items["x-kubernetes-list-type"] == "map"
    assert items["x-kubernetes-list-map-keys"] == ["name"]
    assert items["items"]["required"] == ["name"]
    assert "x-kubernetes-validations" not in items["items"]


def test_rules_of_values_and_objects_stand_where_they_apply() -> None:
    """A value's rule is on its node, an object's rule on the object after those for required fields."""
    small = Rule("n must be small", "self < 3", lambda n: n < 3)
    joint = Rule("n wants m", "!has(self.n) || has(self.m)", lambda _: True, field="m")

    class Outer(Ruled):
        RULES = (joint,)
        n: Annotated[int, Follows(small)]
        m: int | None = None

    schema = structural(Outer)
    assert [rule["message"] for rule in schema["x-kubernetes-validations"]] == ["n must be set", "n wants m"]
    assert schema["properties"]["n"]["x-kubernetes-validations"][0]["rule"] == "self < 3"


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (Literal["a"], "Outer.field: a CRD knows no const"),
        (Annotated[float, Field(gt=0)], "Outer.field: a CRD knows no exclusiveMinimum"),
        (Annotated[Short, Field(pattern="a")], "Outer.field: a CRD knows no pattern"),
        (int | bool, "Outer.field: a CRD knows no anyOf of several types"),
        (str, "Outer.field: a string needs a bound"),
        (list[Short], "Outer.field: a array needs a bound"),
        (dict[str, Short], "Outer.field: a object needs a bound"),
        (Any, "Outer.field: needs a type"),
        (
            Annotated[dict[str, Any], Field(max_length=3)],
            "Outer.field: members of any kind need x-kubernetes",
        ),
    ],
)
def test_what_a_crd_cannot_hold_is_an_error(annotation: Any, words: str) -> None:
    """A keyword that a CRD lacks, and a value without a bound, are named and never left out."""
    outer = type("Outer", (Model,), {"__annotations__": {"field": annotation}, "__module__": __name__})
    with pytest.raises(SchemaError, match=words):
        structural(outer)


def test_default_inside_a_list_item_is_an_error() -> None:
    """The API server would write it into every item of a user's list."""

    class Item(Model):
        n: int = 3

    class Outer(Model):
        items: Annotated[list[Item], Field(max_length=2)]

    with pytest.raises(SchemaError, match=r"Outer\.items\[\]\.n: no default inside a list item"):
        structural(Outer)


@pytest.mark.parametrize("kind", ["Webhook", "WebhookTest"])
def test_every_field_has_a_description(kind: str) -> None:
    """`kubectl explain` has words for each field of spec and status."""

    def bare(path: str, schema: dict[str, Any]) -> list[str]:
        below = schema.get("properties", {}).items()
        found = [f"{path}.{name}" for name, child in below if not child.get("description")]
        for name, child in below:
            found += bare(f"{path}.{name}", child)
        return found + (bare(f"{path}[]", schema["items"]) if "items" in schema else [])

    root = crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    assert bare("spec", root["spec"]) + bare("status", root["status"]) == []


def test_crds_carry_names_columns_and_defaults_of_the_contract() -> None:
    """Names, columns, selectable fields and the default of status are those of SPEC 2 and 6."""
    webhook, test = crd("Webhook"), crd("WebhookTest")
    version, test_version = webhook["spec"]["versions"][0], test["spec"]["versions"][0]

    def columns(of: dict[str, Any], wide: bool) -> list[str]:
        return [c["name"] for c in of["additionalPrinterColumns"] if bool(c.get("priority")) == wide]

    assert webhook["metadata"]["name"] == "webhooks.hookwright.io"
    assert webhook["metadata"]["annotations"] == {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}
    assert webhook["spec"]["names"]["shortNames"] == ["wh"]
    assert test["spec"]["names"]["shortNames"] == ["wht"]
    assert webhook["spec"]["names"]["categories"] == ["hookwright"]
    assert columns(version, wide=False) == [
        "Active", "Host", "Ready", "Reason", "Last Result", "Last Invocation", "Age",
    ]  # fmt: skip
    assert columns(version, wide=True) == ["Method", "Message"]
    assert columns(test_version, wide=False) == ["Webhook", "Mode", "Result", "Ready", "Last Run", "Age"]
    assert columns(test_version, wide=True) == ["Message", "Hint"]
    assert version["selectableFields"] == [{"jsonPath": ".spec.active"}, {"jsonPath": ".spec.method"}]
    for each in (version, test_version):
        status = each["schema"]["openAPIV3Schema"]["properties"]["status"]
        assert status["default"] == {"observedGeneration": -1}
        assert each["subresources"] == {"status": {}}


def test_defaults_are_those_of_the_contract() -> None:
    """What the API server writes into a stored object that left it out."""
    fields = crd("Webhook")["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"][
        "properties"
    ]
    assert {name: field["default"] for name, field in fields.items() if "default" in field} == {
        "active": True,
        "method": "POST",
        "contentType": "application/json",
        "timeout": "15s",
        "retry": {"retryAfterMax": "1h"},
        "maxInFlight": 16,
    }
    assert fields["auth"]["properties"]["oauth2"]["properties"]["authStyle"]["default"] == "Header"
    assert (
        fields["tls"]["properties"]["ca"]["properties"]["secretKeyRef"]["properties"]["key"]["default"]
        == "ca.crt"
    )
