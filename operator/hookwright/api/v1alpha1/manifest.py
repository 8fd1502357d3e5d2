"""Whole objects, as they stand in a manifest, and every mistake in one as a list.

`problems` is what `validate`, `dev` and the controller show: each mistake once, as field path and sentence,
in the words of the API server's own answer where that is ours. It names no value that stands in the object.
Metadata is read leniently, `status` not at all: both are Kubernetes' and the controller's.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails

from hookwright.api import ruled, rules
from hookwright.api.base import Model
from hookwright.api.crd_schema import RULES, Schema, structural
from hookwright.api.fields import DURATION
from hookwright.api.ruled import Follows, Ruled
from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.api.v1alpha1.webhooktest import WebhookTestSpec

GROUP = "hookwright.io"
VERSION = "v1alpha1"
API_VERSION = "hookwright.io/v1alpha1"

Location = tuple[int | str, ...]

_FREE_FORM = frozenset({"event", "json"})  # members that hold any JSON, where null is a value


def _without_nulls(value: Any) -> Any:
    """The API server reads a member that is null as one that is not there."""
    if isinstance(value, dict):
        return {
            name: member if name in _FREE_FORM else _without_nulls(member)
            for name, member in value.items()
            if member is not None
        }
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


class Metadata(Model):
    """What we read of an object's metadata; the rest is Kubernetes' business."""

    model_config = ConfigDict(extra="ignore")

    name: Annotated[str, Follows(rules.OBJECT_NAME)]
    """Name, unique in its namespace."""
    namespace: str | None = None
    """Namespace; None in a manifest that leaves it open."""
    labels: dict[str, str] | None = None
    """Labels."""
    annotations: dict[str, str] | None = None
    """Annotations."""
    generation: int | None = None
    """Counted by the API server at each change of spec."""
    uid: str | None = None
    """Given by the API server."""


class _Object(Model):
    """What both kinds have in common."""

    api_version: Literal["hookwright.io/v1alpha1"]
    metadata: Metadata
    status: Any = None

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        data = {name: member for name, member in data.items() if member is not None}
        return data | {"spec": _without_nulls(data["spec"])} if "spec" in data else data


class Webhook(_Object):
    """An outbound webhook: which events go where, in which form, with which credentials."""

    kind: Literal["Webhook"]
    spec: WebhookSpec


class WebhookTest(_Object):
    """A test of a Webhook: sends or renders one event and checks what comes of it."""

    kind: Literal["WebhookTest"]
    spec: WebhookTestSpec


KINDS: dict[str, type[Webhook] | type[WebhookTest]] = {"Webhook": Webhook, "WebhookTest": WebhookTest}
SPECS: dict[str, type[WebhookSpec] | type[WebhookTestSpec]] = {
    "Webhook": WebhookSpec,
    "WebhookTest": WebhookTestSpec,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: the path of the field below the object (`spec.headers[2].name`) and a sentence."""

    field: str
    sentence: str


def problems(kind: str, obj: Any) -> list[Problem]:
    """Every mistake in an object of a kind (a key of `KINDS`), each once; empty if it is right.

    `obj` is what JSON or YAML gave, of whatever shape. A rule over several fields says nothing while one of
    them has the wrong type.
    """
    try:
        KINDS[kind].model_validate(obj, by_alias=True, by_name=False)
    except ValidationError as error:
        errors = error.errors(include_url=False)
    else:
        return []
    found = [(_place(e), sentence) for e in errors for sentence in _sentences(kind, e)]
    spec = obj.get("spec") if isinstance(obj, dict) else None
    if isinstance(spec, dict):
        found += _broken_object_rules(kind, _without_nulls(spec))
    return [Problem(_path(place), sentence) for place, sentence in found]


def _place(error: ErrorDetails) -> Location:
    """Where the mistake is: of a repeat, the second of the two items, as the API server has it."""
    return (*error["loc"], error["ctx"]["index"]) if error["type"] == ruled.REPEATED else error["loc"]


# --- rules over several fields -------------------------------------------------------------------


def readable(kind: str, obj: Any) -> WebhookSpec | WebhookTestSpec | None:
    """The spec of an object that breaks rules, harmless values in place of wrong types; None: there is none.

    Its other values may break rules as well: for looking at what else is wrong, never for use.
    """
    spec = obj.get("spec") if isinstance(obj, dict) else None
    return _read(kind, _without_nulls(spec))[0] if isinstance(spec, dict) else None


def _broken_object_rules(kind: str, spec: dict[str, Any]) -> Iterator[tuple[Location, str]]:
    """pydantic leaves these out where a field is wrong: they are walked over a spec of the right types."""
    model, repaired = _read(kind, spec)
    return _walk(model, ("spec",), repaired)


def _read(kind: str, spec: dict[str, Any]) -> tuple[WebhookSpec | WebhookTestSpec, set[Location]]:
    """The spec with harmless values in place of wrong types, and where they stand."""
    repaired: set[Location] = set()
    while True:
        try:
            model = SPECS[kind].model_validate(spec, by_alias=True, by_name=False, context=ruled.TYPES_ONLY)
        except ValidationError as error:
            for each in error.errors(include_url=False, include_context=False, include_input=False):
                place = ("spec", *each["loc"])
                spec = _repaired(spec, each["loc"], _harmless(kind, each["type"], place))
                repaired.add(place)
        else:
            return model, repaired


