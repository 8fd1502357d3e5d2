"""The release's own Secrets and the pods' annotation, written only where they differ.

Remembers what it wrote, so that the same configuration again writes nothing. Calls to the cluster run in threads.
Must not: decide what a configuration says.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any, Final

import structlog

from hookwright.api.config import DispatchConfig
from hookwright.controller.cluster import SERVICE, ClusterApi
from hookwright.controller.inventory import POD, Inventory
from hookwright.controller.resources import (
    ADMIN_TOKEN,
    HASH_KEY,
    INGEST_TOKEN,
    KEY,
    POD_ANNOTATION,
    TOKEN,
    config_secrets,
    data_of,
    secret,
)
from hookwright.controller.settings import Settings
from hookwright.core.config_reader import Reader
from hookwright.core.objects import SECRET
from hookwright.core.tokens import read_tokens
from hookwright.errors import ClusterError, ConfigurationError
from hookwright.telemetry.controller_metrics import ControllerMetrics

_log = structlog.get_logger()
_TOKEN_BYTES = 32


def _token() -> bytes:
    return secrets.token_urlsafe(_TOKEN_BYTES).encode()


def _key() -> bytes:
    return secrets.token_bytes(_TOKEN_BYTES)


_FRESH: Final = {ADMIN_TOKEN: (TOKEN, _token), INGEST_TOKEN: (TOKEN, _token), HASH_KEY: (KEY, _key)}
"""Secrets that are made once: name → key and first value."""


class Owned:
    """The release's own Secrets: tokens and hash key, made where they are missing, and the configuration."""

    def __init__(
        self, cluster: ClusterApi, inventory: Inventory, settings: Settings, metrics: ControllerMetrics
    ) -> None:
        self._cluster, self._inventory, self._settings, self._metrics = cluster, inventory, settings, metrics
        self._owner: Mapping[str, Any] | None = None
        self._written: dict[str, dict[str, bytes]] = {}
        self._nudges = 0
        self._known: dict[str, bytes] = {}

    async def prepare(self) -> bytes:
        """Make what is missing, read what is there; the hash key. ClusterError."""
        settings = self._settings
        self._owner = await asyncio.to_thread(
            self._cluster.read, SERVICE, settings.namespace, settings.dispatcher_service
        )
        await self.read_again()
        return self._known[HASH_KEY]

    def admin_token(self) -> str:
        """The token of the dispatchers' admin port: the first one; empty before it was read."""
        tokens = read_tokens(self._known.get(ADMIN_TOKEN, b"").decode(errors="replace"))
        return tokens[0][1] if tokens else ""

    def running(self) -> DispatchConfig | None:
        """What dispatchers were given by an earlier process; None: nothing that can be read."""
        files = {name: content for data in self._written.values() for name, content in data.items()}
        try:
            return Reader().read(files)
        except ConfigurationError as error:
            if files:
                _log.warning("configuration", message=f"What dispatchers run is not known: {error}")
            return None

    async def read_again(self) -> None:
        """What stands in the cluster now: the administrator may have changed a token or removed a Secret.

        Makes what is missing, with the value that is known. ClusterError: not all of them can be used.
        """
        for name in config_secrets(self._settings.release, {}):
            found = await asyncio.to_thread(self._cluster.read, SECRET, self._settings.namespace, name)
            self._written[name] = {} if found is None else data_of(found)
        made = await asyncio.gather(*map(self._made, _FRESH), return_exceptions=True)
        self._known |= {
            name: value for name, value in zip(_FRESH, made, strict=True) if isinstance(value, bytes)
        }
        for value in made:
            if isinstance(value, BaseException):
                raise value

    async def _made(self, suffix: str) -> bytes:
        """The value in a Secret, made if there is none; what is there is never written."""
        name, namespace = f"{self._settings.release}-{suffix}", self._settings.namespace
        key, fresh = _FRESH[suffix]
        found = await asyncio.to_thread(self._cluster.read, SECRET, namespace, name)
        if found is None:
            value = self._known.get(suffix) or fresh()
            body = secret(name, namespace, self._settings.release, {key: value}, self._owner)
            await asyncio.to_thread(self._cluster.create, SECRET, namespace, body)
            found = await asyncio.to_thread(self._cluster.read, SECRET, namespace, name)
        value = data_of(found or {}).get(key, b"")
        if not value:
            raise ClusterError(f"Secret {name} has no key {key}: delete it, and it is made anew.")
        # all hashes hang on the key: the one in use stays, whatever stands in its Secret now
        return self._known.get(suffix, value) if suffix == HASH_KEY else value

    async def configuration(self, files: Mapping[str, bytes], config_hash: str) -> bool:
        """Write the Secrets that changed, then let kubelet refresh the pods; whether there was anything to do."""
        changed = False
        for name, data in config_secrets(self._settings.release, files).items():
            if self._written[name] != data:
                body = secret(name, self._settings.namespace, self._settings.release, data, self._owner)
                await asyncio.to_thread(self._cluster.apply_secret, self._settings.namespace, body)
                self._written[name] = data
                self._metrics.wrote("Secret")
                changed = True
        if changed:
            await self.nudge(config_hash)
        return changed

    async def nudge(self, config_hash: str) -> None:
        """Change the pods' annotation: kubelet syncs such a pod at once, its Secret volume included."""
        self._nudges += 1
        annotations = {POD_ANNOTATION: f"{config_hash[:16]}.{self._nudges}"}
        for pod in list(self._inventory.of(POD).values()):
            await asyncio.to_thread(
                self._cluster.annotate_pod, self._settings.namespace, pod.object.name, annotations
            )
