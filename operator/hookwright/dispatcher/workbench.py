"""What the template workbench is answered: a webhook's definition, and what an event would come to.

A preview compiles and renders whatever somebody types, so it takes a place of those that Manual calls and tests share,
by namespace; and previews are made in a thread, one at a time, so that deliveries lose at most half of the processor.
Must not: know HTTP, send, change anything.
"""

from __future__ import annotations

import asyncio

from hookwright.api.admin_workbench import Definition, Preview, PreviewRequest
from hookwright.api.config import RouteConfig
from hookwright.core.definition import definition
from hookwright.core.preview import event_of_preview, preview
from hookwright.core.shares import Shares
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.configuration.loader import Loader
from hookwright.dispatcher.invocation_views import InvocationViews
from hookwright.errors import EventError
from hookwright.outbound.places import place


class Workbench:
    """`places`: those of Manual calls and tests. Errors as in `views.Views`."""

    def __init__(self, loader: Loader, deliveries: InvocationViews, places: Shares, clock: Clock) -> None:
        self._loader, self._deliveries, self._places, self._clock = loader, deliveries, places, clock
        self._thread = Shares(1)

    def definition(self, key: str) -> Definition:
        """Of one webhook. EventError 404: unknown."""
        return definition(self._config(key))

    async def preview(self, wanted: PreviewRequest) -> Preview:
        """What is wanted of a webhook. EventError 404: it or the delivery is unknown; 400: there is no such event."""
        config = self._config(wanted.webhook)
        if wanted.delivery is not None:
            wanted = await self._recorded(wanted, wanted.delivery)
        async with place(self._places, config.key), place(self._thread, config.key):
            return await asyncio.to_thread(self._preview, config, wanted)

    async def _recorded(self, wanted: PreviewRequest, delivery: str) -> PreviewRequest:
        """With the event of a delivery."""
        found = await self._deliveries.delivery(delivery)
        if found is None or found.event is None:
            raise EventError("The event of that delivery is not kept (any more); give an event.", status=404)
        return wanted.model_copy(update={"event": found.event, "trigger": wanted.trigger or found.trigger})

    def _preview(self, config: RouteConfig, wanted: PreviewRequest) -> Preview:
        now = self._clock.now_ms()
        event = event_of_preview(wanted, config, now_ms=now)
        return preview(config, wanted, event, now=now // 1000, clock=self._clock.spent)

    def _config(self, key: str) -> RouteConfig:
        config = self._loader.webhooks.get(key)
        if config is None:
            raise EventError(f"There is no webhook {key}.", status=404)
        return config
