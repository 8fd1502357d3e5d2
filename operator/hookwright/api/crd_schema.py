"""From a pydantic model to a structural schema, the dialect of JSON Schema that a CRD may hold.

`$ref` is written out, the null of an optional field dropped, and a required field becomes a CEL rule, since
`required` would switch CEL off and speak in Kubernetes' words. What the dialect lacks, a text, list or map
without a bound, or a default inside a list item is an error here and never silently left out.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel

from hookwright.api.ruled import REQUIRED
from hookwright.api.rules import missing

Schema = dict[str, Any]

RULES = "x-kubernetes-validations"
MAP_KEYS = "x-kubernetes-list-map-keys"
ANY_MEMBERS = "x-kubernetes-preserve-unknown-fields"

_COPIED = (
    "format",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "maxProperties",
    "x-kubernetes-list-type",
    MAP_KEYS,
    ANY_MEMBERS,
    RULES,
)
_RULE_PARTS = ("rule", "message", "reason", "fieldPath")
_READ = ("description", "type", "default", "properties", "required", "items", "additionalProperties")
_DROPPED = ("title",)
_KNOWN = frozenset((*_COPIED, *_READ, *_DROPPED, "$defs", "$ref", "anyOf"))


class SchemaError(ValueError):
    """A model says something that a CRD cannot hold; the text names place and keyword."""


def structural(model: type[BaseModel]) -> Schema:
    """The structural schema of a model. SchemaError if it cannot be one."""
    schema = model.model_json_schema(by_alias=True)
    return convert(schema, schema.get("$defs", {}), model.__name__)


def convert(schema: Schema, definitions: Schema, place: str, *, in_list: bool = False) -> Schema:
    """One node. `place` is for messages, `in_list` forbids defaults."""
    node = _resolved(schema, definitions, place)
    unknown = node.keys() - _KNOWN
    if unknown:
        raise SchemaError(f"{place}: a CRD knows no {', '.join(sorted(unknown))}")
    result: Schema = {}
    if "description" in node:
        result["description"] = re.sub(r"\s+", " ", node["description"]).strip()
    if "type" in node:
        result["type"] = node["type"]
    if node.get("default") is not None:
        if in_list:
            raise SchemaError(f"{place}: no default inside a list item")
        result["default"] = _without_nulls(node["default"])
    result |= {keyword: node[keyword] for keyword in _COPIED if keyword in node}
    if RULES in result:
        result[RULES] = [{part: rule[part] for part in _RULE_PARTS if part in rule} for rule in result[RULES]]
    _add_children(result, node, definitions, place, in_list)
    _require_bounds(result, place)
    return result


def _resolved(schema: Schema, definitions: Schema, place: str) -> Schema:
    """The node with its `$ref` and its null branch gone; its own description and default win."""
    node = {keyword: value for keyword, value in schema.items() if keyword != "$defs"}
    while "$ref" in node or "anyOf" in node:
        if "$ref" in node:
            inner = definitions[node.pop("$ref").removeprefix("#/$defs/")]
        else:
            branches = [branch for branch in node.pop("anyOf") if branch != {"type": "null"}]
            if len(branches) != 1:
                raise SchemaError(f"{place}: a CRD knows no anyOf of several types")
            inner = branches[0]
        node = {**inner, **node}
    return node


def _without_nulls(default: Any) -> Any:
    if isinstance(default, dict):
        return {name: value for name, value in default.items() if value is not None}
    return default


def _add_children(result: Schema, node: Schema, definitions: Schema, place: str, in_list: bool) -> None:
    if "properties" in node:
        result["properties"] = {
            name: convert(child, definitions, f"{place}.{name}", in_list=in_list)
            for name, child in node["properties"].items()
        }
    if "items" in node:
        item = convert(node["items"], definitions, f"{place}[]", in_list=True)
        result["items"] = _with_keys_required(item, result.get(MAP_KEYS, ()))
    members = node.get("additionalProperties", False)
    if isinstance(members, dict):
        result["additionalProperties"] = convert(members, definitions, f"{place}{{}}", in_list=True)
    elif members and not node.get(ANY_MEMBERS):
        raise SchemaError(f"{place}: members of any kind need {ANY_MEMBERS}")
    if required := node.get("required"):
        result[RULES] = [must_be_set(name) for name in required] + result.get(RULES, [])


def must_be_set(name: str) -> dict[str, str]:
    """The CEL rule that stands for `required`."""
    return {
        "rule": f"has(self.{name})",
        "message": missing(name),
        "reason": REQUIRED,
        "fieldPath": f".{name}",
    }


def _with_keys_required(item: Schema, keys: list[str]) -> Schema:
    """The keys of a list map must be `required` in Kubernetes' own way, so they need no CEL."""
    if keys:
        item["required"] = list(keys)
        fields = {f".{key}" for key in keys}
        item[RULES] = [
            rule for rule in item[RULES] if rule["reason"] != REQUIRED or rule.get("fieldPath") not in fields
        ]
        if not item[RULES]:
            del item[RULES]
    return item


def _require_bounds(schema: Schema, place: str) -> None:
    kind = schema.get("type")
    unbounded = (
        (kind == "string" and "maxLength" not in schema and schema.get("format") != "date-time")
        or (kind == "array" and "maxItems" not in schema)
        or (kind == "object" and "properties" not in schema and "maxProperties" not in schema)
    )
    if unbounded:
        raise SchemaError(f"{place}: a {kind} needs a bound")
    if kind is None and not schema.get(ANY_MEMBERS):
        raise SchemaError(f"{place}: needs a type")
