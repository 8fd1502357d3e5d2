"""What refuses the controller, on a real API server: policies, rights that go, namespaces that go, a second release."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.conftest import PRODUCT, RELEASE, ROOT, Release, helm
from e2e.kube import Kube, ours, until

SECOND = "hookwright-e2e-second"
KEPT, GOES = "hookwright-e2e-kept", "hookwright-e2e-goes"
CONTROLLER = f"deployment/{RELEASE}-controller"
SAYS = "the team has to be named"
POLICIES = "admissionregistration.k8s.io/v1"


def webhook(name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    """One that is Ready once it is handled."""
    return ours(
        "Webhook", name, namespace, {"url": "https://hooks.slack.com/x", "triggers": ["Manual"], **spec}
    )


def policy(name: str, namespace: str, group: str, resource: str, allows: str) -> list[dict[str, Any]]:
    """Refuses what `allows` (CEL) is not true of, in one namespace."""
    rule = {
        "apiGroups": [group],
        "apiVersions": ["*"],
        "operations": ["CREATE", "UPDATE"],
        "resources": [resource],
    }
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule], "namespaceSelector": selector},
        "validations": [{"expression": allows, "message": SAYS}],
    }
    binding = {"policyName": name, "validationActions": ["Deny"]}
    kinds = {"ValidatingAdmissionPolicy": spec, "ValidatingAdmissionPolicyBinding": binding}
    return [
        {"apiVersion": POLICIES, "kind": kind, "metadata": {"name": name}, "spec": each}
        for kind, each in kinds.items()
    ]


def refused(kube: Kube, *arguments: str) -> bool:
    """Whether a policy refuses a call, which takes a moment after it was made."""
    try:
        kube(*arguments)
    except AssertionError as error:
        return SAYS in str(error)
    return False


def remove_policy(kube: Kube, name: str) -> None:
    """Both halves."""
    kube("delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", name, "--ignore-not-found")


def logged(kube: Kube, namespace: str, deployment: str, text: str) -> list[dict[str, Any]]:
    """The controller's lines that hold a text."""
    lines = kube("-n", namespace, "logs", deployment).splitlines()
    return [json.loads(each) for each in lines if text in each]


def condition(kube: Kube, name: str, namespace: str, kind: str) -> tuple[str, str, str]:
    """Status, reason and message; empty while there is none."""
    found = kube.conditions("webhook", name, namespace).get(kind, {})
    return found.get("status", ""), found.get("reason", ""), found.get("message", "")


def test_statuses_that_a_policy_refuses_are_no_flood(kube: Kube, place: str) -> None:
    """Thirty objects: a line with their number, not one for each try; all are written soon after the policy is gone."""
    names = [f"w{number:02}" for number in range(30)]
    kube.apply(webhook("first", place))
    kube.wait("Ready", "webhook/first", namespace=place)
    kube.apply(*policy("e2e-status", place, "hookwright.io", "webhooks/status", "false"))
    try:
        patch = ("patch", "webhook", "first", "--subresource=status", "--type=merge", "-p")
        until(lambda: refused(kube, "-n", place, *patch, '{"status": {"host": "other"}}'))
        kube.apply(*(webhook(name, place) for name in names))
        lines = until(lambda: logged(kube, PRODUCT, CONTROLLER, SAYS))
        assert len(lines) <= 2, lines
    finally:
        remove_policy(kube, "e2e-status")
    kube.wait("Ready", "webhooks", "--all", namespace=place)
    assert len(logged(kube, PRODUCT, CONTROLLER, SAYS)) <= 4


def test_a_configuration_that_a_policy_refuses_is_said_on_the_objects(kube: Kube, place: str) -> None:
    """With the policy's own sentence; a mistake in a spec is told as ever; both go when the policy goes."""
    allows = f"!object.metadata.name.startsWith('{RELEASE}-config-')"
    kube.apply(*policy("e2e-secrets", PRODUCT, "", "secrets", allows))
    try:
        label = ("label", "secret", f"{RELEASE}-config-0", "e2e=x", "--overwrite", "--dry-run=server")
        until(lambda: refused(kube, "-n", PRODUCT, *label))
        kube.apply(webhook("waits", place), webhook("wrong", place, bodyTemplate="{{ nothing( }}"))
        until(lambda: condition(kube, "waits", place, "Programmed")[1] == "ConfigurationRefused")
        status, _, message = condition(kube, "waits", place, "Ready")
        assert status == "False"
        assert SAYS in message
        until(lambda: condition(kube, "wrong", place, "Accepted")[0] == "False")
    finally:
        remove_policy(kube, "e2e-secrets")
    kube.wait("Ready", "webhook/waits", namespace=place)


