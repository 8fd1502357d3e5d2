"""What an API server refuses and drops of our objects, by the generated CRDs.

Types, bounds, formats, keys of list maps and members that must be set. The other rules in CEL are for the tests on a
real API server. Must not: import the models that the CRDs are made of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

_FOLDER = Path(__file__).parents[2] / "crds"
KINDS = ("Webhook", "WebhookTest")
_ANY = "x-kubernetes-preserve-unknown-fields"
_KEYS = "x-kubernetes-list-map-keys"
_MUST_BE_SET = re.compile(r"has\(self\.(\w+)\)")


class _ListMap:
    """The keyword of a list whose items have a key: no two have the same."""

    def __init__(self, parent: Mapping[str, Any], keys: list[str], path: list[str]) -> None:
        self._keys = keys

    def validate(self, items: Any) -> None:
        names = [tuple(item.get(key) for key in self._keys) for item in items]
        repeated = next((name for number, name in enumerate(names) if name in names[:number]), None)
        if repeated is not None:
            raise ValueError(f"Duplicate value: {repeated}")


def refusal(kind: str, raw: Mapping[str, Any], part: str | None = None) -> str | None:
    """Why the API server refuses an object, or of it only `part` (`status`), with the field; None: it does not."""
    value = raw if part is None else raw.get(part, {})
    error = next(iter(_validator(kind, part).iter_errors(value)), None)
    if error is None:
        return None
    field = ".".join(map(str, (*([part] if part else ()), *error.instance_path)))
    return f'{kind}.hookwright.io "{raw["metadata"]["name"]}" is invalid: {field}: {error.message}'


def pruned(kind: str, part: str, value: Any) -> Any:
    """`spec` or `status` without the fields that the CRD does not know."""
    return _known(_schema(kind)["properties"][part], value)


def _known(schema: Mapping[str, Any], value: Any) -> Any:
    if isinstance(value, Mapping) and "properties" in schema and not schema.get(_ANY):
        known = schema["properties"]
        return {name: _known(known[name], member) for name, member in value.items() if name in known}
    if isinstance(value, list) and "items" in schema:
        return [_known(schema["items"], item) for item in value]
    return value


@cache
def _schema(kind: str) -> dict[str, Any]:
    definition = yaml.safe_load((_FOLDER / f"{kind.lower()}s.hookwright.io.yaml").read_text())
    (version,) = definition["spec"]["versions"]
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return schema


@cache
def _validator(kind: str, part: str | None) -> Any:
    schema = _schema(kind) if part is None else _schema(kind)["properties"][part]
    return jsonschema_rs.Draft7Validator(
        _with_required(schema), validate_formats=True, keywords={_KEYS: _ListMap}
    )


def _with_required(schema: Any) -> Any:
    """Our rule that a member must be set, in the words of JSON Schema."""
    if isinstance(schema, list):
        return [_with_required(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    rules = schema.get("x-kubernetes-validations", ()) if schema.get("type") == "object" else ()
    found = (_MUST_BE_SET.fullmatch(each["rule"]) for each in rules)
    names = [match[1] for match in found if match]
    below = {name: _with_required(each) for name, each in schema.items()}
    return below | {"required": [*schema.get("required", ()), *names]} if names else below
