"""What objects may hold, as strict JSON Schemas: those of Kubernetes itself from the OpenAPI of its Go module, those of the
Prometheus operator and the Gateway API from the CRDs of theirs. The modules come from Go's cache or its proxy.

Must not: know what the chart renders.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

KUBERNETES = "k8s.io/kubernetes@v1.34.4"
PROMETHEUS = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
GATEWAYS = "sigs.k8s.io/gateway-api@v1.4.0"
CRDS = [
    (PROMETHEUS, "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml"),
    (PROMETHEUS, "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml"),
    (GATEWAYS, "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"),
]
LOOSE = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["string", "integer"]},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number"]},
}


def module(named: str) -> Path:
    """The folder of a Go module."""
    done = subprocess.run(
        ["go", "mod", "download", "-json", named], cwd="/", capture_output=True, text=True, check=True
    )
    return Path(json.loads(done.stdout)["Dir"])


def strict(schema: Any) -> Any:
    """The schema where an object holds no field but those that are named."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: strict(each) for name, each in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        open_ended = schema.get("x-kubernetes-preserve-unknown-fields", False)
        closed.setdefault("additionalProperties", open_ended)
    return closed


@cache
def kubernetes() -> dict[tuple[str, str], jsonschema_rs.Validator]:
    """(apiVersion, kind) → validator."""
    swagger = json.loads((module(KUBERNETES) / "api/openapi-spec/swagger.json").read_text())
    definitions = {name: LOOSE.get(name, strict(each)) for name, each in swagger["definitions"].items()}
    return {
        ("/".join(filter(None, (each["group"], each["version"]))), each["kind"]): jsonschema_rs.validator_for(
            {"$ref": f"#/definitions/{name}", "definitions": definitions}
        )
        for name, definition in swagger["definitions"].items()
        for each in definition.get("x-kubernetes-group-version-kind", ())
        if each["kind"] in KINDS
    }


KINDS = {
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "CustomResourceDefinition",
    "Deployment",
    "Ingress",
    "Job",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "Pod",
    "PodDisruptionBudget",
    "Role",
    "RoleBinding",
    "Secret",
    "Service",
    "ServiceAccount",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}
"""A validator of each of the hundreds of others would take its time and room."""


@cache
def others() -> dict[tuple[str, str], jsonschema_rs.Validator]:
    """(apiVersion, kind) → validator, of the CRDs."""
    crds = [yaml.safe_load((module(named) / path).read_text()) for named, path in CRDS]
    return {kind: validator for crd in crds for kind, validator in _versions(crd["spec"])}


def _versions(spec: dict[str, Any]) -> Iterator[tuple[tuple[str, str], jsonschema_rs.Validator]]:
    for version in spec["versions"]:
        schema = strict(version["schema"]["openAPIV3Schema"])
        yield (
            (f"{spec['group']}/{version['name']}", spec["names"]["kind"]),
            jsonschema_rs.validator_for(schema),
        )


def mistakes(each: dict[str, Any]) -> list[str]:
    """What is wrong with an object; a kind that nobody knows is a mistake."""
    kind = each["apiVersion"], each["kind"]
    validator = kubernetes().get(kind) or others().get(kind)
    if validator is None:
        return [f"no schema of {kind}"]
    return [
        f"{each['metadata']['name']} {error.instance_path}: {error.message}"
        for error in validator.iter_errors(each)
    ]
