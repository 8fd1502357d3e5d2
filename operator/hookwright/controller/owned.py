"""The release's own Secrets: the configuration, the tokens and the hash key; made, kept, and read again when they change.

Nothing that comes and goes owns them, so whoever takes one away is followed: what is known is written again, with the
same value. A value that was changed is taken as it is. What somebody else made is read and never written.
Must not: delete, decide what the configuration holds, show a value.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

import structlog

from hookwright.api.config import DispatchConfig
from hookwright.controller.cluster import ClusterApi
from hookwright.controller.inventory import OWN_SECRET, POD, Inventory, Raw, version_of
from hookwright.controller.resources import (
    ADMIN_TOKEN,
    HASH_KEY,
    INGEST_TOKEN,
    KEY,
    POD_ANNOTATION,
    TOKEN,
    amended,
    config_secrets,
    data_of,
    is_ours,
    secret,
)
from hookwright.controller.settings import Settings
from hookwright.controller.trouble import Troubles
from hookwright.core.config_reader import Reader
from hookwright.core.objects import SECRET
from hookwright.core.tokens import read_tokens
from hookwright.errors import ClusterError, ConfigurationError
from hookwright.limits import OWNED_LONGEST_SECONDS, OWNED_SECONDS
from hookwright.telemetry.controller_metrics import ControllerMetrics

_log = structlog.get_logger()
_TOKEN_BYTES: Final = 32
_NUDGE_BYTES: Final = 4


def _token() -> bytes:
    return secrets.token_urlsafe(_TOKEN_BYTES).encode()


def _key() -> bytes:
    return secrets.token_bytes(_TOKEN_BYTES)


@dataclass(frozen=True, slots=True)
class Lasting:
    """A Secret with one value that lasts. `fresh`: its first value; None: an administrator's own, which is only read."""

    name: str
    key: str
    fresh: Callable[[], bytes] | None


def lasting(settings: Settings) -> dict[str, Lasting]:
    """What for → which Secret."""
    release = settings.release

    def token(purpose: str, own: str, key: str) -> Lasting:
        return Lasting(own, key, None) if own else Lasting(f"{release}-{purpose}", TOKEN, _token)

    return {
        INGEST_TOKEN: token(
            INGEST_TOKEN, settings.ingest_existing_secret_name, settings.ingest_existing_secret_key
        ),
        ADMIN_TOKEN: token(
            ADMIN_TOKEN, settings.admin_existing_secret_name, settings.admin_existing_secret_key
        ),
        HASH_KEY: Lasting(f"{release}-{HASH_KEY}", KEY, _key),
    }


