"""A cluster in memory that answers what the controller asks: versions, generations, label selectors, watches.

Takes of our kinds only what the CRDs let through. Must not: know what the controller does with an answer.
"""

from __future__ import annotations

import copy
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from controller import crds
from controller.world import merge_patch
from hookwright.controller.cluster import Listed
from hookwright.controller.inventory import Raw, key_of
from hookwright.errors import ClusterError

Event = tuple[str, dict[str, Any]]


class FakeCluster:
    """Implements `ClusterApi`. `writes`: what was written, as (verb, kind, name); `lists`: what was listed, as (kind,
    namespace). `refuses`: names of Secrets, and of objects whose status, cannot be written; `denied`: namespaces, and
    objects (`namespace/name`), for whose status a policy stands in the way; `closed`: namespaces that give no rights;
    `no_events`: none can be posted; `refused`: how often that was of a status or Event,
    `refused_secrets`: of a Secret. `down`: nothing answers;
    `unknown`: kinds whose CRD was deleted; `turned_away`: somebody asked in vain because of these two or of `closed`.
    `silent`: an object's labels are not told before it is set; `listeners`: called with every change, in any thread.
    """

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], dict[str, Any]] = {}
        self.writes: list[tuple[str, str, str]] = []
        self.events: list[Raw] = []
        self.down = False
        self.refuses: set[str] = set()
        self.denied: set[str] = set()
        self.closed: set[str] = set()
        self.no_events = False
        self.refused = self.refused_secrets = 0
        self.lists: list[tuple[str, str | None]] = []
        self.unknown: set[str] = set()
        self.silent: threading.Event | None = None
        self.turned_away = threading.Event()
        self.listeners: list[Callable[[str, Event], None]] = []
        self._version = 0
        self._lock = threading.RLock()
        self._history: list[tuple[int, str, Event]] = []
        self._watching: list[queue.SimpleQueue[tuple[str, Event] | None]] = []

    # --- what users do -----------------------------------------------------------------------------

    def apply(self, text: str) -> None:
        """Create or change objects of one or more YAML documents."""
        for document in yaml.safe_load_all(text):
            document["metadata"].setdefault("namespace", "shop")
            self.put(document)

    def put(self, document: dict[str, Any]) -> None:
        """Create or change one object."""
        self._store(document["kind"], _checked(document["kind"], document))

    def delete(self, kind: str, key: str) -> None:
        """Take an object away."""
        with self._lock:
            raw = self.objects.pop((kind, key))
            self._version += 1
            raw["metadata"]["resourceVersion"] = str(self._version)
            self._tell(kind, ("DELETED", raw))

    def status(self, kind: str, key: str) -> dict[str, Any]:
        """A status as it stands."""
        with self._lock:
            found = self.objects.get((kind, key)) or {}
            return dict(found.get("status") or {})

    def end_watches(self) -> None:
        """The server closes them all."""
        for each in self._watching:
            each.put(None)

    def tell_nonsense(self) -> None:
        """Watches of pods tell of one that has no name."""
        labels = {"app.kubernetes.io/instance": "hw", "app.kubernetes.io/component": "dispatcher"}
        self._tell("Pod", ("ADDED", {"metadata": {"namespace": "hooks", "labels": labels}}))

    def _store(self, kind: str, raw: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            name = (kind, key_of(raw))
            before = self.objects.get(name)
            kept = before["metadata"] if before else {"uid": f"uid-{self._version}", "generation": 0}
            changed = before is None or before.get("spec") != raw.get("spec")
            generation = kept["generation"] + int(changed)
            self._version += 1
            numbers = {"uid": kept["uid"], "generation": generation, "resourceVersion": str(self._version)}
            stored = copy.deepcopy({**raw, "kind": kind, "metadata": {**raw["metadata"], **numbers}})
            if before is not None and "status" not in raw and "status" in before:
                stored["status"] = before["status"]
            self.objects[name] = stored
            self._tell(kind, ("MODIFIED" if before else "ADDED", stored))
            return stored

    def _tell(self, kind: str, event: Event) -> None:
        self._history.append((self._version, kind, event))
        for each in self._watching:
            each.put((kind, event))
        for listener in self.listeners:
            listener(kind, copy.deepcopy(event))

    # --- what the controller asks ------------------------------------------------------------------

    def list(self, kind: str, namespace: str | None, selector: str = "") -> Listed:
        with self._lock:
            self._answer()
            self.lists.append((kind, namespace))
            if namespace in self.closed:
                self.turned_away.set()
                raise ClusterError(
                    f"The API server answered 403: cannot list {kind} in {namespace}", status=403
                )
            if kind in self.unknown:
                self.turned_away.set()
                raise ClusterError("The API server answered 404: there is no such resource", status=404)
            items = [
                _shown(kind, raw)
                for (of, _), raw in self.objects.items()
                if of == _stored(kind) and _fits(raw, namespace, selector)
            ]
            return Listed(copy.deepcopy(items), self._version)

    def watch(
        self, kind: str, namespace: str | None, selector: str, version: int
    ) -> Iterator[tuple[str, Raw]]:
        mine: queue.SimpleQueue[tuple[str, Event] | None] = queue.SimpleQueue()
        with self._lock:
            self._answer()
            for number, of, event in self._history:
                if number > version:
                    mine.put((of, event))
            self._watching.append(mine)
        while (heard := mine.get()) is not None:
            of, (what, raw) = heard
            if of == _stored(kind) and _fits(raw, namespace, selector):
                yield what, copy.deepcopy(_shown(kind, raw))

    def labels(self, kind: str, namespace: str, name: str) -> Raw | None:
        if self.silent is not None:
            self.silent.wait()
        found = self.read(kind, namespace, name)
        return None if found is None else {"metadata": found["metadata"]}

    def read(self, kind: str, namespace: str, name: str) -> Raw | None:
        with self._lock:
            self._answer()
            return copy.deepcopy(self.objects.get((kind, f"{namespace}/{name}")))

    def create_secret(self, namespace: str, body: Raw) -> Raw | None:
        with self._lock:
            self._answer()
            self._admit(body)
            return None if ("Secret", key_of(body)) in self.objects else self._write("create", "Secret", body)

    def apply_secret(self, namespace: str, body: Raw) -> Raw:
        with self._lock:
            self._answer()
            self._admit(body)
            return self._write("apply", "Secret", body)

    def patch_secret(self, namespace: str, name: str, body: Raw) -> Raw:
        with self._lock:
            self._answer()
            return self._write(
                "patch", "Secret", merge_patch(self.objects["Secret", f"{namespace}/{name}"], body)
            )

    def delete_secret(self, namespace: str, name: str) -> None:
        self.writes.append(("delete", "Secret", name))
        self.delete("Secret", f"{namespace}/{name}")

    def _admit(self, body: Raw) -> None:
        if body["metadata"]["name"] in self.refuses:
            self.refused_secrets += 1
            raise ClusterError("The API server answered 403: not now", status=403)

    def annotate_pod(self, namespace: str, name: str, annotations: Mapping[str, str]) -> None:
        with self._lock:
            self._answer()
            pod = self.objects[("Pod", f"{namespace}/{name}")]
            metadata = {**pod["metadata"], "annotations": dict(annotations)}
            self._write("annotate", "Pod", {**pod, "metadata": metadata})

    def patch_status(self, kind: str, namespace: str, name: str, body: Raw) -> Raw | None:
        with self._lock:
            self._answer()
            found = self.objects.get((kind, f"{namespace}/{name}"))
            if found is None:
                return None
            if name in self.refuses:
                self.refused += 1
                raise ClusterError("The API server answered 500.", status=500)
            if self.denied & {namespace, f"{namespace}/{name}"} or namespace in self.closed:
                self.refused += 1
                raise ClusterError(f"The API server answered 403: {name}: a policy says no", status=403)
            if body["metadata"]["resourceVersion"] != found["metadata"]["resourceVersion"]:
                raise ClusterError("The object has been modified.", status=409)
            status = merge_patch(found.get("status"), body["status"])
            try:
                return self._write("status", kind, {**found, "status": status})
            except ClusterError:
                self.refused += 1
                raise

    def post_event(self, namespace: str, body: Raw) -> None:
        self._answer()
        if self.no_events:
            self.refused += 1
            raise ClusterError("The API server answered 403: no Events here", status=403)
        self.events.append(body)
        for listener in self.listeners:
            listener("Event", ("ADDED", dict(body)))

    def _write(self, verb: str, kind: str, raw: Raw) -> dict[str, Any]:
        checked = _checked(kind, dict(raw))
        self.writes.append((verb, kind, raw["metadata"]["name"]))
        return copy.deepcopy(self._store(kind, checked))

    def _answer(self) -> None:
        if self.down:
            self.turned_away.set()
            raise ClusterError("The API server does not answer.")


def _checked(kind: str, raw: dict[str, Any]) -> dict[str, Any]:
    """The object as it is stored: unknown fields are dropped. ClusterError: it breaks the CRD."""
    if kind not in crds.KINDS:
        return raw
    raw = raw | {part: crds.pruned(kind, part, raw[part]) for part in ("spec", "status") if part in raw}
    refused = crds.refusal(kind, raw)
    if refused is not None:
        raise ClusterError(f"The API server answered 422: {refused}", status=422)
    return raw


def _stored(kind: str) -> str:
    return "Secret" if kind == "OwnSecret" else kind


def _shown(kind: str, raw: dict[str, Any]) -> dict[str, Any]:
    """Of an OwnSecret metadata only."""
    return {"metadata": raw["metadata"]} if kind == "OwnSecret" else raw


def _fits(raw: Raw, namespace: str | None, selector: str) -> bool:
    labels = raw["metadata"].get("labels") or {}
    wanted = [pair.split("=", 1) for pair in selector.split(",") if pair]
    own = raw["metadata"].get("namespace")
    return (namespace is None or own == namespace) and all(
        labels.get(name) == value for name, value in wanted
    )
