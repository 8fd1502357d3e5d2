"""What tests ask of a cluster beside pytest-kind: objects as dictionaries, waiting, pods fit for the level `restricted`."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import yaml
from pytest_kind import KindCluster

from rig import until as until  # for the tests beside it

SECURE = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
MADE_HERE = {"hookwright-e2e": "true"}
"""Labels a namespace that tests have made and may remove with all that is in it."""


def answers(url: str) -> bool:
    """Whether a GET of this machine, past the API server, is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


class Kube:
    """A cluster, by kubectl."""

    def __init__(self, cluster: KindCluster) -> None:
        self.cluster = cluster
        self.kubeconfig: Path = cluster.kubeconfig_path.absolute()

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl; what it printed. AssertionError with its words if it fails."""
        try:
            return self.cluster.kubectl(*arguments, input=stdin or "", stderr=subprocess.PIPE)
        except subprocess.CalledProcessError as error:
            raise AssertionError(f"kubectl {' '.join(arguments)}: {error.stderr}") from error

    def apply(self, *objects: dict[str, Any]) -> None:
        """Server-side apply."""
        self("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(objects))

    def get(self, kind: str, name: str, namespace: str) -> dict[str, Any]:
        """One object."""
        return json.loads(self("-n", namespace, "get", kind, name, "-o", "json"))

    def items(self, kind: str, namespace: str, *options: str) -> list[dict[str, Any]]:
        """All objects of a kind."""
        return json.loads(self("-n", namespace, "get", kind, *options, "-o", "json"))["items"]

    def wait(self, condition: str, *objects: str, namespace: str, seconds: int = 60) -> None:
        """`kubectl wait --for=condition=…`."""
        self("-n", namespace, "wait", f"--for=condition={condition}", *objects, f"--timeout={seconds}s")

    def namespace(self, name: str, **labels: str) -> None:
        """A namespace under the Pod Security level `restricted`."""
        labels = {**RESTRICTED, **MADE_HERE, **labels}
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})

    def conditions(self, kind: str, name: str, namespace: str) -> dict[str, dict[str, Any]]:
        """Conditions of an object by their type; none while it has no status."""
        status = self.get(kind, name, namespace).get("status", {})
        return {each["type"]: each for each in status.get("conditions", ())}


def ours(kind: str, name: str, namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    """A Webhook or a WebhookTest."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "hookwright.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def pod(
    name: str, namespace: str, image: str, command: list[str], volumes: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """A pod of one container; `volumes`: path in the container → source. Ready once it listens on 8443, if it does."""
    numbered = {f"volume-{number}": path for number, path in enumerate(volumes)}
    container = {
        "name": name,
        "image": image,
        "command": command,
        "securityContext": SECURE,
        "volumeMounts": [{"name": each, "mountPath": path} for each, path in numbered.items()],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
            "volumes": [{"name": each, **volumes[path]} for each, path in numbered.items()],
        },
    }
