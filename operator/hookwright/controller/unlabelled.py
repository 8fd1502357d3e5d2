"""Objects that webhooks refer to and that lack the label: there, but not ours to read (SPEC 2, ResolvedRefs).

Watches see labelled objects only; one metadata-only GET tells a missing object from an unlabelled one. Looked at
again from time to time, as nothing tells of them, beside the rounds: a later one uses what was found.
Must not: read their data, make anybody wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from hookwright.controller.cluster import ClusterApi
from hookwright.controller.inventory import Id
from hookwright.controller.pace import Pace
from hookwright.controller.trouble import Troubles
from hookwright.core.objects import Object
from hookwright.core.references import LABELS
from hookwright.errors import ClusterError
from hookwright.limits import (
    UNRESOLVED_AT_ONCE,
    UNRESOLVED_LOOKS,
    UNRESOLVED_LOOKS_SECONDS,
    UNRESOLVED_SECONDS,
)


class Unlabelled:
    """What was found by the last looks. `news`: called when that changed; `monotonic`: seconds."""

    def __init__(
        self,
        cluster: ClusterApi,
        monotonic: Callable[[], float],
        news: Callable[[], None],
        troubles: Troubles,
    ) -> None:
        self._cluster, self._monotonic, self._news = cluster, monotonic, news
        self._troubles, self._pace = troubles, Pace(monotonic)
        self._looked: dict[Id, float] = {}
        self._found: dict[Id, Object] = {}
        self._looking: asyncio.Task[None] | None = None
        # threads of its own: a look without an answer must hold none that a round needs
        self._threads = ThreadPoolExecutor(UNRESOLVED_AT_ONCE, thread_name_prefix="unlabelled")

    @property
    def objects(self) -> list[Object]:
        """Those that are there, in the order of their names."""
        return [self._found[name] for name in sorted(self._found)]

    def look(self, wanted: Sequence[Id]) -> asyncio.Task[None] | None:
        """Begin to look at what was not looked at lately, unless looks are under way; those looks, if any."""
        if self._looking is not None and not self._looking.done():
            return self._looking
        still = set(wanted)
        self._looked = {name: at for name, at in self._looked.items() if name in still}
        self._found = {name: each for name, each in self._found.items() if name in still}
        ripe = self._monotonic() - UNRESOLVED_SECONDS
        due = [
            name
            for name in wanted
            if self._looked.get(name, ripe) <= ripe and not self._pace.left(_where(name))
        ]
        due.sort(key=lambda name: self._looked.get(name, 0.0))
        if due:
            self._looking = asyncio.create_task(self._look_at(due[:UNRESOLVED_LOOKS]))
        return self._looking

    async def close(self) -> None:
        """Wait for none of them."""
        if self._looking is not None:
            self._looking.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _look_at(self, due: Sequence[Id]) -> None:
        before = dict(self._found)
        names, ends = iter(due), self._monotonic() + UNRESOLVED_LOOKS_SECONDS
        await asyncio.gather(*(self._one_after_another(names, ends) for _ in range(UNRESOLVED_AT_ONCE)))
        if self._found != before:
            self._news()

    async def _one_after_another(self, names: Iterator[Id], ends: float) -> None:
        """What is left when the time is over comes first in the next go."""
        while self._monotonic() < ends and (name := next(names, None)) is not None:
            await self._look(name)

    async def _look(self, name: Id) -> None:
        kind, key = name
        namespace, _, own = key.partition("/")
        try:
            labels = self._cluster.labels
            there = await asyncio.get_running_loop().run_in_executor(
                self._threads, labels, kind, namespace, own
            )
        except ClusterError as error:
            self._refuse(name, error)
            return
        finally:
            self._looked[name] = self._monotonic()
        self._pace.over(_where(name))
        self._troubles.over("reference", _where(name))
        given = (there or {}).get("metadata", {}).get("labels") or {}
        if there is None or given.get(LABELS[kind]) == "true":  # then a watch brings it
            self._found.pop(name, None)
        else:
            self._found[name] = Object(kind, namespace, own, {"metadata": {"labels": {}}})

    def _refuse(self, name: Id, error: ClusterError) -> None:
        """Whoever may not see one object of a kind and namespace may see none of them."""
        where = _where(name)
        if not self._pace.left(where):
            self._pace.failed(where, error.status)
        self._troubles.note("reference", where, str(error), [name[1]])


def _where(name: Id) -> str:
    kind, key = name
    return f"{kind} {key.partition('/')[0]}"
