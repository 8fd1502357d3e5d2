"""The chart on a real API server: what is applied stays as it was written, and a release lives where and as it is put."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from e2e.conftest import PRODUCT, RELEASE, ROOT, Release, helm
from e2e.kube import Kube

CHART = str(ROOT / "charts/hookwright")
DOTTED = "9.my.release"


def options(image: str, place: str, **values: Any) -> list[str]:
    """A second release: it has the CRDs of the first, and watches its own namespace alone."""
    repository, _, tag = image.rpartition(":")
    given = {
        "image": {"repository": repository, "tag": tag},
        "crds": {"enabled": False},
        "watchNamespaces": [place],
        "persistence": {"size": "1Gi", "keep": False},
        **values,
    }
    return [f"--set-json={name}={json.dumps(value)}" for name, value in given.items()]


def generations(kube: Kube, manifest: str) -> dict[str, Any]:
    """Generation of each object of a manifest."""
    items = json.loads(kube("get", "-f", "-", "-o", "json", stdin=manifest))["items"]
    return {
        f"{each['kind']} {each['metadata']['name']}": each["metadata"].get("generation") for each in items
    }


def test_what_is_installed_is_what_is_written(kube: Kube, image: str, release: Release) -> None:
    """`kubectl diff` is empty after the installation, and an upgrade with nothing new makes no object anew."""
    manifest = release.helm("get", "manifest", RELEASE)
    assert kube("diff", "-f", "-", stdin=manifest) == ""
    before = generations(kube, manifest)
    release.helm("upgrade", RELEASE, CHART, "--reset-then-reuse-values")
    assert generations(kube, manifest) == before


@pytest.fixture
def applied(kube: Kube, image: str, release: Release, place: str) -> Iterator[str]:
    """The manifest of a release that has the name of the first, applied without helm and without a word of its namespace."""
    manifest = helm(kube, place, "template", RELEASE, CHART, "--no-hooks", *options(image, place))
    kube("apply", "-f", "-", stdin=manifest)
    yield manifest
    kube("delete", "--ignore-not-found", "-f", "-", stdin=manifest)


def test_manifests_can_be_applied_beside_a_release_of_the_same_name(
    kube: Kube, applied: str, place: str
) -> None:
    """All of it stands in its namespace, both processes are ready, and nothing of the first release is another's."""
    deployments = [f"deployment/{RELEASE}-{component}" for component in ("controller", "dispatcher")]
    kube.wait("Available", *deployments, namespace=place, seconds=90)
    kube.wait("Available", *deployments, namespace=PRODUCT)
    assert kube("diff", "-f", "-", stdin=applied) == ""


@pytest.fixture
def crowded(kube: Kube, release: Release) -> Iterator[str]:
    """A namespace at the level `restricted`, in which every container must have a limit of its CPU."""
    name = "hookwright-e2e-quota"
    kube.namespace(name)
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": name}}
    kube.apply({**quota, "spec": {"hard": {"limits.cpu": "4", "count/persistentvolumeclaims": "1"}}})
    yield name
    helm(kube, name, "uninstall", DOTTED, "--ignore-not-found", "--wait")
    kube("delete", "namespace", name)


def test_release_runs_and_is_tested_where_limits_are_asked_for(kube: Kube, image: str, crowded: str) -> None:
    """Its name has dots and begins with a digit, and the pod of `helm test` has limits and marks as all others."""
    limited = {"resources": {"limits": {"cpu": "1", "memory": "256Mi"}}}
    labels = {"team": "a"}
    values = {"dispatcher": limited, "controller": limited, "test": limited, "commonLabels": labels}
    helm(
        kube,
        crowded,
        "install",
        DOTTED,
        CHART,
        *options(image, crowded, **values),
        "--wait",
        "--timeout=120s",
    )
    helm(kube, crowded, "test", DOTTED, "--timeout=60s")
    pods = kube.items("pods", crowded, "-l", "team=a,app.kubernetes.io/name=hookwright")
    assert {each["metadata"]["labels"]["app.kubernetes.io/instance"] for each in pods} == {DOTTED}


def test_refused_values_leave_nothing_behind(kube: Kube, release: Release) -> None:
    """helm fails before the first object."""
    name = "hookwright-e2e-refused"
    kube.namespace(name)
    values = ["--set=crds.enabled=false,persistence.enabled=false,persistence.existingClaim=mine"]
    with pytest.raises(AssertionError, match=r"persistence\.existingClaim is set, but there is no disk"):
        helm(kube, name, "install", "x", CHART, *values)
    assert (
        kube("get", "all,pvc,secrets,serviceaccounts,roles", "-n", name, "-l", "app.kubernetes.io/name") == ""
    )
    kube("delete", "namespace", name)


def test_claim_that_an_earlier_release_left_is_named(kube: Kube, release: Release, place: str) -> None:
    """With the value that takes it up, as long as nobody has it; and whose the CRDs were, if that was elsewhere."""
    manifest = [each for each in yaml.safe_load_all(helm(kube, place, "template", "former", CHART)) if each]
    (claim,) = (each for each in manifest if each["kind"] == "PersistentVolumeClaim")
    name, dispatcher = claim["metadata"]["name"], "former-hookwright-dispatcher"
    (deployment,) = (
        each for each in manifest if (each["kind"], each["metadata"]["name"]) == ("Deployment", dispatcher)
    )
    kube.apply(claim)

    def notes(release: str, *values: str) -> str:
        dry = ("--dry-run=server", "--take-ownership")
        return helm(kube, place, "install", release, CHART, *dry, *values).partition("\nNOTES:\n")[2]

    said = notes("later")
    assert f"persistence.existingClaim={name}\n" in said
    assert f"the CRDs were those of a release in the namespace {PRODUCT}." in said
    assert name not in notes("later", f"--set=persistence.existingClaim={name}")
    deployment["spec"]["replicas"] = 0
    kube.apply(deployment)
    assert name not in notes("later")
    database = "--set=store.kind=postgres,store.postgres.urlSecret.name=x"
    assert f"store.copyFrom.existingClaim={name}\n" in notes("former", database)
