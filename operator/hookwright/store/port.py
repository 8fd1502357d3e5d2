"""The store's port: durable work (`Work`), its upkeep (`Upkeep`), and what happened (`History`). All speak batches.

A store keeps events, their deliveries, dead letters and the history of attempts. It decides nothing: states
and rules come from `core.lifecycle` and `core.lane`, times and keys from the caller. Nothing here assumes that one
caller owns all webhooks. Implementations: `store.memory`, `store.sqlite`; every one passes `tests/store/suite.py`.

Keys are 63-bit integers that grow with time; an event with n deliveries takes the contiguous keys `event.key`
and `event.key + 1 … event.key + n` (decision 0002), so a delivery's event is found without an index. Times
are integers, milliseconds since the epoch; `key >> KEY_COUNTER_BITS` is when a key was made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from hookwright import limits
from hookwright.core.backlog_shares import BacklogShares
from hookwright.core.parts import EVERY_PART, Parts
from hookwright.core.records import (
    AttemptRecord,
    Buried,
    Claimed,
    DeadReason,
    Finish,
    Pruned,
    RouteCounts,
    StoredRoute,
    StoreStats,
    Wanted,
)
from hookwright.store.owner import Owner


@dataclass(frozen=True, slots=True)
class Retention:
    """How long and how much is kept; what `Upkeep.prune` goes by. Seconds, bytes, counts."""

    history_seconds: int = limits.HISTORY_SECONDS
    history_bytes: int = limits.HISTORY_BYTES
    dead_letter_seconds: int = limits.DEAD_LETTER_SECONDS
    dead_letter_bytes: int = limits.DEAD_LETTER_BYTES
    """An event counts once, however many dead letters it has; each of them DEAD_LETTER_ROW_BYTES beside it."""
    identity_seconds: int = limits.IDENTITY_WINDOW_SECONDS
    identity_count: int = limits.IDENTITY_WINDOW_COUNT
    identity_bytes: int = limits.IDENTITY_WINDOW_BYTES


class NewDelivery(NamedTuple):
    """A delivery to be stored: for a webhook (`namespace/name`), waiting, or dead at once with a reason."""

    key: int
    route: str
    dead: DeadReason | None = None
    message: str = ""
    own: bool = True
    """This process works on the webhook, and counts it; else the store tells the one that does (`Work.arrived`)."""


class NewEvent(NamedTuple):
    """An event and its deliveries; stored in one transaction with all others of its batch.

    `identity` is a 16-byte hash of path and identity or None, `digest` a 16-byte hash of its body. `deliveries` may be
    empty: then only the identity is kept. The deliveries have the keys `key + 1 … key + n`, in order. `hops`: how often
    the event came through a dispatcher before.
    """

    key: int
    event_type: str
    trigger: str | None
    raw: bytes
    received: int
    deliveries: tuple[NewDelivery, ...]
    identity: bytes | None = None
    digest: bytes = b""
    hops: int = 0


@dataclass(frozen=True, slots=True)
class New:
    """Stored."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Known already: what to answer as the first time is made from.

    The key of the first event, and the webhooks of its deliveries in the order of their keys.
    """

    event_key: int
    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """The same identity with another body: 409, and nothing of the batch is kept."""


Accepted = New | Repeat | Conflict


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


class DeadGroup(NamedTuple):
    """The dead letters of a webhook with a reason: how many, the message of the newest, when the newest and oldest died."""

    route: str
    reason: DeadReason
    letters: int
    message: str
    newest: int
    oldest: int


@dataclass(frozen=True, slots=True)
class ReplaySelector:
    """Which dead letters: by delivery keys, by webhook, by reason, by the time they died [since, until)."""

    keys: tuple[int, ...] = ()
    route: str | None = None
    since: int | None = None
    until: int | None = None
    reason: DeadReason | None = None


NO_SELECTOR: Final = ReplaySelector()
"""All of them."""


class AttemptSelector(NamedTuple):
    """Which attempts: those for which all holds that is given."""

    route: str | None = None
    result: str | None = None
    friendly_id: str | None = None
    kind: str | None = None
    delivery: int | None = None
    """The key of their delivery."""
    failed: bool = False
    """Only those with a result among `core.records.FAILURES`."""
    statuses: tuple[int, int] | None = None
    """The lowest and the highest status that the target answered, both of one hundred."""
    since: int | None = None
    """Begun at or after this."""
    until: int | None = None
    """Begun before this."""


EVERY_ATTEMPT: Final = AttemptSelector()


class StoredDelivery(NamedTuple):
    """A delivery that waits or is dead, with its event."""

    route: str
    event_key: int
    trigger: str | None
    raw: bytes
    due: int | None = None
    """When it may be tried (0: at once); None: it is dead."""
    reason: DeadReason | None = None
    message: str = ""
    """Why it is dead."""


class Replay(NamedTuple):
    """A dead letter that waits again: its key, its webhook, its event and the bytes of that."""

    key: int
    route: str
    event_key: int
    size: int


class Recovered(NamedTuple):
    """What a process begins with, of the parts of the webhooks on which it works."""

    counts: dict[str, RouteCounts]
    """Of each webhook of which something waits or is dead."""
    routes: dict[str, StoredRoute]
    """What is remembered of each webhook that was seen."""
    high_key: int
    """The highest key ever used of the slot."""
    shares: BacklogShares
    """What waits of each namespace, of all parts on which the process works."""
    slot: int = 0
    """Of the keys that this process makes (`core.keys`); a store with one owner has the first."""


class Work(Owner, Protocol):
    """Durable work. Every method returns after the commit (fsync) that covers it. Used from one event loop.

    Raises StoreFull while there is no space (nothing was stored), StoreAway while a database cannot be used (its
    `in_doubt` says whether it may have been stored); StoreBroken ends the process. A cancelled call may still be
    carried out: what it stored is found by `claim`.
    """

    tag: str
    """Installation tag of ids: 6 base 32 characters, made once with the store."""

    async def accept(self, batch: Sequence[NewEvent]) -> list[Accepted]:
        """Store a batch, all or nothing: if any answer is Conflict, nothing of the batch was stored.

        A repeat of an identity inside the window is answered from the first; one inside the same group
        of commits waits for it. Raises StoreFull also while free space is under the reserve. StoreAway comes only
        after a while in which the database was waited for.
        """

    async def stored(self, keys: Sequence[int]) -> set[int]:
        """Which of these events are stored, once all calls of `accept` that came before are carried out.

        Waits for a database that is away.
        """

    async def finish(self, results: Sequence[Finish]) -> None:
        """Acknowledge, delay or bury, together with the attempt records.

        At most one result per key. A key that is not waiting is not changed, but its record is kept all the same
        (Manual calls and tests are records without a delivery). When space runs out it waits until it can be
        written (results are never lost), so it never raises StoreWaits. Raises StoreError when the store refuses
        one of the results for what it holds: nothing of this call was stored then.
        """

    async def claim(self, wanted: Mapping[str, Wanted], *, now: int) -> dict[str, Claimed]:
        """For each webhook: waiting deliveries that are due, oldest due first, and when the next one is.

        The answer comes after the answers to all calls of `accept` whose rows it saw.

        One that may go at once counts as due since it was received; among those the smaller key goes first.
        One over `max_bytes` comes alone, so that it comes at all. One consistent look per webhook: whatever
        waited at that moment and is not excluded is among the deliveries or not before `next_due`. The answer
        has every webhook that was asked for.
        """

    async def bury(
        self,
        route: str,
        reason: DeadReason,
        message: str,
        *,
        now: int,
        exclude: frozenset[int],
        received_before: int | None = None,
        after: int = 0,
    ) -> Buried:
        """One step, one transaction: waiting deliveries of a webhook become dead letters, in the order of keys.

        But for those in `exclude` (under way), those received at or after `received_before` if given, and those
        with keys up to `after`. With `received_before` only keys made before that time are looked at. Bounded
        (`limits.STORE_STEP_ROWS`), so it is called again with the `after` it answers. `oldest` is exact if fewer
        wait than a step looks at; else it may be earlier than the truth, never later (but for what came while
        the clock stood behind the keys).
        """

    async def replay(self, selector: ReplaySelector, *, now: int, limit: int) -> list[Replay]:
        """Dead letters back to waiting (attempts kept, steps 0, received = now), the oldest first.

        One transaction; what is not a dead letter any more is left out. A selector without any restriction takes every
        dead letter. Of webhooks that are not in parts of its `own` the processes that work on them are told.
        """

    async def ping(self) -> str | None:
        """Raise if the store could not store now; what is to be said of it although it can, one sentence."""

    async def close(self) -> None:
        """Commit what waits and close."""


class Upkeep(Protocol):
    """What keeps a store in shape; errors as in `Work`."""

    async def remember(self, routes: Sequence[StoredRoute]) -> None:
        """Replace what is remembered of these routes. Waits like `Work.finish`."""

    async def clamp(self, *, now: int, parts: Parts = EVERY_PART) -> int:
        """Before these parts are worked on: due times further away than their own wait come to now + that wait; how many.

        So neither a clock that was set back stalls deliveries (SPEC 5, Time), nor that of another process which is ahead.
        A store with one owner is asked at its start, for all.
        """

    async def prune(self, *, now: int) -> Pruned:
        """Drop what is past its time, then what is over a size; in steps between which other work goes first.

        While dead letters, or the history, are over their size, the webhook that takes most in the namespace that takes
        most loses its oldest; so none that takes no more than its share (the size divided by the namespaces that have
        some) loses any (decision 0017). Identities leave oldest first. Events leave with their last dead letter; a
        webhook is forgotten when nothing is left of it, and it was deleted longer ago than history and identities are
        kept. When a step fails (StoreFull like any other), what earlier steps dropped is told by the next call.
        """

    def stats(self) -> StoreStats:
        """Figures for metrics."""


class History(Protocol):
    """Reading. Never waits for the writer; bounded in time: raises StoreError when it would take longer."""

    async def recovered(self, came: Parts = EVERY_PART, own: Parts = EVERY_PART) -> Recovered:
        """When a process begins to work on the parts that `came`; `own`: those on which it works then, these and others.

        Not limited in time: nothing works before it is known.
        """

    async def last_invocations(self, parts: Parts = EVERY_PART) -> dict[str, AttemptRecord]:
        """With it, all in one query: the newest attempt of kind Delivery of each webhook, as far as it is kept.

        `detail` holds its message alone. Not limited in time, as nothing of it grows with the history.
        """

    async def counts(self, routes: Sequence[str]) -> dict[str, RouteCounts]:
        """Of these webhooks, as of one moment; those of which nothing waits or is dead are left out.

        The limit of time is that of each of its queries, which look at some webhooks at a time.
        """

    async def invocations(
        self,
        selector: AttemptSelector = EVERY_ATTEMPT,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int,
        in_short: bool = False,
    ) -> list[tuple[int, AttemptRecord]]:
        """Newest first, each with its position for `before` and `after`; `in_short`: `detail` holds the message alone."""

    async def horizon(
        self, selector: AttemptSelector | ReplaySelector, *, before: int | None = None
    ) -> int | None:
        """The lowest position to which a page of attempts, or of dead letters, that begins at `before` looks for what fits,
        where nothing leads there and one after the other has to be looked at; the page after it begins there. None: a
        page looks at all."""

    async def invocation(self, delivery_key: int, attempt: int | None) -> AttemptRecord | None:
        """One attempt; without a number the latest of the delivery."""

    async def delivery(self, key: int) -> StoredDelivery | None:
        """A delivery by its key; None: it neither waits nor is dead."""

    async def dead_letters(
        self,
        selector: ReplaySelector = NO_SELECTOR,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int,
    ) -> list[tuple[int, DeadLetterRow]]:
        """Newest first, each with its position for `before` and `after`. Not by keys."""

    async def dead_groups(
        self,
        *,
        route: str | None = None,
        reason: DeadReason | None = None,
        before: int | None = None,
        limit: int,
    ) -> list[tuple[int, DeadGroup]]:
        """The one whose newest letter died last first, each with the position of that for `before`."""

    async def dead_count(self, selector: ReplaySelector) -> int:
        """How many dead letters a replay would take."""

    async def close(self) -> None:
        """End what reads; before the store is closed."""


class Store(NamedTuple):
    """An open store, by what is asked of it."""

    work: Work
    upkeep: Upkeep
    history: History
