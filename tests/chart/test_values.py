"""What values become: settings that the processes read, names, or a refusal."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from chart.conftest import CHART, Helm, Render
from chart.rendered import CONTROLLER, DISPATCHER, env, pod, read, volumes
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
    "drainTimeout": "45s",
    "logLevel": "warning",
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
        "listen": "0.0.0.0:8080",
        "admin": "0.0.0.0:8081",
        "data": "/data",
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
        "drain_timeout": 45,
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
        ({"egress": {"deny": ["the nodes"]}}, "/egress/deny/0"),
        ({"watchNamespaces": ["*"]}, "/watchNamespaces/0"),
        ({"fullnameOverride": "x" * 41}, "/fullnameOverride"),
        ({"history": {"bytes": "much"}}, "/history/bytes"),
    ],
)
def test_value_that_means_nothing_is_refused(helm: Helm, values: dict[str, Any], where: str) -> None:
    """A key that nobody knows, or a value of the wrong form, is named instead of being ignored."""
    options = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
    done = helm("template", "x", str(CHART), *options)
    assert done.returncode == 1
    assert where in done.stderr


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
