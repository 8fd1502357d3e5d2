"""`hookwright doctor`: what it says where all is well, and of each thing that is wrong."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from admin_backend import MemoryBackend, view
from client_harness import Hookwright
from gitops.states import BROKEN, of_webhook
from hookwright import __version__
from hookwright.cli.main import main
from kubectl_harness import Kubectl, make_kubectl
from ports import kept_port

LABELS = {"app.kubernetes.io/name": "hookwright", "app.kubernetes.io/version": __version__}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def lines(result: Result) -> list[str]:
    """What it says, without the line of its own version."""
    first, *others = result.stdout.splitlines()
    assert first.startswith(f"✔ Hookwright {__version__} on Python 3.")
    return others


def test_where_all_is_well(hookwright: Hookwright, backend: MemoryBackend, data: Path) -> None:
    """A mark a line, exit code 0."""
    backend.views = [view("shop/slack"), view("shop/jira", active=False)]
    result = hookwright(f"doctor --data {data}")
    written, space, settings, version, ready, webhooks = lines(result)
    assert written == f"✔ The data folder {data} can be written."
    assert space.endswith("GiB are free on its disk.")
    assert settings == "✔ The HOOKWRIGHT_… variables can be used."
    assert version == f"✔ The dispatcher that answers is of Hookwright {__version__}."
    assert ready == "✔ It takes events; 0 deliveries wait."
    assert webhooks == "✔ Webhooks: 2, all in force, none held, gone or waiting."
    assert result.exit_code == 0


def test_webhooks_that_deliver_nothing_are_named(
    hookwright: Hookwright, backend: MemoryBackend, data: Path
) -> None:
    """Held, gone, behind an open circuit: each with its message, and exit code 1."""
    backend.views = [
        view("shop/held", state="held", message="The Secret shop/teams is missing."),
        view("shop/gone", state="gone", message="The target answered 410."),
        view("shop/open", circuit="Open", message="The circuit is open."),
        view("shop/well"),
    ]
    backend.not_ready = "The disk is full."
    result = hookwright(f"doctor --data {data}")
    assert lines(result)[-5:] == [
        "✗ It takes no events: The disk is full.",
        "  Cure: See its log for why.",
        "✗ shop/gone is gone. The target answered 410.",
        "✗ shop/held is held. The Secret shop/teams is missing.",
        "✗ shop/open waits behind an open circuit. The circuit is open.",
    ]
    assert result.exit_code == 1


def test_in_json_each_check_is_an_item(hookwright: Hookwright, backend: MemoryBackend, data: Path) -> None:
    """With its name, its verdict (null: not judged), a sentence and a cure."""
    backend.views = []
    document = json.loads(hookwright(f"doctor --data {data}/none -o json").stdout)
    assert document["next"] is None
    found = {each["check"]: each for each in document["items"]}
    assert found["data"] == {
        "check": "data",
        "ok": None,
        "message": f"There is no data folder {data}/none yet; dev makes it.",
        "cure": None,
    }
    assert found["webhooks"]["ok"] is None
    assert found["version"]["ok"] is True


def test_a_wrong_token_and_a_wrong_file_are_found(hookwright: Hookwright, tmp_path: Path) -> None:
    """Each in a line of its own; what can be looked at is looked at."""
    (tmp_path / "wrong").write_text("wr0ng")
    result = hookwright(f"doctor --data {tmp_path}/wrong", "--admin-token-file", f"{tmp_path}/wrong")
    said = lines(result)
    assert f"✗ The data folder {tmp_path}/wrong cannot be used." in said
    assert any("Name a file that holds it with --admin-token-file." in line for line in said)
    assert "wr0ng" not in result.output
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("HOOKWRIGHT_EGRESS_CA_FILE", "/none.pem", "✗ The CA file /none.pem cannot be used"),
        ("HOOKWRIGHT_EGRESS_ALLOW", "x", "✗ egress.allow holds 'x'"),
        ("HOOKWRIGHT_DRAIN_TIMEOUT", "soon", "✗ HOOKWRIGHT_DRAIN_TIMEOUT: 'soon'"),
    ],
)
def test_a_setting_that_is_wrong_is_found(
    hookwright: Hookwright, data: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    """By the sentence with which the dispatcher would refuse to start."""
    monkeypatch.setenv(variable, value)
    result = hookwright(f"doctor --data {data}")
    assert any(line.startswith(said) for line in lines(result))
    assert result.exit_code == 1


def test_nothing_runs_yet(data: Path) -> None:
    """That is no fault; a port that something else has is one."""
    url = f"http://127.0.0.1:{kept_port()}"
    result = CliRunner().invoke(main, ["doctor", "--data", str(data), "--admin", url])
    assert f"– No dispatcher runs at {url}; `hookwright dev DIR` starts one." in lines(result)


def test_hosts_are_connected_to_only_if_asked(
    hookwright: Hookwright, backend: MemoryBackend, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the egress policy, without a request; a failure carries its tip."""
    with socket.create_server(("127.0.0.1", 0)) as target:
        ports = target.getsockname()[1], kept_port()
        hosts = "good.example", "bad.example"
        leads = [f"{host}:443:127.0.0.1:{port}" for host, port in zip(hosts, ports, strict=True)]
        monkeypatch.setenv("HOOKWRIGHT_EGRESS_CONNECT_TO", ",".join(leads))
        backend.views = [view(f"shop/{host[:3]}", host=host) for host in (*hosts, "10.0.0.7")]
        asked = lines(hookwright(f"doctor --data {data} --egress"))
        with target.accept()[0] as connection:
            assert connection.recv(1) == b""
    refused, _, unreachable, tip, reached = asked[-5:]
    assert refused.startswith("✗ The address 10.0.0.7 is private and the egress policy refuses it")
    assert unreachable == "✗ bad.example could not be connected to: the connection was refused."
    assert tip.startswith("  Cure: Check that the target is up")
    assert reached == "✔ good.example can be connected to."
    assert not any("good.example" in line for line in lines(hookwright(f"doctor --data {data}")))


