"""The release moves from its disk into a PostgreSQL in the cluster, and several dispatchers share the work from then on.

Each test goes on from the one before. With this file the release has left its disk for good.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from pytest_kind import KindCluster

from e2e.chaos.ledger import asked
from e2e.conftest import APPS, PRODUCT, RELEASE, ROOT, TARGETS, Receiver, Release, Source
from e2e.database import Database
from e2e.database import image as database_image
from e2e.kube import Kube, ours, pod, until
from e2e.test_outage import processes
from hookwright.core.samples import sample
from rig import Process, records

CHART = str(ROOT / "charts/hookwright")
DISPATCHER = f"deployment/{RELEASE}-dispatcher"
LABELS = ("--selector", "app.kubernetes.io/component=dispatcher")
HOST = "https://hooks.slack.com"
SOURCES = 10


def upgrade(release: Release, *options: str, **values: Any) -> None:
    """What is given anew over what the release has. Returns when that runs, or at once with --wait=false."""
    given = [f"--set-json={name.replace('__', '.')}={json.dumps(value)}" for name, value in values.items()]
    release.helm("upgrade", RELEASE, CHART, "--reset-then-reuse-values", "--wait", *given, *options)


def pods(kube: Kube) -> list[str]:
    """The dispatchers that are not ending."""
    found = kube.items("pods", PRODUCT, *LABELS)
    return [each["metadata"]["name"] for each in found if "deletionTimestamp" not in each["metadata"]]


def ready(kube: Kube) -> set[str]:
    """Those that are ready."""
    found = kube.items("pods", PRODUCT, *LABELS, "--field-selector=status.phase=Running")
    return {
        each["metadata"]["name"]
        for each in found
        if "deletionTimestamp" not in each["metadata"]
        and all(container["ready"] for container in each["status"]["containerStatuses"])
    }


def spec(path: str, **more: Any) -> dict[str, Any]:
    """A webhook's."""
    return {"url": HOST + path, "triggers": ["RequestGranted"], "retry": {"schedule": ["1s"] * 32}, **more}


@pytest.fixture(scope="module")
def database(kube: Kube, kind_cluster: KindCluster, release: Release) -> Database:
    """A database, and the Secrets for it where the release is."""
    made = Database(kube)
    made.start(database_image(kind_cluster))
    kube.apply(*made.secrets(PRODUCT))
    return made


@pytest.fixture(scope="module")
def moved(
    kube: Kube, release: Release, place: str, source: Source, receiver: Receiver, database: Database
) -> dict[str, str]:
    """The release after its move; what waited for a target, and what was dead, before it (delivery → webhook)."""
    kube.apply(
        ours("Webhook", "waits", place, spec("/-/status/503/moved")),
        ours("Webhook", "refused", place, spec("/-/status/404/moved")),
    )
    kube.wait("Ready", "webhook/waits", "webhook/refused", namespace=place)
    made = [source.post(sample("RequestGranted")) for _ in range(5)]
    found = {each[f"{place}/{name}"]: name for each in made for name in ("waits", "refused")}
    for delivery, name in found.items():
        if name == "refused":
            receiver.arrived(delivery)
    until(lambda: receiver.at("/-/status/503/moved"))
    upgrade(
        release,
        store__kind="postgres",
        store__postgres={"urlSecret": {"name": "db-app"}, "caSecret": {"name": "db-ca"}},
        store__copyFrom={"existingClaim": f"{RELEASE}-data"},
        persistence__size=None,
    )
    return found


def test_what_waits_on_a_disk_moves_into_the_database_once(
    kube: Kube, place: str, source: Source, receiver: Receiver, database: Database, moved: dict[str, str]
) -> None:
    """The same deliveries go out, each once, and dead letters stay; a pod that starts again copies nothing again."""
    kube("-n", place, "patch", "webhook", "waits", "--type=merge", "-p", json.dumps({"spec": spec("/moved")}))
    waited = {delivery for delivery, name in moved.items() if name == "waits"}
    until(lambda: {each["headers"]["webhook-id"] for each in receiver.at("/moved")} >= waited)
    dead = {each["id"] for each in asked(kube, "dead-letters")}
    assert dead >= moved.keys() - waited
    assert database.sql("SELECT count(*) FROM hookwright.events") != "0"
    (pod_,) = pods(kube)
    kube("-n", PRODUCT, "delete", "pod", pod_)
    kube.wait("Available", DISPATCHER, namespace=PRODUCT)
    assert "before" in kube("-n", PRODUCT, "logs", DISPATCHER, "--container=copy")
    new = source.post(sample("RequestGranted"))[f"{place}/waits"]
    receiver.arrived(new)
    arrived = Counter(each["headers"]["webhook-id"] for each in receiver.at("/moved"))
    assert {arrived[each] for each in (*waited, new)} == {1}
    assert {each["id"] for each in asked(kube, "dead-letters")} >= dead


