"""What each value of the chart changes in what is rendered: a table with a line for every value of values.yaml, but for
those of doors, networks and monitoring (`effects_around`).

A place is `Kind/name path`, of which a `*` stands for anything; below it everything may change. Must not: hold a value
that changes nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Effect(NamedTuple):
    """A value that is not the default, and the places where alone the rendering becomes another."""

    value: Any
    places: tuple[str, ...]
    beside: dict[str, Any]
    """Values without which it does nothing, by their first name."""


def effect(value: Any, *places: str, **beside: Any) -> Effect:
    """An effect."""
    return Effect(value, places, beside)


PODS = {
    "controller": "Deployment/hookwright-controller spec.template.",
    "dispatcher": "Deployment/hookwright-dispatcher spec.template.",
    "test": "Pod/hookwright-test ",
    "uninstall": "Job/hookwright-uninstall spec.template.",
}
EVERY_POD = tuple(PODS.values())
EVERY_IMAGE = tuple(f"{pod}spec.containers[{name}].image" for name, pod in PODS.items())
CLAIM = "PersistentVolumeClaim/hookwright-data "
CRDS = "CustomResourceDefinition/*.hookwright.io "
LABELS, ANNOTATIONS = {"team": "a"}, {"note": "a"}
ON_POSTGRES: dict[str, Any] = {"kind": "postgres", "postgres": {"urlSecret": {"name": "app"}}}
SEVERAL = (
    "Deployment/hookwright-dispatcher spec.replicas",
    "Deployment/hookwright-dispatcher spec.strategy",
    f"{PODS['dispatcher']}spec.topologySpreadConstraints",
    "PodDisruptionBudget/hookwright-dispatcher ",
)
"""What is not there with one dispatcher."""
DATABASE = tuple(
    f"{PODS['dispatcher']}spec.{place}[database-url]"
    for place in ("volumes", "containers[dispatcher].volumeMounts")
)


def variable(name: str, component: str = "dispatcher") -> str:
    """The place of a setting."""
    return f"{PODS[component]}spec.containers[{component}].env[HOOKWRIGHT_{name}]"


def of_pods(component: str, *pods: str) -> dict[str, Effect]:
    """What every pod can be told. `pods`: further ones that are told the same."""

    def in_pods(value: Any, path: str) -> Effect:
        return effect(value, *(f"{PODS[name]}spec.{path}" for name in (component, *pods)))

    def in_containers(value: Any, path: str) -> Effect:
        return effect(value, *(f"{PODS[name]}spec.containers[{name}].{path}" for name in (component, *pods)))

    zone = {"topologyKey": "zone", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}
    return {
        "podAnnotations": effect(ANNOTATIONS, f"{PODS[component]}metadata.annotations.note"),
        "podLabels": effect(LABELS, f"{PODS[component]}metadata.labels.team"),
        "resources": in_containers({"limits": {"cpu": "1"}}, "resources.limits.cpu"),
        "podSecurityContext": in_pods({"fsGroup": 1}, "securityContext.fsGroup"),
        "securityContext": in_containers({"privileged": False}, "securityContext.privileged"),
        "nodeSelector": in_pods({"disk": "fast"}, "nodeSelector.disk"),
        "tolerations": in_pods([{"operator": "Exists"}], "tolerations"),
        "affinity": in_pods({"nodeAffinity": {}}, "affinity"),
        "topologySpreadConstraints": in_pods([zone], "topologySpreadConstraints"),
        "priorityClassName": in_pods("high", "priorityClassName"),
        "runtimeClassName": in_pods("gvisor", "runtimeClassName"),
        "schedulerName": in_pods("mine", "schedulerName"),
        "dnsPolicy": in_pods("Default", "dnsPolicy"),
        "dnsConfig": in_pods({"options": [{"name": "ndots", "value": "1"}]}, "dnsConfig"),
        "hostAliases": in_pods([{"ip": "10.0.0.1", "hostnames": ["a.example"]}], "hostAliases"),
        "extraEnv": in_containers([{"name": "TZ", "value": "UTC"}], "env[TZ]"),
        "extraEnvFrom": in_containers([{"configMapRef": {"name": "a"}}], "envFrom"),
        "extraVolumes": in_pods([{"name": "more", "emptyDir": {}}], "volumes[more]"),
        "extraVolumeMounts": in_containers([{"name": "more", "mountPath": "/more"}], "volumeMounts[more]"),
        "initContainers": in_pods([{"name": "before", "image": "a"}], "initContainers"),
    }


def of_deployment(component: str) -> dict[str, Effect]:
    """What both processes can be told beside that."""
    deployment, pod = f"Deployment/hookwright-{component} ", f"{PODS[component]}spec."
    named = {"name": f"hookwright-{component}"}
    container, account = f"{pod}containers[{component}].", f"ServiceAccount/hookwright-{component} "
    return {
        "deploymentAnnotations": effect(ANNOTATIONS, f"{deployment}metadata.annotations"),
        "deploymentLabels": effect(LABELS, f"{deployment}metadata.labels.team"),
        "serviceAccount.create": effect(False, account, **{component: {"serviceAccount": named}}),
        "serviceAccount.annotations": effect(ANNOTATIONS, f"{account}metadata.annotations"),
        "serviceAccount.labels": effect(LABELS, f"{account}metadata.labels.team"),
        "revisionHistoryLimit": effect(0, f"{deployment}spec.revisionHistoryLimit"),
        "livenessProbe": effect({"failureThreshold": 9}, f"{container}livenessProbe.failureThreshold"),
        "readinessProbe": effect({"successThreshold": 2}, f"{container}readinessProbe.successThreshold"),
        "extraArgs": effect(["--help"], f"{container}args[1]"),
        "extraContainers": effect([{"name": "beside", "image": "a"}], f"{pod}containers[beside]"),
    }


EFFECTS: dict[str, Effect] = {
    "global.imageRegistry": effect("mirror.example", *EVERY_IMAGE),
    "global.imagePullSecrets": effect([{"name": "a"}], *(f"{pod}spec.imagePullSecrets" for pod in EVERY_POD)),
    "global.compatibility.openshift.adaptSecurityContext": effect(
        "force", *(f"{pod}spec.securityContext" for pod in EVERY_POD)
    ),
    "image.registry": effect("mirror.example", *EVERY_IMAGE),
    "image.repository": effect("a.example/h", *EVERY_IMAGE),
    "image.tag": effect("7", *EVERY_IMAGE),
    "image.digest": effect(f"sha256:{'0' * 64}", *EVERY_IMAGE),
    "image.pullPolicy": effect("Always", *(f"{place}PullPolicy" for place in EVERY_IMAGE)),
    "imagePullSecrets": effect([{"name": "a"}], *(f"{pod}spec.imagePullSecrets" for pod in EVERY_POD)),
    "nameOverride": effect("hooks", "*"),
    "fullnameOverride": effect("hooks", "*"),
    "namespaceOverride": effect("elsewhere", "*"),
    "commonLabels": effect(LABELS, "*metadata.labels.team", variable("LABELS", "controller")),
    "commonAnnotations": effect(ANNOTATIONS, "*metadata.annotations", variable("ANNOTATIONS", "controller")),
    "logLevel": effect("error", variable("LOG_LEVEL"), variable("LOG_LEVEL", "controller")),
    "watchNamespaces": effect(
        ["a"],
        "Role/hookwright-watch.hooks ",
        "RoleBinding/hookwright-watch.hooks ",
        "ClusterRole/hookwright-watch.hooks ",
        "ClusterRoleBinding/hookwright-watch.hooks ",
        variable("WATCH_NAMESPACES", "controller"),
    ),
    "crds.enabled": effect(False, CRDS),
    "crds.keep": effect(False, f"{CRDS}metadata.annotations.helm.sh/resource-policy"),
    "crds.annotations": effect(ANNOTATIONS, f"{CRDS}metadata.annotations.note"),
    "crds.labels": effect(LABELS, f"{CRDS}metadata.labels.team"),
    "rbac.create": effect(
        False,
        "Role/hookwright-controller ",
        "RoleBinding/hookwright-controller ",
        "ClusterRole/hookwright-watch.hooks ",
        "ClusterRoleBinding/hookwright-watch.hooks ",
        "ServiceAccount/hookwright-uninstall ",
        "Role/hookwright-uninstall ",
        "RoleBinding/hookwright-uninstall ",
        "Job/hookwright-uninstall ",
    ),
    "rbac.aggregate": effect(
        False, "ClusterRole/hookwright-view.hooks ", "ClusterRole/hookwright-edit.hooks "
    ),
    "rbac.admissionPolicy": effect(False, "ValidatingAdmissionPolicy"),
    "ingest.auth": effect("none", variable("INGEST_AUTH")),
    "ingest.rate": effect(9, variable("INGEST_RATE")),
    "ingest.hosts": effect(["a.example"], variable("INGEST_HOSTS")),
    "admin.readTokenSecret": effect(
        "readers",
        variable("ADMIN_READ_TOKEN_FILE"),
        f"{PODS['dispatcher']}spec.containers[dispatcher].volumeMounts[admin-read-token]",
        f"{PODS['dispatcher']}spec.volumes[admin-read-token]",
    ),
    "ingest.existingSecret.name": effect(
        "mine",
        variable("INGEST_EXISTING_SECRET_*", "controller"),
        "Role/hookwright-controller rules",
        f"{PODS['dispatcher']}spec.volumes[ingest-token]",
        f"{PODS['test']}spec.volumes[token]",
    ),
    "ingest.existingSecret.key": effect(
        "mine",
        variable("INGEST_EXISTING_SECRET_KEY", "controller"),
        f"{PODS['dispatcher']}spec.volumes[ingest-token]",
        f"{PODS['test']}spec.volumes[token]",
        ingest={"existingSecret": {"name": "a"}},
    ),
    "admin.existingSecret.name": effect(
        "mine",
        variable("ADMIN_EXISTING_SECRET_*", "controller"),
        "Role/hookwright-controller rules",
        f"{PODS['dispatcher']}spec.volumes[admin-token]",
    ),
    "admin.existingSecret.key": effect(
        "mine",
        variable("ADMIN_EXISTING_SECRET_KEY", "controller"),
        f"{PODS['dispatcher']}spec.volumes[admin-token]",
        admin={"existingSecret": {"name": "a"}},
    ),
    "secrets.keep": effect(
        True,
        "ServiceAccount/hookwright-u",
        "Role/hookwright-u",
        "RoleBinding/hookwright-u",
        "Job/hookwright-u",
    ),
    "backlog.webhook": effect(9, variable("BACKLOG_WEBHOOK")),
    "backlog.webhookBytes": effect("9MiB", variable("BACKLOG_WEBHOOK_BYTES")),
    "backlog.namespace": effect(9, variable("BACKLOG_NAMESPACE")),
    "backlog.namespaceBytes": effect("9MiB", variable("BACKLOG_NAMESPACE_BYTES")),
    "backlog.total": effect(9, variable("BACKLOG_TOTAL")),
    "backlog.bytes": effect("9MiB", variable("BACKLOG_BYTES")),
    "deadLetters.age": effect("9d", variable("DEAD_LETTERS_AGE")),
    "deadLetters.bytes": effect("9MiB", variable("DEAD_LETTERS_BYTES")),
    "history.age": effect("9d", variable("HISTORY_AGE")),
    "history.bytes": effect("9MiB", variable("HISTORY_BYTES")),
    "history.bodies": effect("none", variable("HISTORY_BODIES")),
    "drainDelay": effect(
        "99s", variable("DRAIN_DELAY"), f"{PODS['dispatcher']}spec.terminationGracePeriodSeconds"
    ),
    "drainTimeout": effect(
        "9s", variable("DRAIN_TIMEOUT"), f"{PODS['dispatcher']}spec.terminationGracePeriodSeconds"
    ),
    "egress.allow": effect(["10.0.0.0/8"], variable("EGRESS_ALLOW")),
    "egress.deny": effect(["10.0.0.0/8"], variable("EGRESS_DENY")),
    "egress.allowHosts": effect(["a.example"], variable("EGRESS_ALLOW_HOSTS")),
    "egress.denyHosts": effect(["a.example"], variable("EGRESS_DENY_HOSTS")),
    "egress.connectTo": effect(["a.example:443:b:1"], variable("EGRESS_CONNECT_TO")),
    "egress.caFile.configMap": effect(
        "roots",
        variable("EGRESS_CA_FILE"),
        f"{PODS['dispatcher']}spec.containers[dispatcher].volumeMounts[authorities]",
        f"{PODS['dispatcher']}spec.volumes[authorities]",
    ),
    "egress.caFile.key": effect(
        "a.pem",
        f"{PODS['dispatcher']}spec.volumes[authorities].configMap.items",
        egress={"caFile": {"configMap": "roots"}},
    ),
    "store.kind": effect(
        "postgres",
        CLAIM,
        f"{PODS['dispatcher']}spec.volumes[data]",
        *DATABASE,
        variable("STORE_POSTGRES_SCHEMA"),
        variable("STORE_POSTGRES_WAIT"),
        variable("STORE_KIND"),
        variable("STORE_POSTGRES_URL_FILE"),
        *SEVERAL,
        store={"postgres": {"urlSecret": {"name": "app"}}},
    ),
    "store.postgres.urlSecret.name": effect(
        "other", f"{PODS['dispatcher']}spec.volumes[database-url].secret.secretName", store=ON_POSTGRES
    ),
    "store.postgres.urlSecret.key": effect(
        "url", f"{PODS['dispatcher']}spec.volumes[database-url].secret.items", store=ON_POSTGRES
    ),
    "store.postgres.caSecret.name": effect(
        "ca",
        f"{PODS['dispatcher']}spec.volumes[database-ca]",
        f"{PODS['dispatcher']}spec.containers[dispatcher].volumeMounts[database-ca]",
        variable("STORE_POSTGRES_CA_FILE"),
        store=ON_POSTGRES,
    ),
    "store.postgres.caSecret.key": effect(
        "a.pem",
        f"{PODS['dispatcher']}spec.volumes[database-ca].secret.items",
        store={**ON_POSTGRES, "postgres": {**ON_POSTGRES["postgres"], "caSecret": {"name": "ca"}}},
    ),
    "store.postgres.schema": effect("ours", variable("STORE_POSTGRES_SCHEMA"), store=ON_POSTGRES),
    "store.postgres.wait": effect("2s", variable("STORE_POSTGRES_WAIT"), store=ON_POSTGRES),
    "store.postgres.allowUnsafe": effect(True, variable("STORE_POSTGRES_ALLOW_UNSAFE"), store=ON_POSTGRES),
    "store.copyFrom.existingClaim": effect(
        "hookwright-data",
        f"{PODS['dispatcher']}spec.initContainers",
        *SEVERAL,
        f"{PODS['dispatcher']}spec.volumes[copied]",
        store=ON_POSTGRES,
    ),
    "persistence.enabled": effect(
        False, CLAIM, f"{PODS['dispatcher']}spec.volumes[data]", variable("DATA_KEPT")
    ),
    "persistence.size": effect("9Gi", f"{CLAIM}spec.resources.requests.storage"),
    "persistence.storageClass": effect("", f"{CLAIM}spec.storageClassName"),
    "persistence.accessMode": effect("ReadWriteOncePod", f"{CLAIM}spec.accessModes"),
    "persistence.existingClaim": effect("mine", CLAIM, f"{PODS['dispatcher']}spec.volumes[data]"),
    "persistence.annotations": effect(ANNOTATIONS, f"{CLAIM}metadata.annotations.note"),
    "persistence.labels": effect(LABELS, f"{CLAIM}metadata.labels.team"),
    "persistence.volumeName": effect("a", f"{CLAIM}spec.volumeName"),
    "persistence.selector": effect({"matchLabels": {"a": "b"}}, f"{CLAIM}spec.selector"),
    "persistence.dataSource": effect(
        {"kind": "PersistentVolumeClaim", "name": "a"}, f"{CLAIM}spec.dataSource"
    ),
    "persistence.keep": effect(False, f"{CLAIM}metadata.annotations"),
    "podSecurityContext": effect(
        {"runAsUser": 1}, *(f"{pod}spec.securityContext.runAsUser" for pod in EVERY_POD)
    ),
    "securityContext": effect(
        {"privileged": False},
        *(f"{pod}spec.containers[{name}].securityContext.privileged" for name, pod in PODS.items()),
    ),
    "podDisruptionBudget.enabled": effect(True, "PodDisruptionBudget/hookwright-dispatcher "),
}
for _name, _value, _place in (
    ("minAvailable", 0, "spec.minAvailable"),
    ("maxUnavailable", "50%", "spec.m"),
    ("annotations", ANNOTATIONS, "metadata.annotations"),
    ("labels", LABELS, "metadata.labels.team"),
):
    EFFECTS[f"podDisruptionBudget.{_name}"] = effect(
        _value,
        f"PodDisruptionBudget/hookwright-dispatcher {_place}",
        podDisruptionBudget={"enabled": True},
    )
for _component, *_pods in (("controller", "uninstall"), ("dispatcher",), ("test",)):
    EFFECTS |= {f"{_component}.{name}": each for name, each in of_pods(_component, *_pods).items()}
for _component in ("controller", "dispatcher"):
    EFFECTS |= {f"{_component}.{name}": each for name, each in of_deployment(_component).items()}
EFFECTS |= {
    "controller.serviceAccount.name": effect(
        "mine",
        "ServiceAccount/",
        "RoleBinding/hookwright-controller subjects",
        "ClusterRoleBinding/hookwright-watch.hooks subjects",
        "ValidatingAdmissionPolicy/* spec.matchConditions[the-controller]",
        f"{PODS['controller']}spec.serviceAccountName",
    ),
    "controller.serviceAccount.automount": effect(
        False,
        f"{PODS['controller']}spec.automountServiceAccountToken",
        f"{PODS['uninstall']}spec.automountServiceAccountToken",
        controller={
            "extraVolumeMounts": [{"name": "t", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]
        },
    ),
    "dispatcher.serviceAccount.name": effect(
        "mine",
        "ServiceAccount/",
        f"{PODS['dispatcher']}spec.serviceAccountName",
        f"{PODS['test']}spec.serviceAccountName",
    ),
    "dispatcher.serviceAccount.automount": effect(
        True, f"{PODS['dispatcher']}spec.automountServiceAccountToken"
    ),
    "dispatcher.replicas": effect(3, "Deployment/hookwright-dispatcher spec.replicas", store=ON_POSTGRES),
    "dispatcher.startupProbe": effect(
        {"failureThreshold": 9},
        f"{PODS['dispatcher']}spec.containers[dispatcher].startupProbe.failureThreshold",
    ),
}
