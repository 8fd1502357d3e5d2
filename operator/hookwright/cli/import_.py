"""`hookwright import curl|apono|terraform`: what other tools hold of a webhook, as manifests on stdout.

Nothing is sent and nothing asked over a network. Values of secrets go to `--secrets-out` only. Must not: judge
(`importing.manifests` has the rules do it).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from hookwright.cli.exits import FOUND_WRONG
from hookwright.cli.importing.curl import curl_form
from hookwright.cli.importing.form import Form
from hookwright.cli.importing.interview import ask_form
from hookwright.cli.importing.manifests import Imported, imported, problems, secrets_text, stream
from hookwright.cli.importing.sheet import sheet_forms
from hookwright.cli.importing.terraform import terraform_forms
from hookwright.cli.importing.words import words_of
from hookwright.core.objects import LABEL
from hookwright.core.redaction import printable
from hookwright.errors import UsageError
from hookwright.limits import MANIFEST_BYTES, MIB


@click.group("import")
def command() -> None:
    """Make manifests of a curl command, of the vendor's form, or of Terraform's state.

    They go to stdout: Secret, Webhook and a WebhookTest that renders and sends nothing. Credentials are replaced by
    placeholders; --secrets-out writes a file that holds them.
    """


def _outputs(made: Callable[..., Any]) -> Callable[..., Any]:
    """The options that all three share."""
    for option in (
        click.option("--secrets-out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                     help="Write the Secrets there (mode 0600), with their values."),
        click.option("--namespace", metavar="NS", help="Write this namespace into the manifests."),
    ):  # fmt: skip
        made = option(made)
    return made


@command.command(
    "curl",
    short_help="From a curl command: words, a file or stdin.",
    context_settings={"ignore_unknown_options": True},
    options_metavar="[OPTIONS]",
    add_help_option=True,
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[COMMAND|FILE|-]")
@click.option("--file", "file", metavar="FILE", help="Read the command from a file, - is stdin.")
@click.option("--trigger", default="Manual", show_default=True, help="What fires the webhook.")
@click.option("--name", help="Name of the Webhook; default: after the host.")
@_outputs
def from_curl(
    words: Sequence[str],
    file: str | None,
    trigger: str,
    name: str | None,
    namespace: str | None,
    secrets_out: Path | None,
) -> None:
    """A curl COMMAND, put behind these words as it is, or read from a file or stdin."""
    given = _source(words, file)
    _write(
        [curl_form(words_of(given) if isinstance(given, str) else given, name, trigger)],
        namespace,
        secrets_out,
    )


def _source(words: Sequence[str], file: str | None) -> str | Sequence[str]:
    """The words of the command, or its text."""
    if (
        file is None
        and len(words) == 2
        and words[0] == "-f"
        and (words[1] == "-" or Path(words[1]).is_file())
    ):
        file = words[1]
    if file is None and (not words or list(words) == ["-"]):
        file = "-"
    if file is None and len(words) == 1 and Path(words[0]).is_file():
        file = words[0]
    if file is not None:
        return _read(file)
    return words[0] if len(words) == 1 and " " in words[0] else words


@command.command("apono", short_help='From the form "Add Webhook": asked, or filled in as YAML.')
@click.argument("file", required=False)
@_outputs
def from_form(file: str | None, namespace: str | None, secrets_out: Path | None) -> None:
    """The form "Add Webhook": asked on the terminal, or filled in as YAML in FILE (- is stdin)."""
    if file is None and not sys.stdin.isatty():
        file = "-"
    _write([ask_form()] if file is None else sheet_forms(_read(file)), namespace, secrets_out)


@command.command("terraform", short_help="From `terraform show -json`, or a state file.")
@click.argument("file", default="-")
@_outputs
def from_terraform(file: str, namespace: str | None, secrets_out: Path | None) -> None:
    """The manual webhooks of `terraform show -json`, or of a state file, in FILE (default: stdin)."""
    forms, reports = terraform_forms(_read(file))
    for report in reports:
        click.echo(printable(report), err=True)
    _write(forms, namespace, secrets_out)


def _read(file: str) -> str:
    """The text of a file or of stdin. UsageError: it cannot be read, or is too large."""
    try:
        if file == "-":
            raw = sys.stdin.buffer.read(MANIFEST_BYTES + 1)
        else:
            with open(file, "rb") as opened:
                raw = opened.read(MANIFEST_BYTES + 1)
        if len(raw) > MANIFEST_BYTES:
            raise UsageError(f"{file} is larger than {MANIFEST_BYTES // MIB} MiB.")
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not UTF-8 text.") from None


def _write(forms: Sequence[Form], namespace: str | None, secrets_out: Path | None) -> None:
    """The manifests of forms, if all of them are right."""
    if namespace is not None and not LABEL.fullmatch(namespace):
        raise UsageError(f"--namespace {namespace}: a namespace is lower-case letters, digits and hyphens.")
    every = imported(forms, namespace)
    wrong = [_say(one) for one in every]
    if any(wrong) or not every:
        raise SystemExit(FOUND_WRONG)
    if secrets_out is not None:
        _keep(secrets_out, secrets_text(every))
    click.echo(stream(every, with_secrets=secrets_out is None), nl=False)
    _say_what_to_fill_in(every, secrets_out)


def _say(one: Imported) -> bool:
    """What the rules say of it; whether it is wrong."""
    found = problems(one)
    for finding in found:
        mark = "warning: " if finding.severity == "warning" else ""
        click.echo(
            printable(f"{mark}{finding.kind} {one.name}: {finding.field}: {finding.sentence}"), err=True
        )
    return any(finding.severity == "error" for finding in found)


def _keep(file: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(opened, "w", encoding="utf-8") as stream:
            os.fchmod(opened, 0o600)
            stream.write(text)
    except OSError as error:
        raise UsageError(f"--secrets-out {file}: cannot be written: {error.strerror}.") from None


def _say_what_to_fill_in(every: Sequence[Imported], secrets_out: Path | None) -> None:
    for one in every:
        for note in one.notes:
            click.echo(printable(f"{one.name}: {note}"), err=True)
        if one.values and secrets_out is None:
            keys = ", ".join(one.values)
            click.echo(
                f"Fill in: Secret {one.name}: {keys} (--secrets-out FILE writes the values).", err=True
            )
    if secrets_out is not None:
        click.echo(f"The values of the Secrets are in {secrets_out}; keep it out of Git.", err=True)
