"""The life of one webhook's deliveries, pure: inputs change a lane, `settle` says what is to be done about it.

    reserve ─► accepted ─► start ─► ended ─► written          the way of a delivery that is sent at once
                   │         ▲                  │ to be tried again
                   ▼         │ claimed          ▼
              left to the store ◄───────── due later          from where claims bring it back, burials end it there

Whatever happens, `settle` computes anew what the lane waits for, so no timer can be lost (docs/decisions/0009).

All times are epoch seconds of a clock that never jumps (`dispatcher.clock`), unless a name ends in `_ms`.
Must not: read a clock, wait, know requests or answers. Fields change here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from math import inf
from typing import Final

from hookwright.core.backlog import Backlog, Bury
from hookwright.core.lane_memory import LaneMemory
from hookwright.core.lane_queue import Queue, Totals
from hookwright.core.lane_steps import UNCONFIGURED, Effects, Rules, Started
from hookwright.core.lifecycle import RUNNING, SUSPECT, Decision, RouteState, buried, decide, give_up
from hookwright.core.outcome import DELIVERED, Outcome, Verdict
from hookwright.core.outlook import Gates, Outlook, outlook
from hookwright.core.records import (
    Action,
    Buried,
    Claimed,
    DeadReason,
    Delivery,
    Finish,
    RouteCounts,
    StoredRoute,
    Wanted,
)
from hookwright.limits import (
    DELETED_WEBHOOK_SECONDS,
    LANE_AGAIN_SECONDS,
    LANE_EARLY_SECONDS,
)

_NOTHING: Final = Effects()
_TURN: Final = Effects(turn=True)


class Lane(LaneMemory):
    """One webhook (`namespace/name`). Made empty; does nothing before it is `configured` or `standing.removed`."""

    __slots__ = (
        "_backlog", "_changes_seen", "_checked_at", "_known", "_queue", "_reserved", "_rules", "_unwritten",
    )  # fmt: skip

    def __init__(self, key: str, totals: Totals, *, owned: bool = True) -> None:
        super().__init__(key, totals, owned=owned)
        self._rules = UNCONFIGURED
        self._queue, self._backlog = Queue(totals), Backlog()
        self._known: set[int] = set()
        """Every delivery in memory: queued, running, or with a result that is not written yet."""
        self._unwritten = self._reserved = 0
        self._checked_at = 0.0
        """When the store was last asked for what is too old."""
        self._changes_seen = -1

    # --- configuration ---------------------------------------------------------------------------

    def taken(self, stored: StoredRoute | None, counts: RouteCounts | None, now: float) -> None:
        """The lane begins here with what the store holds of it."""
        self.owned = True
        if stored is not None:
            self.remembered(stored, now)
        if counts is not None:
            self._count(counts.waiting, counts.waiting_bytes, counts.dead)
            self._backlog.due(counts.next_due)
            if counts.oldest is not None:
                self._backlog.received(counts.oldest)

    def left(self) -> None:
        """Another process is to work on it: what is under way ends, and nothing else begins."""
        self._count(-self.waiting, -self.waiting_bytes, -self.dead)
        self.owned = False
        self._known.difference_update(self._queue.drop(None))
        self._backlog.recall()

    @property
    def still(self) -> bool:
        """Nothing of it is under way, to a target or to the store."""
        busy = self.in_flight or self._unwritten or self._reserved or self._backlog.asked is not None
        return not busy

    def configured(self, rules: Rules, *, mark: str, held: str | None, message: str = "") -> None:
        """The webhook is in the configuration: `mark` names this state of it, `held` says why it cannot be sent,
        `message` what else is to be said of it."""
        if self.standing.mark is not None and mark != self.standing.mark:
            self.circuit.close()
            self.paused_until = 0.0
        self._rules = rules
        self._limit(rules.rate)
        self.standing.configured(mark, held, message)
        self._backlog.recall()

    def retried(self, now: float) -> None:
        """Somebody wants it tried now: an open circuit may probe, and a pause that the target asked for is over."""
        self.circuit.hurry(now)
        self.paused_until = 0.0

    @property
    def spent(self) -> bool:
        """Nothing is left of a webhook that was deleted, so the lane may be dropped."""
        standing = self.standing
        left = self.waiting or self.waiting_bytes or self.dead or self._known or self._reserved
        saved = not (standing.unsaved and self.owned)
        done = not left and self._backlog.asked is None and saved
        return standing.known and standing.mark is None and done

    # --- coming in -------------------------------------------------------------------------------

    def reserve(self, size: int) -> None:
        """Count a delivery that is about to be stored, so that concurrent requests see the backlog grow."""
        self._reserved += 1
        self._count(1, size)

    def release(self, size: int, *, in_doubt: bool = False) -> None:
        """A reserved delivery was not stored; `in_doubt`: if it was after all, it is looked for."""
        self._reserved -= 1
        self._count(-1, -size)
        if in_doubt:
            self._backlog.left()

    def accepted(self, delivery: Delivery) -> None:
        """A reserved delivery is on stable storage: it is queued, or left there where it cannot start soon."""
        self._reserved -= 1
        self._changes += 1
        self._backlog.received(delivery.received)
        soon = self.owned and self._backlog.takes_new and self.standing.state is RUNNING
        if soon and self._queue.room() > 0:
            self._push(delivery)
        else:
            self._backlog.left()

    def arrived(self, waiting: int, size: int, dead: int, now: float) -> None:
        """Another process did this to it: deliveries wait in the store, dead letters came or went."""
        self._count(waiting, size, dead)
        if waiting or not dead:
            self._backlog.received(int(now * 1000))
            self._backlog.left()
            if dead < 0 and self.standing.known and self.standing.mark is None:
                self.standing.wait_anew(now)
                self._backlog.recall()

    def dead_at_once(self, size: int) -> None:
        """A reserved delivery was stored as a dead letter."""
        self._reserved -= 1
        self._count(-1, -size, 1)

    def replayed(self, count: int, size: int, now: float) -> None:
        """Dead letters with events of `size` bytes wait again; for a deleted webhook, as long as others did."""
        self.arrived(count, size, -count, now)

    # --- attempts --------------------------------------------------------------------------------

    @property
    def waits(self) -> bool:
        """Whether anything waits that is not under way: else it wants nothing."""
        return bool(self._queue) or self._backlog.behind or self._backlog.next_due < inf

    @property
    def is_crowded(self) -> bool:
        """Whether results should be written at once, as attempts may have to wait for them."""
        return self._unwritten >= self._rules.max_in_flight

    def next(self, fits: Callable[[int], bool] | None = None) -> Delivery | None:
        """What is to start next: the first that is queued, or the first whose key fits; None: there is none."""
        return self._queue.next(fits)

    def start(self, now: float, doomed: Container[int] = ()) -> Started:
        """The next attempt begins (after `settle` wanted it), or its delivery is given up without one, as `doomed` are."""
        delivery = self._queue.take()
        burial = SUSPECT if delivery.key in doomed else give_up(
            self.standing.state, received=delivery.received / 1000, policy=self._rules.retry, deleted_at=None, now=now
        )  # fmt: skip
        if burial is not None:
            self._unwritten += 1
            return Started(delivery, given_up=buried(delivery, burial, now))
        if self.window is not None:
            self.window.start(delivery.key, now)
        self._fly(1)
        return Started(delivery, self.circuit.start())

    def ended(
        self, delivery: Delivery, outcome: Outcome, *, tried: bool, probe: int, mark: str, now: float,
        jitter: float,
    ) -> Decision:  # fmt: skip
        """An attempt under the configuration `mark` came to an outcome: what becomes of the delivery.

        `written` or `refused` follows. `tried`: there was a request to send; `jitter` is in [-1, 1].
        """
        self._fly(-1)
        self._unwritten += 1
        if self.window is not None:
            self.window.ended(delivery.key, now)
        decision = decide(
            outcome, attempts=delivery.attempts, steps=delivery.steps, received=delivery.received / 1000,
            policy=self._rules.retry, probing=probe > 0, now=now, jitter=jitter,
        )  # fmt: skip
        self.circuit.record(outcome.verdict, probe=probe, now=now, tried=tried)
        if decision.pause:
            self.paused_until = max(self.paused_until, now + decision.pause)
        self.standing.ended(now, delivered=outcome.verdict is DELIVERED)
        if outcome.verdict is Verdict.GONE:
            self.standing.gone(mark)
        return decision

    def abandoned(self, delivery: Delivery, *, probe: int) -> None:
        """An attempt ended without an outcome (shutdown): the delivery waits in the store as before."""
        self._fly(-1)
        if self.window is not None:
            self.window.dropped(delivery.key)
            self.standing.unsave()
        self.circuit.abandon(probe)
        self._forget(delivery)

    def written(self, delivery: Delivery, finish: Finish) -> None:
        """The result of a delivery is on stable storage."""
        self._unwritten -= 1
        self._known.discard(delivery.key)
        if finish.action is Action.DELAY:
            self._changes += 1
            self._backlog.received(delivery.received)
            self._backlog.due(finish.due)
        else:
            self._count(-1, -len(delivery.raw), int(finish.action is Action.BURY))

    def refused(self, delivery: Delivery, now: float) -> None:
        """The store does not take the result of a delivery: it waits there as before, and the lane pauses."""
        self._unwritten -= 1
        self.paused_until = max(self.paused_until, now + LANE_AGAIN_SECONDS)
        self._forget(delivery)

    # --- the store's answers ---------------------------------------------------------------------

    def claimed(self, found: Claimed) -> None:
        """The answer to a claim."""
        self._changes += 1
        self._backlog.answered()
        self._queue.answered()
        if not self.owned:
            return
        for delivery in found.deliveries:
            self._push(delivery)
        self._backlog.due(found.next_due)

    def buried(self, done: Buried) -> Bury | None:
        """The answer to a step of a burial; the next step, if it is not complete."""
        self._count(-done.count, -done.size, done.count)
        if done.after is not None:
            return self._backlog.next_step(done.after)
        self._backlog.answered(oldest_ms=done.oldest)
        return None

    def next_burial(self, after: int) -> Bury | None:
        """The step of the burial under way that begins behind a key; None: it is not wanted any more."""
        return self._backlog.next_step(after)

    def unanswered(self, now: float) -> None:
        """The store did not carry out what it was asked."""
        self._changes += 1
        self._backlog.unanswered(now)
        self._queue.answered()

    def pruned(self, count: int) -> None:
        """So many dead letters left the store by age or size."""
        self._count(0, 0, -count)

    def counted(self, counts: RouteCounts) -> int:
        """Compare with the store, looked at since the last call: how many deliveries wait that nobody looks for. Only
        a lane in which nothing changed since then can be compared. What differs is set right."""
        self._backlog.swept(counts.oldest)
        same = self._changes == self._changes_seen
        self._changes_seen = self._changes
        if not (same and self.still):
            return 0
        self._count(
            counts.waiting - self.waiting, counts.waiting_bytes - self.waiting_bytes, counts.dead - self.dead
        )
        self._changes_seen = self._changes
        if counts.oldest is not None:
            self._backlog.received(counts.oldest)
        if self._known or counts.next_due is None or not self._backlog.missed(counts.next_due):
            return 0  # what is queued is due in the store too
        return counts.waiting

    # --- what is to be done ----------------------------------------------------------------------

    def settle(self, now: float) -> Effects:
        """What the lane wants now. What it asks of the store counts as under way until the store answers."""
        backlog = self._backlog
        if not (self.waits and self.owned and self.standing.known):
            return _NOTHING
        if backlog.next_due <= now:
            backlog.came_due()
        end_at = self._end_at()
        ask = None
        wants = backlog.behind or end_at <= now or self.standing.state is RouteState.GONE
        if wants and backlog.may_ask(now):
            ask = self._ask(now, end_at)
        if ask is not None:
            backlog.ask(ask)
        ready_at = self.ready_at(now)
        if ready_at == 0.0:
            return _TURN if ask is None else Effects(True, ask)
        wake_at = backlog.wake_at(now, end_at)
        if ready_at is not None and ready_at < wake_at:
            wake_at = ready_at
        return Effects(False, ask, wake_at if wake_at < inf else None)

    def _ask(self, now: float, end_at: float) -> Wanted | Bury | None:
        state = self.standing.state
        if now >= end_at or state is RouteState.GONE:
            burial = self._burial(now + LANE_EARLY_SECONDS)  # `give_up` rounds otherwise than `_end_at`
            if burial is not None:
                return burial
        if not self._backlog.behind or state is not RUNNING or not self._queue.is_low():
            return None
        return Wanted(self._queue.room(), self._queue.ask(), frozenset(self._known))

    def _burial(self, now: float) -> Bury | None:
        """What waits is to become dead letters: all of it, or what is too old."""
        policy = self._rules.retry
        burial = give_up(
            self.standing.state, received=min(now, self._backlog.oldest), policy=policy,
            deleted_at=self.standing.deleted_at, now=now,
        )  # fmt: skip
        if burial is None:
            return None
        before = None
        if burial.reason is DeadReason.EXHAUSTED:
            before = int((now - policy.max_age) * 1000) + 1
            self._checked_at = now
        self._known.difference_update(self._queue.drop(before))
        return Bury(burial.reason, burial.message, frozenset(self._known), before)

    def _end_at(self) -> float:
        """When something that waits is given up at the earliest."""
        end = max(self._backlog.oldest + self._rules.retry.max_age, self._checked_at + LANE_AGAIN_SECONDS)
        deleted_at = self.standing.deleted_at_ms
        return end if deleted_at is None else min(end, deleted_at / 1000 + DELETED_WEBHOOK_SECONDS)

    def ready_at(self, now: float) -> float | None:
        """0: an attempt may start now. Another time: try again then. None: something else will wake it."""
        if not self._queue or self.standing.state is not RUNNING:
            return None
        limit = self._rules.max_in_flight
        if self.in_flight >= limit or self.in_flight + self._unwritten >= 2 * limit:
            return None
        if self.paused_until > now:
            return self.paused_until
        if self.circuit.interval and not self.circuit.may_start(now):
            return None if self.circuit.probe else self.circuit.next_probe
        if self.window is not None:
            free_at = self.window.free_at(now)
            if free_at > now:
                return free_at
        return 0.0

    def outlook(self, now: float) -> Outlook | None:
        """Of what waits and is not under way; None: nothing does."""
        waits = self.waiting > self.in_flight + self._unwritten
        gates = Gates(self.standing.state, self.circuit, self.window, self.paused_until)
        return outlook(self._queue, self._backlog, gates, now) if waits else None

    # --- small things ----------------------------------------------------------------------------

    def _push(self, delivery: Delivery) -> None:
        self._known.add(delivery.key)
        self._queue.push(delivery)

    def _forget(self, delivery: Delivery) -> None:
        """A delivery leaves the memory unfinished; the store still has it."""
        self._known.discard(delivery.key)
        self._changes += 1
        self._backlog.received(delivery.received)
        self._backlog.left()
