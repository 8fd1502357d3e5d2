"""The two CustomResourceDefinitions as whole objects and as YAML, byte for byte the same at each run.

Written to `crds/` by `tools/generate.py`; nothing reads them at run time.
"""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import BaseModel

from hookwright.api.crd_schema import RULES, must_be_set, structural
from hookwright.api.rules import OBJECT_NAME
from hookwright.api.v1alpha1.manifest import API_VERSION, GROUP, KINDS, SPECS, VERSION
from hookwright.api.v1alpha1.status import WebhookStatus, WebhookTestStatus

_STATUS: dict[str, type[BaseModel]] = {"Webhook": WebhookStatus, "WebhookTest": WebhookTestStatus}
_SHORT_NAMES = {"Webhook": "wh", "WebhookTest": "wht"}
_SELECTABLE = {"Webhook": (".spec.active", ".spec.method"), "WebhookTest": ()}
_WIDE = 1  # priority of a column that only `-o wide` shows


def _condition(kind: str, member: str) -> str:
    return f'.status.conditions[?(@.type=="{kind}")].{member}'


def _column(name: str, path: str, kind: str = "string", priority: int = 0) -> dict[str, Any]:
    column: dict[str, Any] = {"name": name, "type": kind, "jsonPath": path}
    return column | ({"priority": priority} if priority else {})


_AGE = _column("Age", ".metadata.creationTimestamp", "date")
_COLUMNS = {
    "Webhook": [
        _column("Active", ".spec.active", "boolean"),
        _column("Host", ".status.host"),
        _column("Ready", _condition("Ready", "status")),
        _column("Reason", _condition("Ready", "reason")),
        _column("Last Result", ".status.lastInvocation.result"),
        _column("Last Invocation", ".status.lastInvocation.time", "date"),
        _AGE,
        _column("Method", ".spec.method", priority=_WIDE),
        _column("Message", _condition("Ready", "message"), priority=_WIDE),
    ],
    "WebhookTest": [
        _column("Webhook", ".spec.webhookRef.name"),
        _column("Mode", ".spec.mode"),
        _column("Result", ".status.result"),
        _column("Ready", _condition("Ready", "status")),
        _column("Last Run", ".status.lastRunTime", "date"),
        _AGE,
        _column("Message", ".status.message", priority=_WIDE),
        _column("Hint", ".status.hint", priority=_WIDE),
    ],
}


def crd_name(kind: str) -> str:
    """`Webhook` → `webhooks.hookwright.io`"""
    return f"{kind.lower()}s.{GROUP}"


def crd(kind: str) -> dict[str, Any]:
    """The CustomResourceDefinition of a kind (`Webhook` or `WebhookTest`)."""
    plural = f"{kind.lower()}s"
    version: dict[str, Any] = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _root(kind)},
        "subresources": {"status": {}},
        "additionalPrinterColumns": _COLUMNS[kind],
    }
    if _SELECTABLE[kind]:
        version["selectableFields"] = [{"jsonPath": path} for path in _SELECTABLE[kind]]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": crd_name(kind),
            # Flux would replace ${…} inside descriptions and rules
            "annotations": {"kustomize.toolkit.fluxcd.io/substitute": "disabled"},
        },
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": [_SHORT_NAMES[kind]],
                "categories": ["hookwright"],
            },
            "versions": [version],
        },
    }


def _root(kind: str) -> dict[str, Any]:
    """The schema of the whole object: what Kubernetes knows of itself stays bare, as it demands."""
    return {
        "description": KINDS[kind].__doc__,
        "type": "object",
        RULES: [must_be_set("spec"), OBJECT_NAME.for_crd()],
        "properties": {
            "apiVersion": {"description": API_VERSION, "type": "string"},
            "kind": {"description": kind, "type": "string"},
            "metadata": {"type": "object", "properties": {"name": {"type": "string"}}},
            "spec": structural(SPECS[kind]),
            "status": structural(_STATUS[kind]) | {"default": {"observedGeneration": -1}},
        },
    }


class _Dumper(yaml.SafeDumper):
    """Lists indented below their key, no aliases for shared parts."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def crd_yaml(kind: str) -> str:
    """The CustomResourceDefinition as YAML."""
    return yaml.dump(crd(kind), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)