METRICS = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8081/metrics').read().decode())"


def parts(kube: Kube) -> list[int]:
    """On how many parts of the webhooks each dispatcher works."""
    said = [
        kube("-n", PRODUCT, "exec", each, "-c", "dispatcher", "--", "python3", "-c", METRICS)
        for each in pods(kube)
    ]
    return [
        int(float(found))
        for text in said
        for found in re.findall(r"^hookwright_parts (\S+)$", text, re.MULTILINE)
    ]


@pytest.fixture(scope="module")
def several(kube: Kube, release: Release, moved: dict[str, str]) -> None:
    """Two dispatchers, as the chart has them where nothing is copied."""
    upgrade(release, store__copyFrom={"existingClaim": ""})
    assert len(ready(kube)) == 2
    until(lambda: sorted(parts(kube)) == [32, 32])
    budget = kube.get("poddisruptionbudget", f"{RELEASE}-dispatcher", PRODUCT)
    assert budget["spec"]["maxUnavailable"] == 1


def test_a_password_that_changes_is_taken_up(
    kube: Kube, place: str, source: Source, receiver: Receiver, database: Database, several: None
) -> None:
    """From the Secret, by the next connections, without a restart."""
    before = pods(kube)
    database.change_password()
    kube.apply(*database.secrets(PRODUCT))
    for name in before:  # a change of the pod, so that kubelet looks at once
        kube("-n", PRODUCT, "annotate", "pod", name, "test/rotated=true")
    database.disconnect()
    delivery = until(lambda: posted(source).get(f"{place}/waits"))
    receiver.arrived(delivery)
    assert ready(kube) == set(before)


def posted(source: Source) -> dict[str, str]:
    """Deliveries of an event; none where it was not accepted."""
    try:
        return source.post(sample("RequestGranted"))
    except AssertionError:
        return {}


def test_a_database_under_another_authority_is_refused(
    kube: Kube, release: Release, source: Source, several: None
) -> None:
    """The new dispatcher says why and is not ready; those of before go on."""
    before = set(pods(kube))
    other = {"ca.crt": trustme.CA().cert_pem.bytes().decode()}
    metadata = {"name": "other-ca", "namespace": PRODUCT}
    kube.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": other})
    upgrade(release, "--wait=false", store__postgres__caSecret={"name": "other-ca"})
    (new,) = until(lambda: set(pods(kube)) - before)
    said = until(lambda: [each for each in log(kube, new) if each.get("event") == "store.waits"])
    assert "its certificate is not trusted" in said[0]["reason"]
    assert ready(kube) == before
    assert source.post(sample("RequestGranted"))
    upgrade(release, store__postgres__caSecret={"name": "db-ca"})


def log(kube: Kube, name: str) -> list[dict[str, Any]]:
    """The lines of a dispatcher so far; none while it has not begun."""
    try:
        return records(kube("-n", PRODUCT, "logs", name, "--container=dispatcher"))
    except AssertionError:
        return []


# --- under load --------------------------------------------------------------------------------------


