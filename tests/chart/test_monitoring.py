"""What the Prometheus operator and Grafana are given."""

from __future__ import annotations

from chart.conftest import CHART, Helm, Render


def test_monitors_say_what_they_are_told(render: Render) -> None:
    """In another namespace they still look at the release's Services, under names that no other release has there."""
    asked = {
        "scrapeTimeout": "5s",
        "honorLabels": True,
        "relabelings": [{"action": "labeldrop", "regex": "pod"}],
        "metricRelabelings": [
            {"action": "drop", "sourceLabels": ["__name__"], "regex": "hookwright_build_info"}
        ],
    }
    place = {"namespace": "monitoring", "labels": {"release": "prometheus"}, "annotations": {"a": "b"}}
    objects = render(serviceMonitor={"enabled": True, "jobLabel": "app", **place, **asked})
    for component, port in (("controller", "probes"), ("dispatcher", "admin")):
        monitor = objects["ServiceMonitor", f"monitoring/hookwright-{component}.hooks"]
        assert monitor["metadata"]["labels"]["release"] == "prometheus"
        assert monitor["metadata"]["annotations"] == {"a": "b"}
        assert (monitor["spec"]["jobLabel"], monitor["spec"]["namespaceSelector"]) == (
            "app",
            {"matchNames": ["hooks"]},
        )
        (endpoint,) = monitor["spec"]["endpoints"]
        assert endpoint == {"port": port, "path": "/metrics", "interval": "30s", **asked}


def test_rules_and_dashboard_stand_where_they_are_told(render: Render) -> None:
    """With labels and annotations of their own; the folder is what Grafana's sidecar reads."""
    place = {"namespace": "monitoring", "labels": {"team": "a"}, "annotations": {"b": "c"}}
    objects = render(
        prometheusRule={"enabled": True, **place},
        grafanaDashboard={"enabled": True, "folder": "Webhooks", **place},
    )
    rule = objects["PrometheusRule", "monitoring/hookwright-alerts.hooks"]["metadata"]
    assert (rule["labels"]["team"], rule["annotations"]) == ("a", {"b": "c"})
    dashboard = objects["ConfigMap", "monitoring/hookwright-dashboard.hooks"]["metadata"]
    assert dashboard["labels"].items() >= {"grafana_dashboard": "1", "team": "a"}.items()
    assert dashboard["annotations"] == {"grafana_folder": "Webhooks", "b": "c"}


def test_what_the_cluster_does_not_know_can_be_skipped(helm: Helm) -> None:
    """skipIfMissing goes by the kinds of the cluster, which `helm template` takes from its options."""
    switches = [
        f"--set={kind}.enabled=true,{kind}.renderMode=skipIfMissing"
        for kind in ("serviceMonitor", "prometheusRule")
    ]
    source = ["template", "x", str(CHART), "--show-only", "templates/monitoring.yaml", *switches]
    without = helm(*source)
    known = helm(
        *source,
        "--api-versions=monitoring.coreos.com/v1/ServiceMonitor",
        "--api-versions=monitoring.coreos.com/v1/PrometheusRule",
    )
    assert "kind:" not in without.stdout
    assert known.returncode == 0, known.stderr
    assert known.stdout.count("kind: ServiceMonitor") == 2
    assert known.stdout.count("kind: PrometheusRule") == 1
