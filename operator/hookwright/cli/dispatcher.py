"""`hookwright dispatcher`: the process that takes and delivers events, set up by the environment (SPEC 7)."""

from __future__ import annotations

import asyncio
import signal

import click
import uvloop

from hookwright.cli.environment import read_settings
from hookwright.cli.hardening import forbid_core_dumps
from hookwright.dispatcher.app import Dispatcher
from hookwright.dispatcher.settings import Settings
from hookwright.telemetry import logs


@click.command("dispatcher")
def command() -> None:
    """Take events and deliver them, as HOOKWRIGHT_… and the configuration folder say."""
    forbid_core_dumps()
    settings = read_settings(Settings, {}, {})
    logs.configure(level=settings.log_level)
    uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    dispatcher = Dispatcher(settings, logs.attempt)
    loop = asyncio.get_running_loop()
    # before it starts: the first process of a container hears no signal without a handler
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, dispatcher.request_stop)
    await dispatcher.start()
    await dispatcher.run()
    if dispatcher.failure is not None:
        raise SystemExit(1)
