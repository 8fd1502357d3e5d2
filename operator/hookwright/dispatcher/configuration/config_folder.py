"""The folder of configuration: written whole by whoever assembles it, read by the dispatcher, last good kept.

What its files hold is the business of `core.config_parts`. A folder whose parts do not agree with its manifest is
half-mounted or damaged: it is refused and what runs stays.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import orjson

from hookwright.api.config import CONFIG_VERSION, DispatchConfig, RouteConfig
from hookwright.core.config_json import parse
from hookwright.core.config_parts import MANIFEST, encode, part_name
from hookwright.errors import ConfigurationError
from hookwright.limits import CONFIG_BYTES, CONFIG_PARTS


def write(folder: Path, config: DispatchConfig) -> None:
    """Write a configuration; files are mode 0600, each replaced in one step, the manifest last."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = encode(config)
    for name in sorted(files, key=lambda name: name == MANIFEST):
        temporary = folder / f".{name}.new"
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(files[name])
        temporary.rename(folder / name)


def stamp(folder: Path) -> str | None:
    """The manifest's text, which changes with every configuration; None when there is none."""
    try:
        return (folder / MANIFEST).read_text()
    except (OSError, UnicodeDecodeError):
        return None


def read(folder: Path, known: Mapping[str, RouteConfig] = MappingProxyType({})) -> DispatchConfig:
    """The configuration in a folder; webhooks like the `known` ones, by key, are those.

    Raises ConfigurationError with one sentence.
    """
    try:
        manifest = orjson.loads((folder / MANIFEST).read_bytes())
        version, hashes = manifest["version"], manifest["parts"]
        if version != CONFIG_VERSION:
            raise ConfigurationError(f"{folder}: version {version} of the configuration is not known here.")
        parts = [(folder / part_name(number)).read_bytes() for number in range(len(hashes[:CONFIG_PARTS]))]
    except FileNotFoundError as error:
        raise ConfigurationError(f"{folder}: {Path(error.filename).name} is not there (yet).") from error
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{folder}: {MANIFEST} cannot be read.") from error
    if [hashlib.sha256(part).hexdigest() for part in parts] != hashes:
        raise ConfigurationError(f"{folder}: the parts do not agree with {MANIFEST}; waiting for the rest.")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        document = unpacker.decompress(b"".join(parts), CONFIG_BYTES)
        if unpacker.unconsumed_tail:
            raise ConfigurationError("the configuration is larger than its limit")
        return parse(document, known)
    except ConfigurationError as error:
        raise ConfigurationError(f"{folder}: {error}.") from None
    except (zlib.error, ValueError) as error:
        raise ConfigurationError(f"{folder}: the configuration is damaged.") from error
