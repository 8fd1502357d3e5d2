"""What the chart makes, switch by switch, and what it refuses."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from chart.conftest import CHART, Objects, Render
from hookwright import __version__

CONTROLLER, DISPATCHER = ("Deployment", "hookwright-controller"), ("Deployment", "hookwright-dispatcher")
PARTS = [f"hookwright-config-{number}" for number in range(8)]


def pod(objects: Objects, deployment: tuple[str, str]) -> dict[str, Any]:
    """The pod's spec."""
    return objects[deployment]["spec"]["template"]["spec"]


def env(objects: Objects, deployment: tuple[str, str]) -> dict[str, str]:
    """Variables with a value."""
    return {
        each["name"]: each["value"]
        for each in pod(objects, deployment)["containers"][0]["env"]
        if "value" in each
    }


def read(process: str, variables: dict[str, str]) -> dict[str, Any]:
    """Settings of `dispatcher` or `controller`, as the process itself reads them from these variables."""
    script = f"from hookwright.{process}.settings import Settings; print(Settings().model_dump_json())"
    command = [sys.executable, "-c", script]
    return json.loads(
        subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout
    )


def volumes(objects: Objects) -> dict[str, dict[str, Any]]:
    """The dispatcher's volumes."""
    return {each["name"]: each for each in pod(objects, DISPATCHER)["volumes"]}


def kinds(objects: Objects) -> set[str]:
    """All kinds."""
    return {kind for kind, _ in objects}


def rules(objects: Objects, kind: str, name: str) -> set[tuple[str, str, str, str]]:
    """(resource, resource name or empty, verb, API group) of a role."""
    return {
        (resource, name, verb, group)
        for rule in objects[kind, name]["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", [""])
        for verb in rule["verbs"]
    }


