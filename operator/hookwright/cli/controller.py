"""`hookwright controller`: the process between the cluster's objects and the dispatchers, set up by the environment."""

from __future__ import annotations

import asyncio
import logging

import click
from pydantic import ValidationError

from hookwright.controller.app import Controller
from hookwright.controller.cluster import connect
from hookwright.controller.handlers import watch
from hookwright.controller.inventory import Inventory
from hookwright.controller.settings import Settings
from hookwright.errors import UsageError
from hookwright.telemetry import logs


@click.command("controller")
def command() -> None:
    """Keep configuration and status of a cluster's webhooks, as HOOKWRIGHT_… says."""
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "HOOKWRIGHT_" + "_".join(map(str, first["loc"])).upper()
        raise UsageError(f"{name}: {first['msg'].removeprefix('Value error, ')}") from None
    logs.configure()
    for name in ("kopf.objects", "httpx"):  # they have a line for each event and request
        logging.getLogger(name).setLevel(logging.WARNING)
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    async def feed(inventory: Inventory) -> None:
        await watch(inventory, settings.watch_namespaces)

    await Controller(settings, connect()).run(feed)
