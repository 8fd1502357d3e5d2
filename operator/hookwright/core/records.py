"""What is known of deliveries, attempts and webhooks: the records that decisions, store and telemetry share.

All are frozen; most are named tuples, as there is one per delivery or attempt. Times named `…_ms`, `received`, `due`
and `at` are integers, milliseconds since the epoch. Must not: decide anything (`core.lifecycle`, `core.lane`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from hookwright.limits import KIB


class DeadReason(StrEnum):
    """Why a delivery became a dead letter (SPEC 5)."""

    REJECTED = "Rejected"
    GONE = "Gone"
    EXHAUSTED = "Exhausted"
    FILTER_ERROR = "FilterError"
    BACKLOG = "Backlog"
    WEBHOOK_DELETED = "WebhookDeleted"
    SUSPECT = "Suspect"


FAILURES: Final = ("Retrying", "Rejected", "Gone", "Exhausted", "Test failed")
"""Results of attempts, Manual calls and tests that did not succeed."""
RETRY_RESULTS: Final = ("Retrying", "Exhausted")
"""Of them, of attempts that are tried again as long as the schedule lasts."""


class Action(StrEnum):
    """What becomes of a delivery after an attempt."""

    ACK = "ack"
    DELAY = "delay"
    BURY = "bury"


class Delivery(NamedTuple):
    """A waiting delivery: one event for one webhook (`route`, `namespace/name`).

    `attempts` counts requests sent, `steps` steps of the schedule used up, `due` when the next attempt may start
    (0: at once), `received` when its event was accepted (or, after a replay, replayed: maxAge counts from it).
    """

    key: int
    event_key: int
    route: str
    event_type: str
    trigger: str | None
    raw: bytes
    received: int
    attempts: int = 0
    steps: int = 0
    due: int = 0
    sole: bool = False
    """The only delivery its event ever had (lets a store drop the event with it, without counting)."""
    hops: int = 0
    """How often its event came through a dispatcher before."""


class AttemptRecord(NamedTuple):
    """One attempt, Manual call or test, as the history keeps it; everything in it has passed redaction.

    `kind` is Delivery, Manual or Test; `detail` the JSON of message, request, response, timings, validators.
    """

    delivery_key: int
    attempt: int
    event_key: int
    route: str
    kind: str
    trigger: str | None
    result: str
    status: int | None
    cause: str | None
    time: int
    duration: float
    """Milliseconds."""
    detail: bytes
    friendly_id: str | None = None


class Finish(NamedTuple):
    """The result of an attempt: one action, and its record, in one transaction.

    DELAY takes `due`, `at` (now), `steps` and `attempts`; BURY takes `reason`, `message`, `at` (when it died) and
    `attempts`. `record` None: nothing was sent (given up before an attempt). `sole` comes from the Delivery; a
    wrong one never costs an event, only the space of one that is kept too long.
    """

    key: int
    route: str
    action: Action
    record: AttemptRecord | None = None
    due: int = 0
    steps: int = 0
    attempts: int = 0
    reason: DeadReason | None = None
    message: str = ""
    at: int = 0
    sole: bool = False

    @property
    def weight(self) -> int:
        """Rows and KiB that it writes, about."""
        return 1 if self.record is None else 1 + len(self.record.detail) // KIB


class Wanted(NamedTuple):
    """What a lane asks the store for: at most `limit` deliveries of at most `max_bytes` events, none of `exclude`."""

    limit: int
    max_bytes: int
    exclude: frozenset[int] = frozenset()


class Claimed(NamedTuple):
    """What the store has for a lane.

    `deliveries` are due, oldest due first; `next_due` is the earliest due time among those that wait, are not
    excluded and are not among `deliveries` (0: at once; None: there is none).
    """

    deliveries: list[Delivery]
    next_due: int | None


@dataclass(frozen=True, slots=True)
class Buried:
    """One step of burying: how many, the bytes of their events, where the next step goes on (None: done).

    `oldest`, when done: no delivery that still waits was received before it (None: none waits). `events`: the events of
    those that were buried, each with its bytes.
    """

    count: int
    size: int
    after: int | None
    oldest: int | None
    events: tuple[tuple[int, int], ...] = ()


class RouteCounts(NamedTuple):
    """Of one webhook: waiting deliveries, the bytes of their events, dead letters.

    `oldest`: no waiting delivery was received before it; `next_due`: the earliest due time (0: at once). Both None
    when nothing waits.
    """

    waiting: int
    waiting_bytes: int
    dead: int
    oldest: int | None = None
    next_due: int | None = None


class StoredRoute(NamedTuple):
    """What is remembered of a webhook over restarts.

    `gone` holds the mark (config hash and requestedAt) under which a 410 came, None if none; `deleted_at` when it
    left the configuration while deliveries waited; the rest is its last history.
    """

    route: str
    gone: str | None = None
    deleted_at: int | None = None
    last_success: int | None = None
    last_failure: int | None = None
    consecutive_failures: int = 0
    begun: tuple[int, int] | None = None
    """How many attempts count in the period of its rate limit, and when the last began: for a process that goes on at once
    where another worked on it. A store with one owner forgets it."""


class LastInvocation(NamedTuple):
    """What `status.lastInvocation` says (SPEC 2)."""

    time_ms: int
    result: str
    event_id: str
    trigger: str | None
    attempt: int
    status: int | None
    duration: float
    message: str


class Pruned(NamedTuple):
    """What left the store by age or size: counts; dead letters by webhook."""

    identities: int
    history: int
    dead_letters: dict[str, int]
    events: int


class Use(NamedTuple):
    """What something takes of its limit, in bytes: in all, and by namespace."""

    total: int
    limit: int
    namespaces: dict[str, int]


@dataclass(frozen=True, slots=True)
class StoreStats:
    """Figures of a store since its start, for metrics; taken without waiting for the writer."""

    commits: int = 0
    rows: int = 0
    """Events and results written."""
    commit_seconds: float = 0.0
    slowest_commit_seconds: float = 0.0
    """Since the last call."""
    checkpoints: int | None = None
    """None, like the next two: the store has no log of its own."""
    checkpoint_seconds: float | None = None
    wal_bytes: int | None = None
    away: bool | None = None
    """The database cannot be used now. None, like the next: nothing lies between the store and its disk."""
    standby: bool | None = None
    """A commit is answered when a second server has it, too."""
    held: int = 0
    """Calls of `finish` and `remember` that wait until they can be written."""
    identities: int = 0
    oldest_identity: int | None = None
    """When the window of identities begins (milliseconds)."""
    kept: Mapping[str, Use] = field(default_factory=dict)
    """Of dead_letters and history as the start and the last round of pruning measured it, and of identities."""
