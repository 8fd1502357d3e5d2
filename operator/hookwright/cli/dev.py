"""`hookwright dev`: the embedded product. Watches a folder of manifests, takes events, delivers, runs its tests.

The dispatcher in here is the one of the cluster; this module only plays the controller's part: files in, a
configuration out. On a terminal, where somebody tries things, no test sends anything to a stranger before it changes,
unless that is asked for. Must not: decide anything about deliveries.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import structlog
import uvloop

from hookwright.api.admin import TestRun
from hookwright.cli.addresses import ADMIN, DATA, EVENTS, Address, base_url, forget, nearest, remember
from hookwright.cli.called import called
from hookwright.cli.dev_lines import DeliveryLines, counted, greet, sent, sum_up
from hookwright.cli.dev_tests import FolderTests
from hookwright.cli.environment import read_settings
from hookwright.cli.folder import Folder, hash_key, read_folder, test_requests
from hookwright.cli.hardening import forbid_core_dumps
from hookwright.cli.output import print_error
from hookwright.cli.test import EGRESS_FLAGS, rendered, say
from hookwright.cli.watch import follow, look
from hookwright.core.addresses import parse_address
from hookwright.core.expectations import SUCCESSFUL
from hookwright.core.hosts import is_loopback
from hookwright.core.samples import SAMPLE_TRIGGERS
from hookwright.dispatcher.app import Dispatcher, make_data_folder
from hookwright.dispatcher.ports.page import is_built
from hookwright.dispatcher.settings import Settings
from hookwright.errors import UsageError
from hookwright.telemetry import logs
from hookwright.telemetry.record import AttemptDetails

if TYPE_CHECKING:
    from hookwright.cli.sink import Sink

log = structlog.get_logger()
_FOR_ADMINISTRATORS = ("loop.stopped",)
"""Events that tell nothing to somebody who tries things: a busy machine is no fault of his manifests."""

_NO_PAGE = "not built here: run make page, and start again"


@click.command("dev")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:8080",
    show_default=True,
    help="Where events are taken.",
)
@click.option(
    "--admin",
    metavar="HOST:PORT",
    default="127.0.0.1:8081",
    show_default=True,
    help="Where the admin API is served.",
)
@click.option("--data", default=DATA, show_default=True, type=click.Path(path_type=Path),
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
@click.option("--sink", is_flag=True, help="Lead every host to a receiver in here, and show what it gets.")
@click.option("--tests", is_flag=True, help="Run the folder's tests at the start, and show each.")
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
    sink: bool,
    tests: bool,
) -> None:
    """Run everything on this machine with the manifests in DIR."""
    forbid_core_dumps()
    if folder.is_file():
        raise UsageError(f"{folder} is a file: name its folder, {folder.parent}.")
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder.")
    _guard(listen, token_file, "--listen", "--token-file")
    _guard(admin, admin_token_file, "--admin", "--admin-token-file")
    given: dict[str, Any] = {
        "listen": listen,
        "admin": admin,
        "data": data,
        "token_file": token_file,
        "admin_token_file": admin_token_file,
        "ingest_auth": "none" if token_file is None else "token",
    }
    if sink:
        if ca_file or connect_to or allow:
            raise click.UsageError(
                "--sink leads every host to itself: leave out --ca-file, --connect-to, --allow."
            )
        given |= _of_sink(data)
    # without a flag the environment speaks, as it does for the dispatcher
    lists = {"egress_ca_file": ca_file, "egress_connect_to": connect_to, "egress_allow": allow}
    given.update({name: value for name, value in lists.items() if value})
    settings = read_settings(Settings, EGRESS_FLAGS, given)
    logs.configure(quiet=_FOR_ADMINISTRATORS if sys.stdout.isatty() else ())
    if not uvloop.run(_Dev(folder, data, settings, _sink() if sink else None, tests=tests).run()):
        raise SystemExit(1)


def _guard(address: str, token_file: Path | None, option: str, cure: str) -> None:
    """Only loopback may go without a token."""
    try:
        host, _ = parse_address(address)
    except ValueError as error:
        raise UsageError(f"{option}: {error}.") from None
    if token_file is None and not is_loopback(host):
        raise UsageError(f"{option} {address} can be reached by others: give a token with {cure}.")


def _of_sink(data: Path) -> dict[str, Any]:
    """A store of its own, so that it takes nothing that waits for a real target; and all bodies are kept."""
    bodies = {} if os.environ.get("HOOKWRIGHT_HISTORY_BODIES") else {"history_bodies": "all"}
    return {"data": data / "sink", **bodies}


def _sink() -> Sink:
    """The receiver, whose certificates need a package that not every installation has."""
    try:
        from hookwright.cli.sink import Sink
    except ModuleNotFoundError as error:
        raise UsageError(
            f"--sink needs the package {error.name}: install it with pip install 'hookwright[sink]'."
        ) from None
    return Sink()


def _trigger(folder: Folder) -> str:
    """The trigger of a mock event that most of the folder's webhooks take; RequestGranted before its equals."""
    taken = Counter(trigger for webhook in folder.assembly.config.webhooks for trigger in webhook.triggers)
    return max(("RequestGranted", *SAMPLE_TRIGGERS), key=taken.__getitem__)


