"""The controller process: what was heard makes it dirty, one task builds, plans and applies (DESIGN 8).

Level-triggered: every round starts from what the cluster and the dispatchers are now, so a missed, repeated or
late event costs a round and nothing else. Until each kind was listed once nothing is written.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

import structlog

from hookwright.api.config import DispatchConfig
from hookwright.controller.cluster import ClusterApi
from hookwright.controller.conditions import READY, found
from hookwright.controller.dispatchers import Dispatchers
from hookwright.controller.inventory import OWN_SECRET, POD, Inventory
from hookwright.controller.owned import Owned
from hookwright.controller.owners import Owners
from hookwright.controller.pace import Pace
from hookwright.controller.plan import Build, Plan, build, cluster_events, plan, snapshot, unresolved
from hookwright.controller.probes import Probes
from hookwright.controller.readiness import Readiness
from hookwright.controller.relist import Relist
from hookwright.controller.runs import Runs
from hookwright.controller.settings import Settings
from hookwright.controller.statuses import Clock, StatusWriter
from hookwright.controller.trouble import Troubles
from hookwright.controller.unlabelled import Unlabelled
from hookwright.controller.watches import Watches, scopes
from hookwright.controller.yields import Yields
from hookwright.core.assemble import Assembly
from hookwright.core.objects import WEBHOOK, WEBHOOK_TEST
from hookwright.errors import ClusterError, HookwrightError, UsageError
from hookwright.limits import (
    CONFIG_CHECKS,
    ENDING_SECONDS,
    NUDGE_SECONDS,
    POLL_PENDING_LONGEST_SECONDS,
    POLL_PENDING_SECONDS,
    POLL_SECONDS,
    REBUILD_QUIET_SECONDS,
    REBUILD_WAIT_SECONDS,
)
from hookwright.telemetry.controller_metrics import ControllerMetrics

_log = structlog.get_logger()
OURS: Final = (WEBHOOK, WEBHOOK_TEST)
Feed = Callable[[Inventory, Callable[[], None]], Awaitable[None]]
"""Feeds Webhooks and WebhookTests into an inventory until the process is to end; calls the other with each event."""


class Controller:
    """One controller over one cluster."""

    def __init__(self, settings: Settings, cluster: ClusterApi) -> None:
        self._settings, self._cluster = settings, cluster
        self._dirty, self._round, self._poll_now = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._clock = Clock(now=lambda: datetime.now(UTC), monotonic=time.monotonic)
        self._metrics, self._troubles = ControllerMetrics(), Troubles(self._clock.monotonic)
        self._pace = Pace(self._clock.monotonic)
        self._inventory = Inventory(self._heard)
        self._owned = Owned(
            cluster, self._inventory, settings, self._metrics, self._clock.monotonic, self._troubles
        )
        self._writer = StatusWriter(cluster, self._inventory, self._clock, self._metrics, self._troubles)
        self._release = f"{settings.namespace}/{settings.release}"
        self._owners = Owners(self._release, self._clock.monotonic)
        self._yields = Yields(self._release, self._troubles, self._writer.post)
        self._relist = Relist(
            cluster, self._inventory, settings.watch_namespaces, self._metrics, self._troubles
        )
        self._readiness = Readiness(
            self._inventory,
            self._troubles,
            settings.watch_namespaces,
            self._relist.refused,
            self._clock.monotonic,
        )
        self._unlabelled = Unlabelled(cluster, self._clock.monotonic, self._rebuild, self._troubles)
        self._dispatchers = Dispatchers(settings.dispatcher_port, self._owned.admin_token)
        self._runs = Runs(self._dispatchers, self._metrics, self._round.set, self._troubles)
        self._metrics.managed = partial(managed, self._inventory)
        self._metrics.troubles = self._troubles.counts
        self._key = b""
        self._running: DispatchConfig | None = None
        """What dispatchers had when the process began."""
        self._made: Build | None = None
        self._again: asyncio.TimerHandle | None = None
        self._waiting_since: float | None = None
        self._nudged = 0.0
        self._refused: str | None = None
        """Why the configuration does not stand in its Secrets; None: it does, or nobody tried yet."""
        self.failure: str | None = None
        """Why the controller ends by itself, if it does. Tasks and threads may be left then, so end the process."""

    async def run(self, feed: Feed) -> None:
        """Until `feed` returns, or another part ends or any fails: `failure` says so. UsageError."""
        probes = Probes(
            self._unhealthy, self._readiness.trouble, self._troubles.sentences, self._metrics.exposition
        )
        try:
            await probes.start(*self._settings.probes_address)
        except OSError as error:
            raise UsageError(
                f"HOOKWRIGHT_PROBES: {self._settings.probes} cannot be listened on ({error.strerror})."
            ) from error
        watched = scopes(self._settings)
        watches = Watches(self._cluster, self._inventory, watched, self._metrics, self._troubles)
        try:
            await self._until_one_ends(start=self._prepare(watches), watches=watches.failed())
            if self.failure is None:
                await self._until_one_ends(
                    feed=feed(self._inventory, self._readiness.fed),
                    watches=watches.failed(),
                    rounds=self._work(),
                    polls=self._poll(),
                    relists=self._relisting(),
                    secrets=self._owned.keep(self._round.set),
                )
        finally:
            watches.stop()
            closing = [
                self._runs.close(),
                self._unlabelled.close(),
                self._dispatchers.close(),
                probes.close(),
            ]
            await asyncio.wait([asyncio.ensure_future(each) for each in closing], timeout=ENDING_SECONDS)

    async def _until_one_ends(self, **parts: Awaitable[None]) -> None:
        """The first part may return; anything else that ends is the failure, told before the others are waited for.

        They are given `ENDING_SECONDS`: one that does not end must not keep the process.
        """
        tasks = {asyncio.ensure_future(part): name for name, part in parts.items()}
        may_return = next(iter(parts))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                self._note_end(tasks[task], task, may_return)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=ENDING_SECONDS)

    def _note_end(self, name: str, task: asyncio.Future[None], may_return: str) -> None:
        error = None if task.cancelled() else task.exception()
        if error is None and name == may_return and not task.cancelled():
            return
        said = "it ended" if error is None else type(error).__name__
        if isinstance(error, HookwrightError):  # the text of another may hold what is nobody's business
            said = str(error)
        self.failure = f"The controller cannot go on without its {name}, so it ends: {said}"
        _log.error("failed", message=self.failure, exc_info=error)

    def _unhealthy(self) -> str | None:
        return self.failure or self._relist.trouble

    def _heard(self, kind: str) -> None:
        """An object is new, changed or gone."""
        heard = {POD: self._poll_now.set, OWN_SECRET: self._owned.news.set}
        heard.get(kind, self._rebuild)()

    def _rebuild(self) -> None:
        """The configuration is to be made anew, with the next round."""
        self._dirty.set()
        self._round.set()

    async def _prepare(self, watches: Watches) -> None:
        """List everything and own Secrets, however long the API server takes."""
        while True:
            try:
                self._key = await self._owned.prepare()
                self._running = await asyncio.to_thread(self._owned.running)
                await self._relist.first()
                break
            except ClusterError as error:
                await asyncio.sleep(self._failed("start", error))
        self._well("start")
        await watches.start()
        self._readiness.start()
        self._rebuild()
        _log.info(
            "started", webhooks=len(self._inventory.of(WEBHOOK)), tests=len(self._inventory.of(WEBHOOK_TEST))
        )

    # --- rounds --------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            await self._round.wait()
            if self._dirty.is_set():
                await self._settle()
            self._round.clear()
            await self._one_round()

    async def _settle(self) -> None:
        """Wait until changes pause, but not for ever."""
        ends = self._clock.monotonic() + REBUILD_WAIT_SECONDS
        while (left := ends - self._clock.monotonic()) > 0:
            self._dirty.clear()
            try:
                async with asyncio.timeout(min(REBUILD_QUIET_SECONDS, left)):
                    await self._dirty.wait()
            except TimeoutError:
                break
        self._dirty.set()

    async def _one_round(self) -> None:
        made = await self._build()
        again = await self._put_into_secrets(made)
        current = {each.id: each for kind in OURS for each in self._inventory.of(kind).values()}
        looked = self._owners.look(current)
        release = None if self._writer.anonymous else self._release
        decided = await asyncio.to_thread(
            plan, made, looked.ours, self._dispatchers.reports, self._runs.done, self._clock.now(),
            self._refused, release,
        )  # fmt: skip
        self._note_waiting(decided)
        for due in decided.runs:
            self._runs.start(due)
        self._writer.forget(set(current))
        pauses = (again, looked.again, await self._writer.write([*looked.asks, *decided.statuses]))
        await self._yields.say(looked.yielded)
        self._soon(min((each for each in pauses if each is not None), default=None))

    async def _put_into_secrets(self, made: Build) -> float | None:
        """Write the configuration if it changed, and stop nothing if that cannot be: seconds until the next try."""
        if left := self._pace.left("configuration"):
            return left
        try:
            changed = await self._owned.configuration(made.files)
        except ClusterError as error:
            self._refused = str(error)
            return self._failed("configuration", error)
        self._refused, self._readiness.in_force = None, True
        self._well("configuration")
        self._metrics.config_hash = made.assembly.config.hash
        if changed or self._owned.untold:
            await self._nudge(made.assembly.config.hash)
            self._poll_now.set()
        return None

    def _failed(self, what: str, error: ClusterError) -> float:
        """Tell; seconds until the next try."""
        self._metrics.failed(what)
        # pods see a new configuration without their annotation, too, only later
        self._troubles.note(what, str(error.status or "no answer"), str(error), red=what != "pods")
        return self._pace.failed(what, error.status)

    def _well(self, what: str) -> None:
        self._pace.over(what)
        self._troubles.over(what)

    async def _try(self, what: str, action: Callable[[], Awaitable[None]]) -> None:
        """Unless it failed a short while ago."""
        if self._pace.left(what):
            return
        try:
            await action()
        except ClusterError as error:
            self._failed(what, error)
        else:
            self._well(what)

    async def _build(self) -> Build:
        """The configuration of what is known now; the last one when no object changed."""
        if self._made is not None and not self._dirty.is_set():
            return self._made
        self._dirty.clear()
        began = self._clock.monotonic()
        reached = cluster_events(self._inventory, self._settings.namespace, self._settings.watch_namespaces)
        taken = snapshot(self._inventory, self._unlabelled.objects, reached, self._relist.unseen)
        previous = self._made.assembly if self._made else None
        running, self._running = self._running, None
        # what is not known to run would be taken away while it waits for its check
        lost = (
            not previous
            and not running
            and any("configHash" in each.status for each in taken.webhooks.values())
        )
        checks = None if lost else CONFIG_CHECKS
        self._made = await asyncio.to_thread(build, taken, self._key, previous, running, checks)
        self._note_build(self._made.assembly)
        self._metrics.built(self._clock.monotonic() - began)
        self._unlabelled.look(await asyncio.to_thread(unresolved, self._made))
        return self._made

    def _note_build(self, made: Assembly) -> None:
        self._metrics.config_fullness = made.fullness()
        self._metrics.left_out, self._metrics.waiting = made.left_out(), len(made.waiting)
        if made.waiting:
            self._rebuild()

    def _note_waiting(self, decided: Plan) -> None:
        if not decided.waiting:
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = self._clock.monotonic()
            self._poll_now.set()

    def _soon(self, seconds: float | None) -> None:
        """A round after so many seconds; None: not by itself."""
        if self._again is not None:
            self._again.cancel()  # one pause at a time, else those of all rounds would add up
            self._again = None
        if seconds is not None:
            self._again = asyncio.get_running_loop().call_later(seconds, self._round.set)

    # --- dispatchers ---------------------------------------------------------------------------------

    async def _poll(self) -> None:
        while True:
            # wait_for of Python 3.11 swallows a cancellation that comes in the moment of a change
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._poll_now.wait()
            self._poll_now.clear()
            addresses = [pod.object.body["address"] for pod in self._inventory.of(POD).values()]
            errors = await self._dispatchers.look([each for each in addresses if each])
            self._metrics.dispatchers = len(self._dispatchers.reports)
            self._note_dispatchers(errors)
            await self._help()
            if self._dispatchers.changed or comes_due(self._inventory):
                self._round.set()

    def _note_dispatchers(self, errors: Sequence[ClusterError]) -> None:
        said = {str(error.status or "no answer"): str(error) for error in errors}
        for cause, sentence in said.items():
            self._troubles.note("dispatcher", cause, sentence)
        for cause in set(self._troubles.causes("dispatcher")) - said.keys():
            self._troubles.over("dispatcher", cause)
        if errors:
            self._metrics.failed("dispatcher", len(errors))

    def _pause(self) -> float:
        waits = self._waiting_since
        if waits is not None and self._clock.monotonic() - waits < POLL_PENDING_LONGEST_SECONDS:
            return POLL_PENDING_SECONDS
        return POLL_SECONDS

    async def _help(self) -> None:
        """Look for news that nothing tells of: unlabelled objects, pods that sleep on."""
        if self._made is None:
            return
        self._unlabelled.look(await asyncio.to_thread(unresolved, self._made))
        config_hash = self._made.assembly.config.hash
        late = any(report.config_hash != config_hash for report in self._dispatchers.reports)
        if late and self._clock.monotonic() - self._nudged > NUDGE_SECONDS:
            await self._nudge(config_hash)

    async def _nudge(self, config_hash: str) -> None:
        """Let kubelet refresh the dispatcher's pods."""
        self._nudged = self._clock.monotonic()
        await self._try("pods", partial(self._owned.nudge, config_hash))

    async def _relisting(self) -> None:
        pause = await self._relist.again()
        while True:
            await asyncio.sleep(pause)
            unseen = self._relist.unseen
            pause = await self._relist.again()
            if self._relist.unseen != unseen:
                self._rebuild()  # a namespace that came back may be empty, which changes no object
            await self._try("tokens", self._owned.read_again)
            self._round.set()


def comes_due(inventory: Inventory) -> bool:
    """Whether something is to be done at a time, without a change: tests with an interval."""
    specs = (entry.object.spec for entry in inventory.of(WEBHOOK_TEST).values())
    return any(isinstance(spec, Mapping) and spec.get("interval") is not None for spec in specs)


def managed(inventory: Inventory) -> Mapping[tuple[str, str], int]:
    """(kind, Ready's status) → how many objects."""
    states: Counter[tuple[str, str]] = Counter()
    for kind in OURS:
        for entry in inventory.of(kind).values():
            states[(kind, (found(entry.status, READY) or {}).get("status", "Unknown"))] += 1
    return states
