"""The objects that the controller owns, as they are written: Secrets with the configuration, tokens, Events.

Must not: talk to the cluster, read clocks or randomness.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from hookwright.api.v1alpha1.manifest import API_VERSION
from hookwright.controller.conditions import Note, cut
from hookwright.core.config_parts import MANIFEST
from hookwright.limits import CONFIG_PARTS, EVENT_MESSAGE_CHARACTERS

COMPONENT: Final = "hookwright-controller"
POD_ANNOTATION: Final = "hookwright.io/config"
INGEST_TOKEN: Final = "ingest-token"  # noqa: S105 - names of Secrets
ADMIN_TOKEN: Final = "admin-token"  # noqa: S105
HASH_KEY: Final = "hash-key"
TOKEN: Final = "token"  # noqa: S105 - a key
KEY: Final = "key"


def config_secrets(release: str, files: Mapping[str, bytes]) -> dict[str, dict[str, bytes]]:
    """Name → data of the configuration's Secrets, the one with the manifest last.

    All of them, so that one that is not needed any more becomes empty. With the manifest goes the last part, as both
    change with each change. Kubelet may mount some before the others: the dispatcher takes parts only with the
    manifest that names them.
    """
    *parts, last = sorted(name for name in files if name != MANIFEST) or [MANIFEST]
    beside = {name: files[name] for name in (MANIFEST, last) if name in files}
    held = [beside, *({name: files[name]} for name in parts)]
    held += [{}] * (CONFIG_PARTS - len(held))
    return {f"{release}-config-{number}": held[number] for number in reversed(range(CONFIG_PARTS))}


def secret(
    name: str, namespace: str, release: str, data: Mapping[str, bytes], owner: Mapping[str, Any] | None
) -> dict[str, Any]:
    """A Secret of ours. `owner`: the object that it goes with."""
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": namespace,
        "labels": {"app.kubernetes.io/managed-by": COMPONENT, "app.kubernetes.io/instance": release},
    }
    if owner is not None:
        reference = {"apiVersion": "v1", "kind": "Service"}
        metadata["ownerReferences"] = [
            reference | {"name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
        ]
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": encoded}


def data_of(found: Mapping[str, Any]) -> dict[str, bytes]:
    """The data of a Secret as the API server gives it."""
    return {key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()}


def event(note: Note, now: str) -> dict[str, Any]:
    """A core/v1 Event about one of our objects. `now`: RFC 3339."""
    namespace, _, name = note.key.partition("/")
    about = {
        "apiVersion": API_VERSION,
        "kind": note.kind,
        "namespace": namespace,
        "name": name,
        "uid": note.uid,
    }
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{name}.", "namespace": namespace},
        "involvedObject": about,
        "type": "Warning" if note.warning else "Normal",
        "reason": note.reason,
        "message": cut(note.message, EVENT_MESSAGE_CHARACTERS),
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
