"""The store's port: durable work (`Work`) and what happened (`History`). Both speak batches.

A store keeps events, their deliveries, dead letters and the history of attempts. It decides nothing: states
and rules come from `core.lifecycle`, times and keys from the caller. Implementations: `store.memory`,
`store.sqlite`; every one passes `tests/store/suite.py`.

Keys are 63-bit integers that grow with time; an event with n deliveries takes the contiguous keys `event.key`
and `event.key + 1 … event.key + n` (decision 0002), so a delivery's event is found without an index. Times
are integers, milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from hookwright import limits


@dataclass(frozen=True, slots=True)
class Retention:
    """How long and how much is kept; what `Work.prune` goes by. Seconds, bytes, counts."""

    history_seconds: int = limits.HISTORY_SECONDS
    history_bytes: int = limits.HISTORY_BYTES
    dead_letter_seconds: int = limits.DEAD_LETTER_SECONDS
    dead_letter_bytes: int = limits.DEAD_LETTER_BYTES
    """An event counts once for each of its dead letters."""
    identity_seconds: int = limits.IDENTITY_WINDOW_SECONDS
    identity_count: int = limits.IDENTITY_WINDOW_COUNT


class DeadReason(StrEnum):
    """Why a delivery became a dead letter (SPEC 5)."""

    REJECTED = "Rejected"
    GONE = "Gone"
    EXHAUSTED = "Exhausted"
    FILTER_ERROR = "FilterError"
    BACKLOG = "Backlog"
    WEBHOOK_DELETED = "WebhookDeleted"


class NewDelivery(NamedTuple):
    """A delivery to be stored: for a webhook (`namespace/name`), waiting, or dead at once with a reason."""

    key: int
    route: str
    dead: DeadReason | None = None
    message: str = ""


class NewEvent(NamedTuple):
    """An event and its deliveries; stored in one transaction with all others of its batch.

    `identity` is a 16-byte hash of path and identity or None, `digest` a 16-byte hash of its body,
    `answer` the bytes a repeat is answered with. `deliveries` may be empty: then only the identity is kept.
    The deliveries have the keys `key + 1 … key + n`, in order.
    """

    key: int
    event_type: str
    trigger: str | None
    raw: bytes
    received: int
    deliveries: tuple[NewDelivery, ...]
    identity: bytes | None = None
    digest: bytes = b""
    answer: bytes = b""


@dataclass(frozen=True, slots=True)
class New:
    """Stored."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Known already: answer as the first time."""

    answer: bytes


@dataclass(frozen=True, slots=True)
class Conflict:
    """The same identity with another body: 409, and nothing of the batch is kept."""


Accepted = New | Repeat | Conflict


@dataclass(slots=True)
class Delivery:
    """A waiting delivery as lanes hold it.

    `attempts` counts requests sent, `steps` steps of the schedule used up, `due` when the next attempt may
    start (0: at once), `received` when its event was accepted (or, after a replay, replayed: maxAge counts
    from it).
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


class AttemptRecord(NamedTuple):
    """One attempt for the history. `detail`: JSON of message, request, response, timings, validators."""

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


class Action(StrEnum):
    """What becomes of a delivery after an attempt."""

    ACK = "ack"
    DELAY = "delay"
    BURY = "bury"


class Finish(NamedTuple):
    """The result of an attempt: one action, and its record, in one transaction.

    DELAY takes `due`, `at` (now), `steps` and `attempts`; BURY takes `reason`, `message`, `at` (when it died) and
    `attempts`. `record` None: nothing was sent (a probe postponed, a backlog given up). `sole` comes from the
    Delivery; a wrong one never costs an event, only the space of one that is kept too long.
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


@dataclass(frozen=True, slots=True)
class DeadLetterRow:
    """A dead letter without its event."""

    key: int
    event_key: int
    route: str
    trigger: str | None
    reason: DeadReason
    message: str
    attempts: int
    at: int
    received: int


@dataclass(frozen=True, slots=True)
class ReplaySelector:
    """Which dead letters to replay: by delivery keys, by webhook, by the time they died [since, until)."""

    keys: tuple[int, ...] = ()
    route: str | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class RouteCounts:
    """Of one webhook: waiting deliveries, their bytes of events, dead letters."""

    waiting: int
    waiting_bytes: int
    dead: int


@dataclass(frozen=True, slots=True)
class StoredRoute:
    """What is remembered of a webhook over restarts.

    `gone` holds the mark (config hash and requestedAt) under which a 410 came, None if none;
    `deleted_at` when it left the configuration while deliveries waited; the rest is its last history.
    """

    route: str
    gone: str | None = None
    deleted_at: int | None = None
    last_success: int | None = None
    last_failure: int | None = None
    consecutive_failures: int = 0


