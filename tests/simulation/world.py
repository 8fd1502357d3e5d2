"""The world around the process: what the seed decides. One `Life` is some thousand deliveries with all that happens.

Each seed switches classes of faults on and off (swarm testing), so that rare ones meet and loud ones do not hide quiet
ones. Must not: judge (`invariants`), name parts of the product (`engine`).
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from hookwright.api.config import DispatchConfig, RouteConfig
from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.event import Event
from hookwright.core.lifecycle import gone_mark
from hookwright.core.retry import RetryPolicy
from hookwright.errors import EventError, StoreFull
from hookwright.store.port import Retention

from . import invariants
from .engine import Engine
from .invariants import Ledger, Manners, Violation, Webhook
from .sender import FAILING, REJECTING, SLOWING, Mood, Targets
from .store import Disk, Door
from .virtual import Moment, VirtualLoop

FAULTS = (
    "kill", "full", "slow", "late", "read fails", "configuration", "delete", "gone", "template", "held", "replay",
    "restart", "clock", "rate", "hang", "large", "repeats", "many", "retention", "down", "slowed", "rejecting",
    "unforeseen", "backlog", "dear", "aged", "crowd",
)  # fmt: skip
RARE = frozenset({"unforeseen", "many", "crowd", "retention", "backlog"})
SCHEDULES: tuple[list[str], ...] = (
    ["1s"], ["1s", "2s", "5s"], ["5s", "30s"], [], ["1s"] * 6, ["20s", "3m"], ["2s"] * 3, ["1s", "1s", "10m"],
)  # fmt: skip
TEMPLATES = ('{"id": "{{ data.id }}"}', '{"id": {{ event.data.number }} }')
PERIODS = {"Second": 1.0, "Minute": 60.0}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One webhook as its author wants it now."""

    revision: int = 0
    requested: int = 0
    held: bool = False
    active: bool = True

    def hash(self) -> str:
        """Of what shapes its requests."""
        return f"revision {self.revision}"

    def requested_at(self) -> str | None:
        """Its annotation."""
        return str(self.requested) if self.requested else None

    @property
    def mark(self) -> str:
        """What a 410 is remembered under."""
        return gone_mark(self.hash(), self.requested_at())