class _Dev:
    """The folder's part of `dev`: configuration and tests follow the files.

    `home`: where commands look for the addresses; `tests`: show those of the start, too.
    """

    def __init__(
        self, folder: Path, home: Path, settings: Settings, sink: Sink | None, *, tests: bool
    ) -> None:
        self._folder, self._home, self._settings, self._sink = folder, home, settings, sink
        self._lines = DeliveryLines(requests=sink is not None) if sys.stdout.isatty() else None
        self._each_test = tests or self._lines is None
        self._said: list[str] = []

    async def run(self) -> bool:
        """Until SIGTERM or Ctrl-C; False when the dispatcher failed."""
        data = self._settings.data
        make_data_folder(self._home)
        make_data_folder(data)
        self._key = hash_key(data)
        seen = look(self._folder)
        self._read = await asyncio.to_thread(read_folder, [self._folder], self._key, None)
        stand_in = None if self._sink is None else await self._sink.start()
        self._dispatcher = Dispatcher(self._settings, self._observe, stand_in)
        self._tests = FolderTests(data / "tests.json", self._dispatcher.test, self._say_test)
        self._answer_tests()
        await self._dispatcher.start(self._read.assembly.config)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._dispatcher.request_stop)
        remember(self._home, self._addresses())
        self._greet(self._read)
        self._say(self._read)
        self._begin_tests()
        following = asyncio.create_task(follow(self._folder, seen, self._take, partial(click.echo, err=True)))
        await self._dispatcher.run()
        forget(self._home)
        following.cancel()
        await asyncio.gather(following, self._tests.close(), return_exceptions=True)
        if self._sink is not None:
            await self._sink.close()
        return self._dispatcher.failure is None

    def _greet(self, folder: Folder) -> None:
        held = sum(webhook.held is not None for webhook in folder.assembly.config.webhooks)
        webhooks = f"Webhooks: {len(folder.assembly.config.webhooks)}" + (f" ({held} held)" if held else "")
        listen, admin = (base_url(*each) for each in self._dispatcher.addresses)
        where = f"Events: {listen}/v1/events   Admin: {admin}"
        if self._lines is None:
            click.echo(f"{where}   {webhooks}", err=True)
            return
        if self._sink is not None:
            webhooks += "; all they send ends here"
        events, page = self._addresses().values()
        send = f"{called()} send --trigger {_trigger(folder)}{EVENTS.flags(events.url, events.token_file)}"
        greet(where, webhooks, f"{page.url}/" if is_built() else _NO_PAGE, send)

    def _addresses(self) -> dict[str, Address]:
        files = self._settings.token_file, self._settings.admin_token_file
        return {
            port.name: Address(base_url(nearest(host), number), file)
            for port, (host, number), file in zip(
                (EVENTS, ADMIN), self._dispatcher.addresses, files, strict=True
            )
        }

    def _admin_flags(self) -> str:
        """What a command called beside this one needs to find it."""
        admin = self._addresses()[ADMIN.name]
        return ADMIN.flags(admin.url, admin.token_file)

    def _begin_tests(self) -> None:
        """Start the tests. On a terminal they are one line, and without a sink none sends before it changes."""
        requests = test_requests(self._read)
        if self._each_test:
            self._tests.follow(requests)
            return
        if self._sink is None:
            held = self._tests.hold([each for each in requests if each.spec.mode == "Send"])
            if held:
                click.echo(
                    f"{counted(held, 'test')} would send mock data: --tests runs them, --sink keeps it in here."
                )
        self._tests.begin(requests, partial(sum_up, command=f"{called()} invocations{self._admin_flags()}"))

    def _observe(self, details: AttemptDetails) -> None:
        """Tell of an attempt; with a sink also what it took."""
        if self._lines is not None:
            self._lines.show(details)
            return
        logs.attempt(details)
        if self._sink is not None and (request := sent(details)) is not None:
            log.info("sink.received", webhook=details.record.route, **request)

    def _answer_tests(self) -> None:
        """Let the sink answer as the files want it."""
        if self._sink is not None:
            self._sink.use(self._read.assembly.config.webhooks, test_requests(self._read))

    def _say(self, folder: Folder) -> None:
        """What is wrong with the files, once each."""
        sentences = [str(error.message) for error in folder.errors]
        if sentences != self._said:
            self._said = sentences
            for error in folder.errors:
                print_error(error)

    def _say_test(self, run: TestRun) -> None:
        if self._lines is not None:
            looked_up = f"{called()} invocations {run.webhook}{self._admin_flags()}"
            say(run, f"{looked_up}, or {rendered([self._folder], run.webhook)}")
        else:
            logs.test_run(run, passed=run.result == SUCCESSFUL)

    async def _take(self) -> None:
        """Keep configuration and tests up with the files."""
        self._read = await asyncio.to_thread(read_folder, [self._folder], self._key, self._read)
        self._answer_tests()
        await self._dispatcher.use(self._read.assembly.config)
        self._say(self._read)
        self._tests.follow(test_requests(self._read))
