"""The folder of configuration: written whole by whoever assembles it, read by the dispatcher, last good kept.

What its files hold is the business of `core.config_parts` and `core.config_reader`. A folder whose parts do not agree
with its manifest is half-mounted or damaged: it is refused and what runs stays.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from hookwright.api.config import DispatchConfig
from hookwright.core.config_parts import MANIFEST, encode
from hookwright.core.config_reader import Reader, part_names
from hookwright.errors import ConfigurationError


def write(folder: Path, config: DispatchConfig) -> None:
    """Write a configuration. Raises ConfigurationError, OSError."""
    keep(folder, encode(config))


def keep(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files of a configuration that differ; mode 0600, each replaced in one step, the manifest last.

    What an earlier configuration had and this one has not is removed. Raises OSError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in sorted(files, key=lambda name: name == MANIFEST):
        if _content(folder / name) == files[name]:
            continue
        temporary = folder / f".{name}.new"
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(files[name])
        temporary.rename(folder / name)
    for path in folder.glob("part-*"):
        if path.name not in files:
            path.unlink()


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def stamp(folder: Path) -> str | None:
    """The manifest's text, which changes with every configuration; None when there is none."""
    try:
        return (folder / MANIFEST).read_text()
    except (OSError, UnicodeDecodeError):
        return None


def read(folder: Path, reader: Reader | None = None) -> DispatchConfig:
    """The configuration in a folder; `reader`: of earlier ones. Raises ConfigurationError with one sentence."""
    return read_files(folder, reader or Reader())[0]


def read_files(folder: Path, reader: Reader) -> tuple[DispatchConfig, dict[str, bytes]]:
    """The configuration in a folder and the files it was read from. Raises ConfigurationError with one sentence."""
    try:
        files = {MANIFEST: (folder / MANIFEST).read_bytes()}
        files |= {name: (folder / name).read_bytes() for name in part_names(files[MANIFEST])}
        return reader.read(files), files
    except FileNotFoundError as error:
        raise ConfigurationError(f"{folder}: {Path(error.filename).name} is not there (yet).") from error
    except OSError as error:
        raise ConfigurationError(f"{folder}: it cannot be read ({error.strerror}).") from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{folder}: {error}") from error.__cause__