class Life:
    """One seed's life, with restarts in it. `faults`: instead of those that the seed switches on."""

    def __init__(
        self, seed: int, without: frozenset[str] = frozenset(), beside: frozenset[str] = frozenset()
    ) -> None:
        self.random = random = Random(seed)
        self.moment = Moment()
        share = random.choice((0.15, 0.35, 0.6))
        self.faults = {fault for fault in FAULTS if random.random() < (share / 4 if fault in RARE else share)}
        self.faults = (self.faults | beside) - without
        retention = Retention(dead_letter_seconds=600) if "retention" in self.faults else Retention()
        self.disk = Disk(prunes="retention" in self.faults, retention=retention)
        self.specs: dict[str, dict[str, Any]] = {}
        self.webhooks: dict[str, Webhook] = {}
        self._make_webhooks()
        self.wanted = {route: Wanted() for route in self.webhooks}
        self.deleted: dict[str, Wanted] = {}
        self.in_force: dict[str, Wanted] = {}
        self.pending: list[dict[str, Wanted]] = []
        self._built: dict[tuple[str, Wanted], RouteConfig] = {}
        self._configs = 0
        self.ledger = Ledger(self.disk, self.moment, self.webhooks)
        self.manners = Manners(self.disk, self.moment, self.webhooks)
        self.moods: dict[str, Mood] = {}
        for webhook in self.webhooks.values():
            self.moods[webhook.url] = self._mood()
        self.full = False
        self.slow = False
        self.doomed = False
        self._died = False
        self.steps = self.requests = self.restarts = 0
        self.accepted = 0
        self.blind: frozenset[str] = frozenset()
        self._trouble: list[Violation] = []
        self._events = self._make_events()
        self.calm_since = 0.0
        """Since when the process runs and its store is well."""
        self.history: list[str] = []

    # --- what there is -----------------------------------------------------------------------------

    def _make_webhooks(self) -> None:
        random = self.random
        count = random.choice((1, 2, 3, 5, 8, 13, 20, 40))
        if "crowd" in self.faults:
            count = random.randint(55, 160)
        self.namespaces = [f"team-{number}" for number in range(random.randint(1, min(5, count)))]
        for number in range(count):
            namespace = random.choice(self.namespaces)
            route, url = f"{namespace}/hook-{number}", f"https://hook-{number}.{namespace}.test/in"
            spec: dict[str, Any] = {
                "url": url,
                "triggers": random.choice((["RequestCreated"], ["RequestCreated", "RequestApproved"], ["RequestApproved"])),
                "maxInFlight": random.choice((1, 2, 5, 16, 64)),
                "timeout": random.choice(("1s", "5s", "15s")),
                "retry": {"schedule": random.choice(SCHEDULES), "retryAfterMax": random.choice(("10s", "2m"))},
            }  # fmt: skip
            if "aged" in self.faults and random.random() < 0.5:
                spec["retry"]["maxAge"] = random.choice(("20s", "2m"))
            rate = None
            if "rate" in self.faults and random.random() < 0.3:
                requests, per = random.choice(((2, "Second"), (50, "Second"), (100, "Minute")))
                spec["rateLimit"] = {"requests": requests, "per": per}
                rate = (requests, PERIODS[per])
            if "template" in self.faults and random.random() < 0.3:
                spec["bodyTemplate"] = random.choice(TEMPLATES)
            if random.random() < 0.1:
                spec["responseValidators"] = [{"path": "$.ok", "values": ["true"]}]
            self.specs[route] = spec
            model = WebhookSpec.model_validate(spec)
            self.webhooks[route] = Webhook(
                route,
                url,
                model.max_in_flight,
                rate,
                RetryPolicy.of(model.retry),
                "responseValidators" in spec,
            )
            self.webhooks[route].circuit_sure = "bodyTemplate" not in spec

    def _make_events(self) -> list[Event]:
        events = []
        for trigger in ("RequestCreated", "RequestApproved"):
            for number in range(3):
                data: dict[str, Any] = {"id": f"r-{number}"}
                if number:
                    data["number"] = number
                events.append(_event(trigger, data))
            if "large" in self.faults:
                events.append(_event(trigger, {"id": "large", "number": 7, "text": "x" * 100_000}))
        return events

    def _mood(self) -> Mood:
        random, faults = self.random, self.faults
        fine = ("200",)
        quick = random.choice(((0.0, 0.0), (0.0, 0.002), (0.001, 0.03), (0.05, 0.4)))
        moods = [Mood("fine", fine, *quick)] * 3
        moods.append(Mood("slow", ("200", "204"), 0.2, random.choice((0.5, 4.0, 20.0))))
        some = random.sample((*FAILING, *SLOWING), 3)
        if "hang" not in faults:
            some = [way for way in some if way != "hang"]
        moods.append(Mood("mixed", (*fine * random.choice((1, 4, 20)), *some), *quick))
        if "down" in faults:
            moods.append(
                Mood("down", tuple(way for way in FAILING if "hang" in faults or way != "hang"), *quick)
            )
            moods.append(Mood("down", ("500", "connect"), *quick))
        if "slowed" in faults:
            moods.append(Mood("slowed", (*fine * 3, *random.sample(SLOWING, 2)), *quick))
        if "rejecting" in faults:
            moods.append(
                Mood("rejecting", (*fine * random.choice((1, 5)), *random.sample(REJECTING, 2)), *quick)
            )
        if "gone" in faults:
            moods.append(Mood("gone", (*fine * random.choice((1, 10, 50)), "410"), *quick))
        if "hang" in faults:
            moods.append(Mood("hang", ("hang",), *quick))
        if "unforeseen" in faults:
            moods.append(Mood("unforeseen", (*fine * 30, "unforeseen"), *quick))
        return random.choice(moods)

    # --- delays (store.Weather and others) -----------------------------------------------------------

    def _short(self) -> float:
        """Mostly nothing; now and then just until something else happens."""
        random = self.random
        luck = random.random()
        if luck < 0.7:
            return 0.0
        if luck < 0.85:
            return random.random() * 0.004
        if luck < 0.97:
            return random.random() * 0.05
        return self._coincidence(1.0)

    def _thread_seconds(self) -> float:
        """That something takes which runs beside the loop."""
        return self._coincidence(12.0) if self.random.random() < 0.5 else self._short()

    def _coincidence(self, most: float) -> float:
        """Until about when some timer fires, if that is soon: at most so many seconds."""
        timers = self.loop._scheduled  # type: ignore[attr-defined]
        if not timers:
            return 0.0
        when: float = timers[int(self.random.random() * len(timers))].when()
        wait = (
            when - self.moment.now + self.random.choice((-0.003, -0.002, -0.001, 0.0, 0.0, 0.0, 0.0, 0.001))
        )
        return wait if 0.0 < wait < most else 0.0

    def commit_seconds(self) -> float:
        """See `store.Weather`."""
        if self.slow:
            return self.random.random() * 2.0
        return self._short() if "late" in self.faults else 0.0

    answer_seconds = commit_seconds

    def dies(self) -> bool:
        """See `store.Weather`."""
        return self.doomed and self.random.random() < 0.3

    def read_fails(self) -> bool:
        """See `store.Weather`."""
        return "read fails" in self.faults and self.random.random() < 0.2

    def step_rows(self) -> int:
        """See `store.Weather`."""
        return self.random.choice((1, 7, 250))

    def _stopwatch(self) -> float:
        moment = self.moment
        moment.now += 0.001 if "dear" in self.faults and self.random.random() < 0.05 else 0.00002
        return moment.now

    # --- the process -----------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start the process, on what is stored."""
        self.loop = loop = VirtualLoop(self.moment, self._thread_seconds)
        loop.set_exception_handler(self._lost)
        self._died = self.doomed = False
        self.calm_since = self.moment.now
        for webhook in self.webhooks.values():
            invariants.restarted(webhook)
        self.ledger.wall = self.moment.wall
        self._inside(self._build)
        self._offer(start=True)

    def _build(self) -> None:
        self.sender = Targets(
            self.random, self.moment, self.manners, lambda: 0.00002, lambda: self._coincidence(20.0)
        )
        self.sender.moods = self.moods
        self.door = Door(self.disk, self, self.ledger, self.moment, self._die)
        backlog = 30 if "backlog" in self.faults else 100_000
        self.engine = Engine(
            self.door, self.sender, self.moment, jitter=lambda: self.random.uniform(-1, 1),
            stopwatch=self._stopwatch, backlog_webhook=backlog, backlog_total=1_000_000, failed=self._fail,
        )  # fmt: skip

    def _inside(self, what: Callable[[], Any]) -> None:
        """Call something in the loop."""
        self.loop.call_soon(self._guarded, what)
        self.run(0.0)

    def _guarded(self, what: Callable[[], Any]) -> None:
        try:
            what()
        except Violation as violation:
            self._trouble.append(violation)

    def _spawn(self, work: Any) -> None:
        task = self.loop.create_task(work)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            error = task.exception()
            if not isinstance(error, Violation):
                raise error  # type: ignore[misc]
            self._trouble.append(error)

    def _lost(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        violation = (
            error if isinstance(error, Violation) else Violation("raised", f"{context['message']}: {error!r}")
        )
        self._trouble.append(violation)

    def _fail(self, message: str) -> None:
        self._trouble.append(Violation("upkeep", message))

    def _die(self) -> None:
        self._died = True
        self.door.shut = self.sender.closed = True
        self.loop.set_exception_handler(lambda loop, context: None)
        self.loop.stop()

    def kill(self) -> None:
        """kill -9, and a new process."""
        self.history.append("kill")
        self.door.shut = self.sender.closed = True
        self._bury_loop()
        self.restarts += 1
        self.begin()

    def _bury_loop(self) -> None:
        self.requests += self.sender.requests
        self.loop.set_exception_handler(lambda loop, context: None)
        self._died = True
        while tasks := asyncio.all_tasks(self.loop):
            for task in tasks:
                task.cancel()
            self.loop.run_until(self.moment.now)
        self.loop.close()
        self.pending.clear()

    def restart(self, patience: float) -> None:
        """SIGTERM, and a new process."""
        self.history.append(f"restart {patience}")
        self._spawn(self.engine.stop(patience))
        until = self.moment.now + patience + 60.0
        while not self.engine.stopped and not self._died and self.moment.now < until:
            self.full = False
            self.run(1.0)
        if not self.engine.stopped and not self._died:
            raise Violation("drain", f"it did not end within {patience + 60} s")
        self.sender.closed = True
        self._bury_loop()
        self.restarts += 1
        self.begin()

    def run(self, seconds: float) -> None:
        """Let time pass."""
        asyncio.events._set_running_loop(None)
        self.loop.run_until(self.moment.now + seconds)
        for violation in self._trouble:
            if violation.kind not in self.blind:
                raise violation
        self._trouble.clear()

    # --- what happens ------------------------------------------------------------------------------------

    def step(self) -> None:
        """One thing happens, some time passes, everything is looked at."""
        self.steps += 1
        if self._died:
            self.kill()
        action = self.random.choice(self._actions)
        self.history.append(action.__name__)
        action()
        self.run(self._pause())
        if self._died:
            self.kill()
        self.look()

    def prepare(self) -> None:
        """Weigh what may happen."""
        faults = self.faults
        actions: list[Callable[[], None]] = [self._post] * 12 + [self._change_mood] * 4 + [self._nothing] * 2
        for fault, action, weight in (
            ("configuration", self._configure, 3), ("delete", self._delete, 2), ("delete", self._come_back, 2),
            ("held", self._hold, 2), ("replay", self._replay, 2), ("kill", self._kill, 1),
            ("restart", self._restart, 1), ("clock", self._jump, 1), ("full", self._fill, 1), ("slow", self._slow, 1),
            ("gone", self._revive, 1),
        ):  # fmt: skip
            if fault in faults:
                actions += [action] * weight
        self._actions = actions

    def _pause(self) -> float:
        random = self.random
        luck = random.random()
        if luck < 0.2:
            return 0.0
        if luck < 0.5:
            return random.random() * 0.01
        if luck < 0.75:
            return random.random()
        if luck < 0.95:
            return random.random() * 15
        if luck < 0.98:
            return self._coincidence(20.0)
        return random.random() * random.choice((60.0, 800.0))

    def _nothing(self) -> None:
        pass

    def _post(self) -> None:
        random = self.random
        size = random.choice((1, 1, 2, 5, 30, 30, 200))
        if "many" in self.faults and random.random() < 0.1:
            size = 1000
        size = max(1, min(size, 600 // len(self.webhooks)))
        kind = random.choice(self._events)
        events = [kind] * size
        if "repeats" in self.faults and random.random() < 0.5:
            events = [kind._replace(identity=f"id-{random.randrange(2000)}") for kind in events]
        namespace = None if random.random() < 6 / len(self.webhooks) else random.choice(self.namespaces)
        self._spawn(self._posting(events, namespace))

    async def _posting(self, events: list[Event], namespace: str | None) -> None:
        if not self.engine.ready:
            return
        try:
            answered = await self.engine.accept(events, namespace)
        except EventError:
            return
        self.accepted += len(answered)
        self.ledger.acknowledge(answered)
        if self.pending or self.full or self.slow:
            return
        given: dict[str, list[int]] = {}
        for key, route in answered:
            given.setdefault(route, []).append(key)
        for route, keys in given.items():
            one = self.in_force.get(route)
            if (
                one is not None
                and not one.held
                and one == self.wanted.get(route)
                and not self.webhooks[route].gone
            ):
                self.manners.awaits(self.webhooks[route], keys)

    def _change_mood(self) -> None:
        for webhook in self._some():
            self.moods[webhook.url] = self._mood()

    def _some(self) -> list[Webhook]:
        webhooks = list(self.webhooks.values())
        luck = self.random.random()
        if luck < 0.6:
            return [self.random.choice(webhooks)]
        share = self.random.random()
        return webhooks if luck < 0.7 else [one for one in webhooks if self.random.random() < share]

    def _configure(self) -> None:
        for webhook in self._some():
            one = self.wanted.get(webhook.route)
            if one is not None:
                self.wanted[webhook.route] = replace(one, revision=self.random.randrange(3))
        self._offer()

    def _revive(self) -> None:
        for webhook in self._some():
            one = self.wanted.get(webhook.route)
            if one is not None:
                self.wanted[webhook.route] = replace(one, requested=one.requested + 1)
        self._offer()

    def _hold(self) -> None:
        for webhook in self._some():
            one = self.wanted.get(webhook.route)
            if one is not None:
                self.wanted[webhook.route] = replace(one, held=not one.held)
        self._offer()

    def _delete(self) -> None:
        for webhook in self._some():
            one = self.wanted.pop(webhook.route, None)
            if one is not None:
                self.deleted[webhook.route] = one
        self._offer()

    def _come_back(self) -> None:
        for route in list(self.deleted):
            self.wanted[route] = self.deleted.pop(route)
        self._offer()

    def _replay(self) -> None:
        if self.engine.ready:
            self._spawn(self._replaying(self.random.choice((None, self.random.choice(list(self.webhooks))))))

    async def _replaying(self, route: str | None) -> None:
        try:
            await self.engine.replay(route)
        except Exception as error:
            if type(error).__name__ != "StoreFull":
                raise

    def _kill(self) -> None:
        if self.random.random() < 0.5:
            self.doomed = True
        else:
            self.kill()

    def _restart(self) -> None:
        if self.engine.ready:
            self.restart(self.random.choice((0.0, 0.5, 20.0)))

    def _jump(self) -> None:
        self.moment.wall += self.random.choice((-1, 1)) * self.random.choice((1.0, 90.0, 7200.0))

    def _fill(self) -> None:
        self.full = not self.full

    def _slow(self) -> None:
        self.slow = not self.slow

    # --- configurations ----------------------------------------------------------------------------------

    def _offer(self, *, start: bool = False) -> None:
        """A new configuration is there."""
        offered = {route: self.wanted[route] for route in self.webhooks if route in self.wanted}
        self.manners.awaited.clear()
        now, before = self.moment.now, self.pending[-1] if self.pending else self.in_force
        self.pending.append(offered)
        for route, webhook in self.webhooks.items():
            one = offered.get(route)
            if one is not None:
                webhook.marks.add(one.mark)
                if route not in before:
                    webhook.present_since = now
            if self._changed(one, self.in_force.get(route)):
                webhook.circuit_known = False
        if start:
            self._spawn(self._loading(self.engine.start, offered))
        elif self.engine.ready:
            self._spawn(self._loading(self.engine.load, offered))
        else:
            self.pending.pop()

    @staticmethod
    def _changed(one: Wanted | None, other: Wanted | None) -> bool:
        return (one and one.mark) != (other and other.mark)

    async def _loading(self, load: Callable[[DispatchConfig], Any], offered: dict[str, Wanted]) -> None:
        try:
            await load(self._config(offered))
        except StoreFull as error:
            raise Violation("start", f"it does not start: {error}") from error
        before, self.in_force = self.in_force, offered
        self.pending.remove(offered)
        for route, webhook in self.webhooks.items():
            here = [config[route] for config in (offered, *self.pending) if route in config]
            webhook.marks = {one.mark for one in here}
            if route not in offered:
                webhook.present_since = self.moment.now if here else None
            webhook.circuit_known &= not self._changed(offered.get(route), before.get(route))

    def _config(self, wanted: dict[str, Wanted]) -> DispatchConfig:
        self._configs += 1
        return DispatchConfig(
            hash=f"configuration {self._configs}", webhooks=[self._route(*item) for item in wanted.items()]
        )

    def _route(self, route: str, one: Wanted) -> RouteConfig:
        config = self._built.get((route, one))
        if config is None:
            spec = self.specs[route]
            headers = [{"name": "x-revision", "value": str(one.revision)}]
            namespace, _, name = route.partition("/")
            config = self._built[route, one] = RouteConfig(
                namespace=namespace, name=name, hash=one.hash(), triggers=spec["triggers"],
                held="Its Secret is away." if one.held else None, active=one.active,
                spec=WebhookSpec.model_validate({**spec, "headers": headers}), requested_at=one.requested_at(),
            )  # fmt: skip
        return config

    # --- looking -------------------------------------------------------------------------------------------

    def look(self) -> None:
        """All invariants."""
        try:
            self._look()
        except Violation as violation:
            if violation.kind not in self.blind:
                raise

    def _look(self) -> None:
        if self.full or self.slow or not self.engine.ready:
            self.calm_since = self.moment.now
        self._forgive()
        self._remembered()
        quiet = self.door.under_way == 0 and not self.loop._ready and self.engine.ready  # type: ignore[attr-defined]
        invariants.look(self.engine, self.disk, quiet=quiet, dead_too=lambda: "retention" not in self.faults)
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
                elif now - max(since, self.calm_since) > invariants.SETTLED:
                    del webhook.gone[mark]

    def _remembered(self) -> None:
        """What is remembered of a webhook is what holds."""
        now = self.moment.now
        for route, stored in self.disk.memory.items():
            webhook = self.webhooks[route]
            if stored.gone is not None and stored.gone not in webhook.gone:
                raise Violation(
                    "memory", f"{route}: gone under {stored.gone!r}, which its change has cleared"
                )
            since = webhook.present_since
            here = 0.0 if since is None else now - max(since, self.calm_since)
            if stored.deleted_at is not None and here > invariants.WRITTEN:
                raise Violation("memory", f"{route}: deleted, and it has been there for {here:.0f} s")

    def settle(self) -> None:
        """Everything heals; then everything that was accepted must come to its end."""
        self.history.append("settle")
        if self._died:
            self.kill()
        self.full = self.slow = self.doomed = False
        self.faults -= {"late", "read fails", "dear"}
        for url in self.moods:
            self.moods[url] = Mood("fine", ("200",), 0.0, 0.001)
        self._come_back()
        for route, one in self.wanted.items():
            self.wanted[route] = Wanted(one.revision, one.requested + 1)
        self._offer()
        self.run(1.0)
        until = self.moment.now + self._longest()
        while self.disk.waiting:
            if self.moment.now > until:
                if "stuck" in self.blind:
                    return
                stuck = {route: len(rows) for route, rows in self.disk.waiting.routes.items() if rows}
                raise Violation("stuck", f"still waiting after all has healed: {stuck}")
            self.run(5.0)
            self.look()
        self.run(LONGEST_ROUND)
        self.look()
        self.ledger.look()

    def _longest(self) -> float:
        """Seconds in which all that waits must come to its end."""
        longest = 900.0 + 2 * 700
        for route, rows in self.disk.waiting.routes.items():
            rate = self.webhooks[route].rate
            if rate is not None:
                longest = max(longest, 900.0 + 2 * len(rows) * rate[1] / rate[0])
        due = max((one.due for one in self.disk.waiting.values()), default=0) / 1000
        return longest + max(0.0, due - self.moment.now - self.ledger.wall)

    def end(self) -> None:
        """Nothing is left behind."""
        self.door.shut = self.sender.closed = True
        self._bury_loop()
        gc.collect(0)


LONGEST_ROUND = 65.0  # seconds between two rounds of upkeep, at most


def _event(trigger: str, data: dict[str, Any]) -> Event:
    import orjson

    document = {"event_type": trigger, "event_time": "1", "data": data}
    return Event(trigger, trigger, document, orjson.dumps(document))
