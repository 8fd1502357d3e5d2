"""List and watch of Secrets, ConfigMaps, Namespaces and the dispatcher's pods, by label selector.

One thread each, as the official client blocks. A watch that ends or is silent is followed by a new list, so each
kind is listed anew every few minutes and nothing missed stays missed. What is refused is tried again after a pause
that grows; a watched namespace that refuses holds up no start. Must not: decide.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from hookwright.controller.cluster import ClusterApi, ExpiredError, Listed, SilentError
from hookwright.controller.inventory import NAMESPACE, OWN_SECRET, POD, Inventory, Raw
from hookwright.controller.pace import Pace
from hookwright.controller.relist import FORBIDDEN, refusal
from hookwright.controller.settings import Settings
from hookwright.controller.trouble import Troubles
from hookwright.core.objects import CONFIG_MAP, SECRET
from hookwright.core.references import LABELS
from hookwright.errors import ClusterError
from hookwright.limits import SILENT_WATCHES, WATCH_AGAIN_SECONDS
from hookwright.telemetry.controller_metrics import ControllerMetrics

_log = structlog.get_logger()
_FEEDS: Final = {"ADDED", "MODIFIED"}


@dataclass(frozen=True, slots=True)
class Scope:
    """What one thread watches. `namespace`: None is all."""

    kind: str
    namespace: str | None
    selector: str

    def __str__(self) -> str:
        return self.kind if self.namespace is None else f"{self.kind} {self.namespace}"

    def may_refuse(self) -> bool:
        """Whether it is about a watched namespace, which stops no other."""
        return self.namespace is not None and self.kind != POD


def scopes(settings: Settings) -> list[Scope]:
    """What a controller watches beside Webhooks and WebhookTests."""
    found = [
        Scope(POD, settings.namespace, settings.dispatcher_selector),
        Scope(OWN_SECRET, settings.namespace, ""),
    ]
    if not settings.watch_namespaces:
        found.append(Scope(NAMESPACE, None, ""))
    for namespace in settings.watch_namespaces or (None,):
        found += [Scope(kind, namespace, f"{LABELS[kind]}=true") for kind in (SECRET, CONFIG_MAP)]
    return found


class Watches:
    """The threads. Everything they hear reaches the inventory in the loop's thread.

    `again`: seconds at least between two lists of one watch.
    """

    def __init__(
        self,
        cluster: ClusterApi,
        inventory: Inventory,
        watched: Sequence[Scope],
        metrics: ControllerMetrics,
        troubles: Troubles,
        again: float = WATCH_AGAIN_SECONDS,
    ) -> None:
        self._cluster, self._inventory = cluster, inventory
        self._metrics, self._troubles, self._again = metrics, troubles, again
        self._loop = asyncio.get_running_loop()
        self._stopped = threading.Event()
        self._waiting = set(watched)
        self._failing: dict[Scope, str] = {}
        self._listed, self._broken = asyncio.Event(), asyncio.Event()
        self._error: Exception | None = None
        self._threads = [
            # daemons: one may sit in a read that only the API server ends
            threading.Thread(target=self._follow, args=(scope,), name=f"watch {scope.kind}", daemon=True)
            for scope in watched
        ]

    async def start(self) -> None:
        """Start them; returns when each has listed its objects once, or its namespace refused."""
        for thread in self._threads:
            thread.start()
        await self._listed.wait()

    async def failed(self) -> None:
        """Until a thread cannot go on; raises its error."""
        await self._broken.wait()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Hear nothing more."""
        self._stopped.set()

    def _follow(self, scope: Scope) -> None:
        try:
            self._follow_until_stopped(scope)
        except Exception as error:  # whatever it is: a thread that ends in silence misses everything
            self._tell(self._fail, error)

    def _follow_until_stopped(self, scope: Scope) -> None:
        pace, silent = Pace(time.monotonic), 0
        while not self._stopped.is_set():
            began, heard, pause = time.monotonic(), False, 0.0
            try:
                listed = self._cluster.list(scope.kind, scope.namespace, scope.selector)
                pace.over(scope)
                self._tell(self._replace, scope, listed)
                for what, raw in self._cluster.watch(
                    scope.kind, scope.namespace, scope.selector, listed.version
                ):
                    if self._stopped.is_set():
                        return
                    heard = True
                    self._hear_of(scope, what, raw)
            except ExpiredError as error:
                _log.debug("watch", kind=scope.kind, namespace=scope.namespace, message=str(error))
            except SilentError as error:
                silent = 0 if heard else silent + 1
                self._tell(self._note_silence, scope, silent, str(error))
            except ClusterError as error:
                pause = pace.failed(scope, error.status)
                self._tell(self._note, scope, error)
            else:
                silent = 0
                self._tell(self._note_silence, scope, silent, "")
            # one that ends at once must not become a storm of lists
            self._stopped.wait(max(pause, self._again - (time.monotonic() - began)))

    def _hear_of(self, scope: Scope, what: str, raw: Raw) -> None:
        if what in _FEEDS:
            self._tell(self._inventory.put, scope.kind, raw)
        elif what == "DELETED":
            self._tell(self._inventory.remove, scope.kind, raw)

    def _tell(self, hear: Callable[..., None], *args: object) -> None:
        if not self._stopped.is_set():
            self._loop.call_soon_threadsafe(self._hear, hear, *args)

    def _hear(self, hear: Callable[..., None], *args: object) -> None:
        try:
            hear(*args)
        except Exception as error:  # the loop would log it and go on without the object
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error
        self._broken.set()

    def _note(self, scope: Scope, error: ClusterError) -> None:
        self._metrics.failed("watch")
        if scope.may_refuse() and error.status == FORBIDDEN:
            self._troubles.note("namespace", str(scope.namespace), refusal(str(scope.namespace), error))
            self._began(scope)
            return
        self._failing[scope] = cause = str(error.status or "no answer")
        self._troubles.note("watch", cause, str(error), [str(scope)], red=True)

    def _note_silence(self, scope: Scope, times: int, sentence: str) -> None:
        """Once or twice is the way of an API server that is late; the list after it brings what was missed."""
        if times >= SILENT_WATCHES:
            self._troubles.note("silence", str(scope), sentence, [str(scope)])
        else:
            self._troubles.over("silence", str(scope))

    def _replace(self, scope: Scope, listed: Listed) -> None:
        self._inventory.replace(scope.kind, listed.items, listed.version, scope.namespace)
        cause = self._failing.pop(scope, None)
        if cause is not None and cause not in self._failing.values():
            self._troubles.over("watch", cause)
        self._began(scope)

    def _began(self, scope: Scope) -> None:
        self._waiting.discard(scope)
        if not self._waiting:
            self._listed.set()
