"""Putting a configuration in force: routes are built or kept, lanes change state, the matcher is replaced.

What did not change is kept with its connections, tokens and queue. Building yields to the loop in between, so that
10,000 webhooks do not stop deliveries. Must not: read files (`config_folder`), decide states (`core.lifecycle`).
"""

from __future__ import annotations

import asyncio

from hookwright.api.config import DispatchConfig, RouteConfig
from hookwright.core.lifecycle import RouteState, gone_mark, route_state
from hookwright.core.matching import Matcher
from hookwright.core.routes import Route
from hookwright.dispatcher.accept import Acceptor
from hookwright.dispatcher.attempt import Target
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.former import FormerSecrets
from hookwright.dispatcher.lane import Lane, Window
from hookwright.dispatcher.lanes import Lanes
from hookwright.errors import SendError, TemplateError
from hookwright.outbound.port import Sender

_BATCH = 50  # routes built before the loop gets control back
_WARM_PAUSE = 0.01  # seconds between two templates compiled ahead; each takes some milliseconds


class Loader:
    """Holds the configuration in force."""

    def __init__(self, lanes: Lanes, acceptor: Acceptor, sender: Sender, clock: Clock) -> None:
        self._lanes, self._acceptor, self._sender, self._clock = lanes, acceptor, sender, clock
        self.former = FormerSecrets(clock.monotonic)
        self.config: DispatchConfig | None = None
        self.webhooks: dict[str, RouteConfig] = {}
        self.matcher = Matcher([])
        self.loaded_at: float | None = None
        self.problem: str | None = None
        """Why a newer configuration was refused."""
        self._one_at_a_time = asyncio.Lock()
        self._warming: asyncio.Task[None] | None = None

    async def load(self, config: DispatchConfig) -> None:
        """Put it in force; returns when all of it is."""
        async with self._one_at_a_time:
            if self.config is not None and self.config.hash == config.hash:
                return
            cluster = None if config.cluster_events is None else frozenset(config.cluster_events)
            matcher = await asyncio.to_thread(_matcher, config, cluster)
            webhooks = {webhook.key: webhook for webhook in config.webhooks}
            for number, webhook in enumerate(config.webhooks, 1):
                self._apply(webhook, matcher)
                if number % _BATCH == 0:
                    await asyncio.sleep(0)
            for lane in list(self._lanes.lanes()):
                if lane.key not in webhooks:
                    self._remove(lane)
            self.config, self.webhooks, self.matcher = config, webhooks, matcher
            self._acceptor.use(matcher, cluster)
            self.loaded_at = self._clock.now()
            if self._warming is not None:
                self._warming.cancel()
            self._warming = asyncio.create_task(self._warm())

    def _apply(self, webhook: RouteConfig, matcher: Matcher) -> None:
        lane = self._lanes.lane(webhook.key)
        if lane.deleted_at_ms is not None:
            lane.deleted_at_ms = None
            lane.dirty = True
        before = self.webhooks.get(webhook.key)
        if before is not None and (before.requested_at, before.hash) != (webhook.requested_at, webhook.hash):
            lane.circuit.close()
            lane.paused_until = 0.0
        held = webhook.held
        if held is None and (lane.target is None or lane.target.route.config != webhook):
            held = self._build(lane, webhook)
        elif held is not None:
            self._drop_target(lane)
        mark = gone_mark(webhook.hash, webhook.requested_at)
        lane.state = route_state(held=held, gone=lane.gone_mark, mark=mark)
        if lane.state is RouteState.GONE:
            lane.message = (
                "The target answered 410 Gone; change the spec or set hookwright.io/requestedAt anew."
            )
        else:
            lane.gone_mark = None
            lane.message = held or matcher.unreadable.get(webhook.key, "")
        self._lanes.wake(lane)

    def _build(self, lane: Lane, webhook: RouteConfig) -> str | None:
        """A new target for a lane; why not, if it cannot be built."""
        try:
            target = Target(Route(webhook), self._sender, self._clock.monotonic, self.former)
        except (ValueError, KeyError, SendError) as error:
            self._drop_target(lane)
            return str(error)
        self._drop_target(lane)
        lane.target = target
        rate = target.route.rate
        if rate is None:
            lane.window = None
        elif lane.window is None or (lane.window.requests, lane.window.seconds) != rate:
            lane.window = Window(*rate)
        return None

    def _drop_target(self, lane: Lane) -> None:
        if lane.target is not None:
            lane.target.close()
            lane.target = None

    def _remove(self, lane: Lane) -> None:
        """The webhook is not in the configuration any more: what waits, waits for the name to come back."""
        self._drop_target(lane)
        lane.state = RouteState.HELD
        lane.message = "The webhook was deleted."
        if lane.deleted_at_ms is None:
            lane.deleted_at_ms = self._clock.now_ms()
            lane.dirty = True

    async def _warm(self) -> None:
        """Compile templates ahead of their first use."""
        for lane in list(self._lanes.lanes()):
            target = lane.target
            if target is None:
                continue
            try:
                if target.route.warm():
                    await asyncio.sleep(_WARM_PAUSE)
            except TemplateError as error:
                lane.state, lane.message = RouteState.HELD, target.redactor().text(str(error))

    def close(self) -> None:
        """End background work and let all connections go."""
        if self._warming is not None:
            self._warming.cancel()
        for lane in self._lanes.lanes():
            self._drop_target(lane)


def _matcher(config: DispatchConfig, cluster: frozenset[str] | None) -> Matcher:
    """The matcher with the index of /v1/events built: for a thread, as many webhooks take a while."""
    matcher = Matcher(config.webhooks)
    matcher.prepare(cluster)
    return matcher
