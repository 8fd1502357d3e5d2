"""A thousand webhooks: what a restart of the controller takes, writes and holds."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.conftest import PRODUCT, RELEASE, Release
from e2e.kube import Kube, ours, until

NAMESPACES = [f"hookwright-e2e-scale-{number}" for number in range(20)]
CONTROLLER = f"deployment/{RELEASE}-controller"
METRICS = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8082/metrics').read().decode())"
CHANGES = {"PUT", "PATCH", "APPLY"}
WRITES = {"POST", "DELETE", *CHANGES}


@pytest.fixture
def thousand(kube: Kube, release: Release) -> Iterator[None]:
    """50 webhooks in each of 20 namespaces, all in force."""
    for namespace in NAMESPACES:
        kube.namespace(namespace)
    template = '{"text": "{{ data.requester.name }} asks for {{ data.friendly_id }}"}'
    spec = {"url": "https://hooks.slack.com/scale", "triggers": ["RequestGranted"], "bodyTemplate": template}
    hooks = [ours("Webhook", f"hook-{n}", each, spec) for each in NAMESPACES for n in range(50)]
    kube("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": hooks}))
    until(lambda: all_ready(kube), 120)
    yield
    kube("delete", "namespace", *NAMESPACES, "--wait=false")


def inside(kube: Kube, program: str) -> str:
    """What a program prints in the controller's pod: a NetworkPolicy keeps its metrics from all others."""
    return kube("-n", PRODUCT, "exec", CONTROLLER, "--", "python3", "-c", program)


def metrics(text: str) -> dict[str, float]:
    """Samples by name and labels."""
    return {name: float(value) for name, value in re.findall(r"^([^#\s]\S*) (\S+)$", text, re.MULTILINE)}


def known(kube: Kube) -> dict[str, float]:
    """What the controller has heard of: objects by kind and state, and whether the dispatcher answers."""
    found = metrics(inside(kube, METRICS))
    return {
        name: found[name] for name in found if re.search("managed_resources|controller_dispatchers", name)
    }


def written(kube: Kube) -> Counter[str]:
    """Requests so far, as the API server counted them, that a controller writes with: our kinds, Secrets, annotations."""
    counts: Counter[str] = Counter()
    for name, count in metrics(kube("get", "--raw", "/metrics")).items():
        if name.startswith("apiserver_request_total{"):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', name))
            what = f"{labels['resource']}/{labels['subresource']}".rstrip("/")
            own = labels["group"] == "hookwright.io" or what == "secrets"
            if labels["verb"] in (WRITES if own else CHANGES if what == "pods" else ()):
                counts[what] += int(count)
    return counts


def megabytes(kube: Kube) -> int:
    """The most memory that the controller has held so far."""
    status = inside(kube, "print(open('/proc/1/status').read())")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024 // 1_000_000


def webhooks(kube: Kube) -> dict[tuple[str, str], dict[str, Any]]:
    """Ours, by namespace and name."""
    found = json.loads(kube("get", "webhooks", "-A", "-o", "json"))["items"]
    named = {(each["metadata"]["namespace"], each["metadata"]["name"]): each for each in found}
    return {name: each for name, each in named.items() if name[0] in NAMESPACES}


def all_ready(kube: Kube) -> bool:
    """Whether each says so."""
    found = webhooks(kube).values()
    ready = [
        c["status"] for each in found for c in each["status"].get("conditions", ()) if c["type"] == "Ready"
    ]
    return ready == ["True"] * 1000


def versions(kube: Kube) -> dict[tuple[str, str], str]:
    """Of each."""
    return {name: each["metadata"]["resourceVersion"] for name, each in webhooks(kube).items()}


def test_restart_with_a_thousand_webhooks(kube: Kube, thousand: None) -> None:
    """Resynced within 30 seconds without a write, as nothing has changed; then one change, one write; under 250 MB."""
    knew = known(kube)
    memory = [megabytes(kube)]  # of the one that saw them all come
    pods = ("-l", "app.kubernetes.io/component=controller")
    kube("-n", PRODUCT, "scale", CONTROLLER, "--replicas=0")
    kube("-n", PRODUCT, "wait", "pods", "--for=delete", *pods, "--timeout=60s")
    before, stood = written(kube), versions(kube)
    began = time.monotonic()
    kube("-n", PRODUCT, "scale", CONTROLLER, "--replicas=1")
    kube.wait("Available", CONTROLLER, namespace=PRODUCT)
    until(lambda: known(kube) == knew)
    took = time.monotonic() - began
    unchanged = written(kube) - before

    changed = (NAMESPACES[0], "hook-0")
    patch = '--patch={"spec": {"bodyTemplate": "{\\"v\\": 2}"}}'
    kube("-n", NAMESPACES[0], "patch", "webhook", "hook-0", "--type=merge", patch)
    kube.wait("Ready", "webhook/hook-0", namespace=NAMESPACES[0])
    one = written(kube) - before
    stand = versions(kube)
    memory.append(megabytes(kube))
    print(f"resynced after {took:.1f} s, written {unchanged}, with one change {one}, at most {memory} MB")
    assert took < 30
    assert unchanged == Counter()
    assert {name for name in stood if stand[name] != stood[name]} == {changed}
    assert one["secrets"] == 1
    assert one["webhooks/status"] <= 3  # waits, is in force
    assert max(memory) < 250
