"""`hookwright validate`: every manifest against schema, rules and templates, as the controller judges it.

Its findings are its data: one line each on stdout, the summary on stderr. Must not: judge anything itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from hookwright.cli.exits import FOUND_WRONG
from hookwright.cli.manifests import Loaded, load
from hookwright.cli.output import Format, finding_line, format_option, print_many
from hookwright.core.assemble import Assembly, assemble
from hookwright.core.findings import Severity
from hookwright.core.objects import KINDS, WEBHOOK
from hookwright.core.references import LABELS, malformed
from hookwright.errors import ManifestError, UsageError
from hookwright.limits import CONFIG_WEBHOOK_BYTES

NO_KEY = bytes(32)
"""Key of configuration hashes where nothing leaves the process."""
HEAD = ("apiVersion", "kind", "metadata")
"""Fields in which reading a manifest finds the mistakes."""


@click.command("validate")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@format_option
@click.pass_context
def command(ctx: click.Context, paths: Sequence[Path], output: Format) -> None:
    """Check the manifests in files and folders: schema, rules, templates and references.

    Exit code 1 if one of them is wrong; warnings do not count.
    """
    loaded = load(paths)
    given = ", ".join(map(str, paths))
    if not loaded.files:
        raise UsageError(f"There is no .yaml, .yml or .json file in {given}.")
    if not (loaded.objects or loaded.errors or loaded.skipped):
        raise UsageError(f"There is no manifest in {given}.")
    objects = [*loaded.manifests, *loaded.misnamed]
    assembly = assemble(objects, cluster_events=None, key=NO_KEY, stand_ins=True)
    problems = manifest_problems(loaded, assembly)
    if output == "table":
        for severity, error in problems:
            click.echo(finding_line(error, warning=severity == "warning"))
    else:
        print_many([_record(*problem) for problem in problems], output)
    if webhooks := [webhook.key for webhook in loaded.of_kind(WEBHOOK)]:
        click.echo(_costs(assembly, webhooks), err=True)
    click.echo(_summary(loaded, problems), err=True)
    if any(severity == "error" for severity, _ in problems):
        ctx.exit(FOUND_WRONG)


def manifest_problems(loaded: Loaded, assembly: Assembly) -> list[tuple[Severity, ManifestError]]:
    """What is wrong with the files and with the objects in them, in the order of files and lines."""
    problems: list[tuple[Severity, ManifestError]] = [("error", error) for error in loaded.errors]
    objects = [*loaded.manifests, *loaded.misnamed]
    owners = {(manifest.kind, manifest.key): manifest for manifest in objects}
    for finding in assembly.findings:
        owner = owners[finding.kind, finding.key]
        if owner in loaded.misnamed and finding.field.startswith(HEAD):
            continue  # reading it has told that already
        problems.append(
            (finding.severity, owner.error(finding.field, finding.sentence, finding.template_line))
        )
    for manifest in objects:
        if manifest.kind in LABELS:
            problems += [("error", manifest.error(*problem)) for problem in malformed(manifest)]
    return sorted(problems, key=lambda problem: (problem[1].file, problem[1].line))


def _record(severity: str, error: ManifestError) -> dict[str, Any]:
    return {
        "file": error.file,
        "line": error.line,
        "field": error.field,
        "severity": severity,
        "message": error.message,
    }


def _summary(loaded: Loaded, problems: Sequence[tuple[str, ManifestError]]) -> str:
    counts = [_count(len(found), kind) for kind in KINDS if (found := loaded.of_kind(kind))] or [
        "no manifest"
    ]
    errors = sum(severity == "error" for severity, _ in problems)
    parts = [f"{', '.join(counts)} in {_count(loaded.files, 'file')}"]
    if loaded.skipped:
        parts.append(f"{_count(loaded.skipped, 'object')} of other kinds skipped")
    parts.append(f"{_count(errors, 'error')}, {_count(len(problems) - errors, 'warning')}")
    return "; ".join(parts)


def _costs(assembly: Assembly, webhooks: Sequence[str]) -> str:
    """What the dearest webhooks take of what one may: of work for an event, of room in the configuration."""
    filters = max(webhooks, key=lambda key: assembly.webhooks[key].filters_share)
    templates = max(webhooks, key=lambda key: assembly.webhooks[key].templates.share)
    largest = max(webhooks, key=assembly.size)
    return (
        f"Most of its budget for one event: filters of {filters} {assembly.webhooks[filters].filters_share:.1%}, "
        f"templates of {templates} {assembly.webhooks[templates].templates.share:.1%}; "
        f"of its room: {largest} {assembly.size(largest) / CONFIG_WEBHOOK_BYTES:.1%}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
