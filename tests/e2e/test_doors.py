"""What the chart makes of doors, networks and monitoring, as the API server takes it: nothing runs, all is judged."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from chart.schemas import CRDS, module
from e2e.conftest import ROOT, helm
from e2e.kube import Kube

CHART = ROOT / "charts/hookwright"
DOORS = "hookwright-e2e-doors"
ALONE = ("--set=crds.enabled=false", "--skip-tests")
"""Without what is in the cluster already, and without a pod whose ServiceAccount a dry run does not make."""
IPV4 = ("--set-json=service.ipFamilies=[]", "--set=service.ipFamilyPolicy=")
UNKNOWN = "HealthCheckPolicy"
AROUND = {
    "service": {"type": "LoadBalancer", "port": 80, "ipFamilyPolicy": "PreferDualStack"},
    "ingress": {"enabled": True, "hosts": ["a.example", "b.example"], "tls": [{"secretName": "certificate"}]},
    "httpRoute": {
        "enabled": True,
        "hosts": ["a.example"],
        "parentRefs": [{"name": "public"}],
        "timeouts": {"request": "30s"},
    },
    "networkPolicy": {"egress": {"enabled": True}},
    "serviceMonitor": {"enabled": True, "scrapeTimeout": "5s"},
    "prometheusRule": {"enabled": True},
    "grafanaDashboard": {"enabled": True},
}


@pytest.fixture(scope="module")
def doors(kube: Kube) -> Iterator[str]:
    """A namespace in a cluster that knows HTTPRoutes, ServiceMonitors and PrometheusRules."""
    kube.namespace(DOORS)
    crds = [str(module(named) / path) for named, path in CRDS]
    for path in crds:
        kube("apply", "--server-side", "-f", path)
    names = [yaml.safe_load(Path(path).read_text())["metadata"]["name"] for path in crds]
    kube.wait("Established", *(f"crd/{name}" for name in names), namespace="default")
    yield DOORS
    kube("delete", "crd", *names)
    kube("delete", "namespace", DOORS)


def rendered(kube: Kube, release: str, *options: str) -> str:
    """Manifests of a release of that name in that namespace, without what no cluster of ours knows."""
    text = helm(kube, DOORS, "template", release, str(CHART), *ALONE, *options)
    return yaml.safe_dump_all(each for each in yaml.safe_load_all(text) if each and each["kind"] != UNKNOWN)


@pytest.mark.parametrize("example", ["eks", "gke", "openshift", "kind", "cloudnative-pg", "managed-database"])
def test_api_server_takes_an_example(kube: Kube, doors: str, example: str) -> None:
    """Every object, with strict validation; of EKS without IPv6, which this cluster has not."""
    text = rendered(
        kube, example, f"--values={CHART}/examples/{example}.yaml", *(IPV4 if example == "eks" else ())
    )
    said = kube("create", "--dry-run=server", "--validate=strict", "-f", "-", stdin=text)
    assert said.count("created (server dry run)") == len(list(yaml.safe_load_all(text)))


def test_what_stands_around_the_pods_is_applied_and_does_not_differ_afterwards(
    kube: Kube, doors: str
) -> None:
    """Whoever compares doors, policies and monitors sees nothing, and a second apply moves nothing."""
    options = [f"--set-json={name}={json.dumps(value)}" for name, value in AROUND.items()]
    kinds = {
        "Service",
        "Ingress",
        "HTTPRoute",
        "NetworkPolicy",
        "ServiceMonitor",
        "PrometheusRule",
        "ConfigMap",
    }
    objects = [
        each for each in yaml.safe_load_all(rendered(kube, "doors", *options)) if each["kind"] in kinds
    ]
    assert {each["kind"] for each in objects} == kinds
    text = yaml.safe_dump_all(objects)
    kube("apply", "-f", "-", stdin=text)
    diff = ["kubectl", "--kubeconfig", str(kube.kubeconfig), "diff", "-f", "-"]
    done = subprocess.run(diff, input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert "configured" not in kube("apply", "-f", "-", stdin=text)
    ports = kube.get("service", "doors-hookwright-events", DOORS)["spec"]["ports"]
    assert [(each["name"], each["port"], each["appProtocol"]) for each in ports] == [("events", 80, "http")]


def test_families_reach_the_api_server(kube: Kube, doors: str) -> None:
    """This cluster has IPv4 alone: that is taken, and IPv6 is refused by its name for each Service."""
    four = rendered(
        kube, "four", '--set-json=service.ipFamilies=["IPv4"]', "--set=service.ipFamilyPolicy=SingleStack"
    )
    kube("create", "--dry-run=server", "-f", "-", stdin=four)
    six = rendered(kube, "six", '--set-json=service.ipFamilies=["IPv6"]')
    with pytest.raises(AssertionError, match=r"spec.ipFamilies\[0\]"):
        kube("create", "--dry-run=server", "-f", "-", stdin=six)
