"""What the values of doors, networks and monitoring change in what is rendered; the rest of the table is `effects`."""

from __future__ import annotations

from chart.effects import ANNOTATIONS, LABELS, Effect, effect, variable

SERVICE, EVENTS = "Service/hookwright-dispatcher ", "Service/hookwright-events "
INGRESS, ROUTE = "Ingress/hookwright-events ", "HTTPRoute/hookwright-events "
POLICY, MONITORS = "NetworkPolicy/hookwright-", "ServiceMonitor/hookwright-"
HOSTS = ["a.example", "b.example"]
GATEWAY = {"name": "public"}


def door(value: object, *places: str) -> Effect:
    """With a Service for the outside."""
    return effect(value, *places, service={"type": "LoadBalancer"})


def ingress(value: object, *places: str) -> Effect:
    """With an Ingress."""
    return effect(value, *places, ingress={"enabled": True, "hosts": HOSTS[:1]})


def route(value: object, *places: str) -> Effect:
    """With an HTTPRoute."""
    on = {"enabled": True, "hosts": HOSTS[:1], "parentRefs": [{"name": "private"}]}
    return effect(value, *places, httpRoute=on)


def egress(value: object, *places: str) -> Effect:
    """With policies of egress."""
    return effect(value, *places, networkPolicy={"egress": {"enabled": True}})


def shown(kind: str, value: object, *places: str) -> Effect:
    """With a part of monitoring."""
    return effect(value, *places, **{kind: {"enabled": True}})


def moved(kind: str, *before: str) -> Effect:
    """Into another namespace, under another name."""
    return shown(kind, "monitoring", *before, *(f"{each.strip()}.hooks " for each in before))


