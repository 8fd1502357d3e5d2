"""What values become: settings that the processes read, names, or a refusal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart.conftest import CHART, Helm, Render
from chart.rendered import CONTROLLER, DISPATCHER, env, pod, read, rules, volumes
from chart_values import resolved
from hookwright import __version__


def test_lint_has_nothing_to_say(helm: Helm) -> None:
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
        ({"registry": "mirror.example/hub", "tag": "7"}, "mirror.example/hub/hookwright/hookwright:7"),
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
def test_names_begin_with_the_release(helm: Helm, release: str, override: str, name: str) -> None:
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
    (deployment,) = yaml.safe_load_all(done.stdout)
    told = {
        each["name"]: each.get("value")
        for each in deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    }
    assert told["HOOKWRIGHT_RELEASE"] == name


def test_defaults_are_those_of_the_dispatcher(render: Render) -> None:
    """What the chart says where nobody says anything is what SPEC 7 and the dispatcher say."""
    plain, ours = read("dispatcher", {}), read("dispatcher", env(render(), DISPATCHER))
    assert {name for name in plain if plain[name] != ours[name]} == {
        "last_good",
        "token_file",
        "admin_token_file",
        "ingest_hosts",
        "drain_delay",  # outside a cluster nobody hears late
    }


SET: dict[str, Any] = {
    "ingest": {"auth": "none", "rate": 50, "hosts": ["events.example"]},
    "admin": {"readTokenSecret": "readers"},
    "backlog": {
        "webhook": 5,
        "webhookBytes": "3MiB",
        "namespace": 4,
        "namespaceBytes": "2MiB",
        "total": 6,
        "bytes": "7MiB",
    },
    "deadLetters": {"age": "3d", "bytes": "2GiB"},
    "history": {"age": "12h", "bytes": "3GiB", "bodies": "none"},
    "drainDelay": "7s",
    "drainTimeout": "45s",
    "logLevel": "warning",
    "store": {
        "kind": "postgres",
        "postgres": {
            "urlSecret": {"name": "app"},
            "caSecret": {"name": "ca"},
            "schema": "ours",
            "wait": "2s",
            "allowUnsafe": True,
        },
    },
    "egress": {
        "allow": ["10.0.0.0/8", "fd00::/8"],
        "deny": ["10.96.0.0/16", "2600:1f00::/40"],
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
        "listen": "[::]:8080",
        "admin": "[::]:8081",
        "data": "/data",
        "store_kind": "postgres",
        "store_postgres_url_file": "/database/url/url",
        "store_postgres_ca_file": "/database/ca/ca.crt",
        "store_postgres_schema": "ours",
        "store_postgres_wait": 2,
        "store_postgres_allow_unsafe": True,
        "config": "/config",
        "last_good": "/last-good",
        "token_file": "/tokens/ingest/token",
        "admin_token_file": "/tokens/admin/token",
        "admin_read_token_file": "/tokens/admin-read/token",
        "ingest_auth": "none",
        "ingest_rate": 50,
        "ingest_hosts": [*names, "events.example"],
        "backlog_webhook": 5,
        "backlog_webhook_bytes": 3 * 2**20,
        "backlog_namespace": 4,
        "backlog_namespace_bytes": 2 * 2**20,
        "backlog_total": 6,
        "backlog_bytes": 7 * 2**20,
        "dead_letters_age": 3 * 86400,
        "dead_letters_bytes": 2 * 2**30,
        "history_age": 12 * 3600,
        "history_bytes": 3 * 2**30,
        "history_bodies": "none",
        "drain_delay": 7,
        "drain_timeout": 45,
        "data_kept": True,
        "log_level": "warning",
        "egress_allow": ["10.0.0.0/8", "fd00::/8"],
        "egress_deny": ["10.96.0.0/16", "2600:1f00::/40"],
        "egress_allow_hosts": ["*.example"],
        "egress_deny_hosts": ["bad.example"],
        "egress_connect_to": ["a.example:443:10.0.0.1:8443"],
        "egress_ca_file": ["/authorities/ca.crt"],
    }
    assert volumes(objects)["authorities"]["configMap"] == {
        "name": "roots",
        "items": [{"key": "bundle.pem", "path": "ca.crt"}],
    }
    assert volumes(objects)["admin-read-token"]["secret"]["secretName"] == "readers"
    assert pod(objects, DISPATCHER)["terminationGracePeriodSeconds"] == 60


def test_tokens_are_taken_from_secrets_of_ones_own(render: Render) -> None:
    """Under the key that is named: by both processes and by the test; the controller may read them and no more."""
    own = {
        "ingest": {"existingSecret": {"name": "events", "key": "t"}},
        "admin": {"existingSecret": {"name": "doors"}},
    }
    objects = render(**own)
    settings = read("controller", {"HOOKWRIGHT_NAMESPACE": "hooks", **env(objects, CONTROLLER)})
    named = {name: value for name, value in settings.items() if "existing_secret" in name}
    assert named == {
        "ingest_existing_secret_name": "events", "ingest_existing_secret_key": "t",
        "admin_existing_secret_name": "doors", "admin_existing_secret_key": "token",
    }  # fmt: skip
    test = {each["name"]: each for each in objects["Pod", "hookwright-test"]["spec"]["volumes"]}
    for volume, name, key in (
        (volumes(objects)["ingest-token"], "events", "t"),
        (volumes(objects)["admin-token"], "doors", "token"),
        (test["token"], "events", "t"),
    ):
        assert (volume["secret"]["secretName"], volume["secret"]["items"]) == (
            name, [{"key": key, "path": "token"}],
        )  # fmt: skip
    held = {(what, verb) for _, what, verb, _ in rules(objects, "Role", "hookwright-controller")}
    assert {verb for what, verb in held if what in ("events", "doors")} == {"get"}


def test_secrets_go_with_the_release_unless_told_otherwise(render: Render) -> None:
    """A hook that is no part of an installation, bounded in time, with no right but to these Secrets by name."""
    objects = render()
    made = {key: each for key, each in objects.items() if key[1] == "hookwright-uninstall"}
    assert {kind for kind, _ in made} == {"ServiceAccount", "Role", "RoleBinding", "Job"}
    for each in made.values():
        assert each["metadata"]["annotations"]["helm.sh/hook"] == "post-delete"
    rights = rules(objects, "Role", "hookwright-uninstall")
    assert {(what, verb) for what, name, verb, _ in rights if name} == {
        ("secrets", "get"), ("secrets", "delete"), ("services", "get"),
    }  # fmt: skip
    assert all(name for _, name, _, _ in rights)
    assert made["Job", "hookwright-uninstall"]["spec"]["activeDeadlineSeconds"] <= 120
    kept = render(secrets={"keep": True})
    assert not {key for key in kept if key[1] == "hookwright-uninstall"}


def test_controller_finds_the_dispatcher(render: Render) -> None:
    """Its selector are the labels of the dispatcher's pods, its names those of the chart's objects."""
    objects = render(watchNamespaces=["a", "b"])
    settings = read("controller", {"HOOKWRIGHT_NAMESPACE": "hooks", **env(objects, CONTROLLER)})
    labels = objects[DISPATCHER]["spec"]["template"]["metadata"]["labels"]
    assert (
        dict(part.split("=") for part in settings["dispatcher_selector"].split(",")).items() <= labels.items()
    )
    assert settings["watch_namespaces"] == ["a", "b"]
    ports = {
        each["name"]: each["containerPort"] for each in pod(objects, DISPATCHER)["containers"][0]["ports"]
    }
    assert ports["admin"] == settings["dispatcher_port"]


def refusal(helm: Helm, values: dict[str, Any], chart: Path = CHART) -> str:
    """What helm says where it makes nothing of these values."""
    options = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
    done = helm("template", "x", str(chart), *options)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"egres": {}}, "additional properties 'egres' not allowed"),
        ({"egress": {"alowHosts": []}}, "additional properties 'alowHosts' not allowed"),
        ({"controller": {"replicas": 2}}, "additional properties 'replicas' not allowed"),
        ({"dispatcher": {"replicas": 0}}, "/dispatcher/replicas"),
        ({"dispatcher": {"replicas": 17}}, "/dispatcher/replicas"),
        ({"dispatcher": {"resources": {"limit": {}}}}, "additional properties 'limit' not allowed"),
        ({"securityContext": {"fsGroup": 1}}, "additional properties 'fsGroup' not allowed"),
        ({"controller": {"livenessProbe": {"successThreshold": 2}}}, "'successThreshold' not allowed"),
        ({"test": {"tolerations": [{"operator": "In"}]}}, "/test/tolerations/0/operator"),
        ({"commonLabels": {"team": "a b"}}, "/commonLabels/team"),
        ({"commonLabels": {"a team": "a"}}, "invalid propertyName 'a team'"),
        ({"commonAnnotations": {"team": 1}}, "/commonAnnotations/team"),
        ({"drainTimeout": "1m"}, "/drainTimeout"),
        ({"logLevel": "debug"}, "/logLevel"),
        ({"ingest": {"rate": "many"}}, "/ingest/rate"),
        ({"egress": {"connectTo": ["a.example:80:b:1"]}}, "/egress/connectTo/0"),
        ({"egress": {"deny": ["the nodes"]}}, "/egress/deny/0"),
        ({"watchNamespaces": ["*"]}, "/watchNamespaces/0"),
        ({"fullnameOverride": "x" * 41}, "/fullnameOverride"),
        ({"namespaceOverride": "a.b"}, "/namespaceOverride"),
        ({"history": {"bytes": "much"}}, "/history/bytes"),
        ({"store": {"kind": "mysql"}}, "/store/kind"),
        ({"store": {"postgres": {"schema": 'a"b'}}}, "/store/postgres/schema"),
        ({"store": {"postgres": {"wait": "long"}}}, "/store/postgres/wait"),
        ({"podDisruptionBudget": {"maxUnavailable": "one"}}, "/podDisruptionBudget/maxUnavailable"),
        ({"global": {"imageRegistry": "a b"}}, "/global/imageRegistry"),
    ],
)
def test_value_that_means_nothing_is_refused(helm: Helm, values: dict[str, Any], where: str) -> None:
    """A key that nobody knows, or a value of the wrong form, is named instead of being ignored."""
    assert where in refusal(helm, values)


NOT_MADE = {"create": False, "name": "mine"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"global": {"storageClass": "fast"}}, "global.storageClass is not a value"),
        (
            {"persistence": {"enabled": False, "existingClaim": "mine"}},
            "persistence.existingClaim is set, but",
        ),
        ({"persistence": {"enabled": False, "storageClass": "fast"}}, "persistence.storageClass is set, but"),
        ({"persistence": {"enabled": False, "labels": {"a": "b"}}}, "persistence.labels is set, but"),
        (
            {"persistence": {"existingClaim": "mine", "storageClass": "fast"}},
            "storageClass is for the chart's",
        ),
        (
            {"persistence": {"existingClaim": "mine", "annotations": {"a": "b"}}},
            "annotations is for the chart's",
        ),
        ({"persistence": {"existingClaim": "mine", "volumeName": "v"}}, "volumeName is for the chart's"),
        ({"persistence": {"existingClaim": "mine", "selector": {"matchLabels": {}}}}, "selector is for the"),
        ({"persistence": {"existingClaim": "mine", "dataSource": {"name": "a"}}}, "dataSource is for the"),
        ({"ingest": {"existingSecret": {"key": "k"}}}, "name it in ingest.existingSecret.name"),
        ({"admin": {"existingSecret": {"key": "k"}}}, "name it in admin.existingSecret.name"),
        (
            {"ingest": {"auth": "none", "existingSecret": {"name": "a"}}},
            "nobody is asked for with ingest.auth=none",
        ),
        (
            {"admin": {"readTokenSecret": "a", "existingSecret": {"name": "a"}}},
            "admin.readTokenSecret is the Secret",
        ),
        ({"admin": {"readTokenSecret": "x-hookwright-admin-token"}}, "admin.readTokenSecret is the Secret"),
        ({"dispatcher": {"serviceAccount": {"create": False}}}, "name the ServiceAccount that is there"),
        ({"controller": {"serviceAccount": {**NOT_MADE, "labels": {"a": "b"}}}}, "that is not made"),
        ({"controller": {"serviceAccount": {**NOT_MADE, "annotations": {"a": "b"}}}}, "that is not made"),
        ({"controller": {"serviceAccount": {"name": "x-hookwright-dispatcher"}}}, "are the same"),
        ({"controller": {"serviceAccount": {"automount": False}}}, "mount a token, ca.crt and namespace at"),
        ({"dispatcher": {"dnsPolicy": "None"}}, "name the servers in dispatcher.dnsConfig.nameservers"),
        ({"test": {"dnsPolicy": "None"}}, "name the servers in test.dnsConfig.nameservers"),
        ({"test": {"initContainers": [{"name": "test"}]}}, "A container of test is called test already"),
        ({"controller": {"extraContainers": [{"name": "a"}, {"name": "a"}]}}, "is called a already"),
        ({"podDisruptionBudget": {"minAvailable": 1, "maxUnavailable": 0}}, "set one of them to null"),
        (
            {"networkPolicy": {"enabled": False, "ingestFrom": [{"podSelector": {}}]}},
            "ingestFrom closes nothing",
        ),
        (
            {"networkPolicy": {"enabled": False, "metricsFrom": [{"podSelector": {}}]}},
            "metricsFrom closes nothing",
        ),
        ({"networkPolicy": {"enabled": False, "egress": {"enabled": True}}}, "egress.enabled closes nothing"),
        ({"networkPolicy": {"egress": {"rules": [{}]}}}, "networkPolicy.egress.rules are of a policy"),
        ({"egress": {"caFile": {"key": "bundle.pem"}}}, "name it in egress.caFile.configMap"),
        (
            {"dispatcher": {"extraEnv": [{"name": "HOOKWRIGHT_DATA"}]}},
            "the name HOOKWRIGHT_DATA is there already",
        ),
        (
            {"dispatcher": {"extraEnv": [{"name": "A"}, {"name": "A"}]}},
            "dispatcher.extraEnv: the name A is there",
        ),
        (
            {"dispatcher": {"extraVolumes": [{"name": "data"}]}},
            "dispatcher.extraVolumes: the name data is there",
        ),
        (
            {"test": {"extraVolumeMounts": [{"name": "a", "mountPath": "/token"}]}},
            "the mountPath /token is there",
        ),
    ],
)
def test_values_that_exclude_each_other_are_refused(helm: Helm, values: dict[str, Any], said: str) -> None:
    """One of both would be taken and ignored; the sentence names both and the way out."""
    assert said in refusal(helm, values)


def test_a_parent_chart_shares_what_it_likes(helm: Helm, tmp_path: Path) -> None:
    """Its globals are for its other charts, too; ours are taken from it."""
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts/hookwright").symlink_to(CHART)
    (tmp_path / "Chart.yaml").write_text("{apiVersion: v2, name: parent, version: 0.1.0}")
    shared = {"imageRegistry": "mirror.example", "storageClass": "fast"}
    done = helm("template", "x", str(tmp_path), f"--set-json=global={json.dumps(shared)}")
    assert done.returncode == 0, done.stderr
    assert f"mirror.example/hookwright/hookwright:{__version__}" in done.stdout


def test_every_value_has_its_place_in_the_schema() -> None:
    """The schema knows each key of values.yaml and no other; what it describes as a whole is one value."""

    def keys(schema: dict[str, Any], at: str = "") -> set[str]:
        if "properties" not in schema or "description" in schema:
            return {at}
        return set().union(*(keys(below, f"{at}.{name}") for name, below in schema["properties"].items()))

    def written(values: Any, known: set[str], at: str = "") -> set[str]:
        if at in known or not isinstance(values, dict):
            return {at}
        return set().union(*(written(value, known, f"{at}.{name}") for name, value in values.items()))

    known = keys(resolved(json.loads((CHART / "values.schema.json").read_text())))
    assert known == written(yaml.safe_load((CHART / "values.yaml").read_text()), known)
