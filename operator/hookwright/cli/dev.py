"""`hookwright dev`: the embedded product. Watches a folder of manifests, takes events, delivers, runs its tests.

The dispatcher in here is the one of the cluster; this module only plays the controller's part: files in, a
configuration out. Must not: decide anything about deliveries.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable
from pathlib import Path

import click
import orjson
import uvloop
from pydantic import ValidationError
from watchfiles import awatch

from hookwright.api.fields import seconds
from hookwright.cli.dev_lines import DeliveryLines
from hookwright.cli.folder import Folder, hash_key, read_folder, test_requests
from hookwright.cli.output import print_error
from hookwright.cli.test import say
from hookwright.core.assemble import Assembly
from hookwright.dispatcher import config_folder
from hookwright.dispatcher.app import Dispatcher
from hookwright.dispatcher.settings import Settings, parse_address
from hookwright.dispatcher.testruns import SUCCESSFUL, TestRequest
from hookwright.errors import UsageError
from hookwright.telemetry import logs

_RUNS_REMEMBERED = 10_000


@click.command("dev")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--listen", default="127.0.0.1:8080", show_default=True, help="Where events are taken.")
@click.option("--admin", default="127.0.0.1:8081", show_default=True, help="Where the admin API is served.")
@click.option("--data", default=Path(".hookwright"), show_default=True, type=click.Path(path_type=Path),
              help="Folder of the store.")  # fmt: skip
@click.option(
    "--ca-file", multiple=True, type=click.Path(path_type=Path), help="Trust these roots too (PEM)."
)
@click.option("--connect-to", multiple=True, metavar="HOST:443:ADDR:PORT", help="Connect there for HOST.")
@click.option("--allow", multiple=True, metavar="CIDR", help="Allow these addresses, private ones included.")
@click.option("--token-file", type=click.Path(path_type=Path), help="Ask for this token at the event port.")
@click.option(
    "--admin-token-file", type=click.Path(path_type=Path), help="Ask for this token at the admin port."
)
def command(
    folder: Path,
    listen: str,
    admin: str,
    data: Path,
    ca_file: tuple[Path, ...],
    connect_to: tuple[str, ...],
    allow: tuple[str, ...],
    token_file: Path | None,
    admin_token_file: Path | None,
) -> None:
    """Run everything on this machine with the manifests in DIR."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder.")
    _guard(listen, token_file, "--listen", "--token-file")
    _guard(admin, admin_token_file, "--admin", "--admin-token-file")
    given = {
        "listen": listen,
        "admin": admin,
        "data": data,
        "config": data / "config",
        "token_file": token_file,
        "admin_token_file": admin_token_file,
        "ingest_auth": "none" if token_file is None else "token",
    }
    # without a flag the environment speaks, as it does for the dispatcher
    lists = {"egress_ca_file": ca_file, "egress_connect_to": connect_to, "egress_allow": allow}
    given.update({name: value for name, value in lists.items() if value})
    try:
        settings = Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{first['loc'][0]}: {first['msg'].removeprefix('Value error, ')}") from None
    logs.configure(json=True)
    if not uvloop.run(_Dev(folder, settings).run()):
        raise SystemExit(1)


def _guard(address: str, token_file: Path | None, option: str, cure: str) -> None:
    """Only loopback may go without a token."""
    try:
        host, _ = parse_address(address)
    except ValueError as error:
        raise UsageError(f"{option}: {error}.") from None
    with contextlib.suppress(ValueError):
        if host == "localhost" or ipaddress.ip_address(host).is_loopback:
            return
    if token_file is None:
        raise UsageError(f"{option} {address} can be reached by others: give a token with {cure}.")


