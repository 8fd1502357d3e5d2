"""The examples of values: each renders, and every object fits the API version that it names."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from chart.conftest import CHART, Helm, Objects, objects_of
from chart.rendered import DISPATCHER, env, pod
from chart.schemas import mistakes

EXAMPLES = sorted((CHART / "examples").glob("*.yaml"))
PLATFORM = {
    "openshift": ["--api-versions=security.openshift.io/v1"],
}
DATABASES = [each for each in EXAMPLES if "urlSecret" in each.read_text()]
UNKNOWN = [("networking.gke.io/v1", "HealthCheckPolicy")]
"""Kinds whose schema is nowhere to be had."""


def rendered(helm: Helm, example: Path) -> Objects:
    """The release, as the platform of the example would have it."""
    return objects_of(helm, "hookwright", "hooks", {}, f"--values={example}", *PLATFORM.get(example.stem, []))


@pytest.mark.parametrize(
    "example", [each for each in EXAMPLES if each not in DATABASES], ids=lambda path: path.stem
)
def test_example_opens_one_door(helm: Helm, example: Path) -> None:
    """Each shows a way for events to come in, and none lets the admin port out."""
    objects = rendered(helm, example)
    doors = [key for key in objects if key[1] == "hookwright-events"]
    assert len(doors) == 1
    assert "8081" not in str(objects[doors[0]])


@pytest.mark.parametrize("example", DATABASES, ids=lambda path: path.stem)
def test_example_with_a_database_checks_whose_it_is_and_has_several_dispatchers(
    helm: Helm, example: Path
) -> None:
    """Spread over zones, and no pod of theirs has a disk."""
    objects = rendered(helm, example)
    assert env(objects, DISPATCHER)["HOOKWRIGHT_STORE_POSTGRES_CA_FILE"]
    assert objects[DISPATCHER]["spec"]["replicas"] > 1
    spread = pod(objects, DISPATCHER)["topologySpreadConstraints"]
    assert spread[0]["topologyKey"] == "topology.kubernetes.io/zone"
    selected = objects[DISPATCHER]["spec"]["template"]["metadata"]["labels"]
    assert spread[0]["labelSelector"]["matchLabels"].items() <= selected.items()
    assert not any("persistentVolumeClaim" in each for each in pod(objects, DISPATCHER)["volumes"])


def test_openshift_chooses_users_by_itself(helm: Helm) -> None:
    """Without a word about it in the values."""
    (example,) = (each for each in EXAMPLES if each.stem == "openshift")
    assert "runAsUser" not in pod(rendered(helm, example), DISPATCHER)["securityContext"]


@pytest.mark.needs_go
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_objects_of_an_example_fit_their_api_versions(helm: Helm, example: Path) -> None:
    """No field that the API does not know, none of another type."""
    objects = [
        each for each in rendered(helm, example).values() if (each["apiVersion"], each["kind"]) not in UNKNOWN
    ]
    assert len(objects) > 15
    assert [mistake for each in objects for mistake in mistakes(each)] == []


@pytest.mark.needs_go
@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (("Service", "hookwright-dispatcher"), ("spec", "ipFamily")),
        (("Ingress", "hookwright-events"), ("spec", "hosts")),
        (("ServiceMonitor", "hookwright-dispatcher"), ("spec", "endpoint")),
        (("PrometheusRule", "hookwright-alerts"), ("spec", "rules")),
        (("NetworkPolicy", "hookwright-controller"), ("spec", "ingres")),
    ],
)
def test_a_field_that_does_not_exist_is_found(
    helm: Helm, kind: tuple[str, str], path: tuple[str, ...]
) -> None:
    """The check itself can fail."""
    (example,) = (each for each in EXAMPLES if each.stem == "eks")
    broken: dict[str, Any] = copy.deepcopy(rendered(helm, example)[kind])
    broken[path[0]][path[1]] = []
    assert [path[1] in each for each in mistakes(broken)] == [True]
