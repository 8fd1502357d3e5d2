"""`hookwright test`: runs the WebhookTests of files and folders; mock data really reaches the targets."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import click
import uvloop

from hookwright.api.admin import Assertion, TestRun
from hookwright.cli.called import called
from hookwright.cli.cluster import Cluster, cluster_options
from hookwright.cli.cluster_tests import as_run, document, run_tests
from hookwright.cli.environment import read_settings
from hookwright.cli.folder import Folder, read_folder, test_requests, unfit_tests
from hookwright.cli.hardening import forbid_core_dumps
from hookwright.cli.names import meant
from hookwright.cli.output import Format, format_option, print_error, print_many
from hookwright.cli.show import note
from hookwright.cli.terminal import is_terminal
from hookwright.core.expectations import FAILED, SUCCESSFUL
from hookwright.core.former import FormerSecrets
from hookwright.core.hints import hint
from hookwright.core.keys import Keys
from hookwright.core.objects import WEBHOOK, WEBHOOK_TEST, full_name
from hookwright.core.redaction import printable
from hookwright.core.times import rfc3339
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.attempt import Pipeline
from hookwright.dispatcher.sender import make_sender
from hookwright.dispatcher.settings import Settings
from hookwright.dispatcher.testruns import TestRequest, TestRunner
from hookwright.errors import Cause, UsageError

EGRESS_FLAGS = {
    "egress_ca_file": "--ca-file",
    "egress_connect_to": "--connect-to",
    "egress_allow": "--allow",
}
"""Setting → the flag that is shorthand for it."""
_OFFLINE_TAG = "000000"  # no store, so no installation tag
_AT_ONCE = 8
_NAME = re.compile(r"([a-z0-9-]+/)?[a-z0-9-]+")
"""What may be a test's name, and is hardly that of a file."""


@click.command("test")
@click.argument("paths", nargs=-1, required=True, metavar="PATH…|[NS/]NAME…", type=click.Path(path_type=Path))
@click.option("--only", multiple=True, metavar="[NS/]NAME", help="Run only this test; may be repeated.")
@click.option(
    "--ca-file", multiple=True, type=click.Path(path_type=Path), help="Trust these roots too (PEM)."
)
@click.option("--connect-to", multiple=True, metavar="HOST:443:ADDR:PORT", help="Connect there for HOST.")
@click.option("--allow", multiple=True, metavar="CIDR", help="Allow these addresses, private ones included.")
@cluster_options
@format_option
def command(
    paths: tuple[Path, ...],
    only: tuple[str, ...],
    ca_file: tuple[Path, ...],
    connect_to: tuple[str, ...],
    allow: tuple[str, ...],
    cluster: Cluster | None,
    output: Format,
) -> None:
    """Run the WebhookTests in files and folders, of a cluster those of these names; exit code 1 if one fails."""
    forbid_core_dumps()
    if cluster is not None:
        if only or ca_file or connect_to or allow:
            raise click.UsageError("--only, --ca-file, --connect-to and --allow are for tests in files.")
        _in_cluster(cluster, [str(path) for path in paths], output)
        return
    _no_names(paths)
    folder = read_folder(paths, b"offline")
    # without a flag the environment speaks, as it does for `dev` and the dispatcher
    given = {"egress_ca_file": ca_file, "egress_connect_to": connect_to, "egress_allow": allow}
    settings = read_settings(Settings, EGRESS_FLAGS, {name: value for name, value in given.items() if value})
    wanted = {full_name(name) for name in only}
    unknown = wanted - {manifest.key for manifest in folder.loaded.of_kind(WEBHOOK_TEST)}
    if unknown:
        raise UsageError(_unknown(sorted(unknown), folder))
    requests = [each for each in test_requests(folder) if not wanted or each.test in wanted]
    unfit = {test: said for test, said in unfit_tests(folder).items() if not wanted or test in wanted}
    # of a test that is asked for by name, only what keeps it from running counts
    broken = bool(unfit) if wanted else bool(folder.errors)
    if broken:
        for error in folder.errors:
            print_error(error)
    _warn(folder, {each.webhook.key for each in requests})
    if not requests and not broken:
        raise UsageError("There is no WebhookTest in these files.")
    runs = uvloop.run(_run(requests, settings))
    runs += [_unfit(folder, test, said) for test, said in unfit.items()]
    if output == "table":
        for run in runs:
            say(run, rendered(paths, run.webhook) if is_terminal() else None)
    else:
        print_many((run.model_dump(mode="json", by_alias=True) for run in runs), output)
    if broken or any(run.result != SUCCESSFUL for run in runs):
        raise SystemExit(1)


