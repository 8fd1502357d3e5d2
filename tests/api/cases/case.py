"""One row of the table of good and bad manifests.

The table is judged twice: by the models (`test_cases`), and by an API server that holds the CRDs.
A `Bad` row names the field path and the exact sentence. `server` is what the API server says at the same
path: `OURS`, where a CEL rule carries our sentence, else a part of Kubernetes' own words.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

OURS = "our sentence"

TOO_LONG = "Too long: may not be more than"
TOO_MANY = "Too many:"
TOO_FEW = "should have at least"
EMPTY = "should be at least 1 chars long"
WRONG_TYPE = "must be of type"
REQUIRED = "Required value"
REPEATED = "Duplicate value"
NO_SUBDOMAIN = "a lowercase RFC 1123 subdomain must consist of"
UNKNOWN = "unknown field"

ABSENT = object()


@dataclass(frozen=True, slots=True)
class Good:
    """A manifest that both accept."""

    name: str
    manifest: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bad:
    """A manifest with exactly one mistake."""

    name: str
    manifest: dict[str, Any]
    field: str
    sentence: str
    server: str = OURS


def manifest(kind: str, spec: Any, name: str = "case") -> dict[str, Any]:
    """A whole object."""
    return {
        "apiVersion": "hookwright.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "default"},
        "spec": spec,
    }


def _copy(value: Any) -> Any:
    """A copy in which nothing is shared, as if it had been read from a file."""
    return json.loads(json.dumps(value))


def changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy of a spec with other values at some paths (`headers[0].name`); `ABSENT` takes one out."""
    spec: dict[str, Any] = _copy(base)
    for path, value in changes.items():
        *parents, last = [int(p) if p.isdigit() else p for p in re.findall(r"[^.\[\]]+", path)]
        holder: Any = spec
        for part in parents:
            holder = holder[part]
        if value is ABSENT:
            del holder[last]
        else:
            holder[last] = _copy(value)
    return spec
