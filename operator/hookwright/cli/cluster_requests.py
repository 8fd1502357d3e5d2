"""Asking for something by the annotation `hookwright.io/requestedAt`, with the caller's own kubectl. Must not: wait."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hookwright.cli.cluster import Cluster, Raw
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
        f"{kind.lower()}s.hookwright.io",
        name,
        f"--namespace={namespace}",
        f"{REQUESTED_AT}={asked}",
        "--overwrite",
    )
    said = cluster.kubectl.ask(*words, "--output=json")
    if said.missing:
        raise UsageError(f"There is no {kind} {key} in the cluster.")
    if said.problem is not None:
        raise UsageError(f"kubectl annotate: {said.problem}")
    raw: Raw = json.loads(said.output)
    return raw
