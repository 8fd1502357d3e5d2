"""kopf's watches, against a server on this machine that speaks Kubernetes' HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.json_server import JsonServer

PROGRAM = """
import asyncio
from hookwright.controller.handlers import watch
from hookwright.controller.inventory import Inventory
asyncio.run(watch(Inventory(print), lambda: None, []))
"""
OURS = "/apis/hookwright.io/v1alpha1"
CRDS = "apiextensions.k8s.io"


def resources(**kinds: str) -> dict[str, Any]:
    """What a group has, as the API server lists it: plural → kind."""
    verbs = ["get", "list", "watch", "patch"]
    return {
        "resources": [
            {"name": plural, "singularName": "", "kind": kind, "namespaced": True, "verbs": verbs}
            for plural, kind in kinds.items()
        ]
    }


def groups(*names: str) -> dict[str, Any]:
    """Groups of one version each, `group/version`."""
    return {
        "groups": [
            {"name": group, "versions": [{"version": version}], "preferredVersion": {"version": version}}
            for group, version in (each.split("/") for each in names)
        ]
    }


@pytest.fixture
def server() -> Iterator[JsonServer]:
    """Knows our kinds and has none of them."""
    running = JsonServer()
    empty = (200, {"metadata": {"resourceVersion": "7"}, "items": []})
    running.answers = {
        "/api": [(200, {"versions": ["v1"]})],
        "/apis": [(200, groups("hookwright.io/v1alpha1", f"{CRDS}/v1"))],
        "/api/v1": [(200, resources(namespaces="Namespace", events="Event"))],
        f"/apis/{CRDS}/v1": [(200, resources(customresourcedefinitions="CustomResourceDefinition"))],
        OURS: [(200, resources(webhooks="Webhook", webhooktests="WebhookTest"))],
        f"{OURS}/webhooks": [empty],
        f"{OURS}/webhooktests": [empty],
    }
    yield running
    running.close()


def test_a_kind_that_is_no_more_ends_the_feed(server: JsonServer, tmp_path: Path) -> None:
    """The watch of a deleted CRD fails, and kopf with it: a controller that went on would be deaf and look well."""
    gone = {"kind": "Status", "code": 404, "message": "there is no such resource"}
    server.answers[f"{OURS}/webhooks"] += [(404, gone)]
    server.answers[f"{OURS}/webhooktests"] += [(404, gone)]
    clusters = [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.port}"}}]
    contexts = [{"name": "x", "context": {"cluster": "c", "user": "u"}}]
    users = [{"name": "u", "user": {}}]
    config = {"clusters": clusters, "contexts": contexts, "users": users, "current-context": "x"}
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "KUBECONFIG": str(tmp_path / "kubeconfig")},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, "APINotFoundError" in done.stderr) == (1, True), done.stderr
