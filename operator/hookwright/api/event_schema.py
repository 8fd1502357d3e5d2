"""JSON Schema (2020-12) of the event, made from `api.envelope`: `GET /v1/schema`, `hookwright schema`, docs.

Must not: hold a description of its own; they stand beside the fields.
"""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from hookwright.api.envelope import Envelope


class _Generator(GenerateJsonSchema):
    """Leaves out the default null of every field, and writes a choice of plain types as one list."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def union_schema(self, schema: core_schema.UnionSchema) -> JsonSchemaValue:
        return _joined(super().union_schema(schema))

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return _joined(super().nullable_schema(schema))


def _joined(schema: JsonSchemaValue) -> JsonSchemaValue:
    """`anyOf` of plain types → one `type` list."""
    types: list[str] = []
    for option in schema.get("anyOf", ()):
        if option.keys() != {"type"}:
            return schema
        types += [option["type"]] if isinstance(option["type"], str) else option["type"]
    return {"type": types} if types else schema


def event_schema() -> dict[str, Any]:
    """The schema as a fresh document; the same every time."""
    schema = Envelope.model_json_schema(schema_generator=_Generator)
    return {"$schema": GenerateJsonSchema.schema_dialect, "title": "Event", **_untitled(schema)}


def _untitled(node: Any) -> Any:
    """Without the class names that stand as titles, and with descriptions on one line."""
    if isinstance(node, list):
        return [_untitled(element) for element in node]
    if not isinstance(node, dict):
        return node
    cleaned = {key: _untitled(value) for key, value in node.items() if key != "title"}
    if isinstance(cleaned.get("description"), str):
        cleaned["description"] = " ".join(cleaned["description"].split())
    return cleaned
