"""`hookwright controller`: the process between the cluster's objects and the dispatchers, set up by the environment."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable

import click

from hookwright.cli.environment import read_settings
from hookwright.cli.exits import DONE, FOUND_WRONG
from hookwright.cli.hardening import forbid_core_dumps
from hookwright.controller.app import Controller
from hookwright.controller.cluster import connect
from hookwright.controller.handlers import watch
from hookwright.controller.inventory import Inventory
from hookwright.controller.settings import Settings
from hookwright.telemetry import logs


@click.command("controller")
def command() -> None:
    """Keep configuration and status of a cluster's webhooks, as HOOKWRIGHT_… says."""
    forbid_core_dumps()
    settings = read_settings(Settings, {}, {})
    logs.configure(level=settings.log_level)
    for name in ("kopf.objects", "httpx"):  # they have a line for each event and request
        logging.getLogger(name).setLevel(logging.WARNING)
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    async def feed(inventory: Inventory, heard: Callable[[], None]) -> None:
        await watch(inventory, heard, settings.watch_namespaces)

    controller = Controller(settings, connect())
    running = asyncio.ensure_future(controller.run(feed))
    for each in (signal.SIGTERM, signal.SIGINT):  # until kopf takes them: once the API server answers
        asyncio.get_running_loop().add_signal_handler(each, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running
    logs.flush()
    # a usual end waits for tasks and threads, which may sit in a request that nobody answers
    os._exit(FOUND_WRONG if controller.failure is not None else DONE)
