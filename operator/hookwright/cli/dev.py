"""`hookwright dev`: the embedded product. Watches a folder of manifests, takes events, delivers, runs its tests.

The dispatcher in here is the one of the cluster; this module only plays the controller's part: files in, a
configuration out. Must not: decide anything about deliveries.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from functools import partial
from pathlib import Path

import click
import uvloop

from hookwright.api.admin import TestRun
from hookwright.cli.dev_lines import DeliveryLines
from hookwright.cli.dev_tests import FolderTests
from hookwright.cli.environment import read_settings
from hookwright.cli.folder import Folder, hash_key, read_folder, test_requests
from hookwright.cli.hardening import forbid_core_dumps
from hookwright.cli.output import print_error
from hookwright.cli.test import EGRESS_FLAGS, say
from hookwright.cli.watch import follow, look
from hookwright.core.expectations import SUCCESSFUL
from hookwright.core.hosts import is_loopback
from hookwright.dispatcher.app import Dispatcher, make_data_folder
from hookwright.dispatcher.settings import Settings, parse_address
from hookwright.errors import UsageError
from hookwright.telemetry import logs


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
    forbid_core_dumps()
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder.")
    _guard(listen, token_file, "--listen", "--token-file")
    _guard(admin, admin_token_file, "--admin", "--admin-token-file")
    given = {
        "listen": listen,
        "admin": admin,
        "data": data,
        "token_file": token_file,
        "admin_token_file": admin_token_file,
        "ingest_auth": "none" if token_file is None else "token",
    }
    # without a flag the environment speaks, as it does for the dispatcher
    lists = {"egress_ca_file": ca_file, "egress_connect_to": connect_to, "egress_allow": allow}
    given.update({name: value for name, value in lists.items() if value})
    settings = read_settings(Settings, EGRESS_FLAGS, given)
    logs.configure()
    if not uvloop.run(_Dev(folder, settings).run()):
        raise SystemExit(1)


def _guard(address: str, token_file: Path | None, option: str, cure: str) -> None:
    """Only loopback may go without a token."""
    try:
        host, _ = parse_address(address)
    except ValueError as error:
        raise UsageError(f"{option}: {error}.") from None
    if token_file is None and not is_loopback(host):
        raise UsageError(f"{option} {address} can be reached by others: give a token with {cure}.")


class _Dev:
    """The folder's part of `dev`: configuration and tests follow the files."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder, self._settings = folder, settings
        self._lines = DeliveryLines() if sys.stdout.isatty() else None
        self._dispatcher = Dispatcher(settings, self._lines.show if self._lines else logs.attempt)
        self._said: list[str] = []

    async def run(self) -> bool:
        """Until SIGTERM or Ctrl-C; False when the dispatcher failed."""
        data = self._settings.data
        make_data_folder(data)
        self._key = hash_key(data)
        seen = look(self._folder)
        self._read = await asyncio.to_thread(read_folder, [self._folder], self._key, None)
        await self._dispatcher.start(self._read.assembly.config)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._dispatcher.request_stop)
        self._greet(self._read)
        self._say(self._read)
        self._tests = FolderTests(data / "tests.json", self._dispatcher.test, self._say_test)
        self._tests.follow(test_requests(self._read))
        following = asyncio.create_task(follow(self._folder, seen, self._take, partial(click.echo, err=True)))
        await self._dispatcher.run()
        following.cancel()
        await asyncio.gather(following, self._tests.close(), return_exceptions=True)
        return self._dispatcher.failure is None

    def _greet(self, folder: Folder) -> None:
        (host, port), (admin_host, admin_port) = self._dispatcher.addresses
        held = sum(webhook.held is not None for webhook in folder.assembly.config.webhooks)
        count = len(folder.assembly.config.webhooks)
        click.echo(
            f"Events: http://{_in_url(host)}:{port}/v1/events   "
            f"Admin: http://{_in_url(admin_host)}:{admin_port}   "
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

    def _say_test(self, run: TestRun) -> None:
        if self._lines is not None:
            say(run)
        else:
            logs.test_run(run, passed=run.result == SUCCESSFUL)

    async def _take(self) -> None:
        """Keep configuration and tests up with the files."""
        self._read = await asyncio.to_thread(read_folder, [self._folder], self._key, self._read)
        await self._dispatcher.use(self._read.assembly.config)
        self._say(self._read)
        self._tests.follow(test_requests(self._read))


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
