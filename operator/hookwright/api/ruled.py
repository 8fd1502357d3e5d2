"""How a rule of the contract is written down once and read twice.

A `Rule` holds its sentence, its CEL text and its Python predicate. `Follows` puts rules on a field's value,
`Ruled` puts rules on a whole object, `Distinct` forbids repeats in a list; each both checks in pydantic and
adds itself to the JSON schema, from which `crd_schema` makes the CRD. The rules themselves are in `rules`.
Nothing here knows a particular rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, LiteralString, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from hookwright.api.base import Model

BROKEN_VALUE = "broken_value_rule"
BROKEN_OBJECT = "broken_object_rule"
REPEATED = "repeated_item"

TYPES_ONLY: dict[str, bool] = {}
"""Validation context that leaves out every `Rule`, so that an object with mistakes can be walked."""

INVALID = "FieldValueInvalid"
REQUIRED = "FieldValueRequired"
FORBIDDEN = "FieldValueForbidden"


@dataclass(frozen=True, slots=True)
class Rule:
    """One value rule.

    `cel` speaks of `self` as the API server does; `holds` is given the same value, or the model where a rule
    stands on a whole object. `field` is the member that a mistake is reported at, by its manifest name
    ("": the value itself). `reason` is one of Kubernetes' four reasons of a CEL rule.
    """

    sentence: str
    cel: str
    holds: Callable[[Any], bool]
    field: str = ""
    reason: str = INVALID

    @property
    def reads(self) -> frozenset[str]:
        """Members of the object that the rule looks at."""
        return frozenset(re.findall(r"\bself\.([A-Za-z0-9]+)\b(?!\()", self.cel))

    def for_crd(self) -> dict[str, str]:
        """The entry of `x-kubernetes-validations`."""
        entry = {"rule": self.cel, "message": self.sentence, "reason": self.reason}
        if self.field:
            entry["fieldPath"] = f".{self.field}"
        return entry


def broken(rules: tuple[Rule, ...], value: Any) -> tuple[Rule, ...]:
    """The rules that a value breaks."""
    return tuple(rule for rule in rules if not rule.holds(value))


def _error(kind: LiteralString, rules: tuple[Rule, ...]) -> PydanticCustomError:
    sentences = tuple(rule.sentence for rule in rules)
    return PydanticCustomError(kind, "{text}", {"text": "; ".join(sentences), "sentences": sentences})


def _add_to_schema(schema: JsonSchemaValue, rules: tuple[Rule, ...]) -> None:
    schema.setdefault("x-kubernetes-validations", []).extend(rule.for_crd() for rule in rules)


class Follows:
    """Annotation: the value follows these rules."""

    def __init__(self, *rules: Rule) -> None:
        self.rules = rules

    def check(self, value: Any, info: ValidationInfo) -> Any:
        """The value itself; pydantic's custom error, with every broken rule, if it breaks one."""
        if info.context is not TYPES_ONLY:
            for rule in self.rules:
                if not rule.holds(value):
                    raise _error(BROKEN_VALUE, broken(self.rules, value))
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        json_schema = handler(schema)
        _add_to_schema(json_schema, self.rules)
        return json_schema


class Distinct:
    """Annotation: no two items of a list are equal, or have the same `key`.

    In the CRD a set, or a list map by `key`; the API server says it in Kubernetes' words, at the second item.
    """

    def __init__(self, key: str | None = None) -> None:
        self.key = key

    def check(self, items: list[Any], info: ValidationInfo) -> list[Any]:
        """The list itself; pydantic's custom error, with the index of the first repeat, otherwise."""
        if info.context is TYPES_ONLY:
            return items
        seen: set[str] = set()
        for index, item in enumerate(items):
            value = getattr(item, self.key) if self.key else item
            if value in seen:
                raise PydanticCustomError(REPEATED, "item {index} is a repeat", {"index": index})
            seen.add(value)
        return items

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        json_schema = handler(schema)
        json_schema["x-kubernetes-list-type"] = "map" if self.key else "set"
        if self.key:
            json_schema["x-kubernetes-list-map-keys"] = [self.key]
        return json_schema


class Ruled(Model):
    """A model with rules over its fields together."""

    RULES: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _follow_rules(self, info: ValidationInfo) -> Self:
        if info.context is not TYPES_ONLY and (rules := broken(self.RULES, self)):
            raise _error(BROKEN_OBJECT, rules)
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        json_schema = handler(schema)
        _add_to_schema(handler.resolve_ref_schema(json_schema), cls.RULES)
        return json_schema
