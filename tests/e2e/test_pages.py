"""The pages of the documentation on a cluster: from an empty one to the first delivery, run as they are written.

Which commands these are says walked.py. A page that installs begins without a release; the others go on from the one before.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
import yaml

from e2e.conftest import PRODUCT, ROOT, Receiver, remove
from e2e.kube import Kube
from hookwright.core.samples import sample
from rig import Process, until
from walked import steps, text_of, walked, write_files

HOSTS, PLACE, ARGO = ("hooks.slack.com", "tickets.example.com"), "hookwright", "argocd"
EVENTS = "hookwright-dispatcher.hookwright.svc:8080"
NAMED = "image.repository=registry.example/hookwright"
"""How the page on installing names the image that its reader has pushed."""


class Walk:
    """A folder such as a checkout has, and a shell in it whose kubectl speaks to the cluster."""

    def __init__(self, kube: Kube, image: str, folder: Path) -> None:
        self.kube, self.folder = kube, folder
        self._repository, _, self._tag = image.rpartition(":")

    def prepare(self) -> None:
        """What all pages take for granted: the checkout, and values that name the image and lead the targets to us."""
        for name in ("charts", "docs", "examples"):
            (self.folder / name).symlink_to(ROOT / name)
        values = {
            "image": {"repository": self._repository, "tag": self._tag},
            "egress": {
                "connectTo": [f"{host}:443:{Receiver.ADDRESS}:443" for host in HOSTS],
                "caFile": {"configMap": "authorities"},
            },
        }
        (self.folder / "values.yaml").write_text(json.dumps(values))
        (self.folder / "event.json").write_text(json.dumps(sample("RequestGranted")))

    def namespace(self) -> None:
        """The release's, with the receiver's authority in it."""
        authority = self.kube.get("configmap", "authorities", PRODUCT)["data"]
        self.kube.namespace(PLACE)
        metadata = {"name": "authorities", "namespace": PLACE}
        self.kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": authority})

    def run(self, block: list[str]) -> str:
        """The commands of a block in one shell, each of which ends well; what they printed."""
        script = "\n".join(block).replace(NAMED, f"image.repository={self._repository},image.tag={self._tag}")
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "KUBECONFIG": str(self.kube.kubeconfig),
            "HOOKWRIGHT_NAMESPACE": PLACE,
            "CURL_HOME": str(self.folder),
        }
        with led(self.folder, environment) if EVENTS in script else nullcontext():
            done = subprocess.run(
                ["bash", "-e", "-c", script], cwd=self.folder, env=environment, capture_output=True, text=True,
                check=False,
            )  # fmt: skip
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout


@contextmanager
def led(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """The name of the Service, which only pods know, leads curl to it."""
    command = ["kubectl", "--namespace", PLACE, "port-forward", "service/hookwright-dispatcher", ":8080"]
    forward = Process(command, folder / "forward.log", core=None, env=environment)
    try:
        port = forward.wait_for(r"127\.0\.0\.1:([0-9]+)")[1]
        (folder / ".curlrc").write_text(f'connect-to = "{EVENTS}:127.0.0.1:{port}"\n')
        yield
    finally:
        forward.end()


def installs(page: str) -> bool:
    """Whether it begins with a cluster that has no release."""
    return any("helm install " in each for block in steps(page, cluster=True) for each in block)


def in_order() -> list[str]:
    """As they are read: the two that lead there, those that go on from a release, and those that begin anew."""
    first = ["README.md", "docs/tutorial.md"]
    return first + sorted(set(walked(cluster=True)) - set(first), key=lambda page: (installs(page), page))


def others(page: str) -> set[str]:
    """Namespaces that its commands name beside the release's: they are somebody's, and there."""
    text = "\n".join(each for block in steps(page, cluster=True) for each in block)
    return set(re.findall(r"--namespace (\S+)", text)) - {PLACE, "default"}


def forget(kube: Kube) -> None:
    """What a page has left in the cluster."""
    remove(kube, [PLACE])
    for secret in ("slack", "tickets"):
        kube("-n", "default", "delete", "secret", secret, "--ignore-not-found")


@pytest.fixture(scope="module")
def emptied(kube: Kube) -> Iterator[Callable[[], None]]:
    """Makes the cluster as the first page finds it, and does so at the end."""
    made = sorted({namespace for page in in_order() for namespace in others(page)})
    for namespace in (PLACE, *made):
        there = kube("get", "namespace", namespace, "--ignore-not-found")
        assert not there, f"the namespace {namespace} is somebody's: the pages are walked without it"
    yield lambda: forget(kube)
    forget(kube)
    kube("delete", "namespace", "--ignore-not-found", *made)


@pytest.fixture
def walk(kube: Kube, image: str, receiver: Receiver, tmp_path: Path) -> Walk:
    """A checkout, and the cluster."""
    made = Walk(kube, image, tmp_path)
    made.prepare()
    return made


def first_delivery(walk: Walk, receiver: Receiver) -> None:
    """The target has been called."""
    got = receiver.at("/services/T00000000/B00000000/placeholder")
    assert [each["host"] for each in got][:1] == [HOSTS[0]]


def an_event_arrives(walk: Walk, receiver: Receiver) -> None:
    """With the token of the tutorial's Secret."""
    [first] = until(lambda: receiver.at("/api/tickets"))[:1]
    assert (first["host"], first["headers"]["authorization"]) == (HOSTS[1], "Bearer not-a-real-token")


def argo_cd_knows_us(walk: Walk, receiver: Receiver) -> None:
    """The ConfigMap has the keys of the file, and kept its own."""
    wanted = yaml.safe_load(text_of("docs/gitops/argocd-cm.yaml"))["data"]
    assert walk.kube.get("configmap", "argocd-cm", ARGO)["data"] == {
        "url": "https://argocd.example.com",
        **wanted,
    }


def nothing_is_left(walk: Walk, receiver: Receiver) -> None:
    """Neither a kind nor a claim."""
    assert not [
        each for each in walk.kube.items("crds", "default") if each["spec"]["group"] == "hookwright.io"
    ]
    assert not walk.kube.items("persistentvolumeclaims", PLACE)


def argo_cd(walk: Walk) -> None:
    """Its ConfigMap, which holds something already."""
    metadata = {"name": "argocd-cm", "namespace": ARGO}
    data = {"url": "https://argocd.example.com"}
    walk.kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


WORLDS: dict[str, Callable[[Walk], None]] = {"docs/gitops.md": argo_cd}
"""What a page takes for granted beside a release."""
CHECKS: dict[str, Callable[[Walk, Receiver], None]] = {
    "README.md": first_delivery,
    "docs/tutorial.md": an_event_arrives,
    "docs/gitops.md": argo_cd_knows_us,
    "docs/install.md": nothing_is_left,
}
"""What is so once a page has been walked to its end, beside that each command ended well."""


@pytest.mark.parametrize("page", in_order())
def test_a_page_can_be_walked_on_a_cluster(
    page: str, walk: Walk, receiver: Receiver, emptied: Callable[[], None]
) -> None:
    """Its files and commands, block by block; and what they are for is so."""
    blocks = steps(page, cluster=True)
    if installs(page):
        emptied()
        if "kubectl create namespace hookwright" not in blocks[0]:
            walk.namespace()
    write_files(text_of(page), walk.folder)
    for namespace in others(page):
        walk.kube.namespace(namespace)
    WORLDS.get(page, lambda _: None)(walk)
    for block in blocks:
        walk.run(block)
    CHECKS.get(page, lambda *_: None)(walk, receiver)
