"""`hookwright dispatcher`: the process that takes and delivers events, set up by the environment (SPEC 7)."""

from __future__ import annotations

import asyncio
import signal

import click
import uvloop
from pydantic import ValidationError

from hookwright.dispatcher.app import Dispatcher
from hookwright.dispatcher.settings import Settings
from hookwright.errors import UsageError
from hookwright.telemetry import logs


@click.command("dispatcher")
def command() -> None:
    """Take events and deliver them, as HOOKWRIGHT_… and the configuration folder say."""
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "HOOKWRIGHT_" + "_".join(map(str, first["loc"])).upper()
        raise UsageError(f"{name}: {first['msg'].removeprefix('Value error, ')}") from None
    logs.configure(json=True)
    uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    dispatcher = Dispatcher(settings, logs.attempt)
    loop = asyncio.get_running_loop()
    await dispatcher.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, dispatcher.request_stop)
    await dispatcher.run()
    if dispatcher.failure is not None:
        raise SystemExit(1)
