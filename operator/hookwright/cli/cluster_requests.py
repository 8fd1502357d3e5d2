"""Asking for something by the annotation `hookwright.io/requestedAt`, with the caller's own kubectl. Must not: wait."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hookwright.cli.cluster import Cluster, Raw
from hookwright.cli.names import meant
from hookwright.core.assemble import REQUESTED_AT
from hookwright.errors import UsageError


def moment() -> str:
    """What the annotation is set to now."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def request(cluster: Cluster, kind: str, key: str, asked: str) -> Raw:
    """Annotate a Webhook or a WebhookTest (`kind`); the object. UsageError: it is not there, or kubectl cannot."""
    namespace, _, name = key.partition("/")
    words = (
        "annotate",
        _resource(kind),
        name,
        f"--namespace={namespace}",
        f"{REQUESTED_AT}={asked}",
        "--overwrite",
    )
    said = cluster.kubectl.ask(*words, "--output=json")
    if said.unserved:
        raise cluster.absent()
    if said.missing:
        raise UsageError(f"There is no {kind} {key} in the cluster{_meant(cluster, kind, key)}.")
    if said.problem is not None:
        raise UsageError(f"kubectl annotate: {said.problem}")
    raw: Raw = json.loads(said.output)
    return raw


def _resource(kind: str) -> str:
    return f"{kind.lower()}s.hookwright.io"


def _meant(cluster: Cluster, kind: str, key: str) -> str:
    """What a name may stand for instead, as `names.meant`; nothing for a caller who may not look at all namespaces."""
    said = cluster.kubectl.ask("get", _resource(kind), "--all-namespaces", "--output=json")
    if said.problem is not None:
        return ""
    known = (each["metadata"] for each in json.loads(said.output)["items"])
    return meant(key, (f"{each['namespace']}/{each['name']}" for each in known))