@pytest.fixture(scope="module")
def second(kube: Kube, image: str, release: Release) -> Iterator[Kube]:
    """Another release over two namespaces, in which it came first: the other controller sleeps."""
    for name in (SECOND, KEPT, GOES):
        kube.namespace(name)
    kube("-n", PRODUCT, "scale", CONTROLLER, "--replicas=0")
    repository, _, tag = image.rpartition(":")
    values = {
        "image": {"repository": repository, "tag": tag},
        "fullnameOverride": "second",
        "crds": {"enabled": False},
        "persistence": {"size": "1Gi"},
        "watchNamespaces": [GOES, KEPT],
    }
    options = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
    helm(kube, SECOND, "install", "second", str(ROOT / "charts/hookwright"), *options)
    deployments = ("deployment/second-controller", "deployment/second-dispatcher")
    kube.wait("Available", *deployments, namespace=SECOND, seconds=90)
    yield kube
    helm(kube, SECOND, "uninstall", "second", "--ignore-not-found", "--wait")
    kube("-n", PRODUCT, "scale", CONTROLLER, "--replicas=1")
    kube.wait("Available", CONTROLLER, namespace=PRODUCT, seconds=90)
    kube("delete", "namespace", SECOND, KEPT, GOES, "--ignore-not-found")


def restart(kube: Kube) -> None:
    """The second release's controller."""
    kube("-n", SECOND, "rollout", "restart", "deployment/second-controller")
    kube("-n", SECOND, "rollout", "status", "deployment/second-controller", "--timeout=60s")


def test_a_namespace_that_is_gone_or_refuses_stops_no_other(second: Kube) -> None:
    """After a restart, too; it is told of, and heals by itself once namespace and binding are back."""
    kube = second
    kinds = ("role", "rolebinding")
    rights = [kube.get(kind, f"second-watch.{SECOND}", GOES) for kind in kinds]
    for each in rights:
        each["metadata"] = {name: each["metadata"][name] for name in ("name", "namespace", "labels")}
    kube.apply(webhook("w", KEPT), webhook("w", GOES))
    for namespace in (KEPT, GOES):
        kube.wait("Ready", "webhook/w", namespace=namespace)
    kube("delete", "namespace", GOES)
    restart(kube)
    kube.apply(webhook("late", KEPT))
    kube.wait("Ready", "webhook/late", namespace=KEPT)
    told = logged(kube, SECOND, "deployment/second-controller", f"Namespace {GOES} refuses")
    assert len(told) == 1
    kube.namespace(GOES)
    kube.apply(webhook("back", GOES), *rights)
    kube.wait("Ready", "webhook/back", namespace=GOES, seconds=90)
    kube("-n", GOES, "delete", "rolebinding", f"second-watch.{SECOND}")
    restart(kube)
    kube.apply(webhook("later", KEPT))
    kube.wait("Ready", "webhook/later", namespace=KEPT)
    kube.apply(*rights)


def test_two_releases_do_not_fight(second: Kube) -> None:
    """The first keeps the status, the other says so on the object, and takes over when the first is gone."""
    kube = second
    kube.apply(webhook("shared", KEPT))
    kube.wait("Ready", "webhook/shared", namespace=KEPT)
    kube("-n", PRODUCT, "scale", CONTROLLER, "--replicas=1")
    until(lambda: "HandledByAnother" in kube("-n", KEPT, "describe", "webhook", "shared"))

    def status() -> dict[str, Any]:
        return kube.get("webhook", "shared", KEPT)["status"]

    assert status()["handledBy"] == f"{SECOND}/second"
    assert logged(kube, PRODUCT, CONTROLLER, f"Release {SECOND}/second handles")
    generations = {each["metadata"]["resourceVersion"] for each in kube.items("webhooks", KEPT)}
    kube.apply(webhook("new", KEPT))
    kube.wait("Ready", "webhook/new", namespace=KEPT)
    after = {each["metadata"]["resourceVersion"] for each in kube.items("webhooks", KEPT)}
    assert len(generations - after) <= 1
    helm(kube, SECOND, "uninstall", "second", "--wait")
    until(lambda: status()["handledBy"] == f"{PRODUCT}/{RELEASE}", 180)
    kube.wait("Ready", "webhook/shared", namespace=KEPT)
