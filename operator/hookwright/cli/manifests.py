"""Files and folders of manifests → objects with their places.

Reads `.yaml`, `.yml` and `.json` in folders, recursively, without dot folders and without following links to
folders; a file that is named itself is read whatever its ending. What is wrong with a file becomes a
ManifestError with file and line, never a traceback, and the other files are read all the same.
Must not: judge specs (`api`, `core.assemble` do).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from hookwright.cli.yaml_reader import Lines, documents, line_of
from hookwright.core.objects import DEFAULT_NAMESPACE, KINDS, LABEL, Object
from hookwright.errors import ManifestError, UsageError
from hookwright.limits import MANIFEST_BYTES, MIB

ENDINGS: Final = (".yaml", ".yml", ".json")
_GROUP: Final = "hookwright.io/"
_OBJECT_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_STEP: Final = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Manifest(Object):
    """One object of a kind that we read, and where it stands."""

    file: str
    lines: Lines

    @property
    def line(self) -> int:
        """The line where the object begins."""
        return line_of(self.lines, [])[0]

    def line_of(self, path: str, template_line: int = 0) -> int:
        """The line of a field such as `spec.headers[0].name`, or of its nearest parent that stands there.

        With `template_line` (from 1), the file's line of that line of a template in a literal block.
        """
        steps = [_step(match[1], match[2]) for match in _STEP.finditer(path)]
        line, literal = line_of(self.lines, steps)
        return line + template_line if literal else line

    def error(self, path: str, sentence: str, template_line: int = 0) -> ManifestError:
        """That something is wrong with a field of this object."""
        line = self.line_of(path, template_line)
        return ManifestError(sentence, field=path, file=self.file, line=line)


@dataclass(slots=True)
class Loaded:
    """What was found, in the order of the files; what is wrong; how much was passed over."""

    objects: dict[tuple[str, str], Manifest] = field(default_factory=dict)
    """By kind and `namespace/name`."""
    errors: list[ManifestError] = field(default_factory=list)
    misnamed: list[Manifest] = field(default_factory=list)
    """Objects of our kinds whose apiVersion or metadata is wrong, under names that nobody can write: their specs may
    be judged, but they are of no use."""
    skipped: int = 0
    """Objects of other kinds, and documents that are no Kubernetes objects."""
    files: int = 0
    unread: set[str] = field(default_factory=set)
    """Files that could not be read to their end."""

    @property
    def manifests(self) -> list[Manifest]:
        """All of them."""
        return list(self.objects.values())

    def find(self, kind: str, key: str) -> Manifest | None:
        """The manifest of that kind and `namespace/name`."""
        return self.objects.get((kind, key))

    def of_kind(self, kind: str) -> list[Manifest]:
        """The manifests of one kind."""
        return [manifest for manifest in self.objects.values() if manifest.kind == kind]


def load(paths: Sequence[Path]) -> Loaded:
    """Read all manifests below `paths`.

    Raises UsageError for a path that does not exist; all else is in `Loaded.errors`.
    An object that stands twice is an error at its second place, and the first is taken.
    """
    loaded = Loaded()
    for file in manifest_files(paths):
        loaded.files += 1
        for found in _read(file, loaded):
            first = loaded.objects.setdefault((found.kind, found.key), found)
            if first is not found:
                sentence = f"{found.kind} {found.key} stands here a second time, first in"
                loaded.errors.append(found.error("metadata.name", f"{sentence} {first.file}:{first.line}"))
    return loaded


def manifest_files(paths: Iterable[Path]) -> list[Path]:
    """The files to read, sorted within each path, each once. Raises UsageError for a path that is missing."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found.update(dict.fromkeys(_walk(path)))
        elif path.exists():
            found[path] = None
        else:
            raise UsageError(f"{path} does not exist.")
    return list(found)


def _step(name: str | None, index: str) -> str | int:
    """A step of a field path: a member, an index, or a key in brackets (`headers[X-Key]`)."""
    if name is not None:
        return name
    return int(index) if index.isdecimal() else index


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(parent, name)
            if name.endswith(ENDINGS) and path.is_file():
                yield path


def _unreadable(error: OSError) -> None:
    raise UsageError(f"The folder {error.filename} cannot be read: {error.strerror}.")


