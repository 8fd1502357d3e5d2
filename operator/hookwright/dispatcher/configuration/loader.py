"""Putting a configuration in force: routes are built or kept, lanes are told, the matcher is replaced.

What did not change is kept with its connections, tokens and queue. Building goes on in a thread, in groups, so that
10,000 webhooks do not stop deliveries. Must not: read files (`config_folder`), decide states (`core.standing`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import structlog

from hookwright.api.config import DispatchConfig, RouteConfig
from hookwright.core.former import FormerSecrets
from hookwright.core.lane import UNCONFIGURED
from hookwright.core.lifecycle import gone_mark
from hookwright.core.matching import Matcher
from hookwright.core.routes import Route, rules_of
from hookwright.dispatcher.background import Background
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.accept import Acceptor
from hookwright.dispatcher.delivery.attempt import Target
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.errors import SendError, TemplateError
from hookwright.limits import LOAD_GROUP, WARM_PAUSE_SECONDS
from hookwright.outbound.port import Sender

log = structlog.get_logger()


class _Built(NamedTuple):
    """A webhook ready to be put in force: its target, or why it has none."""

    webhook: RouteConfig
    target: Target | None
    held: str | None


class Loader:
    """Holds the configuration in force."""

    def __init__(
        self, lanes: Lanes, acceptor: Acceptor, sender: Sender, clock: Clock, background: Background
    ) -> None:
        self._lanes, self._acceptor, self._sender = lanes, acceptor, sender
        self._clock, self._background = clock, background
        self.former = FormerSecrets(clock.monotonic)
        self.config: DispatchConfig | None = None
        self.webhooks: dict[str, RouteConfig] = {}
        self.matcher = Matcher([])
        self.loaded_at: float | None = None
        self.problem: str | None = None
        """Why a newer configuration was refused."""
        self._unfit: dict[str, str] = {}
        """Webhooks whose templates turned out not to compile here, and why."""
        self._one_at_a_time = asyncio.Lock()

    async def load(self, config: DispatchConfig) -> None:
        """Put it in force; returns when all of it is."""
        async with self._one_at_a_time:
            if self.config is not None and self.config.hash == config.hash:
                return
            cluster = None if config.cluster_events is None else frozenset(config.cluster_events)
            matcher = await asyncio.to_thread(_matcher, config, cluster)
            webhooks = {webhook.key: webhook for webhook in config.webhooks}
            for at in range(0, len(config.webhooks), LOAD_GROUP):
                group = config.webhooks[at : at + LOAD_GROUP]
                for built in await asyncio.to_thread(self._build_all, group):
                    self._apply(built, matcher)
            for lane in self._lanes.lanes():
                if lane.key not in webhooks:
                    self._lanes.remove(lane.key)
            self.config, self.webhooks, self.matcher = config, webhooks, matcher
            self._acceptor.use(matcher, cluster)
            self.loaded_at = self._clock.wall()
            self._background.spawn("warm", self._warm(config))

    def _build_all(self, group: Sequence[RouteConfig]) -> list[_Built]:
        """In a thread."""
        return [self._build(webhook) for webhook in group]

    def _build(self, webhook: RouteConfig) -> _Built:
        if webhook.held is not None:
            return _Built(webhook, None, webhook.held)
        present = self._lanes.target(webhook.key)
        if present is not None and present.route.config == webhook:
            return _Built(webhook, present, self._unfit.get(webhook.key))
        self._unfit.pop(webhook.key, None)
        try:
            target = Target(Route(webhook), self._sender, self._clock.monotonic, self.former)
            target.route.redactor.prepare()
            return _Built(webhook, target, None)
        except (ValueError, KeyError, SendError) as error:
            return _Built(webhook, None, str(error))
        except Exception as error:  # of ours; it must not keep the others from coming into force
            log.error("configuration.fault", webhook=webhook.key, exc_info=error)
            return _Built(webhook, None, f"Hookwright itself failed to load it ({type(error).__name__}).")

    def _apply(self, built: _Built, matcher: Matcher) -> None:
        webhook, target, held = built
        rules = UNCONFIGURED if webhook.spec is None else rules_of(webhook.spec)
        self._lanes.configure(
            webhook.key, target, rules, mark=gone_mark(webhook.hash, webhook.requested_at), held=held,
            message=matcher.unreadable.get(webhook.key, ""),
        )  # fmt: skip

    async def _warm(self, config: DispatchConfig) -> None:
        """Compile templates ahead of their first use, until another configuration is in force."""
        for webhook in config.webhooks:
            if self.config is not config:
                return
            target = self._lanes.target(webhook.key)
            if target is None:
                continue
            try:
                if target.route.warm():
                    await asyncio.sleep(WARM_PAUSE_SECONDS)
            except TemplateError as error:
                message = self._unfit[webhook.key] = target.redactor().text(str(error))
                self._lanes.hold(webhook.key, message)


def _matcher(config: DispatchConfig, cluster: frozenset[str] | None) -> Matcher:
    """The matcher with the index of /v1/events built: for a thread, as many webhooks take a while."""
    matcher = Matcher(config.webhooks)
    matcher.prepare(cluster)
    return matcher