class _Dev:
    """The folder's part of `dev`: configuration and tests follow the files."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder, self._settings = folder, settings
        self._lines = DeliveryLines() if sys.stdout.isatty() else None
        self._dispatcher = Dispatcher(settings, self._lines.show if self._lines else logs.attempt)
        self._assembly: Assembly | None = None
        self._said: list[str] = []
        self._runs_file = settings.data / "tests.json"
        self._runs: dict[str, str] = {}
        self._intervals: dict[str, asyncio.Task[None]] = {}
        self._stop = asyncio.Event()

    async def run(self) -> bool:
        """Until SIGTERM or Ctrl-C; False when the dispatcher failed."""
        data = self._settings.data
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = hash_key(data)
        if self._runs_file.exists():
            self._runs = orjson.loads(self._runs_file.read_bytes())
        changes = awatch(self._folder, debounce=150, step=50)
        change = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)  # now it watches: nothing that changes after the first reading is missed
        folder = await asyncio.to_thread(read_folder, [self._folder], key, None)
        self._write(folder)
        await self._dispatcher.start()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._dispatcher.request_stop)
        self._greet(folder)
        self._say(folder)
        following = asyncio.create_task(self._follow(key, folder, changes, change))
        await self._dispatcher.run()
        following.cancel()
        for task in self._intervals.values():
            task.cancel()
        await asyncio.gather(following, *self._intervals.values(), return_exceptions=True)
        return self._dispatcher.failure is None

    def _write(self, folder: Folder) -> None:
        self._assembly = folder.assembly
        config_folder.write(self._settings.config, folder.assembly.config)

    def _greet(self, folder: Folder) -> None:
        (host, port), (admin_host, admin_port) = self._dispatcher.addresses
        held = sum(webhook.held is not None for webhook in folder.assembly.config.webhooks)
        count = len(folder.assembly.config.webhooks)
        click.echo(
            f"Events: http://{host}:{port}/v1/events   Admin: http://{admin_host}:{admin_port}   "
            f"Webhooks: {count}" + (f" ({held} held)" if held else ""),
            err=self._lines is None,
        )

    def _say(self, folder: Folder) -> None:
        """What is wrong with the files, once each."""
        sentences = [str(error.message) for error in folder.errors]
        if sentences != self._said:
            self._said = sentences
            for error in folder.errors:
                print_error(error)

    async def _follow(
        self, key: bytes, folder: Folder, changes: AsyncGenerator[object, None], change: Awaitable[object]
    ) -> None:
        """Keep configuration and tests up with the files."""
        await self._run_tests(folder)
        while True:
            await change
            change = asyncio.ensure_future(anext(changes))
            if not self._folder.is_dir():
                continue
            try:
                folder = await asyncio.to_thread(read_folder, [self._folder], key, self._assembly)
            except (UsageError, OSError) as error:
                click.echo(f"{self._folder}: {error}", err=True)
                continue
            self._write(folder)
            await self._dispatcher.use(folder.assembly.config)
            self._say(folder)
            await self._run_tests(folder)

    async def _run_tests(self, folder: Folder) -> None:
        requests = test_requests(folder)
        fresh = [each for each in requests if self._runs.get(each.test) != each.run_id]
        await asyncio.gather(*map(self._test, fresh))
        for name in set(self._intervals) - {each.test for each in requests}:
            self._intervals.pop(name).cancel()
        for each in fresh:
            if (running := self._intervals.pop(each.test, None)) is not None:
                running.cancel()
        for each in requests:
            if each.spec.interval is not None and each.test not in self._intervals:
                self._intervals[each.test] = asyncio.create_task(self._repeat(each))

    async def _repeat(self, request: TestRequest) -> None:
        while True:
            await asyncio.sleep(seconds(request.spec.interval or "1h"))
            await self._test(request)

    async def _test(self, request: TestRequest) -> None:
        run = await self._dispatcher.test(request)
        self._runs[request.test] = request.run_id
        while len(self._runs) > _RUNS_REMEMBERED:
            self._runs.pop(next(iter(self._runs)))
        temporary = self._runs_file.with_suffix(".new")
        temporary.write_bytes(orjson.dumps(self._runs))
        temporary.rename(self._runs_file)
        if self._lines is not None:
            say(run)
        else:
            logs.test_run(run, passed=run.result == SUCCESSFUL)
