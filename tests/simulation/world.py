"""One seed's life: the process, with its restarts, on one disk, and what is looked at after every step.

Must not: choose what happens (`happenings`), judge (`ledger`, `manners`, `watching`), name parts of the product.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from random import Random
from typing import Any

from hookwright.core.room import Room
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.errors import StoreBroken, StoreFull
from hookwright.limits import STORE_OPEN_SECONDS
from hookwright.store.port import Retention

from . import ledger, manners
from .disk import Disk
from .door import Door
from .engine import Engine
from .happenings import Happenings
from .ledger import Ledger, Violation, Wrong
from .manners import Manners
from .scene import Scene, chosen_faults
from .sender import Targets
from .virtual import Circles, Moment, VirtualClock, VirtualLoop
from .watching import Watcher
from .weather import Odd, Weather

ROOM = Room(100_000, 1 << 40, 1_000_000, 1 << 40, 1_000_000, 1 << 40)
WRITTEN = 10.0  # seconds in which what is to be remembered is written, while the store is well
LONGEST_ROUND = 65.0  # seconds between two rounds of upkeep, at most
ENDS = 65.0  # seconds in which a process ends of itself, or after it was told to, beside its patience


class Life:
    """Some thousand deliveries with all that happens. `without` and `beside`: faults off and on, whatever the seed."""

    def __init__(
        self,
        seed: int,
        *,
        without: frozenset[str] = frozenset(),
        beside: frozenset[str] = frozenset(),
        lanes: Callable[..., Lanes] = Lanes,
    ) -> None:
        self.random = random = Random(seed)
        self.moment = Moment()
        self.faults = (chosen_faults(random) | beside) - without
        self._lanes = lanes
        self.weather = weather = Weather(random, self.moment, self.faults)
        retention = Retention(dead_letter_seconds=600) if "retention" in self.faults else Retention()
        self.disk = Disk(prunes="retention" in self.faults, step_rows=weather.step_rows, retention=retention)
        self.scene = Scene(random, self.faults)
        self.webhooks = self.scene.webhooks
        self._wrong = Wrong()
        self._doubts = bool(self.faults & {"doubt", "cancelled"})
        self.ledger = Ledger(self._wrong, self.disk, self.moment, self.webhooks)
        self.manners = Manners(self._wrong, self.disk, self.moment, self.webhooks)
        self.moods = {webhook.url: self.scene.mood() for webhook in self.webhooks.values()}
        self.happenings = Happenings(self)
        self.blind: frozenset[str] = frozenset()
        """Kinds of violations that are not told."""
        self.died = False
        self.ending: BaseException | None = None
        """Why the process wants to end."""
        self._broken_since = 0.0
        self.steps = self.requests = self.restarts = self.accepted = 0
        self.calm_since = 0.0
        """Since when the process runs and its store is well."""

    # --- the process -----------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start the process, on what is stored."""
        self.loop = self.weather.loop = VirtualLoop(self.moment, self.weather.thread_seconds)
        self.loop.set_exception_handler(self._lost)
        self.died = self.weather.doomed = self.weather.broken = False
        self.ending = None
        self.calm_since = self.moment.now
        remembered = dict(self.disk.remembered())
        for route, webhook in self.webhooks.items():
            manners.restarted(webhook, remembered.get(route), self.moment)
            webhook.in_force_since = None
        self.ledger.wall = self.manners.wall = self.moment.wall
        self.loop.call_soon(self._build)
        self.run(0.0)
        self.happenings.offer(start=True)

    def _build(self) -> None:
        weather = self.weather
        self.sender = Targets(
            self.random, self.moment, self.manners, lambda: 0.00002, lambda: weather.coincidence(20.0)
        )
        self.sender.moods = self.moods
        self.door = Door(self.disk, weather, self.ledger, self._die)
        room = ROOM._replace(webhook=30, namespace=60, total=200) if "backlog" in self.faults else ROOM
        self.engine = Engine(
            self.door, self.sender, VirtualClock(self.moment, weather.spent), self,
            room=room, lanes=self._lanes,
        )  # fmt: skip
        self._watcher = Watcher(
            self._wrong, self.engine, self.door, self.disk, self.webhooks, clocks_jump="clock" in self.faults
        )

    async def start(self, config: Any) -> None:
        """Wait for space, as `dispatcher.app` does, and start. Without space for its first step it ends."""
        while self.weather.full:
            await asyncio.sleep(STORE_OPEN_SECONDS)
        try:
            await self.engine.start(config)
            self._watcher.watch()
        except StoreFull:
            self._die()
            await asyncio.sleep(1.0)

    # --- what it asks (engine.Owner) ---------------------------------------------------------------------

    def jitter(self) -> float:
        """See `engine.Owner`."""
        return self.weather.jitter()

    def observe(self, details: Any) -> None:
        """See `engine.Owner`."""
        self.weather.observe(details)

    def redacts(self) -> None:
        """See `engine.Owner`."""
        self.weather.redacts()

    def ends(self, error: BaseException) -> None:
        """See `engine.Owner`."""
        self.ending = error
        if not isinstance(error, StoreBroken) or not self.weather.broken:
            self._wrong("ended", f"the process ends: {error!r}")

    def strays(self, count: int) -> None:
        """See `engine.Owner`: there are none, but for what was stored and nobody told."""
        if count and not self._doubts:
            self._wrong("strays", f"a sweep found {count}")

    # --- inside the loop -----------------------------------------------------------------------------------

    def spawn(self, work: Any) -> asyncio.Task[None]:
        """Do something in the loop."""
        task: asyncio.Task[None] = self.loop.create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            error = task.exception()
            if isinstance(error, Odd):
                return
            if not isinstance(error, Violation):
                self._wrong("raised", repr(error))

    def _lost(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, Violation):
            self._wrong("raised", f"{context['message']}: {error!r}")

    def _die(self) -> None:
        self.died = True
        self.door.shut = self.sender.closed = True
        self.loop.set_exception_handler(lambda loop, context: None)
        self.loop.stop()

    def kill(self) -> None:
        """kill -9, and a new process."""
        self.door.shut = self.sender.closed = True
        self._bury_loop()
        self.restarts += 1
        self.begin()

    def _bury_loop(self) -> None:
        self.requests += self.sender.requests
        self.loop.set_exception_handler(lambda loop, context: None)
        self.died = True
        while tasks := self.loop.unfinished():
            for task in tasks:
                task.cancel()
            self.loop.run_until(self.moment.now)
        self.loop.run_until(self.moment.now)  # what waited for their ends
        self.loop.close()
        self.happenings.pending.clear()

    def restart(self, patience: float, *, again: bool = False) -> None:
        """SIGTERM, and a new process. `again`: it is told once more, a moment later."""
        self.spawn(self.engine.stop(patience))
        until = self.moment.now + patience + ENDS
        while not self.engine.stopped and not self.died and self.moment.now < until:
            self.run(1.0)
            if again:
                self.loop.call_soon(self.engine.lanes.abort)
                again = False
        if not self.engine.stopped and not self.died:
            raise Violation("drain", f"it did not end within {patience + ENDS} s")
        self.kill()

    def run(self, seconds: float) -> None:
        """Let time pass."""
        asyncio.events._set_running_loop(None)
        try:
            self.loop.run_until(self.moment.now + seconds)
        except Circles:
            self._wrong("hot", "the loop goes in circles")
        for violation in self._wrong:
            if violation.kind not in self.blind:
                raise violation
        self._wrong.clear()

    # --- steps -----------------------------------------------------------------------------------------------

    def step(self) -> None:
        """One thing happens, some time passes, everything is looked at."""
        self.steps += 1
        self._begin_anew()
        self.happenings.one()
        self.run(self.happenings.pause())
        self._begin_anew()
        self.look()

    def _begin_anew(self) -> None:
        """After its end."""
        if self.died:
            self.kill()
        elif self.ending is not None and self.engine.ready:
            self.restart(0.0)
        if not self.weather.broken or not self.engine.ready:
            self._broken_since = self.moment.now
        elif self.moment.now - self._broken_since > 2 * ENDS:
            raise Violation("ended", "the store is broken, and the process goes on")

    def look(self, *, settled: bool = False) -> None:
        """All invariants."""
        try:
            self._look(settled)
        except Violation as violation:
            if violation.kind not in self.blind:
                raise

    def _look(self, settled: bool) -> None:
        engine, now = self.engine, self.moment.now
        if not self.weather.calm or not engine.ready:
            self.calm_since = now
            self.manners.awaited.clear()
        self._forgive()
        self._remembered()
        if engine.ready:
            quiet = self.door.under_way == 0 and not self.loop._ready  # type: ignore[attr-defined]
            self._watcher.look(quiet=quiet, calm=now - self.calm_since, settled=settled)
        if self.steps % 16 == 0:
            self.ledger.look()

    def _forgive(self) -> None:
        """A 410 under a mark that has not been in force for long must be forgotten."""
        now = self.moment.now
        for webhook in self.webhooks.values():
            for mark, since in list(webhook.gone.items()):
                if mark in webhook.marks or not webhook.marks:
                    webhook.gone[mark] = None  # a webhook that is away has not changed
                elif since is None:
                    webhook.gone[mark] = now
                elif now - max(since, self.calm_since) > ledger.SETTLED:
                    del webhook.gone[mark]

    def _remembered(self) -> None:
        """What is remembered of a webhook is what holds."""
        now = self.moment.now
        for route, stored in self.disk.remembered():
            webhook = self.webhooks[route]
            if route in self._watcher.dropped:
                continue
            if stored.gone is not None and stored.gone not in webhook.gone:
                raise Violation(
                    "memory", f"{route}: gone under {stored.gone!r}, which its change has cleared"
                )
            since = webhook.in_force_since
            here = 0.0 if since is None else now - max(since, self.calm_since)
            if stored.deleted_at is not None and here > WRITTEN:
                raise Violation("memory", f"{route}: deleted, and it has been there for {here:.0f} s")

    # --- the end ---------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Everything heals; then everything that was accepted must come to its end."""
        self._begin_anew()
        self.weather.heal()
        if self.ending is not None:
            self.kill()
        while not self.engine.ready:
            self.run(1.0)
        self.happenings.heal()
        self.run(1.0)
        until = self.moment.now + self._longest()
        while any(True for _ in self.disk.waiting()):
            if self.moment.now > until:
                if "stuck" in self.blind:
                    return
                stuck = {route: len(rows) for route, rows in self.disk.waiting()}
                raise Violation("stuck", f"still waiting after all has healed: {stuck}")
            self.run(5.0)
            self.look()
        self.run(4 * LONGEST_ROUND)
        for webhook in self.webhooks.values():
            webhook.in_doubt = False
        self.look(settled=True)
        self.ledger.look()

    def _longest(self) -> float:
        """Seconds in which all that waits must come to its end."""
        longest, due = 900.0 + 2 * 700, 0.0
        for route, rows in self.disk.waiting():
            rate = self.webhooks[route].rate
            if rate is not None:
                longest = max(longest, 900.0 + 2 * len(rows) * rate[1] / rate[0])
            due = max(due, max(one.due for one in rows.values()) / 1000)
        return longest + max(0.0, due - self.moment.now - self.ledger.wall)

    def end(self) -> None:
        """Nothing is left behind."""
        self.door.shut = self.sender.closed = True
        self._bury_loop()
        gc.collect(0)
