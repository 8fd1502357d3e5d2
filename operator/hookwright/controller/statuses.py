"""Writes statuses and their Events, tests before webhooks and run-time fields at their own pace (SPEC 2).

What is refused is tried again in groups, by answer and namespace: a few of each after a pause that grows, and one
that is taken frees the others. Must not: decide what a status says.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from hookwright.controller.cluster import ClusterApi
from hookwright.controller.conditions import Note
from hookwright.controller.inventory import HANDLED_BY, Entry, Id, Inventory
from hookwright.controller.pace import REFUSALS, Pace
from hookwright.controller.plan import StatusChange
from hookwright.controller.resources import event
from hookwright.controller.trouble import Troubles
from hookwright.controller.webhooktest_status import rfc3339
from hookwright.core.objects import WEBHOOK_TEST
from hookwright.errors import ClusterError
from hookwright.limits import (
    RETRY_SECONDS,
    RUNTIME_STATUS_SECONDS,
    RUNTIME_WRITES_PER_SECOND,
    STATUS_PROBES,
    STATUS_WRITERS,
)
from hookwright.telemetry.controller_metrics import ControllerMetrics

_CONFLICT = 409
Group = tuple[int | None, str]
"""Statuses that fail alike: the API server's answer and the namespace; of a conflict the object alone."""


