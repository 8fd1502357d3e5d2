"""`hookwright controller`: the process between the cluster's objects and the dispatchers, set up by the environment."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable
from typing import Final

import click

from hookwright.cli.environment import read_settings
from hookwright.cli.exits import DONE, FOUND_WRONG
from hookwright.cli.hardening import forbid_core_dumps
from hookwright.controller.account import find_account
from hookwright.controller.app import Controller
from hookwright.controller.cluster import connect
from hookwright.controller.handlers import watch
from hookwright.controller.inventory import Inventory
from hookwright.controller.settings import Settings
from hookwright.telemetry import logs

_LINE_BY_LINE: Final = ("kopf.objects", "kopf._core.engines.activities", "httpx")
"""Loggers that have a line for each event, login and request."""


@click.command("controller")
def command() -> None:
    """Keep configuration and status of a cluster's webhooks, as HOOKWRIGHT_… says."""
    forbid_core_dumps()
    settings = read_settings(Settings, {}, {})
    logs.configure(level=settings.log_level)
    for name in _LINE_BY_LINE:
        logging.getLogger(name).setLevel(logging.WARNING)
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    account = find_account()

    async def feed(inventory: Inventory, heard: Callable[[], None]) -> None:
        await watch(inventory, heard, settings.watch_namespaces, account)

    controller = Controller(settings, connect(account))
    running = asyncio.ensure_future(controller.run(feed))
    for each in (signal.SIGTERM, signal.SIGINT):  # until kopf takes them: once the API server answers
        asyncio.get_running_loop().add_signal_handler(each, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running
    logs.flush()
    # a usual end waits for tasks and threads, which may sit in a request that nobody answers
    os._exit(FOUND_WRONG if controller.failure is not None else DONE)
