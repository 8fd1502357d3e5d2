"""A cluster behind pytest-kind's fixture `kind_cluster`, with the product installed in it by its chart.

What stands behind the fixture is chosen outside (`run`): nothing here knows it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from pytest_kind import KindCluster

from demo import hosts
from e2e.kube import MADE_HERE, Kube, answers, pod, until
from hookwright.core.samples import sample
from rig import records

ROOT = Path(__file__).parents[2]
PRODUCT, TARGETS, APPS = "hookwright-e2e", "hookwright-e2e-targets", "hookwright-e2e-apps"
RELEASE = "hookwright"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """On our own cluster nothing can be missing: what is skipped has failed."""
    report = yield
    if report.skipped and os.environ.get("HOOKWRIGHT_E2E") == "local":
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure here: {report.longrepr}"
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pages begin with an empty cluster: they are walked before the release of all others is there. Others find it on its
    disk, from which it is moved at the end."""
    order = {"test_pages.py": -1, "test_postgres.py": 1}
    items.sort(key=lambda item: order.get(item.path.name, 0))


class Receiver:
    """A pod behind TLS that stands for every target of the examples."""

    ADDRESS = f"receiver.{TARGETS}.svc.cluster.local"

    def __init__(self, kube: Kube) -> None:
        self._kube = kube

    def requests(self, delivery: str) -> list[dict[str, Any]]:
        """What arrived of one delivery, in order."""
        found = records(self._kube("-n", TARGETS, "logs", "receiver"))
        return [each for each in found if each.get("headers", {}).get("webhook-id") == delivery]

    def at(self, path: str) -> list[dict[str, Any]]:
        """What arrived at a path, in order."""
        found = records(self._kube("-n", TARGETS, "logs", "receiver"))
        return [each for each in found if each.get("path") == path]

    def arrived(self, delivery: str) -> dict[str, Any]:
        """Wait for a delivery; its first request."""
        return until(lambda: self.requests(delivery))[0]


def helm(kube: Kube, namespace: str, *arguments: str) -> str:
    """Run helm; what it printed. AssertionError with its words if it fails."""
    command = ["helm", "--kubeconfig", str(kube.kubeconfig), "--namespace", namespace, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"helm {arguments[0]}: {done.stdout}{done.stderr}"
    return done.stdout


def remove(kube: Kube, namespaces: list[str]) -> None:
    """Namespaces with our release and its CRDs, which the chart would keep; those of another release stay."""
    for namespace in namespaces:
        helm(kube, namespace, "uninstall", RELEASE, "--ignore-not-found", "--wait")
    for crd in kube.items("crds", "default"):
        owner = crd["metadata"].get("annotations", {}).get("meta.helm.sh/release-namespace")
        if crd["spec"]["group"] == "hookwright.io" and owner in namespaces:
            kube("delete", "crd", crd["metadata"]["name"])
    kube("delete", "namespace", "--ignore-not-found", *namespaces)


def remove_everything(kube: Kube) -> None:
    """All that tests have made in the cluster."""
    labels = ",".join(f"{name}={value}" for name, value in MADE_HERE.items())
    namespaces = [each["metadata"]["name"] for each in kube.items("namespaces", "default", "-l", labels)]
    if namespaces:
        remove(kube, namespaces)


class Release:
    """The product, installed by helm."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube

    def helm(self, *arguments: str) -> str:
        """Run helm in the release's namespace; what it printed. AssertionError with its words if it fails."""
        return helm(self._kube, PRODUCT, *arguments)

    def install(self, image: str) -> None:
        """Install; does not wait."""
        repository, _, tag = image.rpartition(":")
        leads = [f"{host}:443:{Receiver.ADDRESS}:443" for host in hosts()]
        values = {
            "image": {"repository": repository, "tag": tag},
            "egress": {"connectTo": leads, "caFile": {"configMap": "authorities"}},
            "persistence": {"size": "1Gi"},
        }
        options = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
        self.helm("install", RELEASE, str(ROOT / "charts/hookwright"), *options)


EVENTS = f"http://{RELEASE}-dispatcher.{PRODUCT}.svc:8080"


class Source:
    """A pod that posts events, as an event source in the cluster does."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube

    def post(self, event: dict[str, Any]) -> dict[str, str]:
        """Post an event to the dispatcher's Service; webhook (namespace/name) → delivery."""
        send = ["python3", "-m", "hookwright", "send", "--to", EVENTS, "--token-file", "/token/token"]
        command = ["exec", "-i", "source", "--", *send, "-f", "-", "-o", "json"]
        answer = json.loads(self._kube("-n", APPS, *command, stdin=json.dumps(event)))
        (accepted,) = answer["events"]
        return {each["webhook"]: each["id"] for each in accepted["deliveries"]}


@pytest.fixture(scope="session")
def kube(kind_cluster: KindCluster) -> Iterator[Kube]:
    """The cluster, by kubectl, without what an interrupted run has left in it."""
    made = Kube(kind_cluster)
    remove_everything(made)
    yield made
    remove_everything(made)


@pytest.fixture(scope="session")
def image(kind_cluster: KindCluster) -> str:
    """The product's image, known to the cluster."""
    name = os.environ["HOOKWRIGHT_IMAGE"]
    kind_cluster.load_docker_image(name)
    return name


@pytest.fixture(scope="session")
def receiver(kube: Kube, image: str) -> Receiver:
    """Stands for every target, under an authority that only the release trusts."""
    kube.namespace(TARGETS)
    kube.namespace(PRODUCT)
    authority = trustme.CA()
    chain = authority.issue_cert(*hosts()).private_key_and_cert_chain_pem.bytes().decode()
    program = (ROOT / "tools/receiver.py").read_text()
    metadata = {"name": "receiver", "namespace": TARGETS}
    port = {"port": 443, "targetPort": 8443}
    kube.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"chain.pem": chain}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"receiver.py": program}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "authorities", "namespace": PRODUCT},
            "data": {"ca.crt": authority.cert_pem.bytes().decode()},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": {"app": "receiver"}, "ports": [port]},
        },
    )
    command = ["python3", "/program/receiver.py", "--cert", "/tls/chain.pem", "--host", "0.0.0.0"]
    command += ["--port", "8443", "--log", "/dev/stdout"]
    volumes = {
        "/program": {"configMap": {"name": "receiver"}},
        "/tls": {"secret": {"secretName": "receiver"}},
    }
    kube.apply(pod("receiver", TARGETS, image, command, volumes))
    return Receiver(kube)


