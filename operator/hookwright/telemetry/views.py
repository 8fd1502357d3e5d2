"""What a scrape reads of the dispatcher and the store, as protocols: telemetry may import neither.

Must not: change anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from hookwright.api.config import DispatchConfig
from hookwright.core.circuit import Circuit
from hookwright.core.lifecycle import RouteState


class LaneView(Protocol):
    """What is read of a webhook's lane."""

    @property
    def key(self) -> str: ...
    @property
    def state(self) -> RouteState: ...
    @property
    def circuit(self) -> Circuit: ...
    @property
    def in_flight(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    @property
    def dead(self) -> int: ...
    @property
    def consecutive_failures(self) -> int: ...


class LanesView(Protocol):
    """All lanes, those of deleted webhooks with work left included."""

    def lanes(self) -> Iterable[LaneView]: ...


class LoaderView(Protocol):
    """The configuration in force and when it was loaded (epoch seconds)."""

    @property
    def config(self) -> DispatchConfig | None: ...
    @property
    def loaded_at(self) -> float | None: ...
    @property
    def webhooks(self) -> Mapping[str, object]: ...


class StatsView(Protocol):
    """Figures of a store since its start (`store.port.StoreStats`)."""

    @property
    def commits(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def commit_seconds(self) -> float: ...
    @property
    def slowest_commit_seconds(self) -> float: ...
    @property
    def checkpoints(self) -> int: ...
    @property
    def checkpoint_seconds(self) -> float: ...
    @property
    def wal_bytes(self) -> int: ...
    @property
    def held(self) -> int: ...
    @property
    def identities(self) -> int: ...
    @property
    def oldest_identity(self) -> int | None: ...


class StoreView(Protocol):
    """A store that tells its figures."""

    def stats(self) -> StatsView: ...
