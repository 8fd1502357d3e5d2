"""The fake cluster's judge: what the CRDs refuse is refused with its field, what they do not know is dropped."""

from __future__ import annotations

from typing import Any

import pytest

from controller.crds import pruned, refusal
from controller.fake_cluster import FakeCluster
from hookwright.errors import ClusterError

SPEC = {"url": "https://a.example/x", "triggers": ["RequestCreated"]}
CONDITION = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-02T03:04:05Z"}


def webhook(**parts: Any) -> dict[str, Any]:
    """A Webhook that is right but for `parts`."""
    return {"kind": "Webhook", "metadata": {"name": "w", "namespace": "shop"}, "spec": SPEC, **parts}


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"status": {"host": "h" * 254}}, "status.host"),
        ({"status": {"pending": "3"}}, "status.pending"),
        ({"status": {"lastSuccessTime": "yesterday"}}, "status.lastSuccessTime"),
        ({"status": {"conditions": [CONDITION, CONDITION]}}, "status.conditions"),
        ({"status": {"conditions": [{"type": "Ready"}]}}, "status.conditions.0"),
        ({"status": {"conditions": [CONDITION | {"type": f"T{n}"} for n in range(17)]}}, "status.conditions"),
        ({"spec": {"url": "https://a.example/x"}}, "spec"),
        ({"spec": SPEC | {"triggers": []}}, "spec.triggers"),
    ],
)
def test_what_breaks_the_crd_is_refused(parts: dict[str, Any], field: str) -> None:
    """With the field; of an object that is put in and of a status alike."""
    said = refusal("Webhook", webhook(**parts))
    assert said is not None
    assert said.startswith(f'Webhook.hookwright.io "w" is invalid: {field}: ')
    with pytest.raises(ClusterError, match="answered 422"):
        FakeCluster().put(webhook(**parts))


def test_what_keeps_to_the_crd_is_taken() -> None:
    """Without the fields that it does not know, at any depth."""
    status = {"host": "a.example", "invented": 1, "conditions": [CONDITION | {"invented": 1}]}
    known = {"host": "a.example", "conditions": [CONDITION]}
    assert pruned("Webhook", "status", status) == known
    cluster = FakeCluster()
    cluster.put(webhook(status=status))
    assert cluster.status("Webhook", "shop/w") == known
