"""The webhooks of a cluster as `hookwright list` shows them: from the resources, by the names of the admin port.

A status says less than a dispatcher does (no deliveries in flight), but whoever may see the resource sees it.
Must not: print.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hookwright.cli.cluster import Cluster, Raw
from hookwright.errors import UsageError

Conditions = dict[str, Mapping[str, Any]]


def webhook_views(cluster: Cluster) -> list[Raw]:
    """All webhooks of the namespace of -n, else of all namespaces. UsageError: they cannot be listed."""
    where = "--all-namespaces" if cluster.given is None else f"--namespace={cluster.given}"
    said = cluster.kubectl.ask("get", "webhooks.hookwright.io", where, "--output=json")
    if said.unserved:
        raise cluster.absent()
    if said.forbidden and cluster.given is None:
        raise UsageError("You may not list webhooks of all namespaces; name yours with -n.")
    if said.problem is not None:
        raise UsageError(f"kubectl get webhooks: {said.problem}")
    return [webhook_view(each) for each in json.loads(said.output)["items"]]


def webhook_view(raw: Raw) -> Raw:
    """One webhook: its spec as far as it is shown, and what its status says of it."""
    metadata, spec, status = raw["metadata"], raw.get("spec") or {}, raw.get("status") or {}
    found = conditions(raw)
    state, message = _state(found, seen(raw))
    return {
        "webhook": f"{metadata['namespace']}/{metadata['name']}",
        "active": spec.get("active", True),
        "method": spec.get("method"),
        "host": status.get("host"),
        "displayName": spec.get("displayName"),
        "triggers": spec.get("triggers") or [],
        "configHash": status.get("configHash"),
        "state": state,
        "message": message,
        "circuit": "Open" if found.get("DeliveryHealthy", {}).get("reason") == "CircuitOpen" else "Closed",
        "pending": status.get("pending", 0),
        "deadLettered": status.get("deadLettered", 0),
        "consecutiveFailures": status.get("consecutiveFailures", 0),
        "lastSuccessTime": status.get("lastSuccessTime"),
        "lastFailureTime": status.get("lastFailureTime"),
        "lastInvocation": status.get("lastInvocation"),
    }


def seen(raw: Raw) -> bool:
    """Whether the status speaks of the present generation."""
    generation: bool = (raw.get("status") or {}).get("observedGeneration") == raw["metadata"].get(
        "generation"
    )
    return generation


def conditions(raw: Raw) -> Conditions:
    """The conditions by their type."""
    return {each["type"]: each for each in (raw.get("status") or {}).get("conditions") or []}


def _state(found: Conditions, is_seen: bool) -> tuple[str, str]:
    """(running, held, gone or pending; why it is not running or its circuit is open)."""
    ready, health = found.get("Ready", {}), found.get("DeliveryHealthy", {})
    if not is_seen or not ready:
        return "pending", "The controller has not seen this version yet."
    if ready["status"] != "True":
        return ("pending" if ready.get("reason") == "Pending" else "held"), ready.get("message", "")
    if health.get("reason") == "Gone":
        return "gone", health.get("message", "")
    return "running", health.get("message", "") if health.get("reason") == "CircuitOpen" else ""
