"""What the cluster holds of the kinds we watch, as last heard of: kept small, newest version wins.

Watches, lists and answers to our own writes all end here in any order. Of each object only what decisions read
is kept, so that a change elsewhere (status, foreign annotations) leaves `object` equal.
Must not: talk to the cluster, decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hookwright.core.assemble import REQUESTED_AT
from hookwright.core.objects import API_VERSION, CONFIG_MAP, SECRET, WEBHOOK, WEBHOOK_TEST, Object
from hookwright.core.references import ALLOWED_HOSTS, LABELS

NAMESPACE: Final = "Namespace"
POD: Final = "Pod"
OWN_SECRET: Final = "OwnSecret"  # noqa: S105 - a kind
"""A Secret of the release's own namespace, without its data: that it is there, and its version."""
CLUSTER_EVENTS: Final = "hookwright.io/cluster-events"

HANDLED_BY: Final = "handledBy"
ASKED_BY: Final = "askedBy"
"""Fields of a status (`owners`)."""

Raw = Mapping[str, Any]
"""An object as the API server gives it."""
Id = tuple[str, str]
"""(kind, `namespace/name`)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One object. `version` is its resource version as a number, `status` what stands there now."""

    object: Object
    uid: str
    version: int
    generation: int
    status: Mapping[str, Any]

    @property
    def id(self) -> Id:
        """(kind, `namespace/name`)."""
        return self.object.kind, self.object.key


def version_of(raw: Raw) -> int:
    """The resource version of an object or list.

    Comparing them as numbers is promised since Kubernetes 1.35 and true of every API server on etcd before.
    """
    text = raw["metadata"].get("resourceVersion", "0")
    return int(text) if text.isdigit() else 0


def key_of(raw: Raw) -> str:
    """`namespace/name`; of an object without a namespace `/name`."""
    metadata = raw["metadata"]
    return f"{metadata.get('namespace', '')}/{metadata['name']}"


def entry(kind: str, raw: Raw) -> Entry:
    """What is kept of an object."""
    metadata = raw["metadata"]
    status = raw.get("status")
    body = _KEPT[kind](raw)
    return Entry(
        Object(kind, metadata.get("namespace", ""), metadata["name"], body),
        uid=metadata.get("uid", ""),
        version=version_of(raw),
        generation=metadata.get("generation", 0),
        status=status if isinstance(status, Mapping) else {},
    )


def _ours(raw: Raw) -> dict[str, Any]:
    """A Webhook or WebhookTest: spec, and of its metadata what tells one generation from the next."""
    metadata = raw["metadata"]
    kept = {name: metadata[name] for name in ("name", "namespace", "uid", "generation") if name in metadata}
    annotations = _some(metadata.get("annotations"), REQUESTED_AT)
    kind = {"apiVersion": API_VERSION, "kind": raw.get("kind")}
    return {**kind, "metadata": {**kept, **annotations}, **({"spec": raw["spec"]} if "spec" in raw else {})}


def _referred(kind: str) -> Callable[[Raw], dict[str, Any]]:
    """A Secret or ConfigMap: its label, its data, and which hosts may have it."""

    def kept(raw: Raw) -> dict[str, Any]:
        metadata = raw["metadata"]
        labels = _some(metadata.get("labels"), LABELS[kind], under="labels")
        return {
            "metadata": {**labels, **_some(metadata.get("annotations"), ALLOWED_HOSTS)},
            "data": raw.get("data") or {},
        }

    return kept


def _namespace(raw: Raw) -> dict[str, Any]:
    return {"metadata": _some(raw["metadata"].get("labels"), CLUSTER_EVENTS, under="labels")}


def _pod(raw: Raw) -> dict[str, Any]:
    """A pod of the dispatcher: where it answers, if it does."""
    status = raw.get("status") or {}
    runs = status.get("phase") == "Running" and "deletionTimestamp" not in raw["metadata"]
    return {"address": status.get("podIP") if runs else None}


def _own_secret(raw: Raw) -> dict[str, Any]:
    return {"version": version_of(raw)}


def _some(given: Any, name: str, *, under: str = "annotations") -> dict[str, Any]:
    return {under: {name: given[name]}} if isinstance(given, Mapping) and name in given else {}


_KEPT: Final[dict[str, Callable[[Raw], dict[str, Any]]]] = {
    WEBHOOK: _ours,
    WEBHOOK_TEST: _ours,
    SECRET: _referred(SECRET),
    CONFIG_MAP: _referred(CONFIG_MAP),
    NAMESPACE: _namespace,
    POD: _pod,
    OWN_SECRET: _own_secret,
}


def _differs(before: Entry, after: Entry) -> bool:
    """Whether there is something to do; a question of another release wants an answer."""
    return (
        before.object.body != after.object.body
        or before.uid != after.uid
        or before.status.get(ASKED_BY) != after.status.get(ASKED_BY)
    )


class Inventory:
    """All entries. `changed` is called with the kind when an object's kept part is new, changed or gone."""

    def __init__(self, changed: Callable[[str], None]) -> None:
        self._changed = changed
        self._entries: dict[str, dict[str, Entry]] = {kind: {} for kind in _KEPT}
        self._removed: dict[Id, int] = {}

    def of(self, kind: str) -> Mapping[str, Entry]:
        """Entries of a kind by `namespace/name`; a view."""
        return self._entries[kind]

    def put(self, kind: str, raw: Raw) -> None:
        """An object as it is now; older than what is known, it is ignored."""
        new = entry(kind, raw)
        key = new.object.key
        before = self._entries[kind].get(key)
        if new.version <= self._removed.get(new.id, -1) or (
            before is not None and new.version < before.version
        ):
            return
        self._entries[kind][key] = new
        if before is None or _differs(before, new):
            self._changed(kind)

    def remove(self, kind: str, raw: Raw) -> None:
        """An object that is gone, with its last version."""
        self._remove(kind, key_of(raw), version_of(raw))

    def _remove(self, kind: str, key: str, version: int) -> None:
        before = self._entries[kind].get(key)
        self._removed[(kind, key)] = version
        if before is not None and before.version <= version:
            del self._entries[kind][key]
            self._changed(kind)

    def missed(self, kind: str, items: Iterable[Raw], version: int, namespace: str | None) -> set[str]:
        """Keys of which a complete list (at `version`, of one namespace or all) knows more than we do."""
        known = self._entries[kind]
        listed = {key_of(raw): version_of(raw) for raw in items}
        newer = {
            key
            for key, number in listed.items()
            if number > self._removed.get((kind, key), -1)
            and (key not in known or known[key].version < number)
        }
        return newer | {
            key for key in self._within(kind, namespace) - set(listed) if known[key].version <= version
        }

    def replace(self, kind: str, items: Iterable[Raw], version: int, namespace: str | None) -> None:
        """Take over a complete list."""
        items = list(items)
        for raw in items:
            self.put(kind, raw)
        for key in self._within(kind, namespace) - {key_of(raw) for raw in items}:
            self._remove(kind, key, version)
        self._removed = {
            found: number for found, number in self._removed.items() if found[0] != kind or number >= version
        }

    def _within(self, kind: str, namespace: str | None) -> set[str]:
        known = self._entries[kind]
        return {key for key, each in known.items() if namespace is None or each.object.namespace == namespace}
