"""What helm says after an installation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chart.conftest import CHART, Helm
from chart.effects import ON_POSTGRES

GATEWAY = {"podSelector": {"matchLabels": {"app": "gateway"}}}
INGRESS: dict[str, Any] = {"enabled": True, "hosts": ["events.example"]}


@pytest.mark.parametrize(
    ("values", "said", "unsaid"),
    [
        ({}, "every pod of the cluster reaches the events port", "in the clear"),
        ({}, "Metrics are read by nobody", "prometheus"),
        ({"serviceMonitor": {"enabled": True}}, "every pod labelled app.kubernetes.io/name", "nobody"),
        ({"networkPolicy": {"metricsNamespaces": ["mon"]}}, "those whom networkPolicy.metricsFrom", "nobody"),
        ({"networkPolicy": {"ingestFrom": [GATEWAY]}}, "Metrics", "NOTE"),
        (
            {"ingress": INGRESS, "networkPolicy": {"ingestFrom": [GATEWAY]}},
            "networkPolicy.ingestFrom must name what carries requests in",
            "every pod",
        ),
        ({"ingress": INGRESS}, "ingress.tls is empty", "https"),
        (
            {"ingress": {**INGRESS, "tls": [{"secretName": "x"}]}},
            "https://events.example/v1/events",
            "in the clear",
        ),
        (
            {"service": {"type": "LoadBalancer", "port": 80}},
            "port 80 of the Service x-hookwright-events",
            "https",
        ),
        ({"ingest": {"auth": "none"}}, "AND NO TOKEN IS ASKED", "bearer"),
        (
            {"store": {**ON_POSTGRES, "copyFrom": {"existingClaim": "old"}}},
            "what is on the claim old",
            "x-data",
        ),
        ({"store": ON_POSTGRES}, "Events are taken at", "the claim"),
    ],
)
def test_notes_say_where_events_come_in_and_what_is_open(
    helm: Helm, values: dict[str, Any], said: str, unsaid: str
) -> None:
    """What is open or in the clear is said loudly, and nothing of it where it is not so."""
    options = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
    done = helm("install", "x", str(CHART), "--namespace", "hooks", "--dry-run=client", *options)
    assert done.returncode == 0, done.stderr
    notes = done.stdout.partition("\nNOTES:\n")[2]
    assert said in notes
    assert unsaid not in notes
