"""kopf: the feed of Webhooks and WebhookTests, and nothing else.

Only `on.event` handlers, so kopf writes no annotation and no finalizer; scanning and posting are off, there is
no peering (one replica). Must not: decide, write, or keep anything.
"""

from __future__ import annotations

import itertools
import logging
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import kopf

from hookwright.api.v1alpha1.manifest import GROUP, VERSION
from hookwright.controller.cluster import PLURALS
from hookwright.controller.inventory import Inventory
from hookwright.limits import (
    CLUSTER_REQUEST_SECONDS,
    RETRY_LONGEST_SECONDS,
    TROUBLE_LINE_SECONDS,
    WATCH_SECONDS,
    WATCH_SILENT_SECONDS,
)

_BACKOFFS: Final = (1.0, 2.0, 4.0, 8.0)
_TRYING: Final = ("kopf._cogs.clients.watching", "kopf._core.reactor.observation")
"""kopf's loggers that have a line for each try of a request."""
_LINES: Final = 1000  # different ones that are remembered


class _Endless:
    """Pauses between tries of a request: an API server that is away for long, or refuses, ends no watch."""

    def __iter__(self) -> Iterator[float]:
        return itertools.chain(_BACKOFFS, itertools.repeat(RETRY_LONGEST_SECONDS))


class _OnceAMinute(logging.Filter):
    """Of the lines about one request that is tried again and again, one a minute."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        about = re.sub(r"#\d+|resourceVersion=\d+", "", record.getMessage())
        before = self._told.get(about, -math.inf)
        if record.created - before < TROUBLE_LINE_SECONDS:
            return False
        if len(self._told) >= _LINES:
            self._told.clear()
        self._told[about] = record.created
        return True


async def watch(inventory: Inventory, heard: Callable[[], None], namespaces: Sequence[str]) -> None:
    """Feed the inventory until SIGTERM; returns then. `heard`: with each event. `namespaces`: none is the cluster."""
    for name in _TRYING:
        logging.getLogger(name).addFilter(_OnceAMinute())
    await kopf.operator(
        registry=_registry(inventory, heard),
        settings=_settings(),
        standalone=True,
        clusterwide=not namespaces,
        namespaces=list(namespaces),
    )


def _registry(inventory: Inventory, heard: Callable[[], None]) -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()

    @kopf.on.login(registry=registry)
    def login(**options: Any) -> kopf.ConnectionInfo | None:
        return kopf.login_with_service_account(**options) or kopf.login_with_kubeconfig(**options)

    for kind, plural in PLURALS.items():

        @kopf.on.event(GROUP, VERSION, plural, id=plural, param=kind, registry=registry)  # type: ignore[arg-type]
        async def take(event: kopf.RawEvent, param: Any, **_: Any) -> None:
            heard()
            if event["type"] == "DELETED":
                inventory.remove(param, event["object"])
            else:
                inventory.put(param, event["object"])

    return registry


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.watching.server_timeout = WATCH_SECONDS
    settings.watching.client_timeout = WATCH_SECONDS + 60
    settings.watching.inactivity_timeout = WATCH_SILENT_SECONDS
    settings.networking.request_timeout = CLUSTER_REQUEST_SECONDS
    settings.networking.error_backoffs = _Endless()
    settings.networking.enforce_retry_after = True
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.process.ultimate_exiting_timeout = 10.0
    return settings