PERMISSIONS = {"ingest.openToAll"}
"""Values that render nothing: without them others are refused (test_doors)."""
AROUND: dict[str, Effect] = {
    "service.type": effect("NodePort", EVENTS),
    "service.labels": effect(LABELS, f"{SERVICE}metadata.labels.team"),
    "service.annotations": effect(ANNOTATIONS, f"{SERVICE}metadata.annotations.note"),
    "service.clusterIP": effect("None", f"{SERVICE}spec.clusterIP"),
    "service.port": door(80, f"{EVENTS}spec.ports[events].port"),
    "service.nodePort": door(30080, f"{EVENTS}spec.ports[events].nodePort"),
    "service.loadBalancerClass": door("a.example/b", f"{EVENTS}spec.loadBalancerClass"),
    "service.loadBalancerSourceRanges": door(["10.0.0.0/8"], f"{EVENTS}spec.loadBalancerSourceRanges"),
    "service.externalTrafficPolicy": door("Local", f"{EVENTS}spec.externalTrafficPolicy"),
    "service.ipFamilyPolicy": door(
        "SingleStack", f"{SERVICE}spec.ipFamilyPolicy", f"{EVENTS}spec.ipFamilyPolicy"
    ),
    "service.ipFamilies": door(["IPv6"], f"{SERVICE}spec.ipFamilies", f"{EVENTS}spec.ipFamilies"),
    "service.appProtocol": door("", f"{SERVICE}spec.ports", f"{EVENTS}spec.ports"),
    "ingress.enabled": effect(True, INGRESS, variable("INGEST_HOSTS"), ingress={"hosts": HOSTS}),
    "ingress.className": ingress("nginx", f"{INGRESS}spec.ingressClassName"),
    "ingress.labels": ingress(LABELS, f"{INGRESS}metadata.labels.team"),
    "ingress.annotations": ingress(ANNOTATIONS, f"{INGRESS}metadata.annotations.note"),
    "ingress.hosts": ingress(HOSTS, f"{INGRESS}spec.rules", variable("INGEST_HOSTS")),
    "ingress.path": ingress("/v1", f"{INGRESS}spec.rules"),
    "ingress.pathType": ingress("Exact", f"{INGRESS}spec.rules"),
    "ingress.tls": ingress([{"secretName": "a"}], f"{INGRESS}spec.tls"),
    "httpRoute.enabled": effect(
        True, ROUTE, variable("INGEST_HOSTS"), httpRoute={"hosts": HOSTS, "parentRefs": [GATEWAY]}
    ),
    "httpRoute.labels": route(LABELS, f"{ROUTE}metadata.labels.team"),
    "httpRoute.annotations": route(ANNOTATIONS, f"{ROUTE}metadata.annotations.note"),
    "httpRoute.parentRefs": route([GATEWAY], f"{ROUTE}spec.parentRefs"),
    "httpRoute.hosts": route(HOSTS, f"{ROUTE}spec.hostnames", variable("INGEST_HOSTS")),
    "httpRoute.path": route("/v1", f"{ROUTE}spec.rules"),
    "httpRoute.filters": route([{"type": "a"}], f"{ROUTE}spec.rules"),
    "httpRoute.timeouts": route({"request": "9s"}, f"{ROUTE}spec.rules"),
    "networkPolicy.enabled": effect(False, "NetworkPolicy/"),
    "networkPolicy.ingestFrom": effect([{"podSelector": {}}], f"{POLICY}dispatcher spec.ingress"),
    "networkPolicy.metricsFrom": effect(
        [{"podSelector": {}}], f"{POLICY}dispatcher spec.ingress", f"{POLICY}controller spec.ingress"
    ),
    "networkPolicy.metricsNamespaces": effect(
        ["a"], f"{POLICY}dispatcher spec.ingress", f"{POLICY}controller spec.ingress"
    ),
    "networkPolicy.egress.enabled": effect(
        True, f"{POLICY}dispatcher-egress ", f"{POLICY}controller-egress ", f"{POLICY}test-egress "
    ),
    "networkPolicy.egress.rules": egress(
        [{"to": [{"podSelector": {}}]}], f"{POLICY}dispatcher-egress spec.egress"
    ),
    "networkPolicy.egress.apiServer.cidrs": egress(["10.0.0.1/32"], f"{POLICY}controller-egress spec.egress"),
    "networkPolicy.egress.apiServer.ports": egress([443], f"{POLICY}controller-egress spec.egress"),
    "serviceMonitor.enabled": effect(
        True, MONITORS, "Service/hookwright-controller ", f"{POLICY}dispatcher ", f"{POLICY}controller "
    ),
    "serviceMonitor.renderMode": shown(
        "serviceMonitor", "skipIfMissing", MONITORS, "Service/hookwright-controller "
    ),
    "serviceMonitor.namespace": moved("serviceMonitor", f"{MONITORS}controller ", f"{MONITORS}dispatcher "),
    "serviceMonitor.labels": shown("serviceMonitor", LABELS, f"{MONITORS}* metadata.labels.team"),
    "serviceMonitor.annotations": shown(
        "serviceMonitor", ANNOTATIONS, f"{MONITORS}* metadata.annotations.note"
    ),
    "serviceMonitor.jobLabel": shown("serviceMonitor", "team", f"{MONITORS}* spec.jobLabel"),
    **{
        f"serviceMonitor.{name}": shown("serviceMonitor", value, f"{MONITORS}* spec.endpoints")
        for name, value in {
            "interval": "9s",
            "scrapeTimeout": "9s",
            "honorLabels": True,
            "relabelings": [{"action": "drop"}],
            "metricRelabelings": [{"action": "drop"}],
        }.items()
    },
    "prometheusRule.enabled": effect(True, "PrometheusRule/hookwright-alerts "),
    "prometheusRule.renderMode": shown(
        "prometheusRule", "skipIfMissing", "PrometheusRule/hookwright-alerts "
    ),
    "prometheusRule.namespace": moved("prometheusRule", "PrometheusRule/hookwright-alerts "),
    "prometheusRule.labels": shown("prometheusRule", LABELS, "PrometheusRule/* metadata.labels.team"),
    "prometheusRule.annotations": shown(
        "prometheusRule", ANNOTATIONS, "PrometheusRule/* metadata.annotations.note"
    ),
    "grafanaDashboard.enabled": effect(True, "ConfigMap/hookwright-dashboard "),
    "grafanaDashboard.namespace": moved("grafanaDashboard", "ConfigMap/hookwright-dashboard "),
    "grafanaDashboard.labels": shown("grafanaDashboard", LABELS, "ConfigMap/* metadata.labels.team"),
    "grafanaDashboard.annotations": shown(
        "grafanaDashboard", ANNOTATIONS, "ConfigMap/* metadata.annotations.note"
    ),
    "grafanaDashboard.folder": shown(
        "grafanaDashboard", "Ops", "ConfigMap/* metadata.annotations.grafana_folder"
    ),
    "extraObjects": effect([{"kind": "ConfigMap", "metadata": {"name": "own"}}], "ConfigMap/own "),
}
