"""The dispatch configuration as files: what the controller puts into Secrets and `dev` into a folder.

`manifest.json` names the parts and their hashes, `part-0 … part-7` hold one gzip stream of the document, cut.
Must not: write or read files.
"""

from __future__ import annotations

import gzip
import hashlib
from typing import Final

import orjson

from hookwright.api.config import DispatchConfig
from hookwright.core.config_json import dump
from hookwright.errors import ConfigurationError
from hookwright.limits import CONFIG_PART_BYTES, CONFIG_PARTS, MIB

MANIFEST: Final = "manifest.json"


def part_name(number: int) -> str:
    """File name of one part."""
    return f"part-{number}"


def encode(config: DispatchConfig) -> dict[str, bytes]:
    """File name → content; the same configuration gives the same bytes. ConfigurationError: it is too large."""
    packed = gzip.compress(dump(config), 6, mtime=0)
    parts = [packed[at : at + CONFIG_PART_BYTES] for at in range(0, len(packed), CONFIG_PART_BYTES)]
    if len(parts) > CONFIG_PARTS:
        size, limit = len(packed) / MIB, CONFIG_PARTS * CONFIG_PART_BYTES / MIB
        raise ConfigurationError(
            f"The configuration of all webhooks takes {size:.1f} MiB compressed, of which {limit:.1f} MiB fit: "
            "make webhooks smaller, or install a second release for some of the namespaces."
        )
    files = {part_name(number): part for number, part in enumerate(parts)}
    hashes = [hashlib.sha256(part).hexdigest() for part in parts]
    files[MANIFEST] = orjson.dumps({"version": config.version, "hash": config.hash, "parts": hashes})
    return files
