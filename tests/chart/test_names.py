"""Names, namespaces, labels and annotations: of every object, whatever the release is called and wherever it is."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from chart.conftest import CLUSTER_WIDE, Helm, Objects, Render, objects_of
from chart.rendered import CONTROLLER, DISPATCHER, env

EVERYTHING: dict[str, Any] = {
    "networkPolicy": {"egress": {"enabled": True}},
    "podDisruptionBudget": {"enabled": True},
    "serviceMonitor": {"enabled": True},
    "prometheusRule": {"enabled": True},
    "grafanaDashboard": {"enabled": True},
}
"""All that can be switched on."""


def metadatas(objects: Objects) -> list[dict[str, Any]]:
    """Metadata of all objects and of the pods in them."""
    deployments = [each for (kind, _), each in objects.items() if kind == "Deployment"]
    templates = [each["spec"]["template"]["metadata"] for each in deployments]
    return [each["metadata"] for each in objects.values()] + templates


# --- names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [{}, {"namespaceOverride": "elsewhere"}])
def test_every_object_says_where_it_is(render: Render, values: dict[str, str]) -> None:
    """`helm template | kubectl apply` needs no further word; nothing points to a namespace that was overridden."""
    objects = render(**EVERYTHING, **values)
    wanted = values.get("namespaceOverride", "hooks")
    for (kind, _), each in objects.items():
        assert each["metadata"].get("namespace") == (None if kind in CLUSTER_WIDE else wanted), kind
    assert (wanted == "hooks") == (re.search(r"\bhooks\b", json.dumps(list(objects.values()))) is not None)


@pytest.mark.parametrize(
    ("release", "name"),
    [
        ("my.release", "my-release-hookwright"),
        ("1st", "hookwright-1st"),
        ("2.hookwright", "hookwright-2-hookwright"),
        ("123", "hookwright-123"),
        ("true", "true-hookwright"),
        (f"{'a' * 39}-{'b' * 13}", "a" * 39),
        (f"{'a' * 38}--{'b' * 13}", "a" * 38),
    ],
)
def test_names_are_valid_whatever_the_release_is_called(helm: Helm, release: str, name: str) -> None:
    """helm takes dots, digits first and what YAML takes for numbers; a Service's name and a label are none of these."""
    for (kind, _), each in objects_of(helm, release, "123", EVERYTHING).items():
        made, labels = each["metadata"]["name"], each["metadata"]["labels"]
        if kind != "CustomResourceDefinition":
            assert made.startswith(name)
            assert kind in CLUSTER_WIDE or re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", made)
        assert labels["app.kubernetes.io/instance"] == release
        assert each["metadata"].get("namespace", "123") == "123"


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"nameOverride": "hooks"}, "x-hooks"),
        ({"nameOverride": "x"}, "x"),
        ({"fullnameOverride": "no", "nameOverride": "hooks"}, "no"),
    ],
)
def test_names_may_be_others(helm: Helm, values: dict[str, str], name: str) -> None:
    """nameOverride takes the place of `hookwright`, fullnameOverride that of all; labels go on to say what it is."""
    objects = objects_of(helm, "x", "hooks", values)
    assert env(objects, ("Deployment", f"{name}-controller"))["HOOKWRIGHT_RELEASE"] == name
    labels = objects["Service", f"{name}-dispatcher"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == "hookwright"


def outside(objects: Objects, namespace: str) -> set[tuple[str, str | None, str]]:
    """Kind, namespace and name of what is not in the release's own namespace, without the CRDs."""
    return {
        (kind, each["metadata"].get("namespace"), each["metadata"]["name"])
        for (kind, _), each in objects.items()
        if each["metadata"].get("namespace") != namespace and kind != "CustomResourceDefinition"
    }


@pytest.mark.parametrize("values", [{}, {"watchNamespaces": ["shared"]}])
def test_two_releases_never_meet(helm: Helm, values: dict[str, Any]) -> None:
    """What is made outside a release's namespace is named after that, too, and no two pairs of names look alike."""
    releases = [("hookwright", "a"), ("hookwright", "b"), ("hookwright-a", "b"), ("hookwright", "a-b")]
    made = [outside(objects_of(helm, *release, values), release[1]) for release in releases]
    assert all(made)
    assert len(set().union(*made)) == sum(map(len, made))


# --- labels and annotations ----------------------------------------------------------------------------


def test_every_object_has_the_common_labels_and_annotations(render: Render) -> None:
    """Pods too, and the controller is told them for what it makes; those by which pods are chosen stay as they are."""
    labels, annotations = {"team": "a"}, {"owner": "a@example.com"}
    values = {
        **EVERYTHING,
        "watchNamespaces": ["a"],
        "commonLabels": labels,
        "commonAnnotations": annotations,
    }
    objects = render(**values)
    for each in metadatas(objects):
        assert each["labels"].items() >= labels.items()
        assert each["annotations"].items() >= annotations.items()
    told = env(objects, CONTROLLER)
    assert json.loads(told["HOOKWRIGHT_LABELS"]) == labels
    assert json.loads(told["HOOKWRIGHT_ANNOTATIONS"]) == annotations
    assert objects[DISPATCHER]["spec"]["selector"] == render()[DISPATCHER]["spec"]["selector"]


def test_a_key_that_is_ours_stands_once_with_our_value(render: Render) -> None:
    """Whoever chooses pods by it finds them; an object's own value goes before one of all objects."""
    foreign = {"app.kubernetes.io/version": "1", "app.kubernetes.io/name": "other", "team": "a"}
    own = {"podLabels": {**foreign, "team": "b"}}
    hook = {**own, "podAnnotations": {"helm.sh/hook": "pre-install"}}
    objects = render(commonLabels=foreign, dispatcher=own, controller=own, test=hook)
    for each in metadatas(objects):
        assert each["labels"]["app.kubernetes.io/name"] == "hookwright"
        assert each["labels"]["app.kubernetes.io/version"] != "1"
    assert objects[DISPATCHER]["spec"]["template"]["metadata"]["labels"]["team"] == "b"
    assert objects[DISPATCHER]["metadata"]["labels"]["team"] == "a"
    assert objects["Pod", "hookwright-test"]["metadata"]["annotations"]["helm.sh/hook"] == "test"


@pytest.mark.parametrize(
    ("values", "kind", "name"),
    [
        ({"crds": {"keep": False}}, "CustomResourceDefinition", "webhooks.hookwright.io"),
        ({"persistence": {}}, "PersistentVolumeClaim", "hookwright-data"),
        ({"podDisruptionBudget": {"enabled": True}}, "PodDisruptionBudget", "hookwright-dispatcher"),
    ],
)
def test_objects_take_labels_and_annotations_of_their_own(
    render: Render, values: dict[str, dict[str, Any]], kind: str, name: str
) -> None:
    """Beside ours."""
    own = {"labels": {"backup": "daily"}, "annotations": {"note": "a", "helm.sh/resource-policy": "delete"}}
    metadata = render(**{part: {**value, **own} for part, value in values.items()})[kind, name]["metadata"]
    assert metadata["labels"]["backup"] == "daily"
    assert metadata["annotations"]["note"] == "a"
    kept = kind == "PersistentVolumeClaim"
    assert metadata["annotations"]["helm.sh/resource-policy"] == ("keep" if kept else "delete")
