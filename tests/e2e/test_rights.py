"""Who may do what, as the API server itself lists it: the product's accounts, and users with the cluster's own roles."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.conftest import APPS, PRODUCT, RELEASE, ROOT, Receiver, Release
from e2e.kube import Kube, ours, until
from e2e.test_kubectl import Run, plugin, told
from hookwright.controller.resources import made_secrets

RBAC = "rbac.authorization.k8s.io"
OURS = ("webhooks", "webhooktests")
ANYBODY = f"system:serviceaccount:{PRODUCT}:default"

Right = tuple[str, str, str, str]
"""API group, resource, name of the object (empty: any), verb."""

EVERYWHERE: set[Right] = {
    *(("hookwright.io", kind, "", verb) for kind in OURS for verb in ("get", "list", "watch")),
    *(("hookwright.io", f"{kind}/status", "", "patch") for kind in OURS),
    *(("", kind, "", verb) for kind in ("secrets", "configmaps") for verb in ("get", "list", "watch")),
    *(("", "namespaces", "", verb) for verb in ("list", "watch")),
    ("", "events", "", "create"),
}
AT_HOME: set[Right] = {
    *(("", "secrets", "", verb) for verb in ("create", "list", "watch")),
    *(("", "secrets", name, verb) for name in made_secrets(RELEASE) for verb in ("get", "patch")),
    *(("", "pods", "", verb) for verb in ("list", "watch", "patch")),
}
"""What docs/install.md says of the controller: of every namespace, and of the release's own beside."""


