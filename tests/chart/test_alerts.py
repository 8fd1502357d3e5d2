"""Alerts: those of the documentation, on metrics that there are."""

from __future__ import annotations

import re
from pathlib import Path

from chart.conftest import CHART, Render

OPERATIONS = CHART.parents[1] / "docs/operations.md"


def told(page: Path) -> set[tuple[str, str | None]]:
    """(expression, how long it holds) of the table of alerts."""
    table = page.read_text().partition("Alerts worth having")[2].partition("## ")[0]
    rows = re.findall(r"^\| `(.*)`(?: for (\w+))? \|", table, re.MULTILINE)
    return {(expression, lasts or None) for expression, lasts in rows}


def test_alerts_are_those_of_the_documentation(render: Render) -> None:
    """Only with the switch; each with a name of its own, a severity and a summary."""
    assert ("PrometheusRule", "hookwright-alerts") not in render()
    objects = render(prometheusRule={"enabled": True, "labels": {"release": "prometheus"}})
    rule = objects["PrometheusRule", "hookwright-alerts"]
    assert rule["metadata"]["labels"]["release"] == "prometheus"
    (group,) = rule["spec"]["groups"]
    assert {(each["expr"], each.get("for")) for each in group["rules"]} == told(OPERATIONS)
    assert len({each["alert"] for each in group["rules"]}) == len(group["rules"]) == 18
    assert {each["labels"]["severity"] for each in group["rules"]} == {"critical", "warning"}
    assert all(each["annotations"]["summary"] for each in group["rules"])


def test_alerts_look_at_metrics_that_there_are(render: Render) -> None:
    """Each name stands in the documentation's table of metrics, which the metrics' own tests hold to the truth."""
    names = re.findall(r"^\| `(hookwright_\w+)` \|", OPERATIONS.read_text(), re.MULTILINE)
    rule = render(prometheusRule={"enabled": True})["PrometheusRule", "hookwright-alerts"]
    asked = re.findall(r"hookwright_\w+", str([each["expr"] for each in rule["spec"]["groups"][0]["rules"]]))
    assert asked
    assert set(asked) <= set(names)
