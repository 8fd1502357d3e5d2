"""A release on PostgreSQL: no disk, a database by its Secret, several dispatchers that come and go one by one."""

from __future__ import annotations

from typing import Any

import pytest

from chart.conftest import Helm, Objects, Render
from chart.rendered import DISPATCHER, env, kinds, pod
from chart.test_values import refusal

DATABASE: dict[str, Any] = {"kind": "postgres", "postgres": {"urlSecret": {"name": "db-app"}}}
COPYING = {**DATABASE, "copyFrom": {"existingClaim": "hookwright-data"}}
ONE_BY_ONE = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}


def deployed(objects: Objects) -> tuple[int, dict[str, Any]]:
    """How many dispatchers, and how they are exchanged."""
    spec = objects[DISPATCHER]["spec"]
    return spec["replicas"], spec["strategy"]


def test_with_a_database_there_is_no_disk(render: Render) -> None:
    """The Secret is read as a file, by its own key; notes and settings say nothing of a disk that is missing."""
    objects = render(store={"kind": "postgres", "postgres": {"urlSecret": {"name": "db-app"}}})
    assert not any(kind == "PersistentVolumeClaim" for kind, _ in objects)
    pod = objects["Deployment", "hookwright-dispatcher"]["spec"]["template"]["spec"]
    volumes = {each["name"]: each for each in pod["volumes"]}
    assert volumes["data"]["emptyDir"] == {"sizeLimit": "16Mi"}
    assert volumes["database-url"]["secret"]["items"] == [{"key": "uri", "path": "url"}]
    settings = {each["name"]: each["value"] for each in pod["containers"][0]["env"]}
    assert settings["HOOKWRIGHT_STORE_KIND"] == "postgres"
    assert settings["HOOKWRIGHT_STORE_POSTGRES_URL_FILE"] == "/database/url/url"
    assert "HOOKWRIGHT_DATA_KEPT" not in settings


def test_a_disk_of_before_is_copied_into_the_database_first(render: Render) -> None:
    """A container that ends before the dispatcher starts, with both at hand, and what the release adds after it."""
    database = {"urlSecret": {"name": "db"}, "caSecret": {"name": "ca"}, "schema": "ours"}
    objects = render(
        store={"kind": "postgres", "postgres": database, "copyFrom": {"existingClaim": "hookwright-data"}},
        dispatcher={"initContainers": [{"name": "other", "image": "a"}]},
    )
    pod = objects["Deployment", "hookwright-dispatcher"]["spec"]["template"]["spec"]
    copy, other = pod["initContainers"]
    assert other["name"] == "other"
    assert copy["image"] == pod["containers"][0]["image"]
    assert copy["securityContext"] == pod["containers"][0]["securityContext"]
    assert copy["args"] == [
        *("store", "copy", "--from", "/copied", "--to-url-file", "/database/url/url"),
        *("--schema", "ours", "--ca-file", "/database/ca/ca.crt"),
    ]
    volumes = {each["name"]: each for each in pod["volumes"]}
    assert volumes["copied"]["persistentVolumeClaim"] == {"claimName": "hookwright-data"}
    mounts = {each["name"]: each["mountPath"] for each in copy["volumeMounts"]}
    assert mounts == {"copied": "/copied", "database-url": "/database/url", "database-ca": "/database/ca"}


def test_what_was_said_of_a_disk_is_taken_back_by_null(render: Render) -> None:
    """As somebody does who keeps the other values of the release before."""
    assert deployed(render(store=COPYING, persistence={"size": None, "keep": None, "storageClass": None}))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, (1, {"type": "Recreate"})),
        ({"dispatcher": {"replicas": 1}}, (1, {"type": "Recreate"})),
        ({"store": DATABASE}, (2, ONE_BY_ONE)),
        ({"store": DATABASE, "dispatcher": {"replicas": 1}}, (1, ONE_BY_ONE)),
        ({"store": DATABASE, "dispatcher": {"replicas": 3}}, (3, ONE_BY_ONE)),
        ({"store": COPYING}, (1, {"type": "Recreate"})),
    ],
)
def test_dispatchers_are_as_many_as_what_they_store_in_allows(
    render: Render, values: dict[str, Any], expected: tuple[int, dict[str, Any]]
) -> None:
    """One on a disk, and one as long as a disk is copied, which is on one node; else two, and a new one comes first."""
    assert deployed(render(**values)) == expected


