"""Who may do what, as the API server itself lists it: the product's accounts, and users with the cluster's own roles."""

from __future__ import annotations

import json

import pytest

from e2e.conftest import APPS, PRODUCT, RELEASE, Release
from e2e.kube import Kube

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
    ("", "secrets", "", "create"),
    *(("", "secrets", f"{RELEASE}-config-{part}", verb) for part in range(8) for verb in ("get", "patch")),
    *(("", "secrets", f"{RELEASE}-{name}", "get") for name in ("ingest-token", "admin-token", "hash-key")),
    *(("", "pods", "", verb) for verb in ("list", "watch", "patch")),
    ("", "services", f"{RELEASE}-dispatcher", "get"),
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


@pytest.mark.parametrize("namespace", ["default", PRODUCT])
def test_dispatcher_may_nothing(kube: Kube, release: Release, namespace: str) -> None:
    """Its account has no right of its own, and its pod no token."""
    who = f"system:serviceaccount:{PRODUCT}:{RELEASE}-dispatcher"
    assert rights(kube, who, namespace) == rights(kube, ANYBODY, namespace)
    (running,) = kube.items("pods", PRODUCT, "--selector", "app.kubernetes.io/component=dispatcher")
    assert "serviceAccountToken" not in json.dumps(running["spec"]["volumes"])


READ = {"get", "list", "watch"}
WRITE = {"create", "update", "patch", "delete", "deletecollection"}


@pytest.mark.parametrize(("role", "verbs"), [("view", READ), ("edit", READ | WRITE), ("admin", READ | WRITE)])
def test_roles_of_the_cluster_include_our_kinds(
    kube: Kube, examples: list[str], role: str, verbs: set[str]
) -> None:
    """A user with view, edit or admin in a namespace can do there what the role's name says; status is the controller's."""
    kube.apply(
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": role, "namespace": APPS},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": RBAC, "kind": "User", "name": f"{role}-user"}],
        }
    )
    ours = {each for each in rights(kube, f"{role}-user", APPS) if each[0] == "hookwright.io"}
    assert ours == {("hookwright.io", kind, "", verb) for kind in OURS for verb in verbs}
