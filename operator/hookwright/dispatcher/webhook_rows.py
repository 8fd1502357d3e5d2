"""Keeps the table of webhooks (`core.webhook_table`) up to date by what changed, a slice at a time, and searches it.

A question costs what changed since the one before, and a few milliseconds for 10,000 webhooks. Must not: show anything
of a webhook.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from itertools import islice

from hookwright.api.config import RouteConfig
from hookwright.core.routes import host_of
from hookwright.core.webhook_table import Found, Row, Wanted, find, namespaces, row
from hookwright.dispatcher.configuration.loader import Loader
from hookwright.dispatcher.delivery.attempt import Target
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.dispatcher.mirror import Mirror
from hookwright.dispatcher.slices import in_slices
from hookwright.limits import TABLE_NAMESPACES, TABLE_SLICE


def host(config: RouteConfig, target: Target | None) -> str | None:
    """Where a webhook sends to; None: that is in a Secret that is away."""
    if target is not None:
        return target.route.host
    url = config.spec.url if config.spec else None
    return None if url is None else host_of(url)


class WebhookRows:
    """A row of each webhook of the configuration in force."""

    def __init__(self, lanes: Lanes, loader: Loader, mirror: Mirror) -> None:
        self._lanes, self._loader, self._mirror = lanes, loader, mirror
        self._keys: Sequence[str] = ()
        """As the loader had them when the rows were put in their order."""
        self._rows: dict[str, Row] = {}
        self.namespaces: dict[str, int] = {}
        """How many webhooks each has; only the first so many by name."""
        self._stale: set[str] = set()
        self._one_at_a_time = asyncio.Lock()

    def touch(self, keys: Iterable[str]) -> None:
        """Something about these may have changed."""
        self._stale.update(keys)

    async def find(self, wanted: Wanted) -> Found:
        """A page of it as it is now. ValueError: see `core.webhook_table.find`."""
        async with self._one_at_a_time:
            while self._keys is not self._loader.keys:
                await self._arrange(self._loader.keys)
            self._stale &= self._rows.keys()
            await self._renew([*self._stale], self._rows)
            return find(self._rows.values(), wanted)

    async def _arrange(self, keys: Sequence[str]) -> None:
        """Put the rows into the order of a new configuration, with those that are new."""
        old = self._rows
        rows = {key: old[key] for key in keys if key in old}
        if len(rows) < len(keys):
            await self._renew([key for key in keys if key not in old], rows)
            rows = {key: rows[key] for key in keys if key in rows}
        self._keys, self._rows = keys, rows
        self.namespaces = dict(islice(namespaces(rows.values()).items(), TABLE_NAMESPACES))

    async def _renew(self, keys: Sequence[str], rows: dict[str, Row]) -> None:
        """Make rows anew, of webhooks that are still there."""
        async for at in in_slices(range(0, len(keys), TABLE_SLICE), 1):
            for key in keys[at : at + TABLE_SLICE]:
                self._stale.discard(key)
                if key in self._loader.webhooks:
                    rows[key] = self._row(key)

    def _row(self, key: str) -> Row:
        config = self._loader.webhooks[key]
        seen, spec = self._mirror.of(key), config.spec
        last = seen.last
        return row(
            key,
            display_name=(spec.display_name if spec else None) or "",
            host=host(config, self._lanes.target(key)) or "",
            active=config.active,
            state=seen.state,
            circuit_open=seen.circuit_failures > 0,
            failing=seen.consecutive_failures > 0,
            result=last.result if last else "",
            time=last.time_ms if last else 0,
            waiting=seen.waiting,
            dead=seen.dead,
        )  # fmt: skip
