"""What happens to the process, one thing at a time, as the seed decides: events, faults, configurations.

Must not: judge, look into the product.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hookwright.api.config import DispatchConfig, RouteConfig
from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.event import Event
from hookwright.errors import EventError, StoreError

from .ledger import Webhook
from .scene import Wanted
from .sender import Mood
from .weather import FAILING_CALLS

if TYPE_CHECKING:
    from .world import Life

Config = dict[str, Wanted]


class Happenings:
    """Of one life."""

    def __init__(self, life: Life) -> None:
        self._life, self._random, self._webhooks = life, life.random, life.webhooks
        self._wanted: Config = {route: Wanted() for route in life.webhooks}
        self._deleted: Config = {}
        self._in_force: Config = {}
        self.pending: list[Config] = []
        """Configurations that are being loaded."""
        self._built: dict[tuple[str, Wanted], RouteConfig] = {}
        self._configs = 0
        self._actions = self._weigh(life.faults)

    def _weigh(self, faults: set[str]) -> list[Callable[[], None]]:
        actions: list[Callable[[], None]] = [self._post] * 12 + [self._change_mood] * 4 + [self._nothing] * 2
        for fault, action, weight in (
            ("configuration", self._configure, 3), ("delete", self._delete, 2), ("delete", self._come_back, 2),
            ("held", self._hold, 2), ("replay", self._replay, 2), ("kill", self._kill, 1),
            ("restart", self._restart, 1), ("clock", self._jump, 1), ("full", self._fill, 1), ("slow", self._slow, 1),
            ("gone", self._revive, 1), ("failing", self._fail, 2), ("broken", self._break, 1), ("manual", self._invoke, 3),
        ):  # fmt: skip
            if fault in faults:
                actions += [action] * weight
        return actions

    def one(self) -> None:
        """One of them."""
        self._random.choice(self._actions)()
        if not self._life.weather.calm:
            self._life.manners.awaited.clear()

    def pause(self) -> float:
        """Seconds until the next."""
        random = self._random
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
            return self._life.weather.coincidence(20.0)
        return random.random() * random.choice((60.0, 800.0))

    # --- events --------------------------------------------------------------------------------------------

    def _nothing(self) -> None:
        pass

    def _post(self) -> None:
        random, faults, webhooks = self._random, self._life.faults, len(self._webhooks)
        size = random.choice((1, 1, 2, 5, 30, 30, 200))
        if "many" in faults and random.random() < 0.1:
            size = 1000
        size = max(1, min(size, 600 // webhooks))
        kind = random.choice(self._life.scene.events)
        events = [kind] * size
        if "repeats" in faults and random.random() < 0.5:
            events = [kind._replace(identity=f"id-{random.randrange(2000)}") for kind in events]
        namespace = None if random.random() < 6 / webhooks else random.choice(self._life.scene.namespaces)
        task = self._life.spawn(self._posting(events, namespace))
        if "cancelled" in faults and random.random() < 0.05:
            self._life.loop.call_later(self._life.weather.short(), task.cancel)

    async def _posting(self, events: list[Event], namespace: str | None) -> None:
        life = self._life
        if not life.engine.ready:
            return
        try:
            answered = await life.engine.accept(events, namespace)
        except EventError:
            return
        except asyncio.CancelledError:  # as if the store had not answered, even if it has
            for webhook in self._webhooks.values():
                webhook.in_doubt = True
            raise
        life.accepted += len(answered)
        life.ledger.acknowledge(answered)
        if self.pending or not life.weather.calm or life.engine.stopping:
            return
        given: dict[str, list[int]] = {}
        for key, route in answered:
            given.setdefault(route, []).append(key)
        for route, keys in given.items():
            if self._may_be_sent(route):
                life.manners.awaits(self._webhooks[route], keys)

    def _may_be_sent(self, route: str) -> bool:
        """Whether nothing but the others' turns keeps a new delivery from being sent."""
        one = self._in_force.get(route)
        as_wanted = one is not None and not one.held and one == self._wanted.get(route)
        return (
            as_wanted
            and not self._webhooks[route].gone
            and "bodyTemplate" not in self._life.scene.specs[route]
        )

    def _change_mood(self) -> None:
        for webhook in self._some():
            self._life.moods[webhook.url] = self._life.scene.mood()

    def _some(self) -> list[Webhook]:
        webhooks = list(self._webhooks.values())
        luck = self._random.random()
        if luck < 0.6:
            return [self._random.choice(webhooks)]
        share = self._random.random()
        return webhooks if luck < 0.7 else [one for one in webhooks if self._random.random() < share]

    def _replay(self) -> None:
        if self._life.engine.ready:
            route = self._random.choice((None, self._random.choice(list(self._webhooks))))
            self._life.spawn(self._replaying(route))

    async def _replaying(self, route: str | None) -> None:
        try:
            await self._life.engine.replay(route)
        except StoreError:
            return

    def _invoke(self) -> None:
        if self._life.engine.ready:
            self._life.spawn(self._invoking(self._random.choice(list(self._webhooks.values()))))

    async def _invoking(self, webhook: Webhook) -> None:
        webhook.manual += 1
        try:
            await self._life.engine.invoke(webhook.route)
        except EventError:
            return
        finally:
            webhook.manual = max(0, webhook.manual - 1)

    # --- the machine ---------------------------------------------------------------------------------------

    def _kill(self) -> None:
        if self._random.random() < 0.5:
            self._life.weather.doomed = True
        else:
            self._life.kill()

    def _restart(self) -> None:
        life = self._life
        if life.engine.ready:
            life.restart(self._random.choice((0.0, 0.5, 20.0)), again=self._random.random() < 0.2)

    def _jump(self) -> None:
        self._life.moment.wall += self._random.choice((-1, 1)) * self._random.choice((1.0, 90.0, 7200.0))

    def _fill(self) -> None:
        self._life.weather.full = not self._life.weather.full

    def _slow(self) -> None:
        self._life.weather.slow = not self._life.weather.slow

    def _break(self) -> None:
        self._life.weather.broken = self._life.engine.ready

    def _fail(self) -> None:
        failing = self._life.weather.failing
        if failing and self._random.random() < 0.6:
            failing.clear()
        else:
            failing.update(self._random.sample(FAILING_CALLS, self._random.randint(1, 3)))

    # --- configurations --------------------------------------------------------------------------------------

    def _change(self, changed: Callable[[Wanted], Wanted]) -> None:
        for webhook in self._some():
            one = self._wanted.get(webhook.route)
            if one is not None:
                self._wanted[webhook.route] = changed(one)
        self.offer()

    def _configure(self) -> None:
        self._change(lambda one: replace(one, revision=self._random.randrange(3)))

    def _revive(self) -> None:
        self._change(lambda one: replace(one, requested=one.requested + 1))

    def _hold(self) -> None:
        self._change(lambda one: replace(one, held=not one.held))

    def _delete(self) -> None:
        for webhook in self._some():
            one = self._wanted.pop(webhook.route, None)
            if one is not None:
                self._deleted[webhook.route] = one
        self.offer()

    def _come_back(self) -> None:
        self._wanted.update(self._deleted)
        self._deleted.clear()
        self.offer()

    def heal(self) -> None:
        """All webhooks are there and new, all targets are well."""
        for url in self._life.moods:
            self._life.moods[url] = Mood("fine", ("200",), 0.0, 0.001)
        self._wanted.update(self._deleted)
        self._deleted.clear()
        for route, one in self._wanted.items():
            self._wanted[route] = Wanted(one.revision, one.requested + 1)
        self.offer()

    def offer(self, *, start: bool = False) -> None:
        """A new configuration is there; with `start`, it is the first of the process."""
        life = self._life
        if not start and not life.engine.ready:
            return
        offered = {route: self._wanted[route] for route in self._webhooks if route in self._wanted}
        life.manners.awaited.clear()
        now, before = life.moment.now, self.pending[-1] if self.pending else self._in_force
        self.pending.append(offered)
        for route, webhook in self._webhooks.items():
            one = offered.get(route)
            if one is None:
                webhook.in_force_since = None
                if start:  # of a process before no configuration is in force
                    webhook.present_since = None
            else:
                webhook.marks.add(one.mark)
                if route not in before:
                    webhook.present_since = now
            if _mark(one) != _mark(self._in_force.get(route)):
                webhook.circuit_known = False
        load = life.start if start else life.engine.load
        life.spawn(self._loading(load, offered))

    async def _loading(self, load: Callable[[DispatchConfig], Any], offered: Config) -> None:
        life = self._life
        await load(self._config(offered))
        before, self._in_force = self._in_force, offered
        self.pending.remove(offered)
        now = life.moment.now
        for route, webhook in self._webhooks.items():
            here = [config[route] for config in (offered, *self.pending) if route in config]
            webhook.marks = {one.mark for one in here}
            if route not in offered:
                webhook.present_since = now if here else None
            elif len(here) == 1 + len(self.pending):
                webhook.in_force_since = webhook.in_force_since or now
            webhook.circuit_known &= _mark(offered.get(route)) == _mark(before.get(route))

    def _config(self, wanted: Config) -> DispatchConfig:
        self._configs += 1
        return DispatchConfig(
            hash=f"configuration {self._configs}", webhooks=[self._route(*item) for item in wanted.items()]
        )

    def _route(self, route: str, one: Wanted) -> RouteConfig:
        config = self._built.get((route, one))
        if config is None:
            spec = self._life.scene.specs[route]
            headers = [{"name": "x-revision", "value": str(one.revision)}]
            namespace, _, name = route.partition("/")
            config = self._built[route, one] = RouteConfig(
                namespace=namespace, name=name, hash=one.hash(), triggers=spec["triggers"],
                held="Its Secret is away." if one.held else None, active=one.active,
                spec=WebhookSpec.model_validate({**spec, "headers": headers}), requested_at=one.requested_at(),
            )  # fmt: skip
        return config


def _mark(one: Wanted | None) -> str | None:
    return None if one is None else one.mark
