"""All lanes and their turns: takes accepted deliveries, starts attempts fairly, carries out what is decided of them.

Turns: lanes with something to start stand in a circle. Each visit grants a lane a little time; what its renders
really took is deducted, so a webhook with dear templates comes less often. After a slice of work the event loop
gets control back, so that no queue, however long, delays others by more than the slice (SPEC 5, Isolation).
Must not: decide outcomes (`core.lifecycle`) or send (`dispatcher.attempt`).
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from time import perf_counter

from hookwright.core.event import delivery_id, event_id
from hookwright.core.lifecycle import Decision, RouteState, decide, give_up
from hookwright.core.outcome import Verdict
from hookwright.core.request import Outgoing
from hookwright.dispatcher.attempt import Performed, Pipeline, Target
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.lane import Lane, LastInvocation
from hookwright.dispatcher.overflow import Overflow
from hookwright.dispatcher.parsed import Parsed
from hookwright.dispatcher.records import Bodies, detail, friendly_id
from hookwright.dispatcher.results import Result, Results
from hookwright.store.port import Action, AttemptRecord, DeadReason, Delivery, Finish, Work
from hookwright.telemetry.record import AttemptDetails

_QUANTUM = 0.0005  # seconds of rendering granted a visit
_CREDIT_MAX = 0.002
_EARLY = 0.002  # a timer may fire a little before its time
_SLICE = 0.001  # seconds of work before the loop gets control back
_Attempt = tuple[Lane, Target, Delivery, Outgoing, bool]  # the last: whether it probes an open circuit


class Lanes:
    """Every webhook's lane. `observe` is called with the details of each attempt (metrics and logs)."""

    def __init__(
        self,
        work: Work,
        pipeline: Pipeline,
        clock: Clock,
        *,
        bodies: Bodies,
        observe: Callable[[AttemptDetails], None],
        jitter: Callable[[], float] = lambda: random.uniform(-1.0, 1.0),  # noqa: S311 - spreads retries
    ) -> None:
        self._work, self._pipeline, self._clock = work, pipeline, clock
        self._bodies, self._observe, self._jitter = bodies, observe, jitter
        self.by_key: dict[str, Lane] = {}
        self.waiting = 0
        """Deliveries not finished, all lanes together."""
        self.waiting_bytes = 0
        self.in_flight = 0
        self.stopping = False
        self._ready: deque[Lane] = deque()
        self._turn_scheduled = False
        self._results = Results(work, self._written, self._wake_all)
        self._overflow = Overflow(work, clock, wake=self.wake, wake_at=self._wake_at)
        self.parsed = Parsed()
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: list[asyncio.Future[_Attempt | None]] = []
        """Tasks that have no attempt, by what they wait for."""
        self._loop = asyncio.get_running_loop()

    def lane(self, key: str) -> Lane:
        """The lane of a webhook, made at first use."""
        lane = self.by_key.get(key)
        if lane is None:
            lane = self.by_key[key] = Lane(key)
        return lane

    # --- coming in -----------------------------------------------------------------------------

    def reserve(self, lane: Lane, size: int) -> None:
        """Count a delivery that is about to be stored, so that concurrent requests see the backlog grow."""
        lane.waiting += 1
        lane.waiting_bytes += size
        self.waiting += 1
        self.waiting_bytes += size

    def release(self, lane: Lane, size: int) -> None:
        """The opposite: it was not stored, or is done with."""
        lane.waiting -= 1
        lane.waiting_bytes -= size
        self.waiting -= 1
        self.waiting_bytes -= size

    def push(self, lane: Lane, delivery: Delivery) -> None:
        """A delivery is on stable storage (and reserved): queue it, or leave it to the store when the lane is full."""
        queued = self._overflow.push(lane, delivery)
        if not lane.in_turn and (queued or not lane.queue):
            self.wake(lane)

    # --- turns ---------------------------------------------------------------------------------

    def wake(self, lane: Lane) -> None:
        """Something about a lane changed: let it take its turn if it can start anything, and refill it."""
        if lane.in_turn or self.stopping or self._results.stuck:
            return
        if self._overflow.wanted(lane):
            lane.claiming = True
            self.spawn(self._overflow.claim(lane))
        now = self._clock.monotonic()
        until = lane.blocked_until(now)
        if until is None:
            return
        if until > now:
            self._wake_at(lane, until)
            return
        lane.in_turn = True
        self._ready.append(lane)
        if not self._turn_scheduled:
            self._turn_scheduled = True
            self._loop.call_soon(self._turns)

    def _wake_all(self) -> None:
        for lane in list(self.by_key.values()):
            self.wake(lane)

    def _wake_at(self, lane: Lane, when: float) -> None:
        if lane.wake_at is not None and lane.wake_at <= when:
            return
        lane.wake_at = when
        self._loop.call_later(max(0.0, when - self._clock.monotonic()), self._timer, lane, when)

    def _timer(self, lane: Lane, when: float) -> None:
        if lane.wake_at == when:
            lane.wake_at = None
        if lane.due_at is not None:
            if lane.due_at <= self._clock.monotonic() + _EARLY:
                lane.due_at = None
                lane.more = True
            else:  # woken for another reason, which must not cost the timer of what is due later
                self._wake_at(lane, lane.due_at)
        self.wake(lane)

    def _turns(self) -> None:
        self._turn_scheduled = False
        began = perf_counter()
        while self._ready and not self.stopping:
            lane = self._ready.popleft()
            lane.in_turn = False
            lane.credit = min(lane.credit + _QUANTUM, _CREDIT_MAX)
            before = perf_counter()
            while lane.credit > 0 and lane.blocked_until(self._clock.monotonic()) == 0.0:
                self._start(lane)
                after = perf_counter()
                lane.credit -= after - before
                before = after
            self.wake(lane)
            if before - began > _SLICE:
                break
        if self._ready and not self._turn_scheduled:
            self._turn_scheduled = True
            self._loop.call_soon(self._turns)

    # --- one attempt ---------------------------------------------------------------------------

    def _start(self, lane: Lane) -> None:
        delivery = self._overflow.pop(lane)
        target = lane.target
        assert target is not None
        burial = give_up(
            lane.state, received=delivery.received / 1000, policy=target.route.retry, deleted_at=None,
            now=self._clock.now(),
        )  # fmt: skip
        if burial is not None:
            self._give_up(lane, delivery, DeadReason(burial.reason), burial.message)
            return
        monotonic = self._clock.monotonic()
        probe = lane.circuit.start()
        if lane.window is not None:
            lane.window.start(monotonic)
        lane.in_flight += 1
        self.in_flight += 1
        prepared = self._pipeline.prepare(
            target, delivery.raw, trigger=delivery.trigger, attempt=delivery.attempts + 1,
            delivery_id=delivery_id(delivery.key, self._work.tag), document=self.parsed.document(delivery),
        )  # fmt: skip
        if isinstance(prepared, Performed):
            self._ended(lane, target, delivery, prepared, self._clock.now_ms(), probe)
            return
        attempt = (lane, target, delivery, prepared, probe)
        if self._idle:
            self._idle.pop().set_result(attempt)
        else:
            self.spawn(self._attempts(attempt))

    async def _attempts(self, attempt: _Attempt | None) -> None:
        """One attempt after the other: a task for each would cost more than judging its answer."""
        while attempt is not None:
            await self._attempt(*attempt)
            if self.stopping:
                return
            waiter = self._loop.create_future()
            self._idle.append(waiter)
            attempt = await waiter

    async def _attempt(
        self, lane: Lane, target: Target, delivery: Delivery, outgoing: Outgoing, probe: bool
    ) -> None:
        began = self._clock.now_ms()
        try:
            performed = await self._pipeline.perform(target, outgoing)
        except asyncio.CancelledError:
            self._abandon(lane, delivery, probe)
            raise
        self._ended(lane, target, delivery, performed, began, probe)

    def _abandon(self, lane: Lane, delivery: Delivery, probe: bool) -> None:
        """Uncounted: it is tried again from the store."""
        lane.in_flight -= 1
        self.in_flight -= 1
        lane.circuit.abandon(probe=probe)
        lane.keys.discard(delivery.key)
        lane.more = True
        self.wake(lane)

    def _ended(
        self, lane: Lane, target: Target, delivery: Delivery, performed: Performed, began_ms: int, probe: bool
    ) -> None:
        lane.in_flight -= 1
        self.in_flight -= 1
        now_ms = self._clock.now_ms()
        outcome = performed.outcome
        decision = decide(
            outcome, attempts=delivery.attempts, steps=delivery.steps, received=delivery.received / 1000,
            policy=target.route.retry, probing=probe, now=now_ms / 1000, jitter=self._jitter(),
        )  # fmt: skip
        monotonic = self._clock.monotonic()
        lane.circuit.record(outcome.verdict, probe=probe, now=monotonic)
        if decision.pause:
            lane.paused_until = max(lane.paused_until, monotonic + decision.pause)
        if decision.action == "delay":
            due = monotonic + decision.delay
            lane.due_at = due if lane.due_at is None else min(lane.due_at, due)
        message = decision.message
        redactor = target.redactor()
        delivered = outcome.verdict is Verdict.DELIVERED
        if not delivered:
            message = redactor.text(message)
        record = AttemptRecord(
            delivery_key=delivery.key,
            attempt=decision.attempts,
            event_key=delivery.event_key,
            route=lane.key,
            kind="Delivery",
            trigger=delivery.trigger,
            result=decision.result,
            status=outcome.status,
            cause=outcome.cause,
            time=began_ms,
            duration=performed.duration,
            detail=detail(performed, redactor, message=message, delivered=delivered, bodies=self._bodies),
            friendly_id=friendly_id(delivery.raw),
        )
        self._remember(lane, record, message)
        self._observe(
            AttemptDetails(
                record,
                self._work.tag,
                target.route.host,
                delivery.received,
                now_ms,
                message,
                performed.answer is not None and performed.answer.phases.tls is not None,
            )
        )
        self._finish(lane, delivery, decision, record, message, now_ms)
        if outcome.verdict is Verdict.GONE and lane.target is target:
            self._gone(lane, target)
        else:
            self.wake(lane)

    def _remember(self, lane: Lane, record: AttemptRecord, message: str) -> None:
        lane.dirty = True
        if record.result == "Delivered":
            lane.last_success_ms = record.time
            lane.consecutive_failures = 0
        else:
            lane.last_failure_ms = record.time
            lane.consecutive_failures += 1
        lane.last = LastInvocation(
            record.time, record.result, event_id(record.event_key, self._work.tag), record.trigger, record.attempt,
            record.status, record.duration, message,
        )  # fmt: skip

    def _finish(
        self,
        lane: Lane,
        delivery: Delivery,
        decision: Decision,
        record: AttemptRecord,
        message: str,
        now_ms: int,
    ) -> None:
        finish = Finish(
            key=delivery.key,
            route=lane.key,
            action=Action(decision.action),
            record=record,
            due=now_ms + int(decision.delay * 1000),
            steps=decision.steps,
            attempts=decision.attempts,
            reason=DeadReason(decision.reason) if decision.reason else None,
            message=message,
            at=now_ms,
            sole=delivery.sole,
        )
        self._results.write(Result(lane, delivery, finish))

    def _give_up(self, lane: Lane, delivery: Delivery, reason: DeadReason, message: str) -> None:
        finish = Finish(
            key=delivery.key, route=lane.key, action=Action.BURY, reason=reason, message=message,
            attempts=delivery.attempts, at=self._clock.now_ms(), sole=delivery.sole,
        )  # fmt: skip
        self._results.write(Result(lane, delivery, finish))

    # --- results -------------------------------------------------------------------------------

    def _written(self, result: Result) -> None:
        lane, finish = result.lane, result.finish
        lane.forget(finish.key)
        if finish.action is Action.DELAY:
            if lane.due_at is not None:
                self._wake_at(lane, lane.due_at)
        else:
            self.release(lane, len(result.delivery.raw))
            if finish.action is Action.BURY:
                lane.dead += 1
        self.wake(lane)

    # --- states ----------------------------------------------------------------------------------

    def _gone(self, lane: Lane, target: Target) -> None:
        lane.state = RouteState.GONE
        lane.gone_mark = target.mark
        lane.message = "The target answered 410 Gone; change the spec or set hookwright.io/requestedAt anew."
        lane.dirty = True
        self.bury_all(
            lane, DeadReason.GONE, "The target answered 410 Gone to an earlier delivery of this webhook."
        )

    def bury_all(
        self, lane: Lane, reason: DeadReason, message: str, received_before: int | None = None
    ) -> None:
        """What waits of a lane becomes dead letters (those received before a time, if given)."""
        self.spawn(self._bury_all(lane, reason, message, received_before))

    async def _bury_all(
        self, lane: Lane, reason: DeadReason, message: str, received_before: int | None
    ) -> None:
        count, size = await self._overflow.bury(lane, reason, message, received_before)
        lane.waiting -= count
        lane.waiting_bytes -= size
        self.waiting -= count
        self.waiting_bytes -= size
        lane.dead += count
        self.wake(lane)

    def spawn(self, work: Awaitable[None]) -> None:
        """Run something in the background; `close` waits for it."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- the end ---------------------------------------------------------------------------------

    def stop(self) -> None:
        """No new attempts from now on."""
        self.stopping = True
        while self._idle:
            self._idle.pop().set_result(None)

    async def drain(self, timeout: float) -> None:
        """Wait up to `timeout` seconds for attempts under way, abort the rest uncounted, write all results."""
        self.stop()
        if self._tasks and timeout > 0:
            await asyncio.wait(set(self._tasks), timeout=timeout)
        self.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._results.flush()

    def abort(self) -> None:
        """Stop, and end the attempts under way uncounted; a drain that waits for them goes on at once."""
        self.stop()
        for task in set(self._tasks):
            task.cancel()

    def lanes(self) -> Iterable[Lane]:
        """All lanes."""
        return self.by_key.values()
