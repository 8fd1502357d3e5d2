"""A folder of manifests as `dev` and `test` use it: read, assembled, its tests found. Must not: watch, run, print."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hookwright.api.v1alpha1.webhooktest import WebhookTestSpec
from hookwright.cli.manifests import Loaded, Manifest, load
from hookwright.cli.validate import HEAD, NO_KEY
from hookwright.core.assemble import Assembly, assemble
from hookwright.core.objects import CONFIG_MAP, WEBHOOK_TEST
from hookwright.core.references import text_of
from hookwright.core.runs import run_id
from hookwright.dispatcher.testruns import TestRequest
from hookwright.errors import ManifestError


@dataclass(frozen=True, slots=True)
class Folder:
    """What paths hold, assembled. `errors` and `warnings` are in the order of the files."""

    loaded: Loaded
    assembly: Assembly
    errors: list[ManifestError] = field(default_factory=list)
    warnings: list[ManifestError] = field(default_factory=list)


def read_folder(paths: Sequence[Path], key: bytes, previous: Folder | None = None) -> Folder:
    """Load and assemble; what did not change since `previous` is taken over. Raises UsageError.

    Of a file that cannot be read now (an edit half done) the objects that it held before stay, as no event must
    miss its webhook for a slip of the pen.
    """
    loaded = load(paths)
    before = previous.assembly if previous is not None else None
    kept = _keep(loaded, previous) if previous is not None else set()
    assembly = assemble(loaded.manifests, cluster_events=None, key=key, previous=before)
    errors = [_with_note(error) if error.file in kept else error for error in loaded.errors]
    errors += _of_misnamed(loaded)
    warnings: list[ManifestError] = []
    for finding in assembly.findings:
        manifest = loaded.find(finding.kind, finding.key)
        if manifest is not None:
            error = manifest.error(finding.field, finding.sentence, finding.template_line)
            (errors if finding.severity == "error" else warnings).append(error)
    return Folder(loaded, assembly, errors, warnings)


def _of_misnamed(loaded: Loaded) -> list[ManifestError]:
    """What is wrong with objects beside their names, so that whoever mends one mistake does not find the next."""
    if not loaded.misnamed:
        return []
    owners = {(manifest.kind, manifest.key): manifest for manifest in loaded.misnamed}
    assembly = assemble([*loaded.manifests, *loaded.misnamed], cluster_events=None, key=NO_KEY)
    return [
        owner.error(finding.field, finding.sentence, finding.template_line)
        for finding in assembly.findings
        if finding.severity == "error"
        and (owner := owners.get((finding.kind, finding.key))) is not None
        and not finding.field.startswith(HEAD)  # reading it has told that already
    ]


def _keep(loaded: Loaded, previous: Folder) -> set[str]:
    """Take over what unread files held before; the files of which something was."""
    kept = {
        name: manifest
        for name, manifest in previous.loaded.objects.items()
        if manifest.file in loaded.unread and name not in loaded.objects
    }
    loaded.objects.update(kept)
    return {manifest.file for manifest in kept.values()}


def _with_note(error: ManifestError) -> ManifestError:
    message = f"{error.message}; what the file held before stays in force"
    return ManifestError(message, field=error.field, file=error.file, line=error.line)


def hash_key(data: Path) -> bytes:
    """The key of configuration hashes, made once per data folder (mode 0600)."""
    path = data / "hash.key"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        key = secrets.token_bytes(32)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key)
        return key


def unfit_tests(folder: Folder) -> dict[str, str]:
    """The tests that cannot be run (`namespace/name`), with what is wrong with each."""
    said: dict[str, list[str]] = {}
    for finding in folder.assembly.findings:
        if finding.kind == WEBHOOK_TEST and finding.severity == "error":
            said.setdefault(finding.key, []).append(f"{finding.field}: {finding.sentence}")
    return {key: "; ".join(sentences) for key, sentences in said.items()}


def test_requests(folder: Folder) -> list[TestRequest]:
    """The tests of a folder that can be run, in the order of their files. The rest stands in `errors`."""
    unfit = unfit_tests(folder)
    tests = folder.loaded.of_kind(WEBHOOK_TEST)
    return [_request(folder, manifest) for manifest in tests if manifest.key not in unfit]


test_requests.__test__ = False  # type: ignore[attr-defined]


def _request(folder: Folder, manifest: Manifest) -> TestRequest:
    spec = WebhookTestSpec.model_validate(manifest.spec)
    webhook = folder.assembly.webhooks[f"{manifest.namespace}/{spec.webhook_ref.name}"].config
    event_from = None
    if spec.event_from is not None:
        ref = spec.event_from.config_map_key_ref
        source = folder.loaded.find(CONFIG_MAP, f"{manifest.namespace}/{ref.name}")
        event_from = text_of(source, ref.key) if source is not None else None
    identifier = run_id(manifest, webhook.hash, event_from)
    return TestRequest(identifier, manifest.key, spec, webhook, event_from)
