"""Putting a configuration in force: routes are built or kept, lanes are told, the matcher is replaced.

What did not change is kept with its connections, tokens and queue, and is not touched. Building goes on in a thread, in
groups, so that 10,000 webhooks do not stop deliveries.
Must not: read files (`config_folder`), decide states (`core.standing`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Container, Sequence
from typing import NamedTuple

import structlog

from hookwright.api.config import DispatchConfig, RouteConfig
from hookwright.core.former import FormerSecrets
from hookwright.core.lane_steps import UNCONFIGURED
from hookwright.core.lifecycle import gone_mark
from hookwright.core.matching import Matcher
from hookwright.core.routes import Route, rules_of
from hookwright.dispatcher.background import Background
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.accept import Acceptor
from hookwright.dispatcher.delivery.attempt import Target
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.dispatcher.memory import let_go, settle
from hookwright.dispatcher.slices import in_slices
from hookwright.errors import SendError, TemplateError
from hookwright.limits import LOAD_GROUP, SETTLE_WEBHOOKS, WARM_PAUSE_SECONDS
from hookwright.outbound.port import Sender

log = structlog.get_logger()


class _Built(NamedTuple):
    """A webhook ready to be put in force: its target, or why it has none. `message`: what else is to be said of it."""

    webhook: RouteConfig
    message: str
    target: Target | None
    held: str | None


class _Made(NamedTuple):
    """What a configuration comes to before any lane knows of it."""

    webhooks: dict[str, RouteConfig]
    keys: list[str]
    matcher: Matcher


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
        self.keys: Sequence[str] = ()
        """Those of `webhooks`, sorted."""
        self._applied: dict[str, tuple[RouteConfig, str]] = {}
        """What the lanes were told of each webhook: its configuration and what is said beside it."""
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
            made = await asyncio.to_thread(_made, config, cluster)
            changed = await self._apply_all(config, made)
            changed += await self._remove_all(made.webhooks)
            old: list[object] = [*self.webhooks.values(), self.config, self.matcher]
            self.config, self.webhooks, self.keys = config, made.webhooks, made.keys
            self.matcher = made.matcher
            self._acceptor.use(made.matcher, cluster)
            self._lanes.touch(changed)
            self.loaded_at = self._clock.wall()
            self._background.spawn("warm", self._warm(made.keys))
            if len(changed) >= SETTLE_WEBHOOKS:
                settle()
            self._background.spawn("let go", asyncio.to_thread(let_go, old))

    async def _apply_all(self, config: DispatchConfig, made: _Made) -> list[str]:
        """Tell the lanes of what is new or otherwise than before; its keys."""
        changed = []
        for at in range(0, len(config.webhooks), LOAD_GROUP):
            group = config.webhooks[at : at + LOAD_GROUP]
            for built in await asyncio.to_thread(self._build_all, group, made.matcher):
                self._apply(built)
                changed.append(built.webhook.key)
        return changed

    async def remove_others(self) -> None:
        """Tell the lanes that came since of what is not in the configuration in force, if there is one."""
        async with self._one_at_a_time:
            if self.config is not None:
                await self._remove_all(self.webhooks)

    async def _remove_all(self, webhooks: Container[str]) -> list[str]:
        """Tell the lanes of what is not in the configuration; its keys."""
        gone = [lane.key for lane in self._lanes.lanes() if lane.key not in webhooks]
        async for key in in_slices(gone, LOAD_GROUP):
            self._applied.pop(key, None)
            self._lanes.remove(key)
        return gone

    def _build_all(self, group: Sequence[RouteConfig], matcher: Matcher) -> list[_Built]:
        """What is new or otherwise than before, in a thread."""
        wanted = ((webhook, matcher.unreadable.get(webhook.key, "")) for webhook in group)
        return [self._build(*each) for each in wanted if self._applied.get(each[0].key) != each]

    def _build(self, webhook: RouteConfig, message: str) -> _Built:
        if webhook.held is not None:
            return _Built(webhook, message, None, webhook.held)
        present = self._lanes.target(webhook.key)
        if present is not None and present.route.config == webhook:
            return _Built(webhook, message, present, self._unfit.get(webhook.key))
        self._unfit.pop(webhook.key, None)
        try:
            target = Target(Route(webhook), self._sender, self._clock.monotonic, self.former)
            target.route.redactor.prepare()
            return _Built(webhook, message, target, None)
        except (ValueError, KeyError, SendError) as error:
            return _Built(webhook, message, None, str(error))
        except Exception as error:  # of ours; it must not keep the others from coming into force
            log.error("configuration.fault", webhook=webhook.key, exc_info=error)
            fault = f"Hookwright itself failed to load it ({type(error).__name__})."
            return _Built(webhook, message, None, fault)

    def _apply(self, built: _Built) -> None:
        webhook, message, target, held = built
        rules = UNCONFIGURED if webhook.spec is None else rules_of(webhook.spec)
        self._lanes.configure(
            webhook.key, target, rules, mark=gone_mark(webhook.hash, webhook.requested_at), held=held,
            message=message,
        )  # fmt: skip
        self._applied[webhook.key] = (webhook, message)

    async def _warm(self, keys: Sequence[str]) -> None:
        """Compile templates ahead of their first use, until another configuration is in force."""
        for key in keys:
            if self.keys is not keys:
                return
            target = self._lanes.target(key)
            if target is None:
                continue
            try:
                if await asyncio.to_thread(target.route.warm):
                    await asyncio.sleep(WARM_PAUSE_SECONDS)
            except TemplateError as error:
                if self._lanes.target(key) is not target:
                    continue  # replaced meanwhile
                message = self._unfit[key] = target.redactor().text(str(error))
                self._lanes.hold(key, message)


def _made(config: DispatchConfig, cluster: frozenset[str] | None) -> _Made:
    """With the index of /v1/events built: for a thread, as many webhooks take a while."""
    webhooks = {webhook.key: webhook for webhook in config.webhooks}
    matcher = Matcher(config.webhooks)
    matcher.prepare(cluster)
    return _Made(webhooks, sorted(webhooks), matcher)