def test_lint_has_nothing_to_say(helm: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """`helm lint --strict` passes."""
    done = helm("lint", "--strict", str(CHART))
    assert done.returncode == 0, done.stdout
    assert "0 chart(s) failed" in done.stdout


def test_version_is_that_of_the_package(render: Render) -> None:
    """The image's default tag is the version of the package in it."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == __version__
    assert pod(render(), DISPATCHER)["containers"][0]["image"] == f"hookwright/hookwright:{__version__}"


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ({"repository": "a.example/h", "tag": "7"}, "a.example/h:7"),
        ({"tag": "7", "digest": f"sha256:{'0' * 64}"}, f"hookwright/hookwright@sha256:{'0' * 64}"),
    ],
)
def test_image_is_named_by_tag_or_digest(render: Render, image: dict[str, str], name: str) -> None:
    """Both processes and the test run the one image; a digest goes before a tag."""
    objects = render(image=image)
    test = objects["Pod", "hookwright-test"]["spec"]
    assert {
        each["containers"][0]["image"] for each in (pod(objects, CONTROLLER), pod(objects, DISPATCHER), test)
    } == {name}


@pytest.mark.parametrize(
    ("release", "override", "name"),
    [("hooks", "", "hooks-hookwright"), ("my-hookwright", "", "my-hookwright"), ("x", "events", "events")],
)
def test_names_begin_with_the_release(
    helm: Callable[..., subprocess.CompletedProcess[str]], release: str, override: str, name: str
) -> None:
    """A release whose name says what it is needs no longer names."""
    done = helm(
        "template",
        release,
        str(CHART),
        f"--set=fullnameOverride={override}",
        "-s",
        "templates/controller.yaml",
    )
    names = {each["metadata"]["name"] for each in yaml.safe_load_all(done.stdout)}
    assert names == {f"{name}-controller"}
    assert f"{{name: HOOKWRIGHT_RELEASE, value: {name}}}" in done.stdout


# --- settings ------------------------------------------------------------------------------------


def test_defaults_are_those_of_the_dispatcher(render: Render) -> None:
    """What the chart says where nobody says anything is what SPEC 7 and the dispatcher say."""
    plain, ours = read("dispatcher", {}), read("dispatcher", env(render(), DISPATCHER))
    assert {name for name in plain if plain[name] != ours[name]} == {
        "last_good",
        "token_file",
        "admin_token_file",
        "ingest_hosts",
    }


SET: dict[str, Any] = {
    "ingest": {"auth": "none", "rate": 50, "hosts": ["events.example"]},
    "backlog": {"webhook": 5, "total": 6, "bytes": "7MiB"},
    "deadLetters": {"age": "3d", "bytes": "2GiB"},
    "history": {"age": "12h", "bytes": "3GiB", "bodies": "none"},
    "drainTimeout": "45s",
    "egress": {
        "allow": ["10.0.0.0/8", "fd00::/8"],
        "allowHosts": ["*.example"],
        "denyHosts": ["bad.example"],
        "connectTo": ["a.example:443:10.0.0.1:8443"],
        "caFile": {"configMap": "roots", "key": "bundle.pem"},
    },
}


def test_every_setting_reaches_the_dispatcher(render: Render) -> None:
    """Each value of the chart is one variable, which the dispatcher reads as it was meant."""
    objects = render(**SET)
    service = "hookwright-dispatcher"
    names = [service, f"{service}.hooks", f"{service}.hooks.svc", f"{service}.hooks.svc.cluster.local"]
    assert read("dispatcher", env(objects, DISPATCHER)) == {
        "listen": "0.0.0.0:8080",
        "admin": "0.0.0.0:8081",
        "data": "/data",
        "config": "/config",
        "last_good": "/last-good",
        "token_file": "/tokens/ingest/token",
        "admin_token_file": "/tokens/admin/token",
        "ingest_auth": "none",
        "ingest_rate": 50,
        "ingest_hosts": [*names, "events.example"],
        "backlog_webhook": 5,
        "backlog_total": 6,
        "backlog_bytes": 7 * 2**20,
        "dead_letters_age": 3 * 86400,
        "dead_letters_bytes": 2 * 2**30,
        "history_age": 12 * 3600,
        "history_bytes": 3 * 2**30,
        "history_bodies": "none",
        "drain_timeout": 45,
        "egress_allow": ["10.0.0.0/8", "fd00::/8"],
        "egress_allow_hosts": ["*.example"],
        "egress_deny_hosts": ["bad.example"],
        "egress_connect_to": ["a.example:443:10.0.0.1:8443"],
        "egress_ca_file": ["/authorities/ca.crt"],
    }
    assert volumes(objects)["authorities"]["configMap"] == {
        "name": "roots",
        "items": [{"key": "bundle.pem", "path": "ca.crt"}],
    }
    assert pod(objects, DISPATCHER)["terminationGracePeriodSeconds"] == 60


def test_controller_finds_the_dispatcher(render: Render) -> None:
    """Its selector are the labels of the dispatcher's pods, its names those of the chart's objects."""
    objects = render(watchNamespaces=["a", "b"])
    settings = read("controller", {"HOOKWRIGHT_NAMESPACE": "hooks", **env(objects, CONTROLLER)})
    labels = objects[DISPATCHER]["spec"]["template"]["metadata"]["labels"]
    assert (
        dict(part.split("=") for part in settings["dispatcher_selector"].split(",")).items() <= labels.items()
    )
    assert ("Service", settings["dispatcher_service"]) in objects
    assert settings["watch_namespaces"] == ["a", "b"]
    ports = {
        each["name"]: each["containerPort"] for each in pod(objects, DISPATCHER)["containers"][0]["ports"]
    }
    assert ports["admin"] == settings["dispatcher_port"]


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"egres": {}}, "additional properties 'egres' not allowed"),
        ({"egress": {"alowHosts": []}}, "additional properties 'alowHosts' not allowed"),
        ({"dispatcher": {"replicas": 2}}, "additional properties 'replicas' not allowed"),
        ({"drainTimeout": "1m"}, "/drainTimeout"),
        ({"ingest": {"rate": "many"}}, "/ingest/rate"),
        ({"egress": {"connectTo": ["a.example:80:b:1"]}}, "/egress/connectTo/0"),
        ({"watchNamespaces": ["*"]}, "/watchNamespaces/0"),
        ({"fullnameOverride": "x" * 41}, "/fullnameOverride"),
        ({"history": {"bytes": "much"}}, "/history/bytes"),
    ],
)
def test_value_that_means_nothing_is_refused(
    helm: Callable[..., subprocess.CompletedProcess[str]], values: dict[str, Any], where: str
) -> None:
    """A key that nobody knows, or a value of the wrong form, is named instead of being ignored."""
    options = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
    done = helm("template", "x", str(CHART), *options)
    assert done.returncode == 1
    assert where in done.stderr


def test_every_value_has_its_place_in_the_schema() -> None:
    """The schema knows each key of values.yaml and no other."""

    def keys(schema: dict[str, Any], at: str = "") -> set[str]:
        found = set()
        for name, below in schema.get("properties", {}).items():
            found |= {f"{at}.{name}"} | keys(below, f"{at}.{name}")
        return found

    def written(values: dict[str, Any], known: set[str], at: str = "") -> set[str]:
        found = set()
        for name, value in values.items():
            found.add(f"{at}.{name}")
            if isinstance(value, dict) and any(key.startswith(f"{at}.{name}.") for key in known):
                found |= written(value, known, f"{at}.{name}")
        return found

    known = keys(json.loads((CHART / "values.schema.json").read_text())) - {".global"}
    assert {key for key in known if not re.search(r"imagePullSecrets\.", key)} == written(
        yaml.safe_load((CHART / "values.yaml").read_text()), known
    )


# --- pods --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [CONTROLLER, DISPATCHER, ("Pod", "hookwright-test")])
def test_pod_fits_the_restricted_level(render: Render, which: tuple[str, str]) -> None:
    """Non-root, nothing writable, no capability, the run-time's seccomp profile, no variable made from a Service."""
    objects = render()
    spec = objects[which]["spec"] if which[0] == "Pod" else pod(objects, which)
    assert spec["enableServiceLinks"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]


def test_platform_may_choose_the_user(render: Render) -> None:
    """With null the pods name no user at all."""
    context = dict.fromkeys(("runAsUser", "runAsGroup", "fsGroup"))
    for which in (CONTROLLER, DISPATCHER):
        assert set(pod(render(podSecurityContext=context), which)["securityContext"]) == {
            "runAsNonRoot",
            "seccompProfile",
            "fsGroupChangePolicy",
        }


def test_one_of_each_and_the_old_one_ends_first(render: Render) -> None:
    """A store has one owner and the controller has no peer."""
    objects = render()
    for which in (CONTROLLER, DISPATCHER):
        assert (objects[which]["spec"]["replicas"], objects[which]["spec"]["strategy"]) == (
            1,
            {"type": "Recreate"},
        )


def test_dispatcher_has_no_token_of_the_cluster(render: Render) -> None:
    """Only the controller mounts one; the accounts themselves hand out none."""
    objects = render()
    assert pod(objects, DISPATCHER)["automountServiceAccountToken"] is False
    assert pod(objects, CONTROLLER)["automountServiceAccountToken"] is True
    accounts = {name: each for (kind, name), each in objects.items() if kind == "ServiceAccount"}
    assert {name: each["automountServiceAccountToken"] for name, each in accounts.items()} == {
        "hookwright-controller": False,
        "hookwright-dispatcher": False,
    }


def test_configuration_is_a_folder_of_optional_secrets(render: Render) -> None:
    """Eight parts that come and go, never by subPath; the last good copy only in memory."""
    objects = render()
    sources = volumes(objects)["config"]["projected"]["sources"]
    assert [each["secret"] for each in sources] == [{"name": name, "optional": True} for name in PARTS]
    assert volumes(objects)["last-good"]["emptyDir"]["medium"] == "Memory"
    assert "subPath" not in json.dumps(pod(objects, DISPATCHER))


@pytest.mark.parametrize(
    ("value", "labels"),
    [("dispatcher", DISPATCHER), ("controller", CONTROLLER)],
)
def test_pods_take_labels_and_places(render: Render, value: str, labels: tuple[str, str]) -> None:
    """Own labels never replace those by which the pods are found."""
    places = {
        "nodeSelector": {"disk": "fast"},
        "priorityClassName": "high",
        "tolerations": [{"operator": "Exists"}],
    }
    own = {"podLabels": {"team": "a", "app.kubernetes.io/name": "other"}, "podAnnotations": {"note": "b"}}
    objects = render(**{value: {**places, **own}})
    metadata = objects[labels]["spec"]["template"]["metadata"]
    assert pod(objects, labels).items() >= places.items()
    assert (metadata["labels"]["team"], metadata["annotations"]) == ("a", {"note": "b"})
    assert objects[labels]["spec"]["selector"]["matchLabels"].items() <= metadata["labels"].items()


# --- disk --------------------------------------------------------------------------------------------


def test_claim_stays_unless_told_otherwise(render: Render) -> None:
    """Deliveries that wait survive an uninstall; a claim of one's own replaces the chart's."""
    claim = render(persistence={"size": "5Gi", "storageClass": "fast"})[
        "PersistentVolumeClaim", "hookwright-data"
    ]
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert (claim["spec"]["storageClassName"], claim["spec"]["resources"]) == (
        "fast",
        {"requests": {"storage": "5Gi"}},
    )
    gone = render(persistence={"keep": False})["PersistentVolumeClaim", "hookwright-data"]
    assert "annotations" not in gone["metadata"]
    own = render(persistence={"existingClaim": "mine"})
    assert "PersistentVolumeClaim" not in kinds(own)
    assert volumes(own)["data"]["persistentVolumeClaim"] == {"claimName": "mine"}


# --- rights --------------------------------------------------------------------------------------------

WATCH = {
    *(
        (kind, "", verb, "hookwright.io")
        for kind in ("webhooks", "webhooktests")
        for verb in ("get", "list", "watch")
    ),
    *((f"{kind}/status", "", "patch", "hookwright.io") for kind in ("webhooks", "webhooktests")),
    *((kind, "", verb, "") for kind in ("secrets", "configmaps") for verb in ("get", "list", "watch")),
    ("events", "", "create", ""),
}


def test_controller_has_the_rights_it_needs(render: Render) -> None:
    """The documented minimum, in the whole cluster and in the release's namespace."""
    objects = render()
    assert rules(objects, "ClusterRole", "hookwright-watch") == WATCH | {
        ("namespaces", "", verb, "") for verb in ("list", "watch")
    }
    made = [f"hookwright-{name}" for name in ("ingest-token", "admin-token", "hash-key")]
    assert rules(objects, "Role", "hookwright-controller") == {
        ("secrets", "", "create", ""),
        *(("secrets", name, verb, "") for name in PARTS for verb in ("get", "patch")),
        *(("secrets", name, "get", "") for name in made),
        *(("pods", "", verb, "") for verb in ("list", "watch", "patch")),
        ("services", "hookwright-dispatcher", "get", ""),
    }


def test_bindings_name_the_controller_alone(render: Render) -> None:
    """Nobody binds the dispatcher to anything."""
    objects = render()
    bound = [each["subjects"] for (kind, _), each in objects.items() if kind.endswith("Binding")]
    assert bound == [[{"kind": "ServiceAccount", "name": "hookwright-controller", "namespace": "hooks"}]] * 2


def test_watched_namespaces_have_roles_instead(render: Render) -> None:
    """Nothing about the whole cluster is asked for then."""
    objects = render(watchNamespaces=["a", "b"], rbac={"aggregate": False})
    assert not {"ClusterRole", "ClusterRoleBinding"} & kinds(objects)
    for namespace in ("a", "b"):
        assert rules(objects, "Role", f"{namespace}/hookwright-watch") == WATCH
        assert objects["RoleBinding", f"{namespace}/hookwright-watch"]["subjects"][0]["namespace"] == "hooks"


def test_users_get_their_part_of_view_edit_and_admin(render: Render) -> None:
    """view reads, edit and admin write; status is the controller's."""
    objects = render()
    aggregated = {
        name: {label.rpartition("-")[2] for label in each["metadata"]["labels"] if "aggregate-to" in label}
        for (kind, name), each in objects.items()
        if kind == "ClusterRole"
    }
    assert aggregated == {
        "hookwright-watch": set(),
        "hookwright-view": {"view", "edit", "admin"},
        "hookwright-edit": {"edit", "admin"},
    }
    assert {verb for _, _, verb, _ in rules(objects, "ClusterRole", "hookwright-view")} == {
        "get",
        "list",
        "watch",
    }
    assert {what for what, _, _, _ in rules(objects, "ClusterRole", "hookwright-edit")} == {
        "webhooks",
        "webhooktests",
    }


# --- switches ------------------------------------------------------------------------------------------


def test_crds_are_those_of_the_project(render: Render) -> None:
    """The chart installs what `make generate` writes, kept on uninstall unless told otherwise."""
    for name in ("webhooks.hookwright.io", "webhooktests.hookwright.io"):
        ours = yaml.safe_load((CHART.parents[1] / f"crds/{name}.yaml").read_text())
        rendered = render()["CustomResourceDefinition", name]
        assert rendered["spec"] == ours["spec"]
        assert rendered["metadata"]["annotations"].items() >= ours["metadata"].get("annotations", {}).items()
        assert rendered["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
        dropped = render(crds={"keep": False})["CustomResourceDefinition", name]
        assert "helm.sh/resource-policy" not in dropped["metadata"].get("annotations", {})
    assert "CustomResourceDefinition" not in kinds(render(crds={"enabled": False}))


def test_network_policy_narrows_the_admin_port(render: Render) -> None:
    """Events from everybody or from the named peers, the admin port from the controller and scrapers only."""
    scraper = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    gateway = {"podSelector": {"matchLabels": {"app": "gateway"}}}
    objects = render(networkPolicy={"ingestFrom": [gateway], "metricsFrom": [scraper]})
    events, admin = objects["NetworkPolicy", "hookwright-dispatcher"]["spec"]["ingress"]
    assert (events["ports"], events["from"]) == ([{"port": "events"}], [gateway])
    assert admin["ports"] == [{"port": "admin"}]
    labels = [each["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for each in admin["from"][:2]]
    assert (labels, admin["from"][2:]) == (["controller", "test"], [scraper])
    assert objects["NetworkPolicy", "hookwright-controller"]["spec"]["ingress"] == [
        {"ports": [{"port": "probes"}], "from": [scraper]}
    ]
    plain = render()
    assert "from" not in plain["NetworkPolicy", "hookwright-dispatcher"]["spec"]["ingress"][0]
    assert plain["NetworkPolicy", "hookwright-controller"]["spec"]["ingress"] == []
    assert "NetworkPolicy" not in kinds(render(networkPolicy={"enabled": False}))


def test_extras_are_off_until_asked_for(render: Render) -> None:
    """Budget, monitors and dashboard need things that not every cluster has."""
    assert not {"PodDisruptionBudget", "ServiceMonitor", "ConfigMap"} & kinds(render())
    objects = render(
        podDisruptionBudget={"enabled": True},
        serviceMonitor={"enabled": True, "labels": {"release": "prometheus"}},
        grafanaDashboard={"enabled": True},
    )
    assert objects["PodDisruptionBudget", "hookwright-dispatcher"]["spec"]["minAvailable"] == 1
    for component, port in (("controller", "probes"), ("dispatcher", "admin")):
        monitor = objects["ServiceMonitor", f"hookwright-{component}"]
        assert monitor["metadata"]["labels"]["release"] == "prometheus"
        assert monitor["spec"]["endpoints"] == [{"port": port, "path": "/metrics", "interval": "30s"}]
        service = objects["Service", f"hookwright-{component}"]
        assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
        assert port in {each["name"] for each in service["spec"]["ports"]}


def test_dashboard_asks_for_metrics_that_exist(render: Render) -> None:
    """Each metric in the dashboard is one that the dispatcher has."""
    shown = render(grafanaDashboard={"enabled": True})["ConfigMap", "hookwright-dashboard"]["data"][
        "hookwright.json"
    ]
    asked = {
        name
        for panel in json.loads(shown)["panels"]
        for target in panel["targets"]
        for name in re.findall(r"hookwright_[a-z_]+", target["expr"])
    }
    source = (CHART.parents[1] / "operator/hookwright/telemetry/metrics.py").read_text()
    offered = set(re.findall(r'"(hookwright_[a-z_]+)"', source))
    offered |= {f"{name}_total" for name in offered} | {f"{name}_bucket" for name in offered}
    assert asked <= offered
