"""The controller's rights over the cluster go and come back, as somebody's clean-up takes them."""

from __future__ import annotations

import json

from e2e.conftest import PRODUCT, RELEASE
from e2e.kube import Kube, ours, until

CONTROLLER = f"deployment/{RELEASE}-controller"
BINDING = f"clusterrolebinding/{RELEASE}-watch.{PRODUCT}"
HOOKS = [f"w{number:02}" for number in range(30)]
SPEC = {"url": "https://hooks.slack.com/-/taken-rights", "triggers": ["Manual"]}


def test_rights_that_go_are_no_flood_and_heal_when_they_are_back(kube: Kube, place: str) -> None:
    """Thirty webhooks change meanwhile: a line for each thing that is refused, then all Ready."""
    kube.apply(*(ours("Webhook", name, place, SPEC) for name in HOOKS))
    kube.wait("Ready", "webhooks", "--all", namespace=place)
    binding = json.loads(kube("get", BINDING, "-o", "json"))
    named = {key: binding["metadata"][key] for key in ("name", "labels", "annotations")}
    (pod,) = kube.items("pods", PRODUCT, "-l", "app.kubernetes.io/component=controller")
    kube("delete", BINDING)
    try:
        kube.apply(*(ours("Webhook", name, place, {**SPEC, "method": "PUT"}) for name in HOOKS))
        until(lambda: refusals(kube, pod["metadata"]["name"]), 120)
    finally:
        text = json.dumps({**binding, "metadata": named})
        kube("apply", "--server-side", "--field-manager=helm", "-f", "-", stdin=text)  # whose it was
    kube.wait("Ready", "webhooks", "--all", namespace=place, seconds=90)
    kube.wait("Available", CONTROLLER, namespace=PRODUCT, seconds=90)
    told = refusals(kube, pod["metadata"]["name"]).splitlines()
    assert len(told) < len(HOOKS), "\n".join(told)


def refusals(kube: Kube, pod: str) -> str:
    """What its log says of answers that refuse."""
    lines = kube("-n", PRODUCT, "logs", pod).splitlines()
    return "\n".join(each for each in lines if "orbidden" in each or "403" in each)
