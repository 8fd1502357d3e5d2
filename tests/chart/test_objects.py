"""The objects that the chart makes, switch by switch."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from chart.conftest import CHART, Render
from chart.rendered import CONTROLLER, DISPATCHER, PARTS, kinds, pod, rules, volumes

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
        "nodeSelector": {"disk": "fast", "kubernetes.io/os": "linux"},
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
    assert rules(objects, "ClusterRole", "hookwright-watch.hooks") == WATCH | {
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
    bound = [each["subjects"] for (kind, _), each in objects.items() if kind.endswith("RoleBinding")]
    assert bound == [[{"kind": "ServiceAccount", "name": "hookwright-controller", "namespace": "hooks"}]] * 2


def test_watched_namespaces_have_roles_instead(render: Render) -> None:
    """Nothing about the whole cluster is asked for then."""
    objects = render(watchNamespaces=["a", "b"], rbac={"aggregate": False})
    assert not {"ClusterRole", "ClusterRoleBinding"} & kinds(objects)
    for namespace in ("a", "b"):
        assert rules(objects, "Role", f"{namespace}/hookwright-watch.hooks") == WATCH
        assert (
            objects["RoleBinding", f"{namespace}/hookwright-watch.hooks"]["subjects"][0]["namespace"]
            == "hooks"
        )


def test_policies_hold_the_controller_to_its_own_objects(render: Render) -> None:
    """They name the account, the Secrets that the controller makes and the dispatcher's labels, and can be left out."""
    objects = render()
    policies = {
        what: objects["ValidatingAdmissionPolicy", f"hookwright-{what}.hooks"]["spec"]
        for what in ("secrets", "pods")
    }
    for what, policy in policies.items():
        assert (
            "'system:serviceaccount:hooks:hookwright-controller'"
            in policy["matchConditions"][0]["expression"]
        )
        binding = objects["ValidatingAdmissionPolicyBinding", f"hookwright-{what}.hooks"]["spec"]
        assert binding == {"policyName": f"hookwright-{what}.hooks", "validationActions": ["Deny"]}
    (names,) = re.findall(r"matches\('(.*?)'\)", policies["secrets"]["validations"][0]["expression"])
    made = [*PARTS, *(f"hookwright-{name}" for name in ("ingest-token", "admin-token", "hash-key"))]
    assert all(re.search(names, name) for name in made)
    assert not any(
        re.search(names, name) for name in ("other", "hookwright-config-8", "x-hookwright-config-0")
    )
    selector = objects[DISPATCHER]["spec"]["selector"]["matchLabels"]
    held = policies["pods"]["validations"][0]["expression"]
    assert all(f"labels[?'{key}'].orValue('') == '{value}'" in held for key, value in selector.items())
    assert not {each for each in kinds(render(rbac={"admissionPolicy": False})) if "Admission" in each}


def test_users_get_their_part_of_view_edit_and_admin(render: Render) -> None:
    """view reads, edit and admin write; status is the controller's."""
    objects = render()
    aggregated = {
        name: {label.rpartition("-")[2] for label in each["metadata"]["labels"] if "aggregate-to" in label}
        for (kind, name), each in objects.items()
        if kind == "ClusterRole"
    }
    assert aggregated == {
        "hookwright-watch.hooks": set(),
        "hookwright-view.hooks": {"view", "edit", "admin"},
        "hookwright-edit.hooks": {"edit", "admin"},
    }
    assert {verb for _, _, verb, _ in rules(objects, "ClusterRole", "hookwright-view.hooks")} == {
        "get",
        "list",
        "watch",
    }
    assert {what for what, _, _, _ in rules(objects, "ClusterRole", "hookwright-edit.hooks")} == {
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
