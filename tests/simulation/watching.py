"""Whatever waits has a timer or a cause; counts are true; nothing goes in circles; nothing fails unseen.

Looks into the lanes, between two rounds of the loop. Must not: change anything of the product.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from math import inf
from typing import Any

from hookwright.core.backlog import Backlog
from hookwright.core.lane import Lane
from hookwright.core.lifecycle import RouteState
from hookwright.core.records import Delivery
from hookwright.core.shares import namespace_of
from hookwright.limits import DELETED_WEBHOOK_SECONDS, LANE_AGAIN_SECONDS, LANE_QUEUE_LEAST

from .disk import Disk
from .door import Door
from .engine import Engine
from .ledger import Webhook, Wrong

SLACK = 0.05  # seconds that a timer may come late
REPLAYED = 60.0  # seconds by which what is replayed may be taken for younger: until the store has answered
DROPPED = 130.0  # seconds in which two sweeps begin
TIMERS = 300  # of one lane in a second


class Watcher:
    """Of one process."""

    def __init__(
        self,
        wrong: Wrong,
        engine: Engine,
        door: Door,
        disk: Disk,
        webhooks: Mapping[str, Webhook],
        *,
        clocks_jump: bool,
    ) -> None:
        self._wrong = wrong
        self._engine, self._door, self._disk, self._webhooks = engine, door, disk, webhooks
        # keys tell less of ages when clocks jump (`store.port.Work.bury`)
        self._younger = inf if clocks_jump else REPLAYED
        self._second = 0.0
        self._fired: Counter[str] = Counter()
        self._nothing_since: dict[str, float] = {}
        self.dropped: set[str] = set()
        """Webhooks whose lanes were dropped: what is remembered of them is not theirs if they come back."""

    def watch(self) -> None:
        """Count timers from now on."""
        lanes: Any = self._engine.lanes
        clock, timer, wake_at, ask = self._engine.clock, lanes._timer, lanes._wake_at, lanes._claims.ask
        drop = lanes.drop_spent

        def fired(seat: Any) -> None:
            self._count(seat.lane.key)
            timer(seat)

        def woken(seat: Any, when: float) -> None:
            if when < clock.now() - SLACK:
                raise self._wrong("hot", f"{seat.lane.key}: a timer {clock.now() - when:.3f} s ago")
            wake_at(seat, when)

        def asked(lane: Lane, what: Any) -> None:
            if self._door.of_lanes[lane.key] > 0:
                raise self._wrong("hot", f"{lane.key}: the store is asked beside what it was asked")
            ask(lane, what)

        def dropped() -> None:
            before = set(lanes._seats)
            drop()
            self.dropped |= before - lanes._seats.keys()

        lanes._timer, lanes._wake_at, lanes._claims.ask, lanes.drop_spent = fired, woken, asked, dropped

    def _count(self, route: str) -> None:
        now = self._engine.clock.now()
        if now > self._second + 1.0:
            self._second = now
            self._fired.clear()
        self._fired[route] += 1
        if self._fired[route] > TIMERS:
            raise self._wrong("hot", f"{route}: more than {TIMERS} timers in a second")

    # --- looking -----------------------------------------------------------------------------------

    def look(self, *, quiet: bool, calm: float, settled: bool) -> None:
        """`quiet`: no call of the store is under way; `calm`: for how long the store has been well.

        `settled`: for some sweeps nothing has happened.
        """
        engine = self._engine
        lanes: Any = engine.lanes
        sums = [0, 0, 0, 0]
        # all lanes are settled anew, as results can be written again
        resuming = any(task.get_name() == "settle" for task in lanes._background._tasks)
        for seat in list(lanes._seats.values()):
            lane, queue = seat.lane, seat.lane._queue
            of_lane = (lane.waiting, lane.in_flight, queue._size, queue._asked)
            sums = [one + other for one, other in zip(sums, of_lane, strict=True)]
            self._sums(lane)
            if quiet:
                self._counts(lane, settled)
                self._kept(lane, calm)
            if not lanes.stopping and not lanes._results.stuck and not resuming:
                complaint = self._complaint(seat, lanes, quiet)
                if complaint is not None:
                    raise self._wrong("stuck", f"{lane.key}: {complaint}")
        totals = lanes.totals
        seen = [
            totals.waiting,
            totals.in_flight,
            totals.queue_bytes,
            totals.asked_bytes,
        ]
        if sums != seen:
            raise self._wrong("counts", f"the sums are {seen}, of all lanes {sums}")
        if quiet and not self._door.broke:  # then nobody can say what was stored
            self._shares(lanes)
        if quiet:
            self._all_known(lanes)
            self._all_told()

    def _sums(self, lane: Lane) -> None:
        memory = len(lane._queue) + lane.in_flight + lane._unwritten
        if len(lane._known) != memory:
            raise self._wrong(
                "counts",
                f"{lane.key}: {len(lane._known)} are in memory, {len(lane._queue)} of them queued, "
                f"{lane.in_flight} in flight, {lane._unwritten} unwritten",
            )
        if min(lane.in_flight, lane._unwritten, lane._reserved) < 0:
            raise self._wrong("counts", f"{lane.key}: less than nothing is under way")

    def _counts(self, lane: Lane, settled: bool) -> None:
        """A sweep may count dead letters that are on their way once more, until the next two."""
        if lane._reserved:
            return
        seen, stored = (lane.waiting, lane.waiting_bytes, lane.dead), self._disk.sizes(lane.key)
        webhook = self._webhooks[lane.key]
        if seen == stored:
            webhook.in_doubt = False
        elif not webhook.in_doubt and (seen[:2] != stored[:2] or settled):
            raise self._wrong("counts", f"{lane.key}: (waiting, bytes, dead) {seen}, the store has {stored}")

    def _shares(self, lanes: Any) -> None:
        """What waits of each namespace is what the store has; an event counts once, or little more after a replay."""
        counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
        sizes: dict[int, int] = {}
        for route, rows in self._disk.waiting():
            for one in rows.values():
                counts[namespace_of(route)][one.event_key] += 1
                sizes[one.event_key] = len(one.raw)
        for namespace in counts.keys() | lanes.shares.waiting().keys():
            events, share = counts[namespace], lanes.shares.of(namespace)
            once = sum(sizes[key] for key in events)
            most = sum(sizes[key] * count for key, count in events.items())
            if share.waiting != events.total() or not once <= share.bytes <= most:
                raise self._wrong(
                    "counts",
                    f"{namespace}: {share.waiting} wait with {share.bytes} bytes, the store has {events.total()} "
                    f"with {once}, counted for each {most}",
                )

    def _kept(self, lane: Lane, calm: float) -> None:
        """The lane of a webhook that is away, and of which nothing is left, goes with the next sweep."""
        now, deleted_at = self._engine.clock.now(), lane.standing.deleted_at
        if deleted_at is None or self._disk.sizes(lane.key) != (0, 0, 0) or lane._known:
            self._nothing_since.pop(lane.key, None)
            return
        since = max(deleted_at, self._nothing_since.setdefault(lane.key, now))
        if min(now - since, calm) > DROPPED and not self._webhooks[lane.key].in_doubt:
            raise self._wrong(
                "kept", f"{lane.key}: nothing is left of it, and it has a lane for {now - since:.0f} s"
            )

    def _all_known(self, lanes: Any) -> None:
        for route, rows in self._disk.waiting():
            if route not in lanes._seats and not self._webhooks[route].in_doubt:
                raise self._wrong("stuck", f"{route}: {len(rows)} wait, and no lane knows it")

    def _all_told(self) -> None:
        if self._engine.stopping:
            return
        for name, count in self._door.raised.items():
            if self._engine.told[name] < count:
                raise self._wrong(
                    "unseen", f"{name} failed {count} times, told {self._engine.told[name]} times"
                )

    # --- timers and causes ---------------------------------------------------------------------------

    def _complaint(self, seat: Any, lanes: Any, quiet: bool) -> str | None:
        """Why what waits of a webhook waits without a timer or a cause; None: it has one."""
        lane, backlog = seat.lane, seat.lane._backlog
        if not lane.standing.known:
            return "nobody said whether it is in the configuration"
        if seat.in_turn:
            turns = lanes._turns
            comes = seat in seat.circle.takers and seat.circle in turns._ready and turns._scheduled
            return None if comes else "it has a turn that never comes"
        if seat.parked:
            waits = lanes._gate.places._waiting.get(namespace_of(lane.key), {})
            return None if lane.key in waits else "it waits for a place, and stands in no line"
        timer = inf if seat.timer is None else seat.timer_at
        complaint = self._queue_complaint(lane, timer)
        if complaint is not None or not quiet:
            return complaint
        if backlog.asked is not None:
            return "it asked the store, which is not asked"
        rows = self._disk.rows(lane.key)
        if len(rows) <= len(lane._known) or lane._reserved or self._webhooks[lane.key].in_doubt:
            return None
        known = lane._known
        outside = [one for key, one in rows.items() if key not in known]
        return self._outside_complaint(lane, backlog, outside, timer)

    def _queue_complaint(self, lane: Lane, timer: float) -> str | None:
        if not lane._queue or lane.standing.state is not RouteState.RUNNING:
            return None
        now = self._engine.clock.now()
        ready_at = lane.ready_at(now)
        if ready_at is None:
            if lane.in_flight or lane._unwritten:
                return None
            return "its queue is blocked and nothing will wake it"
        if ready_at == 0.0:
            return None if timer <= now + SLACK else "it may start what is queued and has no turn"
        if timer > ready_at + SLACK:
            return f"its queue may go on in {ready_at - now:.3f} s and no timer says so"
        return None

    def _outside_complaint(
        self, lane: Lane, backlog: Backlog, outside: list[Delivery], timer: float
    ) -> str | None:
        now = self._engine.clock.now()
        oldest = min(one.received for one in outside) / 1000
        if backlog.oldest > oldest + self._younger:
            return (
                f"the store has some received {backlog.oldest - oldest:.3f} s before the oldest it knows of"
            )
        if backlog._quiet_until > now:
            return None if timer <= backlog._quiet_until + SLACK else "it waits to ask again and has no timer"
        end_at = self._end_at(lane, oldest)
        state = lane.standing.state
        if timer > max(end_at, now) + self._younger and not (lane._queue and state is RouteState.RUNNING):
            return f"something is to be given up in {end_at - now:.3f} s, and no timer says so"
        if state is RouteState.GONE:
            return f"{len(outside)} wait in the store, and it is gone"
        if state is RouteState.HELD:
            return None
        if backlog.behind:
            # one with more than a few queued may have been full when it was looked at, as all lanes together were: what is
            # queued goes on, and then it asks
            few = len(lane._queue) <= LANE_QUEUE_LEAST // 2 and lane._queue.is_low()
            return "the store has more and it does not ask" if few and timer > now + SLACK else None
        due = min(one.due for one in outside) / 1000
        if backlog.next_due > max(due, now) + SLACK:
            return f"{len(outside)} in the store, the first due {backlog.next_due - due:.3f} s before it would look"
        if timer > max(backlog.next_due, now) + SLACK:
            return f"{len(outside)} in the store, the first due in {due - now:.3f} s, and no timer"
        return None

    def _end_at(self, lane: Lane, oldest: float) -> float:
        end = max(oldest + lane._rules.retry.max_age, lane._checked_at + LANE_AGAIN_SECONDS)
        deleted_at = lane.standing.deleted_at
        return end if deleted_at is None else min(end, deleted_at + DELETED_WEBHOOK_SECONDS)
