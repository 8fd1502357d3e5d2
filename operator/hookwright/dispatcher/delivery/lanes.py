"""The life of a delivery in this process, from top to bottom: accepted, its lane's turn, the attempt, its result.

Every decision is `core.lane`'s; here its effects are carried out. Turns: lanes with something to start stand in a
circle. Each visit grants a lane a little time; what its renders really took is deducted, so a webhook with dear
templates comes less often. After a slice of work the event loop gets control back, so that no queue, however long,
delays others by more than the slice (SPEC 5, Isolation). Must not: decide, send (`delivery.attempt`).
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from hookwright.core.event import delivery_id
from hookwright.core.lane import Lane, Rules
from hookwright.core.lane_queue import Totals
from hookwright.core.parsed import Parsed
from hookwright.core.records import Delivery, Finish, RouteCounts
from hookwright.core.request import Outgoing
from hookwright.core.shares import Shares, namespace_of
from hookwright.dispatcher.background import Background
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.attempt import Performed, Pipeline, Target
from hookwright.dispatcher.delivery.claims import Claims
from hookwright.dispatcher.delivery.records import Bodies
from hookwright.dispatcher.delivery.results import Result, Results
from hookwright.dispatcher.delivery.telling import Teller
from hookwright.limits import (
    IDLE_ATTEMPTS,
    STORE_FLUSH_SECONDS,
    TURN_CREDIT_MAX_SECONDS,
    TURN_CREDIT_SECONDS,
    TURNS_SECONDS,
)
from hookwright.store.port import Recovered, Replay, ReplaySelector, Work
from hookwright.telemetry.record import AttemptDetails


class _Seat:
    """A lane's place among the others: what it sends with, its turn and its timer."""

    __slots__ = ("credit", "in_turn", "lane", "target", "timer", "timer_at")

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.target: Target | None = None
        self.credit = 0.0
        self.in_turn = False
        self.timer: asyncio.TimerHandle | None = None
        self.timer_at = 0.0


class _Attempt(NamedTuple):
    seat: _Seat
    target: Target
    delivery: Delivery
    probe: int
    outgoing: Outgoing


