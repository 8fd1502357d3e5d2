"""What the controller has to do at a time, though nothing changes."""

from __future__ import annotations

from typing import Any

import pytest

from hookwright.controller.app import comes_due
from hookwright.controller.inventory import Inventory


def webhook_test(name: str, spec: Any) -> dict[str, Any]:
    """A WebhookTest with this for its spec."""
    metadata = {"name": name, "namespace": "shop", "uid": name, "resourceVersion": "1"}
    return {"kind": "WebhookTest", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize(
    ("specs", "due"),
    [
        ([], False),
        ([{"webhookRef": {"name": "w"}}, "nonsense"], False),
        ([{"webhookRef": {"name": "w"}}, {"webhookRef": {"name": "w"}, "interval": "5m"}], True),
    ],
)
def test_only_tests_with_an_interval_come_due(specs: list[Any], due: bool) -> None:
    """So a cluster at rest costs no rounds."""
    inventory = Inventory(lambda kind: None)
    for number, spec in enumerate(specs):
        inventory.put("WebhookTest", webhook_test(f"t{number}", spec))
    assert comes_due(inventory) is due