def rights(kube: Kube, who: str, namespace: str) -> set[Right]:
    """All that an account may do in a namespace."""
    kind = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview"}
    asked = json.dumps({**kind, "spec": {"namespace": namespace}})
    review = json.loads(kube("create", "--validate=false", "-f", "-", "-o", "json", "--as", who, stdin=asked))
    assert not review["status"]["incomplete"]
    return {
        (group, resource, name, verb)
        for rule in review["status"]["resourceRules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", [""])
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize(("namespace", "allowed"), [("default", EVERYWHERE), (PRODUCT, EVERYWHERE | AT_HOME)])
def test_controller_may_what_it_needs_and_no_more(
    kube: Kube, release: Release, namespace: str, allowed: set[Right]
) -> None:
    """The documented minimum, beside what every account may."""
    who = f"system:serviceaccount:{PRODUCT}:{RELEASE}-controller"
    assert rights(kube, who, namespace) - rights(kube, ANYBODY, namespace) == allowed


def refusal(kube: Kube, what: dict[str, Any]) -> str:
    """What the API server says to the controller that applies an object; empty: it may."""
    who = f"system:serviceaccount:{PRODUCT}:{RELEASE}-controller"
    how = ("--server-side", "--force-conflicts", "--as", who, "--dry-run=server", "-f", "-")
    try:
        kube("--namespace", PRODUCT, "apply", *how, stdin=json.dumps({"apiVersion": "v1", **what}))
    except AssertionError as error:
        return str(error)
    return ""


def test_controller_makes_only_its_own_secrets(kube: Kube, release: Release) -> None:
    """What its Role cannot say is refused at admission: another Secret, even beside its own."""

    def made(name: str) -> str:
        return refusal(kube, {"kind": "Secret", "metadata": {"name": name}})

    assert made(f"{RELEASE}-config-7") == ""
    for name in (f"{RELEASE}-config-8", f"{RELEASE}-admin-token-2", "other"):
        assert "is forbidden" in made(name), name


def test_controller_changes_one_annotation_of_its_dispatcher(kube: Kube, release: Release) -> None:
    """Not another annotation, not a label, not the spec, and nothing of another pod."""

    def changed(component: str, **what: dict[str, Any]) -> str:
        (pod,) = kube.items("pods", PRODUCT, "--selector", f"app.kubernetes.io/component={component}")
        metadata = {"name": pod["metadata"]["name"], **what}
        return refusal(kube, {"kind": "Pod", "metadata": metadata})

    ours = {"hookwright.io/config": "abc"}
    sentence = "changes no pods but one annotation of its dispatcher's"
    assert changed("dispatcher", annotations=ours) == ""
    assert sentence in changed("controller", annotations=ours)
    assert sentence in changed("dispatcher", annotations={"other": "x"})
    assert sentence in changed("dispatcher", annotations=ours, labels={"app.kubernetes.io/component": "x"})
    assert sentence in changed("dispatcher", finalizers=["hookwright.io/held"])


@pytest.mark.parametrize("namespace", ["default", PRODUCT])
def test_dispatcher_may_nothing(kube: Kube, release: Release, namespace: str) -> None:
    """Its account has no right of its own, and its pod no token."""
    who = f"system:serviceaccount:{PRODUCT}:{RELEASE}-dispatcher"
    assert rights(kube, who, namespace) == rights(kube, ANYBODY, namespace)
    (running,) = kube.items("pods", PRODUCT, "--selector", "app.kubernetes.io/component=dispatcher")
    assert "serviceAccountToken" not in json.dumps(running["spec"]["volumes"])


def binding(user: str, role: str, namespace: str, kind: str = "ClusterRole") -> dict[str, Any]:
    """A user has a role in a namespace."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": f"{user}-{role}", "namespace": namespace},
        "roleRef": {"apiGroup": RBAC, "kind": kind, "name": role},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": user}],
    }


READ = {"get", "list", "watch"}
WRITE = {"create", "update", "patch", "delete", "deletecollection"}


@pytest.mark.parametrize(("role", "verbs"), [("view", READ), ("edit", READ | WRITE), ("admin", READ | WRITE)])
def test_roles_of_the_cluster_include_our_kinds(
    kube: Kube, examples: list[str], role: str, verbs: set[str]
) -> None:
    """A user with view, edit or admin in a namespace can do there what the role's name says; status is the controller's."""
    kube.apply(binding(f"{role}-user", role, APPS))
    ours = {each for each in rights(kube, f"{role}-user", APPS) if each[0] == "hookwright.io"}
    assert ours == {("hookwright.io", kind, "", verb) for kind in OURS for verb in verbs}


HOST = "https://hooks.slack.com"
TOKEN = "bearer-of-the-test-of-rights"
LABEL = {"hookwright.io/webhook-secret": "true"}
WHERE = {"HOOKWRIGHT_NAMESPACE": PRODUCT, "HOOKWRIGHT_RELEASE": RELEASE}


def documented_role() -> dict[str, Any]:
    """The Role for port-forwards as docs/install.md has it, in the namespace of this release."""
    page = (ROOT / "docs/install.md").read_text()
    (role,) = [yaml.safe_load(each) for each in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    role["metadata"]["namespace"] = PRODUCT
    return role


def user(kube: Kube, name: str, folder: Path) -> Run:
    """`kubectl hookwright` of a user, who has what bindings give."""
    config = yaml.safe_load(kube("config", "view", "--raw", "--flatten"))
    for each in config["users"]:
        each["user"]["as"] = name
    (folder / name).write_text(yaml.safe_dump(config))
    return plugin(folder / name)


@pytest.fixture
def tokens(kube: Kube, release: Release, tmp_path: Path) -> dict[str, str]:
    """Files with the tokens, as an administrator hands them out: `admin`, `ingest`."""
    files = {}
    for purpose in ("admin", "ingest"):
        data = kube.get("secret", f"{RELEASE}-{purpose}-token", PRODUCT)["data"]
        (tmp_path / purpose).write_bytes(base64.b64decode(data["token"]))
        files[purpose] = str(tmp_path / purpose)
    return files


def secret(name: str, place: str, labels: dict[str, str]) -> dict[str, Any]:
    """A Secret with a token."""
    metadata = {"name": name, "namespace": place, "labels": labels}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"token": TOKEN}}


def webhook(name: str, place: str, path: str, credential: str) -> dict[str, Any]:
    """A webhook whose target is told the token."""
    auth = {"bearer": {"tokenSecretRef": {"name": credential, "key": "token"}}}
    spec = {"url": HOST + path, "triggers": ["RequestGranted", "Manual"], "auth": auth}
    return ours("Webhook", name, place, spec)


def apply(kube: Kube, who: str, *objects: dict[str, Any]) -> None:
    """Server-side apply of a user."""
    kube("apply", "--server-side", "--as", who, "-f", "-", stdin=yaml.safe_dump_all(objects))


def test_edit_is_enough_for_webhooks_and_tests(kube: Kube, place: str, tmp_path: Path) -> None:
    """Make, change, list, test, ask for another run, delete; no token and no right elsewhere."""
    kube.apply(binding("editor", "edit", place))
    editor = user(kube, "editor", tmp_path)
    tested = ours("WebhookTest", "own", place, {"webhookRef": {"name": "own"}})
    apply(kube, "editor", secret("own", place, LABEL), webhook("own", place, "/rights/one", "own"), tested)
    kube("-n", place, "wait", "--as", "editor", "--for=condition=Ready", "webhook/own", "webhooktest/own")
    apply(kube, "editor", webhook("own", place, "/rights/two", "own"))
    (item,) = told(editor("list", "-n", place, "-o", "json"))["items"]
    assert item["webhook"] == f"{place}/own"
    (run,) = told(editor("test", f"{place}/own", "-o", "json"))["items"]
    assert run["result"] == "Test successful"
    kube("-n", place, "annotate", "webhook", "own", "hookwright.io/requestedAt=now", "--as", "editor")

    def handled() -> bool:
        return kube.get("webhook", "own", place)["status"].get("lastHandledReconcileAt") == "now"

    until(handled)
    kube("-n", place, "delete", "webhook/own", "webhooktest/own", "--as", "editor")


def test_editor_with_a_token_file_reaches_the_dispatcher(
    kube: Kube, place: str, receiver: Receiver, tokens: dict[str, str], tmp_path: Path
) -> None:
    """With the documented Role and no other right in the release's namespace: send, invoke, invocations, replay."""
    role = documented_role()
    kube.apply(
        role, binding("sender", role["metadata"]["name"], PRODUCT, "Role"), binding("sender", "edit", place)
    )
    sender = user(kube, "sender", tmp_path)
    apply(
        kube, "sender", secret("sent", place, LABEL), webhook("sent", place, "/-/status/404/rights", "sent")
    )
    kube.wait("Ready", "webhook/sent", namespace=place)

    def run(*words: str, purpose: str = "admin") -> Any:
        flag = "--token-file" if purpose == "ingest" else "--admin-token-file"
        return told(sender(*words, "-n", place, flag, tokens[purpose], "-o", "json", **WHERE))

    (event,) = run("send", "--trigger", "RequestGranted", purpose="ingest")["events"]
    (made,) = event["deliveries"]
    assert receiver.arrived(made["id"])["headers"]["authorization"] == f"Bearer {TOKEN}"

    def ended() -> list[str]:
        return [each["result"] for each in run("invocations", "sent")["items"]]

    until(lambda: ended() == ["Rejected"])
    run("replay", "--webhook", "sent", "--since", "1h")
    until(lambda: ended() == ["Rejected", "Rejected"])
    invoked = sender("invoke", f"{place}/sent", "--admin-token-file", tokens["admin"], **WHERE)
    assert (invoked.returncode, "404" in invoked.stdout) == (1, True), invoked.stdout + invoked.stderr
    assert TOKEN not in invoked.stdout + invoked.stderr


def test_who_writes_webhooks_reads_no_secret_through_them(
    kube: Kube, place: str, receiver: Receiver, tokens: dict[str, str], tmp_path: Path
) -> None:
    """A target that gives away all it was told, and a Secret that is none of ours: the value is shown nowhere."""
    for part in ("view", "edit"):
        kube.apply(binding("author", f"{RELEASE}-{part}", place))
    assert not {each for each in rights(kube, "author", place) if each[1] == "secrets"}
    kube.apply(secret("labelled", place, LABEL), secret("private", place, {}))
    path = "/-/mirror/404/rights"
    for name, credential in {"mirror": "labelled", "steals": "private"}.items():
        tested = ours("WebhookTest", name, place, {"webhookRef": {"name": name}})
        apply(kube, "author", webhook(name, place, path, credential), tested)
    kube("-n", place, "wait", "--as", "author", "--for=condition=Finished", "webhooktest/mirror")
    refused = until(lambda: kube.conditions("webhook", "steals", place).get("ResolvedRefs"))
    assert (refused["status"], refused["reason"]) == ("False", "SecretNotLabelled")
    assert [each["headers"]["authorization"] for each in receiver.at(path)] == [f"Bearer {TOKEN}"]
    author = user(kube, "author", tmp_path)
    shown = [
        kube("-n", place, "get", "webhooks,webhooktests", "-o", "yaml", "--as", "author"),
        kube("-n", place, "get", "events", "-o", "yaml"),
        author("test", f"{place}/mirror", "-o", "json").stdout,
    ]
    for each in shown:
        assert "mirror" in each
        assert TOKEN not in each
        assert base64.b64encode(TOKEN.encode()).decode() not in each