# --- a cluster ------------------------------------------------------------------------------------------


def thing(kind: str, name: str, namespace: str | None = "hooks", **rest: Any) -> dict[str, Any]:
    """An object of the chart."""
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace, "labels": LABELS}, **rest}


@pytest.fixture
def cluster(tmp_path: Path, hookwright: Hookwright, backend: MemoryBackend) -> Kubectl:
    """A cluster with a release where all is well, and one webhook."""
    kubectl = make_kubectl(tmp_path / "bin")
    kubectl.release("hooks", "prod")
    kubectl.state["ports"] = {"8081": urlsplit(hookwright.admin).port}
    for kind in ("webhooks", "webhooktests"):
        kubectl.put(thing("CustomResourceDefinition", f"{kind}.hookwright.io", None))
    for part in ("controller", "dispatcher"):
        spec = {"replicas": 1, "template": {"spec": {}}}
        kubectl.put(thing("Deployment", f"prod-{part}", spec=spec, status={"readyReplicas": 1}))
    raw = of_webhook().settle()["Webhook"]
    kubectl.put(raw)
    backend.views = [view("shop/slack").model_copy(update={"config_hash": raw["status"].get("configHash")})]
    return kubectl


def test_a_cluster_where_all_is_well(cluster: Kubectl) -> None:
    """Kinds, release, pods, tokens, webhooks, the dispatcher itself; no network policy is not judged."""
    result = cluster("doctor")
    assert lines(result) == [
        "✔ The cluster is Kubernetes v1.34.0.",
        "✔ The cluster's clock and this one agree.",
        f"✔ webhooks.hookwright.io is of Hookwright {__version__}.",
        f"✔ webhooktests.hookwright.io is of Hookwright {__version__}.",
        "✔ The controller is ready.",
        f"✔ The controller is of Hookwright {__version__}.",
        "✔ The dispatcher is ready.",
        f"✔ The dispatcher is of Hookwright {__version__}.",
        "✔ The admin token is there.",
        "✔ The ingest token is there.",
        "✔ Webhooks: 1, all in force, none held, gone or waiting.",
        f"✔ The dispatcher that answers is of Hookwright {__version__}.",
        "✔ It takes events; 0 deliveries wait.",
        "✔ The dispatcher runs what the statuses say.",
        "– There is no NetworkPolicy of ours in hooks.",
    ]
    assert result.exit_code == 0


def test_a_cluster_where_much_is_wrong(cluster: Kubectl, backend: MemoryBackend) -> None:
    """Each thing has its line and its cure."""
    objects = cluster.state["objects"]
    for each in objects:
        if each["metadata"]["name"] == "prod-controller":
            each["status"] = {}
        if each["metadata"]["name"] == "webhooks.hookwright.io":
            each["metadata"] = {
                **each["metadata"],
                "labels": {**LABELS, "app.kubernetes.io/version": "0.0.9"},
            }
    cluster.state["objects"] = [each for each in objects if each["metadata"]["name"] != "prod-admin-token"]
    cluster.state["ahead"] = -3_600
    cluster.state["server"] = {"minor": "30+", "gitVersion": "v1.30.2"}
    cluster.put(of_webhook(**BROKEN).settle()["Webhook"] | {}, thing("NetworkPolicy", "prod-dispatcher"))
    said = lines(cluster("doctor"))
    for line in (
        "✗ Kubernetes v1.30.2 is too old.",
        "  Cure: Set both by NTP: signatures, due times and tokens rest on them.",
        f"✗ webhooks.hookwright.io is of Hookwright 0.0.9, this command of {__version__}.",
        "✗ Of the controller's 1 pods 0 are ready.",
        "  Cure: kubectl -n hooks describe deployment prod-controller",
        "– NetworkPolicies: prod-dispatcher. Only the network plugin knows if it enforces them.",
    ):
        assert line in said
    assert any(line.startswith("✗ The admin token cannot be read:") for line in said)
    assert any(line.startswith("✗ shop/slack is held.") for line in said)


def test_a_dispatcher_that_runs_something_else_is_found(cluster: Kubectl, backend: MemoryBackend) -> None:
    """Its hash of a webhook is not the one in the status."""
    backend.views = [view("shop/slack").model_copy(update={"config_hash": "other"})]
    result = cluster("doctor")
    assert "✗ The dispatcher runs another configuration of shop/slack than its status says." in lines(result)
    assert result.exit_code == 1


def test_a_cluster_without_hookwright_ends_with_that(tmp_path: Path) -> None:
    """What cannot be there is not looked for."""
    result = make_kubectl(tmp_path / "bin")("doctor")
    assert lines(result)[-1].startswith("✗ Hookwright is not installed in this cluster (context kind-test)")
    assert result.exit_code == 1


def test_a_cluster_out_of_reach_ends_with_that(cluster: Kubectl) -> None:
    """In kubectl's last words."""
    cluster.state["forbidden"] = ["get version"]
    assert lines(cluster("doctor"))[0].startswith(
        "✗ kubectl reaches no cluster: Error from server (Forbidden)"
    )


def test_egress_is_not_looked_at_from_here_for_a_cluster(cluster: Kubectl) -> None:
    """This machine's way to a host says nothing of the cluster's."""
    assert cluster("doctor", "--egress").exit_code == 2
