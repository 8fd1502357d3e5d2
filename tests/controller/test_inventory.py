"""What is known of the cluster: lists, watches and our own writes in any order, the newest wins."""

from __future__ import annotations

from typing import Any

import pytest

from hookwright.controller.inventory import NAMESPACE, POD, Inventory


def raw(version: int, name: str = "w", namespace: str = "shop", **more: Any) -> dict[str, Any]:
    """A Webhook at a version."""
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "resourceVersion": str(version)}
    return {"kind": "Webhook", "metadata": metadata, "spec": {"version": version}, **more}


def known(inventory: Inventory) -> dict[str, int]:
    """Versions by key."""
    return {key: each.version for key, each in inventory.of("Webhook").items()}


@pytest.fixture
def inventory() -> Inventory:
    """An empty one."""
    return Inventory(lambda kind: None)


def test_an_older_version_is_ignored(inventory: Inventory) -> None:
    """An answer to our own write may overtake the watch."""
    inventory.put("Webhook", raw(7))
    inventory.put("Webhook", raw(5))
    assert known(inventory) == {"shop/w": 7}


def test_what_was_deleted_does_not_come_back(inventory: Inventory) -> None:
    """A list from before the deletion is late; a new object of that name is not."""
    inventory.put("Webhook", raw(5))
    inventory.remove("Webhook", raw(8))
    inventory.replace("Webhook", [raw(5)], 6, None)
    assert known(inventory) == {}
    inventory.put("Webhook", raw(9))
    assert known(inventory) == {"shop/w": 9}


def test_a_late_deletion_does_not_take_the_new_object(inventory: Inventory) -> None:
    """Deleted and created again: the deletion is heard last."""
    inventory.put("Webhook", raw(9))
    inventory.remove("Webhook", raw(8))
    assert known(inventory) == {"shop/w": 9}


def test_a_list_takes_away_what_it_lacks(inventory: Inventory) -> None:
    """Of its namespace only, and not what is newer than the list."""
    for version, name, namespace in ((1, "old", "shop"), (9, "new", "shop"), (1, "other", "bank")):
        inventory.put("Webhook", raw(version, name, namespace))
    inventory.replace("Webhook", [raw(3, "listed")], 5, "shop")
    assert known(inventory) == {"shop/new": 9, "shop/listed": 3, "bank/other": 1}


def test_what_a_watch_missed(inventory: Inventory) -> None:
    """Unknown, older here, or gone there; nothing that is newer here than the list."""
    for version, name in ((1, "same"), (1, "changed"), (1, "gone"), (9, "fresh")):
        inventory.put("Webhook", raw(version, name))
    inventory.put("Webhook", raw(2, "deleted"))
    inventory.remove("Webhook", raw(4, "deleted"))
    items = [raw(1, "same"), raw(3, "changed"), raw(2, "unheard"), raw(2, "deleted")]
    assert inventory.missed("Webhook", items, 5, None) == {"shop/changed", "shop/unheard", "shop/gone"}


def test_only_what_decisions_read_is_a_change() -> None:
    """A status, a foreign label, a pod's readiness: kept or dropped without a word."""
    heard: list[str] = []
    inventory = Inventory(heard.append)
    inventory.put("Webhook", raw(1))
    inventory.put("Webhook", {**raw(2), "spec": {"version": 1}, "status": {"host": "a.example"}})
    pod = {
        "metadata": {"name": "d", "namespace": "hooks", "resourceVersion": "3"},
        "status": {"phase": "Pending"},
    }
    inventory.put(POD, pod)
    inventory.put(POD, {**pod, "status": {"phase": "Pending", "conditions": []}})
    space = {"metadata": {"name": "shop", "resourceVersion": "4", "labels": {"a": "b"}}}
    inventory.put(NAMESPACE, space)
    inventory.put(NAMESPACE, {"metadata": {**space["metadata"], "labels": {"a": "c"}}})
    assert heard == ["Webhook", POD, NAMESPACE]
    assert inventory.of("Webhook")["shop/w"].status == {"host": "a.example"}


@pytest.mark.parametrize(
    ("status", "deleted", "address"),
    [
        ({"phase": "Running", "podIP": "10.0.0.7"}, False, "10.0.0.7"),
        ({"phase": "Pending"}, False, None),
        ({"phase": "Running", "podIP": "10.0.0.7"}, True, None),
        ({"phase": "Failed", "podIP": "10.0.0.7"}, False, None),
    ],
)
def test_a_pod_answers_while_it_runs(
    inventory: Inventory, status: dict[str, str], deleted: bool, address: str | None
) -> None:
    """One that ends or has not begun is not asked."""
    metadata = {"name": "d", "namespace": "hooks", "resourceVersion": "1"}
    if deleted:
        metadata["deletionTimestamp"] = "2026-01-02T03:04:05Z"
    inventory.put(POD, {"metadata": metadata, "status": status})
    assert inventory.of(POD)["hooks/d"].object.body["address"] == address
