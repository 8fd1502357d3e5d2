"""The objects that the chart makes, switch by switch."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from chart.conftest import CHART, Helm, Objects, Render, objects_of
from chart.rendered import CONTROLLER, DISPATCHER, PARTS, env, kinds, pod, read, rules, volumes

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


USERS = {"runAsUser", "runAsGroup", "fsGroup"}


def users(objects: Objects) -> list[set[str]]:
    """What of users each pod names, in its context or in those of its containers."""
    specs = [pod(objects, each) for each in (CONTROLLER, DISPATCHER, ("Job", "hookwright-uninstall"))]
    specs.append(objects["Pod", "hookwright-test"]["spec"])
    named = [{*each["securityContext"], *each["containers"][0]["securityContext"]} for each in specs]
    return [USERS & each for each in named]


@pytest.mark.parametrize(
    ("adapt", "platform", "named"),
    [
        ("auto", ["--api-versions=security.openshift.io/v1"], set()),
        ("auto", [], USERS),
        ("force", [], set()),
        ("disabled", ["--api-versions=security.openshift.io/v1"], USERS),
    ],
)
def test_openshift_chooses_the_users(helm: Helm, adapt: str, platform: list[str], named: set[str]) -> None:
    """By itself, in every pod and also where a component has a user of its own; all else stays as it is."""
    values = {
        "global": {"compatibility": {"openshift": {"adaptSecurityContext": adapt}}},
        "dispatcher": {"podSecurityContext": {"runAsUser": 7}, "securityContext": {"runAsUser": 7}},
    }
    objects = objects_of(helm, "hookwright", "hooks", values, *platform)
    assert users(objects) == [named] * 4
    assert pod(objects, DISPATCHER)["securityContext"]["runAsNonRoot"] is True


@pytest.mark.parametrize(("component", "which"), [("controller", CONTROLLER), ("dispatcher", DISPATCHER)])
def test_a_component_may_have_a_context_of_its_own(
    render: Render, component: str, which: tuple[str, str]
) -> None:
    """Its fields go before those of all, `false` and zero too; the other component keeps what it has."""
    own = {
        "podSecurityContext": {"runAsNonRoot": False, "runAsUser": 0},
        "securityContext": {"readOnlyRootFilesystem": False},
    }
    objects, plain = render(**{component: own}), render()
    for each in (CONTROLLER, DISPATCHER):
        changed = own if each == which else {"podSecurityContext": {}, "securityContext": {}}
        spec, before = pod(objects, each), pod(plain, each)
        assert spec["securityContext"] == before["securityContext"] | changed["podSecurityContext"]
        context = before["containers"][0]["securityContext"] | changed["securityContext"]
        assert spec["containers"][0]["securityContext"] == context


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
        "hookwright-uninstall": False,
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


def test_without_a_disk_nothing_is_claimed(render: Render) -> None:
    """The folder is the pod's, of the size that is named, and the dispatcher is told."""
    objects = render(persistence={"enabled": False, "size": "2Gi"})
    assert "PersistentVolumeClaim" not in kinds(objects)
    assert volumes(objects)["data"] == {"name": "data", "emptyDir": {"sizeLimit": "2Gi"}}
    assert read("dispatcher", env(objects, DISPATCHER))["data_kept"] is False


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
        *(("secrets", "", verb, "") for verb in ("create", "list", "watch")),
        *(("secrets", name, verb, "") for name in (*PARTS, *made) for verb in ("get", "patch")),
        *(("pods", "", verb, "") for verb in ("list", "watch", "patch")),
    }


def test_bindings_name_the_controller_alone(render: Render) -> None:
    """Nobody binds the dispatcher to anything; an uninstall has an account of its own."""
    objects = render()
    bound = {name: each["subjects"] for (kind, name), each in objects.items() if kind.endswith("RoleBinding")}
    account = {"kind": "ServiceAccount", "namespace": "hooks"}
    assert bound == {
        "hookwright-watch.hooks": [{**account, "name": "hookwright-controller"}],
        "hookwright-controller": [{**account, "name": "hookwright-controller"}],
        "hookwright-uninstall": [{**account, "name": "hookwright-uninstall"}],
    }


@pytest.mark.parametrize("watched", [[], ["a"]])
def test_roles_may_be_ones_own(render: Render, watched: list[str]) -> None:
    """No Role and no binding is made; the policies go on to hold the account, and users keep their roles."""
    objects = render(watchNamespaces=watched, rbac={"create": False})
    names = {name for kind, name in objects if "Role" in kind}
    assert names == {"hookwright-view.hooks", "hookwright-edit.hooks"}
    assert ("ValidatingAdmissionPolicy", "hookwright-secrets.hooks") in objects


def test_accounts_may_be_ones_own(render: Render) -> None:
    """What is bound, held by the policies and run in the pods is the account that is named."""
    accounts = {
        component: {"serviceAccount": {"create": False, "name": f"my-{component}"}}
        for component in ("controller", "dispatcher")
    }
    objects = render(**accounts)
    assert {name for kind, name in objects if kind == "ServiceAccount"} == {"hookwright-uninstall"}
    for component, which in (("controller", CONTROLLER), ("dispatcher", DISPATCHER)):
        assert pod(objects, which)["serviceAccountName"] == f"my-{component}"
    (subject,) = objects["RoleBinding", "hookwright-controller"]["subjects"]
    assert subject["name"] == "my-controller"
    policy = objects["ValidatingAdmissionPolicy", "hookwright-secrets.hooks"]["spec"]
    assert "'system:serviceaccount:hooks:my-controller'" in policy["matchConditions"][0]["expression"]


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
