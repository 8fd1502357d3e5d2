"""How events come in: Services, Ingress, HTTPRoute; and that the admin port never goes out by them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chart.conftest import CHART, Helm, Render
from chart.rendered import DISPATCHER, env, kinds

INSIDE, OUTSIDE = ("Service", "hookwright-dispatcher"), ("Service", "hookwright-events")
HOSTS = ["events.example", "hooks.example"]
GATEWAY = {"name": "public", "namespace": "gateways", "sectionName": "https"}


def test_service_stays_inside_unless_told_otherwise(render: Render) -> None:
    """One Service with both ports, and what it is given."""
    objects = render(
        service={
            "labels": {"team": "a", "app.kubernetes.io/name": "other"},
            "annotations": {"note": "b"},
            "clusterIP": "None",
        }
    )
    assert OUTSIDE not in objects
    service = objects[INSIDE]
    assert (service["spec"].get("type"), service["spec"]["clusterIP"]) == (None, "None")
    assert [(each["name"], each["port"]) for each in service["spec"]["ports"]] == [
        ("events", 8080),
        ("admin", 8081),
    ]
    assert service["metadata"]["annotations"] == {"note": "b"}
    labels = service["metadata"]["labels"]
    assert (labels["team"], labels["app.kubernetes.io/name"]) == ("a", "hookwright")


@pytest.mark.parametrize("kind", ["NodePort", "LoadBalancer"])
def test_service_for_the_outside_has_the_events_port_alone(render: Render, kind: str) -> None:
    """The admin port stays on the Service inside, which takes nothing of what is said of the other."""
    objects = render(
        service={"type": kind, "port": 80, "nodePort": 30080, "annotations": {"a": "b"}, "labels": {"c": "d"}}
    )
    outside, inside = objects[OUTSIDE], objects[INSIDE]
    assert outside["spec"]["type"] == kind
    assert outside["spec"]["ports"] == [
        {"name": "events", "port": 80, "targetPort": "events", "nodePort": 30080, "appProtocol": "http"}
    ]
    assert outside["spec"]["selector"] == inside["spec"]["selector"]
    assert (outside["metadata"]["annotations"], outside["metadata"]["labels"]["c"]) == ({"a": "b"}, "d")
    assert "annotations" not in inside["metadata"]
    assert "type" not in inside["spec"]
    component = "app.kubernetes.io/component"
    assert (outside["metadata"]["labels"][component], inside["metadata"]["labels"][component]) == (
        "events",
        "dispatcher",
    )


def test_load_balancer_is_the_one_that_is_asked_for(render: Render) -> None:
    """Its class, who reaches it and what it keeps go to the Service as they are."""
    asked = {
        "type": "LoadBalancer",
        "loadBalancerClass": "service.k8s.aws/nlb",
        "loadBalancerSourceRanges": ["203.0.113.0/24"],
        "externalTrafficPolicy": "Local",
        "clusterIP": "10.96.7.7",
    }
    assert render(service=asked)[OUTSIDE]["spec"].items() >= asked.items()


def test_every_service_has_the_families(render: Render) -> None:
    """Of clusters with IPv6 alone or both; the protocol can be left out."""
    families = {"ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv6", "IPv4"]}
    objects = render(
        service={**families, "type": "NodePort", "appProtocol": ""}, serviceMonitor={"enabled": True}
    )
    services = [each["spec"] for (kind, _), each in objects.items() if kind == "Service"]
    assert len(services) == 3
    assert all(each.items() >= families.items() for each in services)
    assert not [port for each in services for port in each["ports"] if "appProtocol" in port]
    assert "ipFamilies" not in render()[INSIDE]["spec"]


def test_ingress_leads_to_the_events_port(render: Render) -> None:
    """Each host, with TLS from one Secret for all of them; the dispatcher answers to them."""
    issuer = {"cert-manager.io/cluster-issuer": "letsencrypt"}
    objects = render(
        ingress={
            "enabled": True,
            "className": "nginx",
            "labels": {"team": "a"},
            "annotations": issuer,
            "hosts": HOSTS,
            "path": "/v1",
            "tls": [{"secretName": "certificate"}, {"secretName": "other", "hosts": ["hooks.example"]}],
        }
    )
    ingress = objects["Ingress", "hookwright-events"]
    assert (ingress["metadata"]["annotations"], ingress["metadata"]["labels"]["team"]) == (issuer, "a")
    backend = {"service": {"name": "hookwright-dispatcher", "port": {"name": "events"}}}
    assert ingress["spec"] == {
        "ingressClassName": "nginx",
        "tls": [
            {"secretName": "certificate", "hosts": HOSTS},
            {"secretName": "other", "hosts": ["hooks.example"]},
        ],
        "rules": [
            {"host": host, "http": {"paths": [{"path": "/v1", "pathType": "Prefix", "backend": backend}]}}
            for host in HOSTS
        ],
    }
    assert env(objects, DISPATCHER)["HOOKWRIGHT_INGEST_HOSTS"].split(",")[-2:] == HOSTS


def test_ingress_may_leave_the_certificate_to_the_platform(render: Render) -> None:
    """OpenShift takes an empty entry, and only an empty one, for its own certificate."""
    objects = render(ingress={"enabled": True, "hosts": HOSTS, "tls": [{}]})
    assert objects["Ingress", "hookwright-events"]["spec"]["tls"] == [{}]


def test_route_leads_to_the_events_port(render: Render) -> None:
    """Of the Gateway API; with what the API server would fill in."""
    objects = render(
        httpRoute={
            "enabled": True,
            "labels": {"team": "a"},
            "annotations": {"b": "c"},
            "parentRefs": [GATEWAY],
            "hosts": HOSTS,
            "path": "/v1",
            "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["cookie"]}}],
            "timeouts": {"request": "30s"},
        }
    )
    route = objects["HTTPRoute", "hookwright-events"]
    assert (route["metadata"]["labels"]["team"], route["metadata"]["annotations"]) == ("a", {"b": "c"})
    assert route["spec"] == {
        "parentRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", **GATEWAY}],
        "hostnames": HOSTS,
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/v1"}}],
                "filters": [
                    {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["cookie"]}}
                ],
                "timeouts": {"request": "30s"},
                "backendRefs": [
                    {
                        "group": "",
                        "kind": "Service",
                        "name": "hookwright-dispatcher",
                        "port": 8080,
                        "weight": 1,
                    }
                ],
            }
        ],
    }
    assert env(objects, DISPATCHER)["HOOKWRIGHT_INGEST_HOSTS"].split(",")[-2:] == HOSTS


def test_doors_lead_to_the_service_for_the_outside_where_there_is_one(render: Render) -> None:
    """Load balancers that go by ports of the nodes need it."""
    objects = render(
        service={"type": "NodePort", "port": 80},
        ingress={"enabled": True, "hosts": HOSTS},
        httpRoute={"enabled": True, "hosts": HOSTS, "parentRefs": [GATEWAY]},
    )
    (path, *_) = objects["Ingress", "hookwright-events"]["spec"]["rules"][0]["http"]["paths"]
    (reference,) = objects["HTTPRoute", "hookwright-events"]["spec"]["rules"][0]["backendRefs"]
    assert path["backend"]["service"]["name"] == reference["name"] == "hookwright-events"
    assert reference["port"] == 80
    hosts = env(objects, DISPATCHER)["HOOKWRIGHT_INGEST_HOSTS"].split(",")
    assert len(hosts) == len(set(hosts))


def test_doors_are_closed_until_asked_for(render: Render) -> None:
    """Their hosts count only with them."""
    objects = render(ingress={"hosts": HOSTS}, httpRoute={"hosts": HOSTS})
    assert not {"Ingress", "HTTPRoute"} & kinds(objects)
    assert HOSTS[0] not in env(objects, DISPATCHER)["HOOKWRIGHT_INGEST_HOSTS"]


OPEN: list[dict[str, Any]] = [
    {"ingress": {"enabled": True, "hosts": HOSTS}},
    {"httpRoute": {"enabled": True, "hosts": HOSTS, "parentRefs": [GATEWAY]}},
    {"service": {"type": "LoadBalancer"}},
    {"service": {"type": "NodePort"}},
]


@pytest.mark.parametrize("values", OPEN)
def test_events_without_a_token_do_not_come_from_outside_unless_that_is_meant(
    helm: Helm, render: Render, values: dict[str, Any]
) -> None:
    """Nothing is rendered, whichever door it is."""
    assert "ingest.openToAll" in refused(helm, {**values, "ingest": {"auth": "none"}})
    render(**values, ingest={"auth": "none", "openToAll": True})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"service": {"port": 80}}, "service.port is that of a Service for the outside"),
        ({"service": {"nodePort": 30080}}, "service.nodePort needs service.type NodePort or LoadBalancer"),
        ({"service": {"externalTrafficPolicy": "Local"}}, "service.externalTrafficPolicy needs service.type"),
        (
            {"service": {"type": "NodePort", "loadBalancerClass": "x"}},
            "service.loadBalancerClass needs service.type LoadBalancer",
        ),
        (
            {"service": {"loadBalancerSourceRanges": ["10.0.0.0/8"]}},
            "service.loadBalancerSourceRanges needs service.type LoadBalancer",
        ),
        ({"service": {"type": "NodePort", "clusterIP": "None"}}, "service.clusterIP None does not go with"),
        ({"ingress": {"enabled": True}}, "ingress.hosts is empty"),
        ({"httpRoute": {"enabled": True, "hosts": HOSTS}}, "httpRoute.parentRefs is empty"),
        ({"httpRoute": {"enabled": True, "parentRefs": [GATEWAY]}}, "httpRoute.hosts is empty"),
        ({"ingress": {"enabled": True, "hosts": ["*.example"]}}, "/ingress/hosts/0"),
        ({"ingress": {"tls": [{"secret": "x"}]}}, "additional properties 'secret' not allowed"),
        ({"service": {"ipFamilies": ["IPv5"]}}, "/service/ipFamilies/0"),
    ],
)
def test_values_that_contradict_each_other_are_refused(helm: Helm, values: dict[str, Any], said: str) -> None:
    """In a sentence, before anything is made; nothing is taken and ignored."""
    assert said in refused(helm, values)


def refused(helm: Helm, values: dict[str, Any]) -> str:
    """What helm says of values that it does not render."""
    options = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
    done = helm("template", "x", str(CHART), *options)
    assert done.returncode == 1
    return done.stderr


def test_objects_of_ones_own_are_rendered(render: Render) -> None:
    """As objects or as text, with what the release is called."""
    own = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ .Release.Name }}-a"}}
    text = '{apiVersion: v1, kind: ConfigMap, metadata: {name: "{{ .Release.Name }}-b"}}'
    objects = render(extraObjects=[own, text])
    assert {("ConfigMap", "hookwright-a"), ("ConfigMap", "hookwright-b")} <= set(objects)