def test_several_dispatchers_are_spread_and_not_drained_together(render: Render) -> None:
    """Over zones and nodes as far as can be, each revision by itself; of one there is neither."""
    objects = render(store=DATABASE)
    selector = objects[DISPATCHER]["spec"]["selector"]
    assert pod(objects, DISPATCHER)["topologySpreadConstraints"] == [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": selector,
            "matchLabelKeys": ["pod-template-hash"],
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]
    budget = objects["PodDisruptionBudget", "hookwright-dispatcher"]["spec"]
    assert budget == {"maxUnavailable": 1, "selector": selector}
    for alone in (render(), render(store=COPYING), render(store=DATABASE, dispatcher={"replicas": 1})):
        assert "topologySpreadConstraints" not in pod(alone, DISPATCHER)
        assert "PodDisruptionBudget" not in kinds(alone)


def test_what_values_say_of_places_and_budget_goes_before_that(render: Render) -> None:
    """None at all, or others."""
    none = render(
        store=DATABASE, dispatcher={"topologySpreadConstraints": []}, podDisruptionBudget={"enabled": False}
    )
    assert "topologySpreadConstraints" not in pod(none, DISPATCHER)
    assert "PodDisruptionBudget" not in kinds(none)
    rack = [{"topologyKey": "rack", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}]
    other = render(
        store=DATABASE,
        dispatcher={"topologySpreadConstraints": rack},
        podDisruptionBudget={"minAvailable": "50%"},
    )
    assert pod(other, DISPATCHER)["topologySpreadConstraints"] == rack
    budget = other["PodDisruptionBudget", "hookwright-dispatcher"]["spec"]
    assert (budget["minAvailable"], "maxUnavailable" in budget) == ("50%", False)


@pytest.mark.parametrize(
    ("delay", "timeout", "grace"), [("5s", "20s", 35), ("60s", "20s", 75), ("0s", "0s", 15)]
)
def test_a_pod_is_not_killed_while_it_takes_leave(
    render: Render, delay: str, timeout: str, grace: int
) -> None:
    """Whichever of both takes longer, and time to close the store."""
    objects = render(drainDelay=delay, drainTimeout=timeout)
    assert pod(objects, DISPATCHER)["terminationGracePeriodSeconds"] == grace
    assert env(objects, DISPATCHER)["HOOKWRIGHT_DRAIN_DELAY"] == delay


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"store": {"copyFrom": {"existingClaim": "a"}}},
            "store.copyFrom.existingClaim is copied into a database",
        ),
        ({"store": {"kind": "postgres"}}, "name the Secret with the database's URL"),
        ({"dispatcher": {"replicas": 2}}, "dispatcher.replicas is 2, but a disk has one dispatcher"),
        (
            {"store": {**DATABASE, "copyFrom": {"existingClaim": "a"}}, "dispatcher": {"replicas": 2}},
            "dispatcher.replicas is 2, but the claim of store.copyFrom is copied by one",
        ),
        (
            {"store": DATABASE, "networkPolicy": {"egress": {"enabled": True}}},
            "name the database in networkPolicy.egress.rules",
        ),
        ({"store": DATABASE, "persistence": {"size": "5Gi"}}, "persistence.size is of a disk"),
        ({"store": DATABASE, "persistence": {"enabled": False}}, "persistence.enabled is of a disk"),
        (
            {"store": DATABASE, "persistence": {"existingClaim": "a"}},
            "persistence.existingClaim is of a disk",
        ),
        (
            {"store": DATABASE, "persistence": {"storageClass": "fast"}},
            "persistence has what is said of a",
        ),
        (
            {"store": DATABASE, "persistence": {"labels": {"a": "b"}}},
            "persistence has what is said of a disk",
        ),
    ],
)
def test_what_does_not_go_with_a_store_is_refused(helm: Helm, values: dict[str, Any], said: str) -> None:
    """A disk beside a database, several dispatchers on a disk, a way to the database that is closed: with the way out."""
    assert said in refusal(helm, values)
