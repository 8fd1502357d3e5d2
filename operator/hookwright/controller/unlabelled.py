"""Objects that webhooks refer to and that lack the label: there, but not ours to read (SPEC 2, ResolvedRefs).

Watches see labelled objects only; one metadata-only GET tells a missing object from an unlabelled one. Looked at
again from time to time, as nothing tells of them. Must not: read their data.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from hookwright.controller.cluster import ClusterApi
from hookwright.controller.inventory import Id
from hookwright.core.objects import Object
from hookwright.core.references import LABELS
from hookwright.errors import ClusterError
from hookwright.limits import UNRESOLVED_LOOKS, UNRESOLVED_SECONDS

_log = structlog.get_logger()


class Unlabelled:
    """What was found by the last looks."""

    def __init__(self, cluster: ClusterApi, monotonic: Callable[[], float]) -> None:
        self._cluster, self._monotonic = cluster, monotonic
        self._looked: dict[Id, float] = {}
        self._found: dict[Id, Object] = {}

    @property
    def objects(self) -> list[Object]:
        """Those that are there, in the order of their names."""
        return [self._found[name] for name in sorted(self._found)]

    async def look(self, wanted: Sequence[Id]) -> bool:
        """Look at what was not looked at lately; whether there is news."""
        before = dict(self._found)
        self._looked = {name: at for name, at in self._looked.items() if name in set(wanted)}
        self._found = {name: each for name, each in self._found.items() if name in self._looked}
        ripe = self._monotonic() - UNRESOLVED_SECONDS
        due = [name for name in wanted if self._looked.get(name, ripe) <= ripe]
        due.sort(key=lambda name: self._looked.get(name, 0.0))
        for name in due[:UNRESOLVED_LOOKS]:
            await self._look(name)
        return self._found != before

    async def _look(self, name: Id) -> None:
        kind, key = name
        namespace, _, own = key.partition("/")
        self._looked[name] = self._monotonic()
        try:
            there = await asyncio.to_thread(self._cluster.labels, kind, namespace, own)
        except ClusterError as error:
            _log.warning("reference", kind=kind, object=key, message=str(error))
            return
        labels = (there or {}).get("metadata", {}).get("labels") or {}
        if there is None or labels.get(LABELS[kind]) == "true":  # then a watch brings it
            self._found.pop(name, None)
        else:
            self._found[name] = Object(kind, namespace, own, {"metadata": {"labels": {}}})
