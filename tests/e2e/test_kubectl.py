"""`kubectl hookwright …`: the command line against the release, as its administrator and as a user with the role edit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.conftest import PRODUCT, RELEASE, Receiver
from e2e.kube import Kube, ours

HOST = "https://hooks.slack.com"
RBAC = "rbac.authorization.k8s.io"
TOKEN = "bearer-of-the-test-of-kubectl"

Run = Callable[..., subprocess.CompletedProcess[str]]


def plugin(kubeconfig: Path) -> Run:
    """`kubectl hookwright` with a kubeconfig, and our commands on the PATH."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "KUBECONFIG": str(kubeconfig)}

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = ["kubectl", "hookwright", *words]
        return subprocess.run(
            command, env={**environment, **more}, capture_output=True, text=True, check=False, timeout=90
        )

    return run


def told(done: subprocess.CompletedProcess[str]) -> Any:
    """The JSON of a command that went well."""
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def webhooks(kube: Kube, place: str) -> str:
    """A namespace with a webhook that works and has a test, and one whose test fails."""
    labels = {"hookwright.io/webhook-secret": "true"}
    metadata = {"name": "credential", "namespace": place, "labels": labels}
    kube.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"token": TOKEN}},
        *(
            ours(
                "Webhook",
                name,
                place,
                {
                    "url": HOST + path,
                    "triggers": ["RequestGranted", "Manual"],
                    "auth": {"bearer": {"tokenSecretRef": {"name": "credential", "key": "token"}}},
                },
            )
            for name, path in {"works": "/kubectl/works", "broken": "/-/status/401/kubectl"}.items()
        ),
        *(ours("WebhookTest", name, place, {"webhookRef": {"name": name}}) for name in ("works", "broken")),
    )
    kube.wait("Ready", "webhook/works", "webhook/broken", namespace=place)
    kube.wait("Finished", "webhooktest/works", "webhooktest/broken", namespace=place)
    return place


@pytest.fixture(scope="module")
def admin(kube: Kube) -> Run:
    """With the rights of the cluster's administrator."""
    return plugin(kube.kubeconfig)


@pytest.fixture(scope="module")
def editor(kube: Kube, webhooks: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """With the cluster's role edit in the namespace of the webhooks, and nothing else."""
    kube.apply(
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "editor", "namespace": webhooks},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "edit"},
            "subjects": [{"apiGroup": RBAC, "kind": "User", "name": "editor"}],
        }
    )
    config = yaml.safe_load(kube("config", "view", "--raw", "--flatten"))
    for user in config["users"]:
        user["user"]["as"] = "editor"
    file = tmp_path_factory.mktemp("editor") / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    return plugin(file)


def test_list_shows_the_webhooks(admin: Run, webhooks: str) -> None:
    """Those of a namespace, by the name that its table shows."""
    items = told(admin("list", "-n", webhooks, "-o", "json"))["items"]
    assert {each["webhook"] for each in items} == {f"{webhooks}/works", f"{webhooks}/broken"}


@pytest.mark.parametrize("who", ["admin", "editor"])
def test_test_ends_with_its_result(request: pytest.FixtureRequest, webhooks: str, who: str) -> None:
    """0 for a test that passes, 1 with a tip for one that fails; the role edit is enough."""
    run: Run = request.getfixturevalue(who)
    (passed,) = told(run("test", f"{webhooks}/works", "-o", "json"))["items"]
    assert passed["result"] == "Test successful"
    failed = run("test", f"{webhooks}/broken", "-o", "json")
    assert failed.returncode == 1, failed.stderr
    (shown,) = json.loads(failed.stdout)["items"]
    assert (shown["result"], shown["invocation"]["response"]["statusCode"]) == ("Test failed", 401)
    assert shown["hint"]
    assert TOKEN not in failed.stdout + failed.stderr


def test_invoke_send_and_invocations(admin: Run, webhooks: str, receiver: Receiver) -> None:
    """A manual run is delivered, an event is accepted, and both are shown with what became of them."""
    invoked = told(admin("invoke", f"{webhooks}/works", "-o", "json"))
    assert (invoked["result"], invoked["trigger"]) == ("Delivered", "Manual")
    sent = told(admin("send", "-n", webhooks, "--trigger", "RequestGranted", "-o", "json"))
    (event,) = sent["events"]
    made = {each["webhook"]: each["id"] for each in event["deliveries"]}
    request = receiver.arrived(made[f"{webhooks}/works"])
    assert request["headers"]["authorization"] == f"Bearer {TOKEN}"
    shown = admin("invocations", f"{webhooks}/works", "-o", "json")
    assert invoked["id"] in {each["id"] for each in told(shown)["items"]}
    assert TOKEN not in shown.stdout


def test_editor_sees_the_webhooks_and_no_secret(editor: Run, webhooks: str) -> None:
    """The table and the tests are theirs; the dispatcher's token is not, which is said with the way out."""
    items = told(editor("list", "-n", webhooks, "-o", "json"))["items"]
    assert {each["webhook"] for each in items} == {f"{webhooks}/works", f"{webhooks}/broken"}
    where = {"HOOKWRIGHT_NAMESPACE": PRODUCT, "HOOKWRIGHT_RELEASE": RELEASE}
    for command, flag in (("invocations", "--admin-token-file"), ("send", "--token-file")):
        refused = editor(command, "-n", webhooks, **where)
        assert refused.returncode == 2
        assert "You may not read the Secret" in refused.stderr
        assert flag in refused.stderr
