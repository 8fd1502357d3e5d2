"""The life of a delivery in this process, from top to bottom: accepted, its lane's turn, the attempt, its result.

Every decision is `core.lane`'s; here its effects are carried out, in turns (`turns`): what renders and what answers is
done when the turn of its namespace and webhook has come. All attempts together have so many places (connections, bytes
of requests), shared out by `core.shares`: without one a lane waits, and its deliveries' time does not begin.
Must not: decide, send (`delivery.attempt`).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable
from functools import partial
from math import inf

from hookwright.core.backlog_shares import BacklogShares
from hookwright.core.event import delivery_id
from hookwright.core.lane import Lane
from hookwright.core.lane_queue import Totals
from hookwright.core.lane_steps import Rules
from hookwright.core.outcome import RETRY
from hookwright.core.parsed import Parsed
from hookwright.core.parts import Parts, part_of
from hookwright.core.records import Delivery, Finish, RouteCounts
from hookwright.core.shares import Shares, namespace_of
from hookwright.dispatcher.background import Background
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.attempt import Performed, Pipeline, Target
from hookwright.dispatcher.delivery.claims import Claims
from hookwright.dispatcher.delivery.exchanges import Answered, Attempt, Exchanges, Seat
from hookwright.dispatcher.delivery.gate import Gate
from hookwright.dispatcher.delivery.records import Bodies
from hookwright.dispatcher.delivery.results import Results
from hookwright.dispatcher.delivery.telling import Teller
from hookwright.dispatcher.delivery.turns import Turns
from hookwright.dispatcher.delivery.under_way import UnderWay
from hookwright.limits import (
    ATTEMPTS,
    HANDSHAKE_SECONDS,
    LANE_AGAIN_SECONDS,
    SEND_BYTE_SECONDS,
    SETTLE_LANES,
    STORE_FLUSH_SECONDS,
)
from hookwright.store.owner import Arrival
from hookwright.store.port import Replay, ReplaySelector, Work
from hookwright.telemetry.record import AttemptDetails


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
        under_way: UnderWay | None = None,
        attempts: int = ATTEMPTS,
    ) -> None:
        """`attempts`: how many may be under way, all webhooks together."""
        self._pipeline, self._clock, self._background, self._jitter = pipeline, clock, background, jitter
        self._work, self._tag = work, work.tag
        self._several = work.sure_until < inf
        """Other processes may work on the same store."""
        self.totals, self.shares = Totals(), BacklogShares()
        self.parsed = Parsed()
        self.hurry = asyncio.Event()
        """A lane has something to be remembered that must not be lost."""
        self.stopping = False
        self._seats: dict[str, Seat] = {}
        self._turns = Turns(clock, background)
        self.turn = self._turns.run
        """For what Manual calls and tests do."""
        self._under_way = UnderWay() if under_way is None else under_way
        self._gate = Gate(Shares(attempts), self._under_way, self._wake)
        self.replays = 0
        """Under way."""
        self._claims = Claims(work, clock, background, self.shares, self.settle, self.parsed.shared)
        self.handing_over = self._claims.handing_over
        """For the acceptor, while it hands over what is for many."""
        self._results = Results(
            work, clock, background, self.shares, settle=self.settle, resumed=self._resume
        )
        self._teller = Teller(work.tag, clock, background, bodies, observe)
        self._exchanges = Exchanges(pipeline, clock, self._answered, self._abandoned, self._sent)
        self._loop = asyncio.get_running_loop()

    # --- lanes -----------------------------------------------------------------------------------

    def lane(self, key: str) -> Lane:
        """The lane of a webhook, made at first use."""
        return (self._seats.get(key) or self._seat(key)).lane

    def lanes(self) -> list[Lane]:
        """All lanes, those of deleted webhooks with something left included."""
        return [seat.lane for seat in self._seats.values()]

    def target(self, key: str) -> Target | None:
        """What a webhook is sent with; None: it cannot be sent."""
        seat = self._seats.get(key)
        return None if seat is None else seat.target

    def _seat(self, key: str) -> Seat:
        seat = self._seats.get(key)
        if seat is None:
            namespace = namespace_of(key)
            part, circle = part_of(key), self._turns.circle(namespace)
            lane = Lane(key, self.totals, owned=part in self._work.own)
            seat = self._seats[key] = Seat(lane, part, circle, self._step)
            self.shares.known(namespace)
        return seat

    def owns(self, lane: Lane) -> bool:
        """Whether this process works on it, as far as can be known: it may have slept."""
        return lane.owned and (not self._several or self._clock.monotonic() < self._work.sure_until)

    def of(self, parts: Parts) -> list[Lane]:
        """The lanes of these parts of the webhooks."""
        return [seat.lane for seat in self._seats.values() if seat.part in parts]

    def touch(self, keys: Iterable[str]) -> None:
        """What is shown of these webhooks may have changed."""
        self.totals.touched.update(keys)

    def touched(self) -> set[str]:
        """Those of which what is shown may have changed since the last call."""
        touched, self.totals.touched = self.totals.touched, set()
        return touched

    def configure(
        self, key: str, target: Target | None, rules: Rules, *, mark: str, held: str | None, message: str
    ) -> None:
        """A webhook is in the configuration like this; see `Lane.configured`. Another target than before is closed."""
        seat = self._seat(key)
        if target is not seat.target:
            self._close(seat)
            seat.target = target
        seat.lane.configured(rules, mark=mark, held=held, message=message)
        self.touch([key])
        self.settle(seat.lane)

    def hold(self, key: str, message: str) -> None:
        """A webhook turned out not to be usable as it is configured."""
        lane = self.lane(key)
        lane.standing.held(message)
        self.touch([key])
        self.settle(lane)

    async def retry(self, key: str, *, forgiven: bool) -> None:
        """Somebody wants a webhook tried now; `forgiven`: that its target answered 410 is void as well.

        Raises StoreError if another process works on it and cannot be told.
        """
        if self.lane(key).owned:
            self.retried(key, forgiven=forgiven)
        else:
            await self._work.tell(Arrival(key, retried=True, forgiven=forgiven))

    def retried(self, key: str, *, forgiven: bool) -> None:
        """It was asked of this process, or of another and this one works on it."""
        lane = self.lane(key)
        lane.retried(self._clock.now())
        if forgiven:
            lane.standing.forgiven()
        self.touch([key])
        self.settle(lane)

    def remove(self, key: str) -> None:
        """A webhook is not in the configuration."""
        seat = self._seat(key)
        self._close(seat)
        seat.lane.standing.removed(self._clock.now())
        self.touch([key])
        self.settle(seat.lane)

    def drop_spent(self) -> None:
        """Forget lanes of deleted webhooks of which nothing is left."""
        for key in [key for key, seat in self._seats.items() if seat.lane.spent]:
            seat = self._seats.pop(key)
            self.shares.forgotten(namespace_of(key))
            if seat.timer is not None:
                seat.timer.cancel()

    def _close(self, seat: Seat) -> None:
        if seat.target is not None:
            seat.target.close()
            seat.target = None

    # --- accepted --------------------------------------------------------------------------------

    def accepted(self, delivery: Delivery) -> None:
        """A delivery (reserved before) is on stable storage."""
        seat = self._seats.get(delivery.route) or self._seat(delivery.route)
        seat.lane.accepted(delivery)
        if not seat.in_turn:
            self._settle(seat)

    async def replay(self, selector: ReplaySelector, *, now: int, limit: int) -> list[Replay]:
        """Dead letters back to waiting, at most `limit`; see `store.port.Work.replay`.

        What the store has moved is counted also where the caller goes away meanwhile.
        """
        return await asyncio.shield(asyncio.create_task(self._replay(selector, now, limit)))

    async def _replay(self, selector: ReplaySelector, now: int, limit: int) -> list[Replay]:
        self.replays += 1
        try:
            return await self._claims.replay(selector, self.lane, now=now, limit=limit)
        finally:
            self.replays -= 1

    def counted(self, key: str, counts: RouteCounts) -> int:
        """Compare a lane with the store, unless replays are under way; see `Lane.counted`."""
        if self.replays:
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

    def _settle(self, seat: Seat) -> None:
        if seat.lane.standing.hurry:
            self.hurry.set()
        self._gate.changed(seat)
        if not seat.in_turn and seat.lane.waits and self._wants_turn(seat, self._clock.now()):
            self._turns.join(seat)

    def _wants_turn(self, seat: Seat, now: float) -> bool:
        """Do what else the lane wants."""
        if self.stopping or self._results.stuck:
            return False
        if self._several and not self._sure(seat):
            return False
        turn, ask, wake_at = seat.lane.settle(now)
        if ask is not None:
            self._claims.ask(seat.lane, ask)
        if not turn and wake_at is not None:
            self._wake_at(seat, wake_at)
        return turn and not seat.parked

    def _sure(self, seat: Seat) -> bool:
        """Of several processes: whether no other can work on its lane by now; if not, that is asked again."""
        if self._clock.monotonic() < self._work.sure_until:
            return True
        self._wake_at(seat, self._clock.now() + LANE_AGAIN_SECONDS)
        return False

    def _resume(self) -> None:
        self._background.spawn("settle", self._settle_all())

    async def _settle_all(self) -> None:
        for at, seat in enumerate([*self._seats.values()], 1):
            self._settle(seat)
            if at % SETTLE_LANES == 0:
                await asyncio.sleep(0)

    def _wake_at(self, seat: Seat, when: float) -> None:
        if seat.timer is not None:
            if seat.timer_at <= when:
                return
            seat.timer.cancel()
        seat.timer_at = when
        seat.timer = self._loop.call_later(max(0.001, when - self._clock.now()), self._timer, seat)

    def _timer(self, seat: Seat) -> None:
        seat.timer = None
        self._settle(seat)

    def _step(self, seat: Seat) -> bool:
        """One thing of a lane whose turn has come; whether it may have more to do."""
        if seat.answers:
            self._judge(seat.answers.popleft())
        elif not self._wants_turn(seat, now := self._clock.now()) or seat.target is None:
            self._gate.let_go(seat)
            return False
        elif seat.target.warmed():
            places = self._gate.admits(seat)
            if places:
                self._start(seat, seat.target, places, now)
        return bool(seat.answers) or (seat.lane.waits and not seat.parked)

    def _wake(self, seat: Seat) -> bool:
        """What it waited for has come; whether it still wants it."""
        if not self._wants_turn(seat, self._clock.now()):
            return False
        if not seat.in_turn:
            self._turns.join(seat)
        return True

    # --- an attempt ------------------------------------------------------------------------------

    def _start(self, seat: Seat, target: Target, places: int, now: float) -> None:
        delivery, probe, given_up = seat.lane.start(now, self._under_way.doomed)
        if given_up is not None:
            self._gate.left(seat, delivery, places)
            self._write(seat.lane, delivery, given_up)
            return
        self._under_way.begin(delivery.key, seat.lane.namespace)
        prepared = self._pipeline.prepare(
            target, delivery.raw, trigger=delivery.trigger, attempt=delivery.attempts + 1,
            delivery_id=delivery_id(delivery.key, self._tag), hops=delivery.hops,
            document=partial(self.parsed.document, delivery),
        )  # fmt: skip
        if isinstance(prepared, Performed):
            self._ended(seat, target, delivery, probe, prepared, self._clock.wall_ms())
            self._gate.left(seat, delivery, places)
            return
        places = self._gate.weighed(seat, places, prepared.body)
        opens = seat.lane.in_flight > target.pool.size
        self._turns.charge(seat, len(prepared.body) * SEND_BYTE_SECONDS + opens * HANDSHAKE_SECONDS)
        self._exchanges.begin(Attempt(seat, target, delivery, probe, prepared, places))

    def _answered(self, attempt: Attempt, performed: Performed, began_ms: int) -> None:
        seat = attempt.seat
        seat.answers.append((attempt, performed, began_ms))
        if not seat.in_turn:
            self._turns.join(seat)

    def _sent(self, attempt: Attempt) -> None:
        attempt.seat.lane.sent(attempt.delivery.key, self._clock.now())
        self._settle(attempt.seat)

    def _abandoned(self, attempt: Attempt) -> None:
        self._under_way.leave(attempt.delivery.key)
        attempt.seat.lane.abandoned(attempt.delivery, probe=attempt.probe)

    def _judge(self, answered: Answered) -> None:
        (seat, target, delivery, probe, _, places), performed, began = answered
        self._pipeline.judge(target, performed)
        self._ended(seat, target, delivery, probe, performed, began)
        self._gate.left(seat, delivery, places)

    def _ended(
        self,
        seat: Seat,
        target: Target,
        delivery: Delivery,
        probe: int,
        performed: Performed,
        began_ms: int,
    ) -> None:
        lane, now = seat.lane, self._clock.now()
        decision = lane.ended(
            delivery, performed.outcome, tried=performed.outgoing is not None, probe=probe, mark=target.mark, now=now,
            jitter=self._jitter() if performed.outcome.verdict is RETRY else 0.0,
        )  # fmt: skip
        now_ms = int(now * 1000)
        record, message = self._teller.tell(lane, target, delivery, decision, performed, began_ms, now_ms)
        due = now_ms + int(decision.delay * 1000)
        finish = Finish(
            delivery.key, lane.key, decision.action, record, due, decision.steps, decision.attempts, decision.reason,
            message, now_ms, delivery.sole,
        )  # fmt: skip
        self._write(lane, delivery, finish)

    # --- its result ------------------------------------------------------------------------------

    def _write(self, lane: Lane, delivery: Delivery, finish: Finish) -> None:
        """On its way to the store; `settle` follows when it is there."""
        self._results.write((lane, delivery, finish), hurry=lane.is_crowded)

    # --- the end ---------------------------------------------------------------------------------

    def stop(self) -> None:
        """No new attempts from now on."""
        self.stopping = True
        self._exchanges.stop()

    async def drain(self, seconds: float) -> None:
        """Wait so long for attempts under way, abort the rest uncounted, write all results that can be written."""
        self.stop()
        await self._exchanges.drain(seconds)
        await self._turns.finish()
        await self._results.flush(STORE_FLUSH_SECONDS)

    def abort(self) -> None:
        """Stop, and end the attempts under way uncounted; a drain that waits for them goes on at once."""
        self.stop()
        self._exchanges.abort()

    def close(self) -> None:
        """Let all connections go."""
        for seat in self._seats.values():
            self._close(seat)
            if seat.timer is not None:
                seat.timer.cancel()