@dataclass(frozen=True, slots=True)
class Clock:
    """`now`: UTC; `monotonic`: seconds."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]


@dataclass(frozen=True, slots=True)
class _Unwritten:
    """A status that could not be written, of an object as it then was. `tried`: monotonic seconds."""

    entry: Entry
    group: Group
    tried: float
    sentence: str


class StatusWriter:
    """Writes what differs; what could not be written is written again by a later call of `write`."""

    def __init__(
        self,
        cluster: ClusterApi,
        inventory: Inventory,
        clock: Clock,
        metrics: ControllerMetrics,
        troubles: Troubles,
    ) -> None:
        self._cluster, self._inventory, self._clock = cluster, inventory, clock
        self._metrics, self._troubles = metrics, troubles
        self._pace = Pace(clock.monotonic)
        self._slots = asyncio.Semaphore(STATUS_WRITERS)
        self._last: dict[Id, float] = {}
        self._present = 0
        self._unwritten: dict[Id, _Unwritten] = {}
        self._failed: dict[Group, list[_Unwritten]] = {}
        self._taken: set[Group] = set()
        self.anonymous = False
        """Whether the CRDs drop the name of a status's writer: they are those of an earlier release."""
        self._allowance = RUNTIME_WRITES_PER_SECOND
        self._allowed_at = clock.monotonic()

    async def write(self, changes: Sequence[StatusChange]) -> float | None:
        """Write them, a webhook only after its tests; seconds until the next try, None: nothing is left to write."""
        self._failed, self._taken = defaultdict(list), set()
        due, later = self._due(changes)
        tests = [change for change in due if change.entry.object.kind == WEBHOOK_TEST]
        webhooks = [change for change in due if change.entry.object.kind != WEBHOOK_TEST]
        await asyncio.gather(*map(self._write, tests))
        left = [(change, self._unwritten.get(change.entry.id)) for change in changes]
        behind = {
            change.of_webhook for change, each in left if each is not None and each.group[0] not in REFUSALS
        }
        ready = [change for change in webhooks if change.entry.object.key not in behind]
        await asyncio.gather(*map(self._write, ready))
        if self._free():
            later.append(RETRY_SECONDS)
        self._tell()
        return self._next_try(changes, later)

    def forget(self, present: set[Id]) -> None:
        """Drop what is remembered of objects that are gone."""
        self._present = len(present)
        self._last = {name: at for name, at in self._last.items() if name in present}
        for name in self._unwritten.keys() - present:
            gone = self._unwritten.pop(name)
            if gone.group[0] == _CONFLICT:
                self._pace.over(gone.group)

    # --- what may be written now ---------------------------------------------------------------------

    def _due(self, changes: Sequence[StatusChange]) -> tuple[list[StatusChange], list[float]]:
        """What may be written now, and in how many seconds others may."""
        now = self._clock.monotonic()
        gained = (now - self._allowed_at) * RUNTIME_WRITES_PER_SECOND
        self._allowance = min(RUNTIME_WRITES_PER_SECOND, self._allowance + gained)
        self._allowed_at = now
        tried = self._worth_trying(changes)
        due = [change for change in tried if not change.runtime]
        runtime = [(change, self._unripe(change, now)) for change in tried if change.runtime]
        waiting = [change for change, unripe in runtime if unripe <= 0]
        waiting.sort(key=lambda change: (not change.at_once, self._last.get(change.entry.id, 0.0)))
        room = int(self._allowance)
        self._allowance -= len(waiting[:room])
        later = [unripe for _, unripe in runtime if unripe > 0]
        if len(waiting) > room:
            later.append(RETRY_SECONDS)
        return due + waiting[:room], later

    def _worth_trying(self, changes: Sequence[StatusChange]) -> list[StatusChange]:
        """Those of objects that did not fail as they are now, and a few of each group whose pause is over."""
        tried, again = [], defaultdict(list)
        for change in changes:
            failed = self._unwritten.get(change.entry.id)
            if failed is None or failed.entry.object != change.entry.object:
                tried.append(change)
            elif not self._pace.left(failed.group):
                again[failed.group].append(change)
        for group in again.values():
            group.sort(key=lambda change: self._unwritten[change.entry.id].tried)
            tried += group[:STATUS_PROBES]
        return tried

    def _unripe(self, change: StatusChange, now: float) -> float:
        """Seconds until run-time fields of this object may be written again."""
        last = self._last.get(change.entry.id)
        return 0.0 if change.at_once or last is None else last + RUNTIME_STATUS_SECONDS - now

    def _next_try(self, changes: Sequence[StatusChange], later: list[float]) -> float | None:
        failed = [self._unwritten.get(change.entry.id) for change in changes]
        pauses = later + [self._pace.left(each.group) for each in failed if each is not None]
        return max(min(pauses), RETRY_SECONDS) if pauses else None

    # --- writing -------------------------------------------------------------------------------------

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
        failed = self._unwritten.pop(entry.id, None)
        if failed is not None:
            self._taken.add(failed.group)
        self._troubles.well("status")
        self._metrics.wrote(entry.object.kind)
        if answer is not None:
            self._last[entry.id] = self._clock.monotonic()
            self._inventory.put(entry.object.kind, answer)
            if HANDLED_BY in change.patch and HANDLED_BY not in (answer.get("status") or {}):
                self.anonymous = True
            for note in change.notes:
                await self.post(note)

    def _put_off(self, entry: Entry, error: ClusterError) -> None:
        where = entry.object.key if error.status == _CONFLICT else entry.object.namespace
        group = (error.status, where)
        failed = _Unwritten(entry, group, self._clock.monotonic(), str(error))
        self._unwritten[entry.id] = failed
        self._failed[group].append(failed)

    def _free(self) -> bool:
        """Of a group of which one was taken, all that did not fail just now may be tried at once; whether any may."""
        freed = [
            name
            for name, each in self._unwritten.items()
            if each.group in self._taken and each not in self._failed.get(each.group, ())
        ]
        for name in freed:
            del self._unwritten[name]
        for group in self._taken:
            self._pace.over(group)
        return bool(freed)

    def _tell(self) -> None:
        """Let the groups that failed wait; a conflict is only a version that we do not know yet."""
        for group, failed in self._failed.items():
            if not self._pace.left(group):
                self._pace.failed(group, group[0])
            if group[0] != _CONFLICT:
                self._metrics.failed("status", len(failed))
                hit = {f"{each.entry.object.kind} {each.entry.object.key}" for each in failed}
                self._troubles.note("status", _cause(group), failed[0].sentence, hit, red=self._most())
        standing = {_cause(each.group) for each in self._unwritten.values()}
        for cause in set(self._troubles.causes("status")) - standing:
            self._troubles.over("status", cause)

    def _most(self) -> bool:
        """Whether it is no matter of a few objects, which may have a rule of their own."""
        return 2 * len(self._unwritten) >= self._present

    # --- Events --------------------------------------------------------------------------------------

    async def post(self, note: Note) -> None:
        """Post an Event; where they are refused, none is posted for a while."""
        namespace = note.key.partition("/")[0]
        if self._pace.left(namespace):
            return
        body = event(note, rfc3339(self._clock.now()))
        try:
            await asyncio.to_thread(self._cluster.post_event, namespace, body)
        except ClusterError as error:
            self._pace.failed(namespace, error.status)
            self._metrics.failed("event")
            self._troubles.note("event", f"{error.status} {namespace}", str(error), [note.key])
        else:
            self._pace.over(namespace)
            for cause in self._troubles.causes("event"):
                if cause.endswith(f" {namespace}"):
                    self._troubles.over("event", cause)


def _cause(group: Group) -> str:
    return "no answer" if group[0] is None else str(group[0])
