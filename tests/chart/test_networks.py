"""NetworkPolicies: who reaches the ports, and what both processes reach."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from chart.conftest import Render
from chart.rendered import kinds

NAMES = [{"port": port, "protocol": protocol} for port in (53, 5353) for protocol in ("UDP", "TCP")]
SCRAPER = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
BY_NAME = {
    "namespaceSelector": {
        "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["mon"]}]
    }
}
USUAL = {
    "namespaceSelector": {},
    "podSelector": {
        "matchExpressions": [
            {
                "key": "app.kubernetes.io/name",
                "operator": "In",
                "values": ["prometheus", "prometheus-agent", "vmagent", "alloy"],
            }
        ]
    },
}


def component(peer: dict[str, Any]) -> str:
    """Whose pods a peer or a policy means."""
    return peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"]


def test_admin_port_is_open_to_the_controller_and_the_test(render: Render) -> None:
    """Events come from everybody or from the named peers; nothing reaches the controller."""
    gateway = {"podSelector": {"matchLabels": {"app": "gateway"}}}
    named = render(networkPolicy={"ingestFrom": [gateway]})["NetworkPolicy", "hookwright-dispatcher"]["spec"]
    events, admin = named["ingress"]
    assert (events["ports"], events["from"]) == ([{"port": "events"}], [gateway])
    assert (admin["ports"], [component(each) for each in admin["from"]]) == (
        [{"port": "admin"}],
        ["controller", "test"],
    )
    plain = render()
    assert "from" not in plain["NetworkPolicy", "hookwright-dispatcher"]["spec"]["ingress"][0]
    assert "NetworkPolicy" not in kinds(render(networkPolicy={"enabled": False}))


def test_policy_that_lets_nobody_in_has_no_empty_list(render: Render) -> None:
    """The API server drops an empty list, so that whoever compares would see a difference for ever."""
    spec = render()["NetworkPolicy", "hookwright-controller"]["spec"]
    assert (spec["policyTypes"], "ingress" in spec) == (["Ingress"], False)


@pytest.mark.parametrize(
    ("policy", "monitored", "peers"),
    [
        ({"metricsFrom": [SCRAPER]}, False, [SCRAPER]),
        ({"metricsNamespaces": ["mon"]}, False, [BY_NAME]),
        ({"metricsFrom": [SCRAPER], "metricsNamespaces": ["mon"]}, True, [SCRAPER, BY_NAME]),
        ({}, True, [USUAL]),
        ({}, False, []),
    ],
)
def test_metrics_are_read_by_those_who_are_named_else_by_scrapers_of_monitors(
    render: Render, policy: dict[str, Any], monitored: bool, peers: list[dict[str, Any]]
) -> None:
    """Of both processes alike."""
    objects = render(networkPolicy=policy, serviceMonitor={"enabled": monitored})
    assert objects["NetworkPolicy", "hookwright-dispatcher"]["spec"]["ingress"][1]["from"][2:] == peers
    wanted = [{"ports": [{"port": "probes"}], "from": peers}] if peers else []
    assert objects["NetworkPolicy", "hookwright-controller"]["spec"].get("ingress", []) == wanted


def test_dispatcher_reaches_what_the_settings_let_out(render: Render) -> None:
    """Name servers, public addresses without the denied ones, what is allowed, and where connectTo leads."""
    assert ("NetworkPolicy", "hookwright-dispatcher-egress") not in render()
    rule = {"to": [{"podSelector": {}}], "ports": [{"port": 8443}]}
    objects = render(
        networkPolicy={"egress": {"enabled": True, "rules": [rule]}},
        egress={
            "allow": ["10.20.0.0/16"],
            "deny": ["8.8.8.0/24", "2600:1f00::/40"],
            "connectTo": [
                "a.test:443:10.1.2.3:8443",
                "b.test:443:[fd00::7]:444",
                "c.test:443:service.name:445",
            ],
        },
    )
    spec = objects["NetworkPolicy", "hookwright-dispatcher-egress"]["spec"]
    assert (component(spec), spec["policyTypes"]) == ("dispatcher", ["Egress"])
    names, public, allowed, *leads, further = spec["egress"]
    assert names == {"ports": NAMES}
    assert public["ports"] == [{"port": 443}]
    blocks = [each["ipBlock"] for each in public["to"]]
    assert [each["cidr"] for each in blocks] == ["0.0.0.0/0", "::/0"]
    for block, wanted in zip(
        blocks, ({"10.0.0.0/8", "8.8.8.0/24"}, {"fc00::/7", "2600:1f00::/40"}), strict=True
    ):
        assert wanted <= set(block["except"])
        assert all(ip_network(each).subnet_of(ip_network(block["cidr"])) for each in block["except"])  # type: ignore[arg-type]
    assert allowed == {"to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}]}
    assert leads == [
        {"ports": [{"port": 8443}], "to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}]},
        {"ports": [{"port": 444}], "to": [{"ipBlock": {"cidr": "fd00::7/128"}}]},
    ]
    assert further == rule


def test_controller_and_test_reach_what_they_need_in_a_cluster_that_denies_by_default(render: Render) -> None:
    """Name servers and the dispatcher; the controller its admin port and the API server, anywhere or as named."""
    server = {"cidrs": ["172.20.0.0/16"], "ports": [443]}
    objects = render(networkPolicy={"egress": {"enabled": True}})
    spec = objects["NetworkPolicy", "hookwright-controller-egress"]["spec"]
    names, dispatcher, api = spec["egress"]
    assert (component(spec), names) == ("controller", {"ports": NAMES})
    assert ([component(each) for each in dispatcher["to"]], dispatcher["ports"]) == (
        ["dispatcher"],
        [{"port": "admin"}],
    )
    assert api == {"ports": [{"port": 443}, {"port": 6443}]}
    test = objects["NetworkPolicy", "hookwright-test-egress"]["spec"]
    assert (component(test), test["egress"]) == (
        "test",
        [names, {**dispatcher, "ports": [{"port": "events"}, {"port": "admin"}]}],
    )
    objects = render(networkPolicy={"egress": {"enabled": True, "apiServer": server}})
    assert objects["NetworkPolicy", "hookwright-controller-egress"]["spec"]["egress"][2] == {
        "ports": [{"port": 443}],
        "to": [{"ipBlock": {"cidr": "172.20.0.0/16"}}],
    }
