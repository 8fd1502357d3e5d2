"""The network as clusters have it: no name server, authorities that change, users and groups that nobody chose."""

from __future__ import annotations

import json
from typing import Any

import trustme

from demo import hosts
from e2e.conftest import PRODUCT, RELEASE, ROOT, TARGETS, Receiver, Release, Source, helm
from e2e.kube import Kube, ours, until
from hookwright.core.samples import sample

LISTENING = "0A"
SOCKETS = "print(open('/proc/net/tcp6').read())"
EVENT = sample("RequestGranted")


def webhook(name: str, place: str) -> dict[str, Any]:
    """To a path of its own."""
    spec = {"url": f"https://hooks.slack.com/network/{name}", "triggers": ["RequestGranted"]}
    return ours("Webhook", name, place, spec)


def test_all_ports_listen_on_ipv6_and_ipv4(kube: Kube, release: Release) -> None:
    """One socket each, on every address; that IPv4 gets there too is what the probes of these pods show."""
    for component, ports in (("dispatcher", {8080, 8081}), ("controller", {8082})):
        told = kube(
            "-n", PRODUCT, "exec", f"deployment/{RELEASE}-{component}", "--", "python3", "-c", SOCKETS
        )
        rows = [line.split() for line in told.splitlines()[1:]]
        every = {row[1] for row in rows if row and row[3] == LISTENING}
        assert {f"{0:032X}:{port:04X}" for port in ports} <= every


def test_the_controller_needs_no_name_server(kube: Kube, place: str) -> None:
    """With one that never answers a new webhook is heard of, and Ready."""

    def resolves(policy: str, config: dict[str, Any] | None) -> None:
        spec = {"spec": {"template": {"spec": {"dnsPolicy": policy, "dnsConfig": config}}}}
        kube("-n", PRODUCT, "patch", f"deployment/{RELEASE}-controller", "-p", json.dumps(spec))
        kube("-n", PRODUCT, "rollout", "status", f"deployment/{RELEASE}-controller", "--timeout=90s")

    resolves("None", {"nameservers": ["127.0.0.9"]})
    try:
        kube.apply(webhook("deaf", place))
        kube.wait("Ready", "webhook/deaf", namespace=place, seconds=60)
    finally:
        resolves("ClusterFirst", None)


def test_an_authority_that_is_rotated_is_followed(
    kube: Kube, place: str, source: Source, receiver: Receiver
) -> None:
    """Old and new in the ConfigMap, then a certificate of the new one, then the new one alone: no restart, nothing lost."""
    (pod,) = kube.items("pods", PRODUCT, "--selector", "app.kubernetes.io/component=dispatcher")
    old = kube.get("configmap", "authorities", PRODUCT)["data"]["ca.crt"]
    authority = trustme.CA()
    new = authority.cert_pem.bytes().decode()

    def loaded() -> int:
        return kube("-n", PRODUCT, "logs", pod["metadata"]["name"]).count("authorities.loaded")

    def trust(*authorities: str) -> None:
        before = loaded()
        metadata = {"name": "authorities", "namespace": PRODUCT}
        data = {"ca.crt": "".join(authorities)}
        kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
        kube(
            "-n",
            PRODUCT,
            "annotate",
            "--overwrite",
            "pod",
            pod["metadata"]["name"],
            f"seen={len(authorities)}",
        )
        until(lambda: loaded() > before)

    kube.apply(webhook("rotated", place))
    kube.wait("Ready", "webhook/rotated", namespace=place)
    receiver.arrived(source.post(EVENT)[f"{place}/rotated"])
    trust(old, new)
    chain = authority.issue_cert(*hosts()).private_key_and_cert_chain_pem.bytes().decode()
    metadata = {"name": "receiver", "namespace": TARGETS}
    kube.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"chain.pem": chain}}
    )
    kube("replace", "--force", "-f", "-", stdin=json.dumps(kube.get("pod", "receiver", TARGETS)))
    kube.wait("Ready", "pod/receiver", namespace=TARGETS)
    receiver.arrived(source.post(EVENT)[f"{place}/rotated"])
    trust(new)
    receiver.arrived(source.post(EVENT)[f"{place}/rotated"])
    (after,) = kube.items("pods", PRODUCT, "--selector", "app.kubernetes.io/component=dispatcher")
    assert [each["restartCount"] for each in after["status"]["containerStatuses"]] == [0]
    assert after["metadata"]["uid"] == pod["metadata"]["uid"]


def test_pods_run_as_whatever_user_the_platform_gives(
    kube: Kube, image: str, place: str, release: Release
) -> None:
    """As OpenShift does it: any user, group 0, no group for the volumes; under `restricted`, with a read-only root."""
    repository, _, tag = image.rpartition(":")
    values = {
        "image": {"repository": repository, "tag": tag},
        "crds": {"enabled": False},
        "watchNamespaces": [place],
        "podSecurityContext": {"runAsUser": 1_000_680_000, "runAsGroup": 0, "fsGroup": None},
        "persistence": {"size": "1Gi"},
    }
    options = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
    helm(kube, place, "install", "anybody", str(ROOT / "charts/hookwright"), *options)
    deployments = [f"deployment/anybody-hookwright-{component}" for component in ("controller", "dispatcher")]
    try:
        kube.wait("Available", *deployments, namespace=place, seconds=90)
        for each in deployments:
            who = kube(
                "-n", place, "exec", each, "--", "python3", "-c", "import os; print(os.getuid(), os.getgid())"
            )
            assert who.split() == ["1000680000", "0"]
        kept = kube(
            "-n",
            place,
            "exec",
            deployments[1],
            "--",
            "python3",
            "-c",
            "import os; print(os.listdir('/last-good'))",
        )
        assert "manifest.json" in kept
    finally:
        helm(kube, place, "uninstall", "anybody", "--wait")