class Owned:
    """`monotonic`: seconds. `news`: to be set when a Secret of the release's namespace is new, changed or gone."""

    def __init__(
        self,
        cluster: ClusterApi,
        inventory: Inventory,
        settings: Settings,
        metrics: ControllerMetrics,
        monotonic: Callable[[], float],
        troubles: Troubles,
    ) -> None:
        self._cluster, self._inventory, self._settings, self._metrics = cluster, inventory, settings, metrics
        self._troubles = troubles
        self._parts = tuple(config_secrets(settings.release, {}))
        self._lasting = lasting(settings)
        self._names = dict.fromkeys((*self._parts, *(each.name for each in self._lasting.values())))
        self._written: dict[str, dict[str, bytes]] = {}
        self._known: dict[str, bytes] = {}
        self._seen: dict[str, int] = {}
        """Name → version that was last read or written; 0: it was not there."""
        self._trouble: dict[str, str] = {}
        """What for → why its Secret cannot be used or made."""
        self._pauses = Pauses(monotonic)
        self._nudged_for = ""
        self.untold = False
        """A token is another than before, and no dispatcher was told: `nudge` does that."""
        self.news = asyncio.Event()

    async def prepare(self) -> bytes:
        """Make what is missing, read what is there; the hash key. ClusterError: nothing can be done without it."""
        await self.read_again()
        if HASH_KEY not in self._known:
            raise ClusterError(self._trouble[HASH_KEY])
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

    # --- looks ---------------------------------------------------------------------------------------

    async def read_again(self) -> None:
        """Look at all of them: make what is missing, with the value that is known. ClusterError: they cannot be read."""
        await self._look_at(self._names)

    async def keep(self, changed: Callable[[], None]) -> NoReturn:
        """Look at those that somebody changed or took away, each at its own pace. `changed`: called after a look."""
        while True:
            self.news.clear()
            if await self.turn():
                changed()
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pauses.next()):
                    await self.news.wait()

    async def turn(self) -> bool:
        """Look at those whose time has come; whether there was one."""
        due = self._pauses.due(self._odd())
        try:
            await self._look_at(due)
        except ClusterError as error:
            self._troubles.note("secrets", str(error.status or "no answer"), str(error))
        return bool(due)

    def _odd(self) -> list[str]:
        """Those that are not as they were last read or written, and those that could not be used."""
        held, namespace = self._inventory.of(OWN_SECRET), self._settings.namespace
        there = {name: held.get(f"{namespace}/{name}") for name in self._seen}
        troubled = {self._lasting[purpose].name for purpose in self._trouble}
        return [
            name
            for name, entry in there.items()
            if name in troubled or (entry.version if entry is not None else 0) != self._seen[name]
        ]

    async def _look_at(self, names: Iterable[str]) -> None:
        for error in await asyncio.gather(*map(self._look, names), return_exceptions=True):
            if isinstance(error, BaseException):
                raise error

    async def _look(self, name: str) -> None:
        found = await asyncio.to_thread(self._cluster.read, SECRET, self._settings.namespace, name)
        patch = amended(found, self._settings) if found is not None else None
        if patch is not None:
            try:
                found = await asyncio.to_thread(
                    self._cluster.patch_secret, self._settings.namespace, name, patch
                )
            except ClusterError as error:  # its value serves all the same
                sentence = f"Secret {name} keeps its labels and owners: {error}"
                self._troubles.note("secret", f"{name}'s metadata", sentence)
        self._saw(name, found)
        if name in self._parts:
            self._written[name] = {} if found is None else data_of(found)
        for purpose, held in self._lasting.items():
            if held.name == name:
                await self._take(purpose, held, found)

    def _saw(self, name: str, found: Raw | None) -> None:
        self._seen[name] = 0 if found is None else version_of(found)
        if found is not None:  # else the watch, which may lag behind, would seem to know something new
            self._inventory.put(OWN_SECRET, found)

    async def _take(self, purpose: str, held: Lasting, found: Raw | None) -> None:
        """Use the value that stands there, or write the one that is known where it was lost."""
        value = data_of(found or {}).get(held.key, b"")
        if value.strip():
            self._well(purpose)
            await self._use(purpose, value)
        elif held.fresh is not None and (found is None or is_ours(found)):
            await self._make(purpose, held, held.fresh, found)
        elif found is None:
            self._tell(purpose, f"Secret {held.name} does not exist: create it with the key {held.key}.")
        else:
            cure = "write one, or delete it, and it is made anew" if held.fresh is not None else "write one"
            self._tell(purpose, f"Secret {held.name} has no value under the key {held.key}: {cure}.")

    async def _make(self, purpose: str, held: Lasting, fresh: Callable[[], bytes], found: Raw | None) -> None:
        # kept at once: if the write fails, the next try writes the same
        before = self._known.get(purpose)
        value = before or fresh()
        body = secret(held.name, self._settings, {held.key: value})
        write = self._cluster.create_secret if found is None else self._cluster.apply_secret
        try:
            made = await asyncio.to_thread(write, self._settings.namespace, body)
        except ClusterError as error:
            if error.status is None:
                raise
            self._known[purpose] = value
            self._tell(purpose, f"Secret {held.name} cannot be written: {error}")
            return
        if made is None:  # somebody was quicker
            await self._look(held.name)
            return
        self._well(purpose)
        self._metrics.wrote("Secret")
        self._saw(held.name, made)
        self._known[purpose] = value
        self.untold = self.untold or before is None
        _log.info("secret", secret=held.name, message=f"Secret {held.name} was made.")

    async def _use(self, purpose: str, value: bytes) -> None:
        before = self._known.setdefault(purpose, value)
        if purpose == HASH_KEY or before == value:
            return  # all hashes hang on the key: the one in use stays, whatever stands in its Secret now
        self._known[purpose] = value
        await self.nudge(self._nudged_for)  # else dispatchers would read the new token in a minute

    def _tell(self, purpose: str, sentence: str) -> None:
        self._trouble[purpose] = sentence
        self._metrics.failed("secret")
        self._troubles.note("secret", purpose, sentence, red=True)

    def _well(self, purpose: str) -> None:
        if self._trouble.pop(purpose, None) is not None:
            self._troubles.over("secret", purpose)

    # --- the configuration ---------------------------------------------------------------------------

    async def configuration(self, files: Mapping[str, bytes]) -> bool:
        """Write the Secrets that changed; whether there was one. `nudge` lets kubelet refresh the pods then."""
        changed = False
        for name, data in config_secrets(self._settings.release, files).items():
            if self._written[name] != data:
                body = secret(name, self._settings, data)
                made = await asyncio.to_thread(self._cluster.apply_secret, self._settings.namespace, body)
                self._written[name] = data
                self._saw(name, made)
                self._metrics.wrote("Secret")
                changed = True
        return changed

    async def nudge(self, config_hash: str) -> None:
        """Change the pods' annotation: kubelet syncs such a pod at once, its Secret volumes included."""
        self._nudged_for = config_hash
        # by chance, as a number would begin anew with each process, and a value that stands there already is no change
        annotations = {POD_ANNOTATION: f"{config_hash[:16]}.{secrets.token_hex(_NUDGE_BYTES)}"}
        for pod in list(self._inventory.of(POD).values()):
            await asyncio.to_thread(
                self._cluster.annotate_pod, self._settings.namespace, pod.object.name, annotations
            )
        self.untold = False


class Pauses:
    """How long each Secret is left alone before it is looked at: twice as long each time, until it had peace for long."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._last: dict[str, tuple[float, float]] = {}
        """Name → when its last pause ends or ended, and how long it is or was."""
        self._waiting: set[str] = set()

    def due(self, odd: Sequence[str]) -> list[str]:
        """Those of them whose pause is over; one that is new here begins its pause."""
        now = self._monotonic()
        self._last |= {name: self._begun(name, now) for name in odd if name not in self._waiting}
        self._waiting = {name for name in odd if self._last[name][0] > now}
        return [name for name in odd if name not in self._waiting]

    def next(self) -> float | None:
        """Seconds until one more is due; None: none waits."""
        now = self._monotonic()
        return min((max(0.0, self._last[name][0] - now) for name in self._waiting), default=None)

    def _begun(self, name: str, now: float) -> tuple[float, float]:
        ended, before = self._last.get(name, (-math.inf, 0.0))
        again = now - ended <= OWNED_LONGEST_SECONDS
        pause = min(before * 2, OWNED_LONGEST_SECONDS) if again else OWNED_SECONDS
        return now + pause, pause