class Crowd:
    """A hundred events a second, by the Service; what it was told, and what came of it."""

    def __init__(self, kube: Kube, image: str, folder: Path) -> None:
        self._kube, self._folder = kube, folder
        metadata = {"name": "crowd", "namespace": APPS}
        program = Path(__file__).with_name("crowd.py").read_text()
        host = f"{RELEASE}-dispatcher.{PRODUCT}.svc"
        volumes = {
            "/crowd": {"configMap": {"name": "crowd"}},
            "/token": {"secret": {"secretName": "events-token"}},
        }
        command = ["python3", "/crowd/crowd.py", host, "8080", str(SOURCES)]
        made = pod("crowd", APPS, image, command, volumes)
        made["spec"] |= {"restartPolicy": "Never", "terminationGracePeriodSeconds": 60}
        receiver = self._follow(TARGETS, "receiver", "--tail=0")
        kube.apply(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"crowd.py": program}},
            made,
        )
        kube.wait("Ready", "pod/crowd", namespace=APPS)
        self._followed = [receiver, self._follow(APPS, "crowd")]

    def _follow(self, place: str, name: str, *options: str) -> Process:
        command = [
            "kubectl",
            "--kubeconfig",
            str(self._kube.kubeconfig),
            "-n",
            place,
            "logs",
            "-f",
            name,
            *options,
        ]
        return Process(command, self._folder / name, core=None)

    def said(self) -> list[dict[str, Any]]:
        """Its answers so far."""
        return records((self._folder / "crowd").read_text())

    def goes_on(self) -> None:
        """Wait until a hundred more were answered."""
        enough = len(self.said()) + 100
        until(lambda: len(self.said()) >= enough)

    def ends(self) -> None:
        """Let it come to its end."""
        self._kube("-n", APPS, "exec", "crowd", "--", "python3", "-c", "import os; os.kill(1, 15)")
        self._followed[1].wait()
        assert self.said()[-1]["ended"]

    def arrivals(self) -> Counter[str]:
        """How often each delivery that was accepted arrived, when all of them did."""
        accepted = {delivery for each in self.said() for delivery in each.get("deliveries", ())}
        assert len(accepted) > 200
        return until(lambda: (found := self._arrived()).keys() >= accepted and found)

    def _arrived(self) -> Counter[str]:
        found = records((self._folder / "receiver").read_text())
        return Counter(each["headers"]["webhook-id"] for each in found if each.get("path") == "/counts")

    def remove(self) -> None:
        """Leave nothing of it."""
        for each in self._followed:
            each.end()
        self._kube("-n", APPS, "delete", "pod/crowd", "configmap/crowd", "--grace-period=0", "--force")


@pytest.fixture
def crowd(
    kube: Kube, image: str, place: str, source: Source, several: None, tmp_path: Path
) -> Iterator[Crowd]:
    """Its events go to one webhook whose requests are counted."""
    for each in json.loads(kube("get", "webhooks", "-A", "-o", "json"))["items"]:
        kube("-n", each["metadata"]["namespace"], "delete", "webhook", each["metadata"]["name"])
    kube.apply(ours("Webhook", "counts", place, spec("/counts", bodyTemplate="{}", maxInFlight=64)))
    kube.wait("Ready", "webhook/counts", namespace=place)
    started = Crowd(kube, image, tmp_path)
    started.goes_on()
    yield started
    started.remove()


def evict(kube: Kube, name: str) -> None:
    """As the drain of its node does."""
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": PRODUCT},
    }
    path = f"/api/v1/namespaces/{PRODUCT}/pods/{name}/eviction"
    kube("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))


def two_again(kube: Kube, gone: str) -> None:
    """Wait until another is in its place, and it itself is away."""
    kube("-n", PRODUCT, "wait", "--for=delete", f"pod/{gone}", "--timeout=90s")
    until(lambda: len(ready(kube)) == 2)


def test_dispatchers_that_go_and_come_are_not_noticed(
    kube: Kube, release: Release, place: str, crowd: Crowd
) -> None:
    """Evicted, deleted, exchanged by an upgrade, under load: each event is answered 202 and arrives once."""
    first = pods(kube)[0]
    evict(kube, first)
    two_again(kube, first)
    second = next(iter(ready(kube)))
    kube("-n", PRODUCT, "delete", "pod", second, "--wait=false")
    two_again(kube, second)
    upgrade(release, dispatcher__podAnnotations={"test/round": str(time.time())})
    crowd.goes_on()
    crowd.ends()
    assert [each for each in crowd.said() if each.get("status", 0) != 202 and "ended" not in each] == []
    assert {delivery: count for delivery, count in crowd.arrivals().items() if count > 1} == {}
    until(lambda: kube.get("webhook", "counts", place)["status"].get("pending") == 0)
    assert kube.get("webhook", "counts", place)["status"]["lastInvocation"]["result"] == "Delivered"


@pytest.mark.skipif(
    os.environ.get("HOOKWRIGHT_E2E") != "local", reason="its processes are on another machine"
)
def test_nothing_is_lost_with_a_dispatcher_that_is_killed(kube: Kube, crowd: Crowd) -> None:
    """What it had acknowledged goes out by the other one, or by itself when it is back."""
    for pid in processes(pods(kube)[0]):
        os.kill(pid, signal.SIGKILL)
    crowd.goes_on()
    until(lambda: len(ready(kube)) == 2)
    crowd.ends()
    assert crowd.arrivals()
