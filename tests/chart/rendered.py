"""How tests of the chart look at what helm rendered."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from chart.conftest import Objects

CONTROLLER, DISPATCHER = ("Deployment", "hookwright-controller"), ("Deployment", "hookwright-dispatcher")
PARTS = [f"hookwright-config-{number}" for number in range(8)]


def pod(objects: Objects, deployment: tuple[str, str]) -> dict[str, Any]:
    """The pod's spec."""
    return objects[deployment]["spec"]["template"]["spec"]


def env(objects: Objects, deployment: tuple[str, str]) -> dict[str, str]:
    """Variables with a value."""
    return {
        each["name"]: each["value"]
        for each in pod(objects, deployment)["containers"][0]["env"]
        if "value" in each
    }


def read(process: str, variables: dict[str, str]) -> dict[str, Any]:
    """Settings of `dispatcher` or `controller`, as the process itself reads them from these variables."""
    script = f"from hookwright.{process}.settings import Settings; print(Settings().model_dump_json())"
    command = [sys.executable, "-c", script]
    return json.loads(
        subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout
    )


def volumes(objects: Objects) -> dict[str, dict[str, Any]]:
    """The dispatcher's volumes."""
    return {each["name"]: each for each in pod(objects, DISPATCHER)["volumes"]}


def kinds(objects: Objects) -> set[str]:
    """All kinds."""
    return {kind for kind, _ in objects}


def rules(objects: Objects, kind: str, name: str) -> set[tuple[str, str, str, str]]:
    """(resource, resource name or empty, verb, API group) of a role."""
    return {
        (resource, name, verb, group)
        for rule in objects[kind, name]["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", [""])
        for verb in rule["verbs"]
    }
