"""What goes on while parts of the cluster are away, with events coming all the time."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from e2e.conftest import APPS, PRODUCT, RELEASE, ApiServer, Ticker, all_arrived
from e2e.kube import Kube, answers, ours, until

AWAY = 60.0


def dispatcher(kube: Kube) -> dict[str, Any]:
    """Its pod."""
    (found,) = kube.items("pods", PRODUCT, "--selector", "app.kubernetes.io/component=dispatcher")
    return found


def test_deliveries_go_on_without_a_controller(kube: Kube, ticker: Ticker) -> None:
    """The controller is in nobody's way."""
    kube("-n", PRODUCT, "scale", f"deployment/{RELEASE}-controller", "--replicas=0")
    kube(
        "-n",
        PRODUCT,
        "wait",
        "pods",
        "--for=delete",
        "-l",
        "app.kubernetes.io/component=controller",
        "--timeout=60s",
    )
    gone = time.time()
    made = until(lambda: ticker.accepted(since=gone))
    until(lambda: all_arrived(kube, made))
    kube("-n", PRODUCT, "scale", f"deployment/{RELEASE}-controller", "--replicas=1")
    kube.wait("Available", f"deployment/{RELEASE}-controller", namespace=PRODUCT)


def test_no_delivery_is_lost_with_the_dispatchers_pod(kube: Kube, ticker: Ticker) -> None:
    """A pod that is deleted under load comes back with its disk; what was acknowledged is delivered."""
    kube("-n", PRODUCT, "delete", "pod", dispatcher(kube)["metadata"]["name"], "--grace-period=1")
    kube.wait("Available", f"deployment/{RELEASE}-dispatcher", namespace=PRODUCT)
    back = time.time()
    until(lambda: ticker.accepted(since=back))
    made = ticker.stop()
    until(lambda: all_arrived(kube, made))


def processes(pod_name: str) -> list[int]:
    """Processes of a pod on this machine."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"HOSTNAME={pod_name}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:
            continue  # it has ended
    return found


def test_deliveries_go_on_without_an_api_server_for_a_minute(
    kube: Kube, place: str, ticker: Ticker, api_server: ApiServer
) -> None:
    """The dispatcher works on without it, even killed and started again meanwhile; all catches up afterwards by itself."""
    running = dispatcher(kube)
    name, address = running["metadata"]["name"], running["status"]["podIP"]
    before = kube.get("webhook", "grafana", APPS)["status"].get("lastInvocation")
    api_server.stop()
    stopped = time.time()
    killed = processes(name)
    for process in killed:
        os.kill(process, signal.SIGKILL)
    until(lambda: set(processes(name)) - set(killed) and answers(f"http://{address}:8081/readyz"), 50)
    back = time.time()
    until(lambda: time.time() > stopped + AWAY, AWAY)
    served = time.time()
    api_server.start()

    assert ticker.accepted(since=back, until=served)
    until(lambda: kube.get("webhook", "grafana", APPS)["status"]["lastInvocation"] != before, 60)
    metadata = {"name": "after", "namespace": place, "labels": {"hookwright.io/webhook-secret": "true"}}
    url = {"url": "https://hooks.slack.com/outage/after"}
    spec = {"urlFrom": {"secretKeyRef": {"name": "after", "key": "url"}}, "triggers": ["RequestGranted"]}
    kube.apply(
        ours("Webhook", "after", place, spec),
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": url},
    )
    kube.wait("ResolvedRefs", "webhook/after", namespace=place, seconds=60)
    kube.wait("Ready", "webhook/after", namespace=place, seconds=120)  # kubelet has to hand it over
    kube.wait("Ready", "webhooks", "--all", namespace=APPS)
    made = ticker.stop()
    until(lambda: all_arrived(kube, made))
