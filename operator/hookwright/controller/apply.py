"""Write what was decided, and only where it differs: configuration Secrets, pod annotation, statuses, Events.

Remembers what it wrote, so that the same plan again writes nothing. Calls to the cluster run in threads, a few
at once. Must not: decide what a status says.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog

from hookwright.api.config import DispatchConfig
from hookwright.controller.cluster import SERVICE, ClusterApi
from hookwright.controller.conditions import Note
from hookwright.controller.inventory import POD, Entry, Id, Inventory
from hookwright.controller.plan import StatusChange
from hookwright.controller.resources import (
    ADMIN_TOKEN,
    HASH_KEY,
    INGEST_TOKEN,
    KEY,
    POD_ANNOTATION,
    TOKEN,
    config_secrets,
    data_of,
    event,
    secret,
)
from hookwright.controller.settings import Settings
from hookwright.controller.webhooktest_status import rfc3339
from hookwright.core.config_reader import Reader
from hookwright.core.objects import SECRET, WEBHOOK_TEST
from hookwright.core.tokens import read_tokens
from hookwright.errors import ClusterError, ConfigurationError
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
_TOKEN_BYTES = 32
_REFUSED = frozenset({400, 403, 413, 422})  # what a later try of the same status is answered as well


def _token() -> bytes:
    return secrets.token_urlsafe(_TOKEN_BYTES).encode()


def _key() -> bytes:
    return secrets.token_bytes(_TOKEN_BYTES)


_FRESH: Final = {ADMIN_TOKEN: (TOKEN, _token), INGEST_TOKEN: (TOKEN, _token), HASH_KEY: (KEY, _key)}
"""Secrets that are made once: name → key and first value."""


@dataclass(frozen=True, slots=True)
class Clock:
    """`now`: UTC; `monotonic`: seconds."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]


class Owned:
    """The release's own Secrets: tokens and hash key, made where they are missing, and the configuration."""

    def __init__(
        self, cluster: ClusterApi, inventory: Inventory, settings: Settings, metrics: ControllerMetrics
    ) -> None:
        self._cluster, self._inventory, self._settings, self._metrics = cluster, inventory, settings, metrics
        self._owner: Mapping[str, Any] | None = None
        self._written: dict[str, dict[str, bytes]] = {}
        self._nudges = 0
        self._known: dict[str, bytes] = {}

    async def prepare(self) -> bytes:
        """Make what is missing, read what is there; the hash key. ClusterError."""
        settings = self._settings
        self._owner = await asyncio.to_thread(
            self._cluster.read, SERVICE, settings.namespace, settings.dispatcher_service
        )
        await self.read_again()
        return self._known[HASH_KEY]

    def admin_token(self) -> str:
        """The token of the dispatchers' admin port: the first one; empty before it was read."""
        tokens = read_tokens(self._known.get(ADMIN_TOKEN, b"").decode(errors="replace"))
        return tokens[0][1] if tokens else ""

    def running(self) -> DispatchConfig | None:
        """What dispatchers were given by an earlier process; None: nothing that can be read."""
        files = {name: content for data in self._written.values() for name, content in data.items()}
        try:
            return Reader().read(files)
        except ConfigurationError as error:
            if files:
                _log.warning("configuration", message=f"What dispatchers run is not known: {error}")
            return None

    async def read_again(self) -> None:
        """What stands in the cluster now: the administrator may have changed a token or removed a Secret.

        Makes what is missing, with the value that is known. ClusterError: not all of them can be used.
        """
        for name in config_secrets(self._settings.release, {}):
            found = await asyncio.to_thread(self._cluster.read, SECRET, self._settings.namespace, name)
            self._written[name] = {} if found is None else data_of(found)
        made = await asyncio.gather(*map(self._made, _FRESH), return_exceptions=True)
        self._known |= {
            name: value for name, value in zip(_FRESH, made, strict=True) if isinstance(value, bytes)
        }
        for value in made:
            if isinstance(value, BaseException):
                raise value

    async def _made(self, suffix: str) -> bytes:
        """The value in a Secret, made if there is none; what is there is never written."""
        name, namespace = f"{self._settings.release}-{suffix}", self._settings.namespace
        key, fresh = _FRESH[suffix]
        found = await asyncio.to_thread(self._cluster.read, SECRET, namespace, name)
        if found is None:
            value = self._known.get(suffix) or fresh()
            body = secret(name, namespace, self._settings.release, {key: value}, self._owner)
            await asyncio.to_thread(self._cluster.create, SECRET, namespace, body)
            found = await asyncio.to_thread(self._cluster.read, SECRET, namespace, name)
        value = data_of(found or {}).get(key, b"")
        if not value:
            raise ClusterError(f"Secret {name} has no key {key}: delete it, and it is made anew.")
        # all hashes hang on the key: the one in use stays, whatever stands in its Secret now
        return self._known.get(suffix, value) if suffix == HASH_KEY else value

    async def configuration(self, files: Mapping[str, bytes], config_hash: str) -> bool:
        """Write the Secrets that changed, then let kubelet refresh the pods; whether there was anything to do."""
        changed = False
        for name, data in config_secrets(self._settings.release, files).items():
            if self._written[name] != data:
                body = secret(name, self._settings.namespace, self._settings.release, data, self._owner)
                await asyncio.to_thread(self._cluster.apply_secret, self._settings.namespace, body)
                self._written[name] = data
                self._metrics.wrote("Secret")
                changed = True
        if changed:
            await self.nudge(config_hash)
        return changed

    async def nudge(self, config_hash: str) -> None:
        """Change the pods' annotation: kubelet syncs such a pod at once, its Secret volume included."""
        self._nudges += 1
        annotations = {POD_ANNOTATION: f"{config_hash[:16]}.{self._nudges}"}
        for pod in list(self._inventory.of(POD).values()):
            await asyncio.to_thread(
                self._cluster.annotate_pod, self._settings.namespace, pod.object.name, annotations
            )


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
