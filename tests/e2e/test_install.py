"""The image as any user, and what an uninstall leaves."""

from __future__ import annotations

from e2e.conftest import APPS, PRODUCT, RELEASE, Release
from e2e.kube import Kube, pod


def test_image_runs_as_any_user(kube: Kube, image: str, release: Release) -> None:
    """A user without a name, nothing writable: both processes are there, down to what kopf asks of its user."""
    script = "import getpass, hookwright.controller.handlers, hookwright.dispatcher.app; getpass.getuser()"
    anybody = pod("anybody", PRODUCT, image, ["python3", "-c", script], {})
    anybody["spec"]["securityContext"]["runAsUser"] = 1_000_680_000
    anybody["spec"]["restartPolicy"] = "Never"
    kube.apply(anybody)
    kube("-n", PRODUCT, "wait", "pod/anybody", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s")


def test_uninstall_leaves_webhooks_and_deliveries(
    kube: Kube, image: str, release: Release, examples: list[str]
) -> None:
    """A release of the same name takes up the claim and every Webhook of the one before."""
    claim = kube.get("persistentvolumeclaim", f"{RELEASE}-data", PRODUCT)["metadata"]["uid"]
    release.helm("uninstall", RELEASE, "--wait")
    names = {each["metadata"]["name"] for each in kube.items("secrets,roles,serviceaccounts,jobs", PRODUCT)}
    assert not {name for name in names if name.startswith(RELEASE)}
    assert sorted(examples) == [each["metadata"]["name"] for each in kube.items("webhooks", APPS)]
    release.install(image)
    deployments = [f"deployment/{RELEASE}-{component}" for component in ("controller", "dispatcher")]
    kube.wait("Available", *deployments, namespace=PRODUCT, seconds=90)
    assert kube.get("persistentvolumeclaim", f"{RELEASE}-data", PRODUCT)["metadata"]["uid"] == claim
    kube.wait("Ready", "webhooks", "--all", namespace=APPS)
    token = kube.get("secret", f"{RELEASE}-ingest-token", PRODUCT)["data"]
    kube("-n", APPS, "patch", "secret", "events-token", "-p", f'{{"data": {{"token": "{token["token"]}"}}}}')