class Lanes:
    """Every webhook's lane. `observe` is called with the details of each attempt (metrics and logs)."""

    def __init__(
        self,
        work: Work,
        pipeline: Pipeline,
        clock: Clock,
        background: Background,
        *,
        bodies: Bodies,
        observe: Callable[[AttemptDetails], None],
        jitter: Callable[[], float] = lambda: random.uniform(-1.0, 1.0),  # noqa: S311 - spreads retries
    ) -> None:
        self._pipeline, self._clock, self._background, self._jitter = pipeline, clock, background, jitter
        self._tag = work.tag
        self.totals, self.shares = Totals(), Shares()
        self.parsed = Parsed()
        self.hurry = asyncio.Event()
        """A lane has something to be remembered that must not be lost."""
        self.stopping = False
        self._seats: dict[str, _Seat] = {}
        self._ready: deque[_Seat] = deque()
        self._turn_scheduled = False
        self._replays = 0
        self._claims = Claims(work, clock, background, self.shares, self.settle)
        self._results = Results(
            work, clock, background, self.shares, settle=self.settle, resumed=self._settle_all
        )
        self._teller = Teller(work.tag, clock, background, bodies, observe)
        self._attempts: set[asyncio.Task[None]] = set()
        self._idle: list[asyncio.Future[_Attempt | None]] = []
        """Tasks that have no attempt, by what they wait for."""
        self._loop = asyncio.get_running_loop()

    # --- lanes -----------------------------------------------------------------------------------

    def lane(self, key: str) -> Lane:
        """The lane of a webhook, made at first use."""
        seat = self._seats.get(key)
        return (self._seat(key) if seat is None else seat).lane

    def lanes(self) -> list[Lane]:
        """All lanes, those of deleted webhooks with something left included."""
        return [seat.lane for seat in self._seats.values()]

    def target(self, key: str) -> Target | None:
        """What a webhook is sent with; None: it cannot be sent."""
        seat = self._seats.get(key)
        return None if seat is None else seat.target

    def _seat(self, key: str) -> _Seat:
        seat = self._seats.get(key)
        if seat is None:
            seat = self._seats[key] = _Seat(Lane(key, self.totals))
            self.shares.known(namespace_of(key))
        return seat

    def take(self, found: Recovered) -> None:
        """Begin with what the store holds."""
        self.shares.take(found.shares)
        for key in found.counts.keys() | found.routes.keys():
            self.lane(key).taken(found.routes.get(key), found.counts.get(key))

    def configure(
        self, key: str, target: Target | None, rules: Rules, *, mark: str, held: str | None, message: str
    ) -> None:
        """A webhook is in the configuration like this; see `Lane.configured`. Another target than before is closed."""
        seat = self._seat(key)
        if target is not seat.target:
            self._close(seat)
            seat.target = target
        seat.lane.configured(rules, mark=mark, held=held, message=message)
        self.settle(seat.lane)

    def hold(self, key: str, message: str) -> None:
        """A webhook turned out not to be usable as it is configured."""
        lane = self.lane(key)
        lane.standing.held(message)
        self.settle(lane)

    def remove(self, key: str) -> None:
        """A webhook is not in the configuration."""
        seat = self._seat(key)
        self._close(seat)
        seat.lane.standing.removed(self._clock.now())
        self.settle(seat.lane)

    def drop_spent(self) -> None:
        """Forget lanes of deleted webhooks of which nothing is left."""
        for key in [key for key, seat in self._seats.items() if seat.lane.spent]:
            seat = self._seats.pop(key)
            self.shares.forgotten(namespace_of(key))
            if seat.timer is not None:
                seat.timer.cancel()

    def _close(self, seat: _Seat) -> None:
        if seat.target is not None:
            seat.target.close()
            seat.target = None

    # --- accepted --------------------------------------------------------------------------------

    def accepted(self, delivery: Delivery) -> None:
        """A delivery (reserved before) is on stable storage."""
        seat = self._seat(delivery.route)
        seat.lane.accepted(delivery)
        if not seat.in_turn:
            self._settle(seat)

    async def replay(self, selector: ReplaySelector, *, now: int, limit: int) -> list[Replay]:
        """Dead letters back to waiting, at most `limit`; see `store.port.Work.replay`."""
        self._replays += 1
        try:
            return await self._claims.replay(selector, self.lane, now=now, limit=limit)
        finally:
            self._replays -= 1

    def counted(self, key: str, counts: RouteCounts) -> int:
        """Compare a lane with the store, unless replays are under way; see `Lane.counted`."""
        if self._replays:
            return 0
        lane = self.lane(key)
        strays = lane.counted(counts)
        self.settle(lane)
        return strays

    # --- a turn ----------------------------------------------------------------------------------

    def settle(self, lane: Lane) -> None:
        """Something about a lane changed: do what it wants."""
        seat = self._seats.get(lane.key)
        if seat is not None:
            self._settle(seat)

    def _settle(self, seat: _Seat) -> None:
        if seat.lane.standing.hurry:
            self.hurry.set()
        if seat.in_turn or self.stopping or self._results.stuck:
            return
        turn, ask, wake_at = seat.lane.settle(self._clock.now())
        if ask is not None:
            self._claims.ask(seat.lane, ask)
        if turn:
            seat.in_turn = True
            self._ready.append(seat)
            self._schedule_turns()
        elif wake_at is not None:
            self._wake_at(seat, wake_at)

    def _settle_all(self) -> None:
        for seat in list(self._seats.values()):
            self._settle(seat)

    def _wake_at(self, seat: _Seat, when: float) -> None:
        if seat.timer is not None:
            if seat.timer_at <= when:
                return
            seat.timer.cancel()
        seat.timer_at = when
        seat.timer = self._loop.call_later(max(0.001, when - self._clock.now()), self._timer, seat)

    def _timer(self, seat: _Seat) -> None:
        seat.timer = None
        self._settle(seat)

    def _schedule_turns(self) -> None:
        if not self._turn_scheduled:
            self._turn_scheduled = True
            self._loop.call_soon(self._turns)

    def _turns(self) -> None:
        self._turn_scheduled = False
        spent = self._clock.spent
        began = spent()
        while self._ready and not self.stopping:
            seat = self._ready.popleft()
            seat.in_turn = False
            seat.credit = min(seat.credit + TURN_CREDIT_SECONDS, TURN_CREDIT_MAX_SECONDS)
            before = spent()
            while seat.credit > 0 and seat.target is not None and seat.lane.may_start(self._clock.now()):
                self._start(seat, seat.target)
                after = spent()
                seat.credit -= after - before
                before = after
            self._settle(seat)
            if before - began > TURNS_SECONDS:
                break
        if self._ready and not self.stopping:
            self._schedule_turns()

    # --- an attempt ------------------------------------------------------------------------------

    def _start(self, seat: _Seat, target: Target) -> None:
        delivery, probe, given_up = seat.lane.start(self._clock.now())
        if given_up is not None:
            self._write(seat.lane, delivery, given_up)
            return
        prepared = self._pipeline.prepare(
            target, delivery.raw, trigger=delivery.trigger, attempt=delivery.attempts + 1,
            delivery_id=delivery_id(delivery.key, self._tag), hops=delivery.hops,
            document=self.parsed.document(delivery),
        )  # fmt: skip
        if isinstance(prepared, Performed):
            self._ended(seat, target, delivery, probe, prepared, self._clock.wall_ms())
            return
        attempt = _Attempt(seat, target, delivery, probe, prepared)
        if self._idle:
            self._idle.pop().set_result(attempt)
        else:
            task = self._loop.create_task(self._one_after_the_other(attempt))
            self._attempts.add(task)
            task.add_done_callback(self._attempts.discard)

    async def _one_after_the_other(self, attempt: _Attempt | None) -> None:
        """Attempts in one task: a task for each would cost more than judging its answer."""
        while attempt is not None:
            await self._attempt(*attempt)
            if self.stopping or len(self._idle) >= IDLE_ATTEMPTS:
                return
            waiter = self._loop.create_future()
            self._idle.append(waiter)
            attempt = await waiter

    async def _attempt(
        self, seat: _Seat, target: Target, delivery: Delivery, probe: int, outgoing: Outgoing
    ) -> None:
        began = self._clock.wall_ms()
        try:
            performed = await self._pipeline.perform(target, outgoing)
        except asyncio.CancelledError:
            seat.lane.abandoned(delivery, probe=probe)
            raise
        self._ended(seat, target, delivery, probe, performed, began)
        self._settle(seat)

    def _ended(
        self,
        seat: _Seat,
        target: Target,
        delivery: Delivery,
        probe: int,
        performed: Performed,
        began_ms: int,
    ) -> None:
        lane, now = seat.lane, self._clock.now()
        decision = lane.ended(
            delivery,
            performed.outcome,
            tried=performed.outgoing is not None,
            probe=probe,
            mark=target.mark,
            now=now,
            jitter=self._jitter(),
        )
        record, message = self._teller.tell(lane, target, delivery, decision, performed, began_ms)
        now_ms = int(now * 1000)
        finish = Finish(
            key=delivery.key,
            route=lane.key,
            action=decision.action,
            record=record,
            due=now_ms + int(decision.delay * 1000),
            steps=decision.steps,
            attempts=decision.attempts,
            reason=decision.reason,
            message=message,
            at=now_ms,
            sole=delivery.sole,
        )
        self._write(lane, delivery, finish)

    # --- its result ------------------------------------------------------------------------------

    def _write(self, lane: Lane, delivery: Delivery, finish: Finish) -> None:
        """On its way to the store; `settle` follows when it is there."""
        self._results.write(Result(lane, delivery, finish), hurry=lane.is_crowded)

    # --- the end ---------------------------------------------------------------------------------

    def stop(self) -> None:
        """No new attempts from now on."""
        self.stopping = True
        while self._idle:
            self._idle.pop().set_result(None)

    async def drain(self, seconds: float) -> None:
        """Wait so long for attempts under way, abort the rest uncounted, write all results that can be written."""
        self.stop()
        if self._attempts and seconds > 0:
            await asyncio.wait(set(self._attempts), timeout=seconds)
        self.abort()
        await asyncio.gather(*self._attempts, return_exceptions=True)
        await self._results.flush(STORE_FLUSH_SECONDS)

    def abort(self) -> None:
        """Stop, and end the attempts under way uncounted; a drain that waits for them goes on at once."""
        self.stop()
        for task in set(self._attempts):
            task.cancel()

    def close(self) -> None:
        """Let all connections go."""
        for seat in self._seats.values():
            self._close(seat)
            if seat.timer is not None:
                seat.timer.cancel()
