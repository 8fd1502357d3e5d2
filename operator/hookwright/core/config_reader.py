"""Reads the files of a dispatch configuration: whole, or refused with one sentence.

A slice whose bytes are known already is not parsed again, and a webhook that did not change is the same object as
before. Also reads the files of earlier releases, whose manifest knows no slices.
Must not: read files from disk, put a value into a sentence.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from functools import partial
from operator import attrgetter
from typing import Any

import orjson
from pydantic import ValidationError

from hookwright.api.base import Model
from hookwright.api.config import CONFIG_VERSION, DispatchConfig, RouteConfig
from hookwright.core.config_parts import COMMA, HEAD, MANIFEST, part_name
from hookwright.core.remembered import Remembered
from hookwright.errors import ConfigurationError
from hookwright.limits import CONFIG_BYTES, CONFIG_PARTS, CONFIG_REST_BYTES, CONFIG_WHOLE_BYTES


class _Slice(Model):
    webhooks: list[RouteConfig]


def part_names(manifest: bytes) -> list[str]:
    """The files that a manifest names beside itself. ConfigurationError."""
    return [part_name(number) for number in range(len(_read_manifest(manifest)["parts"]))]


class Reader:
    """Reads configurations one after the other."""

    def __init__(self) -> None:
        self._known: Remembered[bytes, tuple[list[RouteConfig], int]] = Remembered()
        self._last: dict[str, RouteConfig] = {}
        self.parsed = 0
        """How many slices were parsed so far."""

    def read(self, files: Mapping[str, bytes]) -> DispatchConfig:
        """The configuration. ConfigurationError: half of it is there, or it is damaged or of another release."""
        if MANIFEST not in files:
            raise ConfigurationError(f"{MANIFEST} is not there (yet).")
        manifest = _read_manifest(files[MANIFEST])
        names = [part_name(number) for number in range(len(manifest["parts"]))]
        for name in names:
            if name not in files:
                raise ConfigurationError(f"{name} is not there (yet).")
        parts = [files[name] for name in names]
        if [hashlib.sha256(part).hexdigest() for part in parts] != manifest["parts"]:
            raise ConfigurationError(f"the parts do not agree with {MANIFEST}; waiting for the rest.")
        try:
            if "slices" not in manifest:
                text = _expanded(b"".join(parts), CONFIG_WHOLE_BYTES, wbits=31)
                # a newer controller may say more than we know (SPEC 8: the neighbouring release can read it)
                return DispatchConfig.model_validate_json(text, extra="ignore")
            return self._sliced(manifest, parts)
        except ValidationError as error:  # its text would show values, which may be secrets
            place = ".".join(map(str, error.errors()[0]["loc"]))
            raise ConfigurationError(f"the configuration does not fit this release ({place}).") from None
        except (zlib.error, KeyError, TypeError, ValueError) as error:
            raise ConfigurationError("the configuration is damaged.") from error

    def _sliced(self, manifest: Mapping[str, Any], parts: list[bytes]) -> DispatchConfig:
        webhooks: list[RouteConfig] = []
        room, at, last = CONFIG_BYTES, manifest["start"], 0
        for part, lengths in zip(parts, manifest["slices"], strict=True):
            for length in lengths:
                at += len(COMMA) if webhooks else 0
                packed = part[at : at + length]
                routes, size = self._known.get(
                    hashlib.sha256(packed).digest(), partial(self._parsed, packed, room)
                )
                if size > room:
                    raise _too_large()
                room -= size
                webhooks += routes
                at += length
            last, at = at, 0
        rest = _expanded(parts[-1][last : last + manifest["rest"]], CONFIG_REST_BYTES)
        others = DispatchConfig.model_validate_json(HEAD + rest, extra="ignore")
        webhooks.sort(key=attrgetter("key"))
        self._known.turn()
        self._last = {route.key: route for route in webhooks}
        return others.model_copy(update={"webhooks": webhooks})

    def _parsed(self, packed: bytes, room: int) -> tuple[list[RouteConfig], int]:
        self.parsed += 1
        text = _expanded(packed, room)
        routes = _Slice.model_validate_json(HEAD + text + b"]}", extra="ignore").webhooks
        return [self._same(route) for route in routes], len(text)

    def _same(self, route: RouteConfig) -> RouteConfig:
        """The webhook of the last configuration, if it is equal."""
        last = self._last.get(route.key)
        return last if last == route else route


def _read_manifest(text: bytes) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = orjson.loads(text)
        version, parts = manifest["version"], manifest["parts"]
        fits = version != CONFIG_VERSION or len(parts) <= CONFIG_PARTS
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{MANIFEST} cannot be read.") from error
    if version != CONFIG_VERSION:
        raise ConfigurationError(f"version {version} of the configuration is not known here.")
    if not fits:
        raise ConfigurationError(f"{MANIFEST} names more than {CONFIG_PARTS} parts.")
    return manifest


def _expanded(packed: bytes, most: int, wbits: int = -15) -> bytes:
    """The text, at most so many bytes. zlib.error."""
    unpacker = zlib.decompressobj(wbits=wbits)
    text = unpacker.decompress(packed, most + 1)
    if len(text) > most:
        raise _too_large()
    return text


def _too_large() -> ConfigurationError:
    return ConfigurationError("the configuration is larger than its limit.")
