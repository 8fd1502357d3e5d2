"""A status cut to what its fields take, by the models that the CRDs are made of.

The API server refuses a whole status for one field that is too long, and drops a field it does not know without a
word, so that it would be written again and again. Must not: escape, or decide what a status says.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from pydantic import BaseModel

from hookwright.api.crd_schema import Schema, structural
from hookwright.api.v1alpha1.status import WebhookStatus, WebhookTestStatus
from hookwright.core.objects import WEBHOOK, WEBHOOK_TEST

_STATUS: Final[dict[str, type[BaseModel]]] = {WEBHOOK: WebhookStatus, WEBHOOK_TEST: WebhookTestStatus}


def fitted(kind: str, status: Mapping[str, Any]) -> dict[str, Any]:
    """The status of a kind with long texts, lists and maps cut, and without members that it does not have."""
    known: dict[str, Any] = _fit(_schema(kind), status)
    return known


def _fit(schema: Schema, value: Any) -> Any:
    if isinstance(value, str):
        longest = schema.get("maxLength", len(value))
        return value if len(value) <= longest else value[: longest - 1] + "…"
    if isinstance(value, list):
        return [_fit(schema["items"], each) for each in value[: schema["maxItems"]]]
    if isinstance(value, Mapping):
        members = schema.get("properties")
        if members is not None:
            return {name: _fit(members[name], each) for name, each in value.items() if name in members}
        first = list(value.items())[: schema["maxProperties"]]
        return {name: _fit(schema["additionalProperties"], each) for name, each in first}
    return value


@cache
def _schema(kind: str) -> Schema:
    return structural(_STATUS[kind])
