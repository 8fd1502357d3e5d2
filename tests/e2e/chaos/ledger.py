"""What a play is judged by beside the statuses: what the source was told, what arrived, what is dead, what was logged.

Must not: judge (`truth` does).
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from e2e.chaos.things import ANSWERS
from e2e.chaos.truth import World, where
from e2e.conftest import APPS, EVENTS, PRODUCT, RELEASE, TARGETS
from e2e.kube import Kube, pod
from rig import Process, records, until

DISPATCHER = f"deployment/{RELEASE}-dispatcher"
ASK = """
import json, sys, urllib.request
token = open("/tokens/admin/token").readline().split()[-1]
path, items = "http://127.0.0.1:8081/admin/v1/" + sys.argv[1], []
after = ""
while after is not None:
    request = urllib.request.Request(path + after, headers={"authorization": "Bearer " + token})
    page = json.load(urllib.request.urlopen(request, timeout=10))
    items += page["items"]
    after = page.get("next") and f"?before={page['next']}"
print(json.dumps(items))
"""


def asked(kube: Kube, path: str) -> list[dict[str, Any]]:
    """All items that the dispatcher's admin port lists."""
    return json.loads(kube("-n", PRODUCT, "exec", DISPATCHER, "--", "python3", "-c", ASK, path))


def running(kube: Kube) -> dict[str, str]:
    """The hashes that the dispatcher runs, by webhook; none while it does not answer."""
    try:
        return {each["webhook"]: each["configHash"] for each in asked(kube, "webhooks")}
    except AssertionError:
        return {}


def world(kube: Kube, namespaces: list[str]) -> World:
    """The objects of these namespaces as they stand."""

    def listed(kind: str) -> dict[tuple[str, str], dict[str, Any]]:
        items = json.loads(kube("get", kind, "-A", "-o", "json"))["items"]
        return {where(each): each for each in items if where(each)[0] in namespaces}

    return World(listed("webhooks"), listed("webhooktests"), listed("secrets"), listed("configmaps"))


class Play:
    """The source's and the receiver's words, followed from the beginning of a play to its end."""

    def __init__(self, kube: Kube, image: str, folder: Path, seed: int) -> None:
        self._kube, self._folder = kube, folder
        self._name = f"poster-{seed}"
        self.tokens = [kube.get("secret", f"{RELEASE}-ingest-token", PRODUCT)["data"]]
        program = Path(__file__).with_name("poster.py").read_text()
        metadata = {"name": "poster", "namespace": APPS}
        volumes = {
            "/program": {"configMap": {"name": "poster"}},
            "/token": {"secret": {"secretName": "events-token"}},
        }
        command = ["python3", "/program/poster.py", EVENTS, f"chaos-{seed}"]
        kube.apply(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"poster.py": program}},
            pod(self._name, APPS, image, command, volumes),
        )
        kube.wait("Ready", f"pod/{self._name}", namespace=APPS)
        self._followed = [self._follow(APPS, self._name), self._follow(TARGETS, "receiver")]

    def _follow(self, place: str, name: str) -> Process:
        kubeconfig = str(self._kube.kubeconfig)
        command = ["kubectl", "--kubeconfig", kubeconfig, "-n", place, "logs", "-f", name]
        return Process(command, self._folder / name, core=None)

    def _told(self, name: str) -> list[dict[str, Any]]:
        return records((self._folder / name).read_text())

    def statuses(self) -> set[int]:
        """Of all answers to the source."""
        return {each["status"] for each in self._told(self._name)}

    def accepted(self) -> dict[str, str]:
        """Every delivery that was acknowledged, with its webhook."""
        return {
            delivery: webhook
            for each in self._told(self._name)
            for delivery, webhook in each["deliveries"].items()
        }

    def arrived(self) -> set[str]:
        """Deliveries that a target answered with 200."""
        failing = tuple(path for path in ANSWERS.values() if path)
        return {
            each["headers"]["webhook-id"]
            for each in self._told("receiver")
            if "webhook-id" in each.get("headers", ()) and not each["path"].startswith(failing)
        }

    def buried(self) -> dict[str, str]:
        """Dead letters with their reasons."""
        return {each["id"]: each["reason"] for each in asked(self._kube, "dead-letters")}

    def give_token(self) -> None:
        """Hand the source the token of now: one that goes while the controller is away comes back as another."""
        try:
            token = self._kube.get("secret", f"{RELEASE}-ingest-token", PRODUCT)["data"]
        except (AssertionError, KeyError):  # it is away, or empty, just now
            return
        if token != self.tokens[-1]:
            self.tokens.append(token)
            metadata = {"name": "events-token", "namespace": APPS}
            self._kube.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": token})
            given = f"given={len(self.tokens)}"  # a change of the pod, so that kubelet looks at once
            self._kube("-n", APPS, "annotate", "pod", self._name, "source", given, "--overwrite")

    def stop_source(self) -> None:
        """It posts no more; all that it said is there to be read."""
        self._kube("-n", APPS, "delete", "pod", self._name)
        self._followed[0].wait()

    def end(self) -> None:
        """Leave nothing that runs."""
        for each in self._followed:
            each.end()
        self.give_token()
        token = b64decode(self.tokens[-1]["token"]).decode()
        read = ("exec", "source", "--", "python3", "-c", "print(open('/token/token').read(), end='')")
        until(lambda: self._kube("-n", APPS, *read) == token)  # as the tests after it need it
        self._kube("-n", APPS, "delete", f"pod/{self._name}", "configmap/poster", "--ignore-not-found")


def lines(kube: Kube, since: str) -> Iterator[dict[str, Any]]:
    """What controller and dispatcher logged since a time, without what belongs to one delivery or test, or to a machine
    that has too much to do."""
    label = ("-l", "app.kubernetes.io/name=hookwright", "-n", PRODUCT)
    said = kube("logs", *label, "--tail=-1", f"--since-time={since}")
    yield from (
        each for each in records(said) if each.get("event") not in ("attempt", "test", "loop.stopped")
    )


def repeated(said: Iterator[Mapping[str, Any]], minutes: float) -> list[str]:
    """Lines of the same cause that came more than once a minute."""
    counts = Counter(
        json.dumps([each.get("level"), each.get("event"), each.get("cause", each.get("message"))])
        for each in said
        if each.get("level") != "info"
    )
    return [f"{count} × {line}" for line, count in counts.items() if count > 1 + minutes]
