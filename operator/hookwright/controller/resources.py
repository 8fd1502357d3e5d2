"""The objects that the controller owns, as they are written: Secrets with the configuration, tokens, Events.

Must not: talk to the cluster, read clocks or randomness.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from hookwright.api.v1alpha1.manifest import API_VERSION
from hookwright.controller.conditions import Note, cut
from hookwright.controller.settings import Settings
from hookwright.core.config_parts import MANIFEST
from hookwright.limits import CONFIG_PARTS, EVENT_MESSAGE_CHARACTERS

COMPONENT: Final = "hookwright-controller"
MADE_BY: Final = "app.kubernetes.io/managed-by"
RELEASE: Final = "hookwright.io/release"
_INSTANCE: Final = (
    "app.kubernetes.io/instance"  # Argo CD may know an application's objects by it, and would prune ours
)
POD_ANNOTATION: Final = "hookwright.io/config"
INGEST_TOKEN: Final = "ingest-token"  # noqa: S105 - names of Secrets
ADMIN_TOKEN: Final = "admin-token"  # noqa: S105
HASH_KEY: Final = "hash-key"
TOKEN: Final = "token"  # noqa: S105 - a key
KEY: Final = "key"


def made_secrets(release: str) -> list[str]:
    """Names of all Secrets that a controller may make."""
    return [
        *config_secrets(release, {}),
        *(f"{release}-{each}" for each in (INGEST_TOKEN, ADMIN_TOKEN, HASH_KEY)),
    ]


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


def secret(name: str, settings: Settings, data: Mapping[str, bytes]) -> dict[str, Any]:
    """A Secret of ours. Nothing owns it: what is made anew under another uid would take all of them with it."""
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": settings.namespace,
        "labels": _labels(settings),
        **({"annotations": dict(settings.annotations)} if settings.annotations else {}),
    }
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": encoded}


def _labels(settings: Settings) -> dict[str, str]:
    return {**settings.labels, MADE_BY: COMPONENT, RELEASE: settings.release}


def is_ours(found: Mapping[str, Any]) -> bool:
    """Whether the controller made this Secret; another of the same name is only read."""
    return (found["metadata"].get("labels") or {}).get(MADE_BY) == COMPONENT


def amended(found: Mapping[str, Any], settings: Settings) -> dict[str, Any] | None:
    """A merge patch that makes the metadata of one of ours as `secret` has it; None: it is, or somebody else made it."""
    if not is_ours(found):
        return None
    metadata = found["metadata"]
    wanted: dict[str, Mapping[str, str | None]] = {
        "labels": {_INSTANCE: settings.labels.get(_INSTANCE), **_labels(settings)},
        "annotations": settings.annotations,
    }
    patch: dict[str, Any] = {}
    for what, pairs in wanted.items():
        given = metadata.get(what) or {}
        if differ := {key: value for key, value in pairs.items() if given.get(key) != value}:
            patch[what] = differ
    owners = metadata.get("ownerReferences") or []
    kept = [each for each in owners if (each["kind"], each["name"]) != _former_owner(settings)]
    if kept != owners:
        patch["ownerReferences"] = kept
    version = {"resourceVersion": metadata["resourceVersion"]}  # decided for this very version
    return {"metadata": {**version, **patch}} if patch else None


def _former_owner(settings: Settings) -> tuple[str, str]:
    """What release 0.1.0 had its Secrets go with."""
    return "Service", f"{settings.release}-dispatcher"


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