@pytest.fixture(scope="session")
def installed(kube: Kube, image: str, receiver: Receiver) -> Release:
    """The chart is in the cluster; whether its pods are well is for others to wait for."""
    release = Release(kube)
    release.install(image)
    return release


@pytest.fixture(scope="session")
def crds(kube: Kube, installed: Release) -> Kube:
    """A cluster that knows our kinds."""
    kube.wait(
        "Established", "crd/webhooks.hookwright.io", "crd/webhooktests.hookwright.io", namespace="default"
    )
    return kube


@pytest.fixture(scope="session")
def release(kube: Kube, installed: Release) -> Release:
    """The product, ready. Where it is not, its pods and what they said are shown."""
    deployments = [f"deployment/{RELEASE}-{component}" for component in ("controller", "dispatcher")]
    try:
        kube.wait("Available", *deployments, namespace=PRODUCT, seconds=90)
    except AssertionError as error:
        product = ("--selector", "app.kubernetes.io/name=hookwright", "-n", PRODUCT)
        told = [kube("describe", "pods", *product), kube("logs", *product, "--prefix", "--tail=30")]
        raise AssertionError("\n".join([str(error), *told])) from None
    return installed


@pytest.fixture(scope="session")
def source(kube: Kube, image: str, release: Release) -> Source:
    """Posts events from a namespace of users, with the token that its administrator was given."""
    kube.namespace(APPS, **{"hookwright.io/cluster-events": "true"})
    token = kube.get("secret", f"{RELEASE}-ingest-token", PRODUCT)["data"]
    metadata = {"name": "events-token", "namespace": APPS}
    kube.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": token})
    command = ["python3", "-c", "import signal; signal.sigwait([signal.SIGTERM])"]
    kube.apply(pod("source", APPS, image, command, {"/token": {"secret": {"secretName": "events-token"}}}))
    kube.wait("Ready", "pod/source", namespace=APPS)
    return Source(kube)


