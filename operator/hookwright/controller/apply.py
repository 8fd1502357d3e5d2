"""Write what was decided, and only where it differs: statuses and Events.

Remembers what it wrote, so that the same plan again writes nothing. Calls to the cluster run in threads, a few
at once. Must not: decide what a status says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from hookwright.controller.cluster import ClusterApi
from hookwright.controller.conditions import Note
from hookwright.controller.inventory import Entry, Id, Inventory
from hookwright.controller.plan import StatusChange
from hookwright.controller.resources import event
from hookwright.controller.webhooktest_status import rfc3339
from hookwright.core.objects import WEBHOOK_TEST
from hookwright.errors import ClusterError
from hookwright.limits import (
    RUNTIME_STATUS_SECONDS,
    RUNTIME_WRITES_PER_SECOND,
    STATUS_REFUSED_LONGEST_SECONDS,
    STATUS_RETRY_LONGEST_SECONDS,
    STATUS_RETRY_SECONDS,
    STATUS_WRITERS,
)
from hookwright.telemetry.controller_metrics import ControllerMetrics

_log = structlog.get_logger()
_REFUSED = frozenset({400, 403, 413, 422})  # what a later try of the same status is answered as well


@dataclass(frozen=True, slots=True)
class Clock:
    """`now`: UTC; `monotonic`: seconds."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]


@dataclass(frozen=True, slots=True)
class _Unwritten:
    """A status that could not be written, of an object as it then was. Times are monotonic seconds."""

    entry: Entry
    again_at: float
    pause: float
    refused: bool
    """Whether the API server will not take it: nothing but a change of the object or of the CRD heals that."""


class StatusWriter:
    """Writes statuses and their Events, run-time fields at their own pace (SPEC 2).

    One that cannot be written is tried again after a pause of its own, which grows.
    """

    def __init__(
        self, cluster: ClusterApi, inventory: Inventory, clock: Clock, metrics: ControllerMetrics
    ) -> None:
        self._cluster, self._inventory, self._clock, self._metrics = cluster, inventory, clock, metrics
        self._slots = asyncio.Semaphore(STATUS_WRITERS)
        self._last: dict[Id, float] = {}
        self._unwritten: dict[Id, _Unwritten] = {}
        self._allowance = RUNTIME_WRITES_PER_SECOND
        self._allowed_at = clock.monotonic()

    async def write(self, changes: Sequence[StatusChange]) -> float | None:
        """Write them, a webhook only after its tests; seconds until the next try, None: nothing is left to write."""
        due, later = self._due(changes)
        tests = [change for change in due if change.entry.object.kind == WEBHOOK_TEST]
        webhooks = [change for change in due if change.entry.object.kind != WEBHOOK_TEST]
        await asyncio.gather(*map(self._write, tests))
        left = [(change, self._unwritten.get(change.entry.id)) for change in changes]
        behind = {change.of_webhook for change, failed in left if failed is not None and not failed.refused}
        ready = [change for change in webhooks if change.entry.object.key not in behind]
        await asyncio.gather(*map(self._write, ready))
        return self._next_try(changes, later)

    def _next_try(self, changes: Sequence[StatusChange], later: list[float]) -> float | None:
        now = self._clock.monotonic()
        failed = [self._unwritten.get(change.entry.id) for change in changes]
        pauses = later + [each.again_at - now for each in failed if each is not None]
        return max(min(pauses), STATUS_RETRY_SECONDS) if pauses else None

    def _due(self, changes: Sequence[StatusChange]) -> tuple[list[StatusChange], list[float]]:
        """What may be written now, and in how many seconds others may."""
        now = self._clock.monotonic()
        gained = (now - self._allowed_at) * RUNTIME_WRITES_PER_SECOND
        self._allowance = min(RUNTIME_WRITES_PER_SECOND, self._allowance + gained)
        self._allowed_at = now
        tried = [change for change in changes if not self._pauses(change.entry, now)]
        due = [change for change in tried if not change.runtime]
        runtime = [(change, self._unripe(change, now)) for change in tried if change.runtime]
        waiting = [change for change, unripe in runtime if unripe <= 0]
        waiting.sort(key=lambda change: (not change.at_once, self._last.get(change.entry.id, 0.0)))
        room = int(self._allowance)
        self._allowance -= len(waiting[:room])
        later = [unripe for _, unripe in runtime if unripe > 0]
        if len(waiting) > room:
            later.append(STATUS_RETRY_SECONDS)
        return due + waiting[:room], later

    def _unripe(self, change: StatusChange, now: float) -> float:
        """Seconds until run-time fields of this object may be written again."""
        last = self._last.get(change.entry.id)
        return 0.0 if change.at_once or last is None else last + RUNTIME_STATUS_SECONDS - now

    def _pauses(self, entry: Entry, now: float) -> bool:
        failed = self._unwritten.get(entry.id)
        return failed is not None and now < failed.again_at and failed.entry.object == entry.object

    async def _write(self, change: StatusChange) -> None:
        entry = change.entry
        # decided for this very version: what somebody else wrote meanwhile, or a new object of that name, is a conflict
        body = {"metadata": {"resourceVersion": str(entry.version)}, "status": change.patch}
        where = (entry.object.kind, entry.object.namespace, entry.object.name)
        async with self._slots:
            try:
                answer = await asyncio.to_thread(self._cluster.patch_status, *where, body)
            except ClusterError as error:
                self._put_off(entry, error)
                return
        self._unwritten.pop(entry.id, None)
        self._metrics.wrote(entry.object.kind)
        if answer is not None:
            self._last[entry.id] = self._clock.monotonic()
            self._inventory.put(entry.object.kind, answer)
            for note in change.notes:
                await self._post(note)

    def _put_off(self, entry: Entry, error: ClusterError) -> None:
        """Tell, and let it wait; a conflict is only a version that we do not know yet."""
        if error.status != 409:
            self._metrics.failed("status")
            _log.warning("status", kind=entry.object.kind, object=entry.object.key, message=str(error))
        refused = error.status in _REFUSED
        longest = STATUS_REFUSED_LONGEST_SECONDS if refused else STATUS_RETRY_LONGEST_SECONDS
        before = self._unwritten.get(entry.id)
        again = before is not None and before.entry.object == entry.object
        pause = min(before.pause * 2, longest) if before and again else STATUS_RETRY_SECONDS
        self._unwritten[entry.id] = _Unwritten(entry, self._clock.monotonic() + pause, pause, refused)

    async def _post(self, note: Note) -> None:
        body = event(note, rfc3339(self._clock.now()))
        try:
            await asyncio.to_thread(self._cluster.post_event, note.key.partition("/")[0], body)
        except ClusterError as error:
            _log.warning("event", object=note.key, message=str(error))

    def forget(self, present: set[Id]) -> None:
        """Drop what is remembered of objects that are gone."""
        self._last = {name: at for name, at in self._last.items() if name in present}
        self._unwritten = {name: each for name, each in self._unwritten.items() if name in present}