@dataclass(frozen=True, slots=True)
class StoreStats:
    """Figures for metrics since the start; taken without waiting for the writer."""

    commits: int = 0
    rows: int = 0
    """Events and results written."""
    commit_seconds: float = 0.0
    slowest_commit_seconds: float = 0.0
    """Since the last call."""
    checkpoints: int = 0
    checkpoint_seconds: float = 0.0
    wal_bytes: int = 0
    held: int = 0
    """Calls of `finish` and `remember` that wait for space."""
    identities: int = 0
    oldest_identity: int | None = None
    """When the window of identities begins (milliseconds)."""


class Work(Protocol):
    """Durable work. Every method returns after the commit (fsync) that covers it. Used from one event loop.

    Raises StoreFull while there is no space (nothing was stored); StoreBroken ends the process. A cancelled
    call may still be carried out: what it stored is found by `claim`.
    """

    tag: str
    """Installation tag of ids: 6 base 32 characters, made once with the store."""

    async def accept(self, batch: Sequence[NewEvent]) -> list[Accepted]:
        """Store a batch, all or nothing: if any answer is Conflict, nothing of the batch was stored.

        A repeat of an identity inside the window is answered from the first; one inside the same group
        of commits waits for it. Raises StoreFull also while free space is under the reserve.
        """

    async def finish(self, results: Sequence[Finish]) -> None:
        """Acknowledge, delay or bury, together with the attempt records.

        A key that is not waiting is not changed, but its record is kept all the same (Manual calls and tests
        are records without a delivery). When space runs out it waits until it can be written (results are
        never lost), so it never raises StoreFull.
        """

    async def claim(
        self, route: str, *, now: int, limit: int, max_bytes: int, exclude: frozenset[int]
    ) -> list[Delivery]:
        """Waiting deliveries of a route that are due, oldest due first; those in `exclude` are left out.

        One that may go at once counts as due since it was received. One over `max_bytes` comes alone, so that
        it comes at all. What other calls are storing at that moment may be among them: add them by key.
        """

    async def next_due(self, route: str, exclude: frozenset[int]) -> int | None:
        """The earliest `due` among the waiting that are not excluded: 0 at once, None if there is none."""

    async def replay(self, selector: ReplaySelector, *, now: int, limit: int) -> list[tuple[int, str, int]]:
        """Dead letters back to waiting (attempts kept, steps 0, received = now), the oldest first.

        (key, route, bytes of the event) of each. One transaction; what is not a dead letter any more is left
        out. A selector without any restriction takes every dead letter.
        """

    async def bury_waiting(
        self,
        route: str,
        reason: DeadReason,
        message: str,
        *,
        now: int,
        exclude: frozenset[int],
        received_before: int | None = None,
    ) -> tuple[int, int]:
        """Waiting deliveries of a route become dead letters, but for those in `exclude` (under way).

        Only those received before a time, if given. How many, and the bytes of their events. In bounded
        steps: a crash may leave some of them waiting, so the caller repeats it after a start.
        """

    async def remember(self, routes: Sequence[StoredRoute]) -> None:
        """Replace what is remembered of these routes. Waits for space like `finish`."""

    async def clamp(self, *, now: int) -> int:
        """At start: due times further away than their own wait come to now + that wait; how many.

        So a clock that was set back does not stall deliveries (SPEC 5, Time).
        """

    async def prune(self, *, now: int) -> dict[str, int]:
        """Drop what is past its time or size, oldest first, in steps between which other work goes first.

        How many: {"identities", "history", "dead_letters", "events"}; events leave with their last dead
        letter.
        """

    async def ping(self) -> None:
        """Raise if the store could not store now."""

    async def close(self) -> None:
        """Commit what waits and close."""

    def stats(self) -> StoreStats:
        """Figures for metrics."""


class History(Protocol):
    """Reading. Never waits for the writer; bounded in time."""

    async def recovered(self) -> tuple[dict[str, RouteCounts], dict[str, StoredRoute], int]:
        """At start: counts and memory of each route, and the highest key ever used."""

    async def invocations(
        self,
        *,
        route: str | None = None,
        result: str | None = None,
        friendly_id: str | None = None,
        kind: str | None = None,
        before: int | None = None,
        limit: int,
    ) -> list[tuple[int, AttemptRecord]]:
        """Newest first, each with its position for `before`."""

    async def invocation(self, delivery_key: int, attempt: int | None) -> AttemptRecord | None:
        """One attempt; without a number the latest of the delivery."""

    async def dead_letters(
        self, *, route: str | None = None, before: int | None = None, limit: int
    ) -> list[tuple[int, DeadLetterRow]]:
        """Newest first, each with its position for `before`."""

    async def event(self, delivery_key: int) -> bytes | None:
        """The stored event of a delivery: as long as one of the event's deliveries is waiting or dead."""

    async def counts(self) -> dict[str, RouteCounts]:
        """Of each webhook with anything waiting or dead."""