def _read(path: Path, loaded: Loaded) -> Iterator[Manifest]:
    """The manifests of one file; its errors and skipped objects are noted in `loaded`."""
    file = str(path)
    try:
        for document in documents(_text(path)):
            yield from _objects(document.value, document.lines, file, loaded)
    except ManifestError as error:
        loaded.unread.add(file)
        loaded.errors.append(ManifestError(error.message, file=file, line=error.line))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            raw = stream.read(MANIFEST_BYTES + 1)
    except OSError as error:
        raise ManifestError(f"this file cannot be read: {error.strerror}") from None
    if len(raw) > MANIFEST_BYTES:
        raise ManifestError(f"this file is larger than {MANIFEST_BYTES // MIB} MiB: split it")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ManifestError("this file is not UTF-8 text: save it as UTF-8", line=line) from None


def _objects(value: Any, lines: Lines, file: str, loaded: Loaded) -> Iterator[Manifest]:
    """The manifests in one document, which may be a list of objects."""
    if not isinstance(value, dict) or not ("kind" in value or "apiVersion" in value):
        loaded.skipped += 1
        return
    if str(value.get("kind")).endswith("List") and isinstance(value.get("items"), list):
        items = _child(lines, "items")
        for index, item in enumerate(value["items"]):
            yield from _objects(item, _child(items, index), file, loaded)
    elif not _is_ours(value):
        loaded.skipped += 1
    else:
        yield from _manifest(value, lines, file, loaded)


def _child(lines: Lines, step: str | int) -> Lines:
    """The lines of a child that is there (a merged one has only its own line)."""
    return lines if isinstance(lines, int) else lines[1][step]  # type: ignore[index]


def _is_ours(value: dict[str, Any]) -> bool:
    """Whether this is an object for us, be it right or wrong."""
    kind, version = value.get("kind"), value.get("apiVersion")
    if isinstance(version, str) and version.startswith(_GROUP):
        return True
    return isinstance(kind, str) and kind in KINDS and (version is None or version == KINDS[kind])


def _manifest(value: dict[str, Any], lines: Lines, file: str, loaded: Loaded) -> Iterator[Manifest]:
    """The object, if its head is right; all mistakes in that are noted in `loaded`."""
    kind = value.get("kind")
    head = _Head(Manifest(str(kind), DEFAULT_NAMESPACE, f"?{len(loaded.misnamed)}", value, file, lines))
    name, namespace = head.names()
    loaded.errors += head.errors
    if not head.errors:
        yield replace(head.manifest, name=name, namespace=namespace)
    elif head.manifest.kind in KINDS:
        loaded.misnamed.append(replace(head.manifest, namespace=namespace or DEFAULT_NAMESPACE))


class _Head:
    """What stands beside the spec of an object, and every mistake in it."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.errors: list[ManifestError] = []
        kind, body = manifest.kind, manifest.body
        if not isinstance(body.get("kind"), str) or kind not in KINDS:
            kinds = " and ".join(known for known, version in KINDS.items() if version.startswith(_GROUP))
            said = body.get("kind")
            self._refuse("kind", f"there is no kind {said!r} in hookwright.io: there are {kinds}")
        elif body.get("apiVersion") != KINDS[kind]:
            self._refuse("apiVersion", f"apiVersion of a {kind} must be {KINDS[kind]}")

    def names(self) -> tuple[str, str]:
        """Name and namespace, empty where they are wrong."""
        metadata = self.manifest.body.get("metadata")
        if not isinstance(metadata, dict):
            self._refuse("metadata", "metadata must be set, with a name")
            return "", ""
        name = self._name("name", metadata.get("name"), _OBJECT_NAME)
        return name, self._name("namespace", metadata.get("namespace") or DEFAULT_NAMESPACE, LABEL)

    def _name(self, member: str, value: Any, form: re.Pattern[str]) -> str:
        """A member of metadata that is a name; YAML makes a bool of `y` and a number of `10`."""
        path = f"metadata.{member}"
        if value is None:
            self._refuse("metadata", f"{path} must be set")
        elif not isinstance(value, str):
            self._refuse(path, f"{path} must be a text: put it in quotes")
        elif not form.fullmatch(value):
            self._refuse(path, f"{path} must be lower-case letters, digits and hyphens")
        else:
            return value
        return ""

    def _refuse(self, path: str, sentence: str) -> None:
        self.errors.append(self.manifest.error(path, sentence))
