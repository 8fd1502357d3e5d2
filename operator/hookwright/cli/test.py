"""`hookwright test`: runs the WebhookTests of files and folders; mock data really reaches the targets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click
import uvloop

from hookwright.api.admin import TestRun
from hookwright.cli.environment import read_settings
from hookwright.cli.folder import Folder, read_folder, test_requests
from hookwright.cli.output import Format, format_option, print_error, print_many
from hookwright.core.objects import WEBHOOK_TEST
from hookwright.core.redaction import printable
from hookwright.dispatcher.app import make_sender
from hookwright.dispatcher.attempt import Pipeline
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.former import FormerSecrets
from hookwright.dispatcher.keys import Keys
from hookwright.dispatcher.settings import Settings
from hookwright.dispatcher.testruns import SUCCESSFUL, TestRequest, TestRunner
from hookwright.errors import UsageError

EGRESS_FLAGS = {
    "egress_ca_file": "--ca-file",
    "egress_connect_to": "--connect-to",
    "egress_allow": "--allow",
}
"""Setting → the flag that is shorthand for it."""
_OFFLINE_TAG = "000000"  # no store, so no installation tag
_AT_ONCE = 8


@click.command("test")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--only", multiple=True, metavar="[NS/]NAME", help="Run only this test; may be repeated.")
@click.option(
    "--ca-file", multiple=True, type=click.Path(path_type=Path), help="Trust these roots too (PEM)."
)
@click.option("--connect-to", multiple=True, metavar="HOST:443:ADDR:PORT", help="Connect there for HOST.")
@click.option("--allow", multiple=True, metavar="CIDR", help="Allow these addresses, private ones included.")
@format_option
def command(
    paths: tuple[Path, ...],
    only: tuple[str, ...],
    ca_file: tuple[Path, ...],
    connect_to: tuple[str, ...],
    allow: tuple[str, ...],
    output: Format,
) -> None:
    """Run the WebhookTests in PATHS; exit code 1 if one fails."""
    folder = read_folder(paths, b"offline")
    # without a flag the environment speaks, as it does for `dev` and the dispatcher
    given = {"egress_ca_file": ca_file, "egress_connect_to": connect_to, "egress_allow": allow}
    settings = read_settings(EGRESS_FLAGS, {name: value for name, value in given.items() if value})
    wanted = {name if "/" in name else f"default/{name}" for name in only}
    unknown = wanted - {manifest.key for manifest in folder.loaded.of_kind(WEBHOOK_TEST)}
    if unknown:
        raise UsageError(f"There is no WebhookTest {', '.join(sorted(unknown))} in these files.")
    requests = [each for each in test_requests(folder) if not wanted or each.test in wanted]
    broken = _say_problems(folder)
    if not requests and not broken:
        raise UsageError("There is no WebhookTest in these files.")
    runs = uvloop.run(_run(requests, settings))
    if output == "table":
        for run in runs:
            say(run)
    else:
        print_many((run.model_dump(mode="json", by_alias=True) for run in runs), output)
    if broken or any(run.result != SUCCESSFUL for run in runs):
        raise SystemExit(1)


def _say_problems(folder: Folder) -> bool:
    for error in folder.errors:
        print_error(error)
    return bool(folder.errors)


async def _run(requests: Sequence[TestRequest], settings: Settings) -> list[TestRun]:
    clock = Clock()
    sender = make_sender(settings)
    former = FormerSecrets(clock.monotonic)
    runner = TestRunner(Pipeline(clock), sender, clock, Keys(0, clock.now_ms), _OFFLINE_TAG, former=former)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(request: TestRequest) -> TestRun:
        async with gate:
            return await runner.run(request)

    try:
        return await asyncio.gather(*map(one, requests))
    finally:
        await sender.close()


def say(run: TestRun) -> None:
    """One test for people: the verdict, and after a failure what was expected, the tip and the next command."""
    passed = run.result == SUCCESSFUL
    mark = click.style("●", fg="green" if passed else "red")
    click.echo(f"{mark} {run.test} → {run.webhook}: {run.result}. {printable(run.message)}")
    if passed:
        return
    for each in run.assertions:
        if not each.passed:
            click.echo(
                f"    {each.name}: expected {printable(each.expected or '')}, got {printable(each.actual or 'nothing')}"
            )
    if run.hint:
        click.echo(f"    Tip: {run.hint}")
    name = run.webhook
    click.echo(f"    Next: hookwright render PATH --webhook {name}, or hookwright invocations {name}")