@pytest.fixture(scope="module")
def place(kube: Kube, release: Release, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace for the tests of one file; events for the whole cluster reach it."""
    name = "hookwright-e2e-" + request.module.__name__.rpartition("test_")[2].replace("_", "-")
    kube.namespace(name, **{"hookwright.io/cluster-events": "true"})
    yield name
    kube("delete", "namespace", name)


@pytest.fixture(scope="session")
def examples(kube: Kube, source: Source) -> list[str]:
    """Names of the examples' webhooks, applied as they are."""
    kube("-n", APPS, "apply", "--server-side", "-R", "-f", str(ROOT / "examples"))
    return [webhook["metadata"]["name"] for webhook in kube.items("webhooks", APPS)]


class Ticker:
    """A pod that posts an event twice a second."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube

    def tries(self) -> list[dict[str, Any]]:
        """All so far: their time and their deliveries."""
        return records(self._kube("-n", APPS, "logs", "ticker"))

    def accepted(self, since: float = 0.0, until: float = float("inf")) -> list[str]:
        """Deliveries of a span of time (epoch seconds)."""
        return [
            each for tried in self.tries() if since <= tried["time"] < until for each in tried["deliveries"]
        ]

    def stop(self) -> list[str]:
        """End it; every delivery that was ever accepted."""
        everything = self.accepted()
        self._kube("-n", APPS, "delete", "pod", "ticker")
        return everything


@pytest.fixture
def ticker(kube: Kube, image: str, examples: list[str]) -> Iterator[Ticker]:
    """Posts, and its events have deliveries."""
    kube.wait("Ready", "webhooks", "--all", namespace=APPS)
    metadata = {"name": "ticker", "namespace": APPS}
    files = {"ticker.py": Path(__file__).with_name("ticker.py").read_text()}
    files["event.json"] = json.dumps(sample("RequestGranted"))
    kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": files})
    volumes = {
        "/ticker": {"configMap": {"name": "ticker"}},
        "/token": {"secret": {"secretName": "events-token"}},
    }
    kube.apply(pod("ticker", APPS, image, ["python3", "/ticker/ticker.py", EVENTS], volumes))
    kube.wait("Ready", "pod/ticker", namespace=APPS)
    started = Ticker(kube)
    until(started.accepted)
    yield started
    kube("-n", APPS, "delete", "pod", "ticker", "--ignore-not-found")


def all_arrived(kube: Kube, deliveries: list[str]) -> bool:
    """Whether each was seen by the receiver."""
    seen = kube("-n", TARGETS, "logs", "receiver")
    return all(delivery in seen for delivery in deliveries)


class ApiServer:
    """The API server alone, of a cluster that is ours to break."""

    def __init__(self, program: Path) -> None:
        self._program = program

    def stop(self) -> None:
        """Kill it and keep it away."""
        subprocess.run([self._program, "stop", "apiserver"], check=True)

    def start(self) -> None:
        """Let it run again; returns when it answers."""
        subprocess.run([self._program, "start", "apiserver"], check=True)


def await_followers(kube: Kube, image: str) -> None:
    """Wait until new pods start and new services answer. After a minute without an API server kubelet and
    kube-proxy try their watches again every 30 to 60 s only, and this is nothing that one could ask them."""
    name = {"name": "follower", "namespace": TARGETS}
    spec = {"selector": {"app": "follower"}, "ports": [{"port": 80, "targetPort": 8443}]}
    kube.apply(
        pod("follower", TARGETS, image, ["python3", "-m", "http.server", "8443"], {}),
        {"apiVersion": "v1", "kind": "Service", "metadata": name, "spec": spec},
    )
    address = kube.get("service", "follower", TARGETS)["spec"]["clusterIP"]
    until(lambda: answers(f"http://{address}/"), 180)
    kube("-n", TARGETS, "delete", "pod/follower", "service/follower")


@pytest.fixture
def api_server(kind_cluster: KindCluster, kube: Kube, image: str) -> Iterator[ApiServer]:
    """Runs again after the test, whatever happened in it, and the cluster follows it."""
    program = kind_cluster.kind_path.with_name("program")
    if os.environ.get("HOOKWRIGHT_E2E") != "local":
        pytest.skip("only our own cluster can do without its API server")
    server = ApiServer(program)
    yield server
    server.start()
    await_followers(kube, image)