def _no_names(paths: Sequence[Path]) -> None:
    """UsageError: one of them is nothing that is there, and reads as the name of a test."""
    for path in paths:
        if not path.exists() and _NAME.fullmatch(str(path)):
            raise UsageError(
                f"There is no file or folder {path}. One test of a folder is named after --only: hookwright test ."
                f" --only {path}; one in a cluster: kubectl hookwright test {path}."
            )


def _unknown(names: Sequence[str], folder: Folder) -> str:
    known = [manifest.key for manifest in folder.loaded.of_kind(WEBHOOK_TEST)]
    return f"There is no WebhookTest {', '.join(names)} in these files{meant(names[0], known)}."


def _warn(folder: Folder, tested: set[str]) -> None:
    """What the tests, whose events are fuller than real ones may be, do not show of their webhooks."""
    for webhook in folder.loaded.of_kind(WEBHOOK):
        for finding in folder.assembly.webhooks[webhook.key].findings if webhook.key in tested else ():
            if finding.severity == "warning":
                error = webhook.error(finding.field, finding.sentence, finding.template_line)
                print_error(error, warning=True)


def _in_cluster(cluster: Cluster, names: Sequence[str], output: Format) -> None:
    tests = [document(raw) for raw in run_tests(cluster, names, lambda test, waits: note(f"{test}: {waits}"))]
    if output == "table":
        for test in tests:
            say(as_run(test), f"kubectl -n {test['test'].replace('/', ' describe webhooktest ')}")
    else:
        print_many(tests, output)
    if any(test["result"] != SUCCESSFUL for test in tests):
        raise SystemExit(1)


def _unfit(folder: Folder, test: str, problem: str) -> TestRun:
    """A test that could not run has failed; what its spec cannot tell is left empty."""
    manifest = folder.loaded.find(WEBHOOK_TEST, test)
    spec = manifest.spec if manifest is not None and isinstance(manifest.spec, dict) else {}
    ref = spec.get("webhookRef")
    name = ref.get("name") if isinstance(ref, dict) else None
    return TestRun(
        run_id="",
        test=test,
        webhook=f"{test.partition('/')[0]}/{name}" if isinstance(name, str) else "",
        mode=str(spec.get("mode", "Send")),
        result=FAILED,
        message=problem,
        hint=hint(Cause.TEST, None),
        time=rfc3339(Clock().now_ms()),
    )


async def _run(requests: Sequence[TestRequest], settings: Settings) -> list[TestRun]:
    clock = Clock()
    sender = make_sender(settings)
    former = FormerSecrets(clock.monotonic)
    runner = TestRunner(Pipeline(clock), sender, clock, Keys(0, 0, clock.now_ms), _OFFLINE_TAG, former=former)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(request: TestRequest) -> TestRun:
        async with gate:
            return await runner.run(request)

    try:
        return await asyncio.gather(*map(one, requests))
    finally:
        await sender.close()


def say(run: TestRun, next_command: str | None = None) -> None:
    """One test for people: the verdict, and after a failure what was expected, the tip and the next command."""
    passed = run.result == SUCCESSFUL
    mark = click.style("●", fg="green" if passed else "red")
    click.echo(f"{mark} {run.test} → {run.webhook}: {run.result}. {printable(run.message)}")
    if passed:
        return
    for each in run.assertions:
        if not each.passed and not (is_terminal() and _is_message(each, run.message)):
            click.echo(
                f"    {each.name}: expected {printable(each.expected or '')}, got {printable(each.actual or 'nothing')}"
            )
    if run.hint:
        click.echo(f"    Tip: {run.hint}")
    name = run.webhook
    usual = f"{called()} render PATH --webhook {name}, or {called()} invocations {name}"
    click.echo(f"    Next: {next_command or usual}")


def rendered(paths: Sequence[Path], webhook: str) -> str:
    """The command that shows the request of a webhook in these files, for a shell."""
    return f"{called()} render {shlex.join(map(str, paths))} --webhook {webhook}"


def _is_message(failed: Assertion, message: str) -> bool:
    """Whether the message is this assertion's own sentence; outside scripts have it a second time."""
    return message.startswith(failed.name) and ": expected " in message