_ABSENT = object()


def _harmless(kind: str, error: str, place: Location) -> Any:
    """A value of the type that is wanted at a place, or none where none is."""
    node = _at(kind, place)
    if error == "extra_forbidden" or not node:
        return _ABSENT
    return {"string": "x", "boolean": False, "integer": 1, "array": ["x"]}.get(node.get("type", ""), {})


def _repaired(value: Any, place: Location, harmless: Any) -> Any:
    """A copy with another value at the place; a list whose item is wrong keeps its length."""
    if not place:
        return harmless
    part, rest = place[0], place[1:]
    if isinstance(part, int):
        return [_repaired(item, rest, harmless) if i == part else item for i, item in enumerate(value)]
    copy = {name: member for name, member in value.items() if name != part}
    member = _repaired(value.get(part), rest, harmless)
    return copy if member is _ABSENT else copy | {part: member}


def _walk(model: Model, place: Location, repaired: set[Location]) -> Iterator[tuple[Location, str]]:
    """Broken rules of the object and of those below it, but for rules that read a repaired field."""
    if place in repaired:
        return
    if isinstance(model, Ruled):
        for rule in ruled.broken(model.RULES, model):
            if repaired.isdisjoint((*place, name) for name in rule.reads):
                yield (*place, *rule.field.split(".")) if rule.field else place, rule.sentence
    for name, field in type(model).model_fields.items():
        value, below = getattr(model, name), (*place, field.alias or name)
        if isinstance(value, Model):
            yield from _walk(value, below, repaired)
        elif isinstance(value, list) and below not in repaired:
            for index, item in enumerate(value):
                if isinstance(item, Model):
                    yield from _walk(item, (*below, index), repaired)


# --- words ---------------------------------------------------------------------------------------

_TYPES: dict[str, Callable[[dict[str, Any]], str]] = {
    "string_type": lambda _: "must be a text: put it in quotes",
    "bool_type": lambda _: "must be true or false",
    "int_type": lambda _: "must be a whole number",
    "int_from_float": lambda _: "must be a whole number",
    "list_type": lambda _: "must be a list",
    "dict_type": lambda _: "must be a mapping of names to values",
    "model_type": lambda _: "must be a mapping of names to values",
    "model_attributes_type": lambda _: "must be a mapping of names to values",
    "string_too_long": lambda ctx: f"must have at most {ctx['max_length']} characters",
    "string_too_short": lambda _: "must not be empty",
    "too_long": lambda ctx: f"must have at most {ctx['max_length']} entries",
    "too_short": lambda ctx: f"must have at least {ctx['min_length']} entry",
    "literal_error": lambda ctx: f"must be {ctx['expected'].strip(chr(39))}",
    ruled.REPEATED: lambda _: "must not repeat an entry: remove one of them",
}


def _sentences(kind: str, error: ErrorDetails) -> Sequence[str]:
    """What one of pydantic's errors means; nothing for a rule over several fields: these are walked."""
    sort, context = error["type"], error.get("ctx", {})
    if sort == ruled.BROKEN_OBJECT:
        return ()
    if sort == ruled.BROKEN_VALUE:
        sentences: tuple[str, ...] = context["sentences"]
        return sentences
    name = _name(error["loc"])
    if sort == "missing":
        return (rules.missing(name),)
    if sort == "extra_forbidden":
        return (_unknown(kind, error["loc"]),)
    if sort == "string_type" and (sentence := _duration(kind, error["loc"])):
        return (sentence,)
    words = _TYPES.get(sort)
    return (f"{name} {words(context)}" if words else f"{name} is not valid: {error['msg']}",)


def _duration(kind: str, place: Location) -> str | None:
    """What a number where a duration is wanted means is what a text without a unit means."""
    found = _at(kind, place).get(RULES, ())
    return next((rule["message"] for rule in found if DURATION.pattern in rule["rule"]), None)


def _name(place: Location) -> str:
    """`headers` or `triggers[0]`, the field's own name."""
    name = ""
    for part in reversed(place):
        if isinstance(part, str):
            return f"{part}{name}"
        name = f"[{part}]{name}"
    return name or "the object"


def _unknown(kind: str, place: Location) -> str:
    known = list(_at(kind, place[:-1]).get("properties", ()))
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(str(place[-1]).lower().replace("_", ""), by_lower, n=1)
    return f"unknown field; did you mean {by_lower[near[0]]}?" if near else "unknown field: remove it"


# --- paths ---------------------------------------------------------------------------------------


@cache
def _schema(kind: str) -> Schema:
    metadata: Schema = {"properties": {name: {} for name in Metadata.model_fields}}
    return {
        "properties": {
            "apiVersion": {},
            "kind": {},
            "metadata": metadata,
            "spec": structural(SPECS[kind]),
            "status": {},
        }
    }


def _step(node: Schema, part: int | str) -> Schema:
    if isinstance(part, int):
        return dict(node.get("items", {}))
    return dict(node.get("properties", {}).get(part) or node.get("additionalProperties") or {})


def _at(kind: str, place: Location) -> Schema:
    node = _schema(kind)
    for part in place:
        node = _step(node, part)
    return node


def _path(place: Location) -> str:
    """`spec.headers[2].name`, in the API server's way of writing."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
