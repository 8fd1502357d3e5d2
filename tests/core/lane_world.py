"""Lanes and a store, driven step by step: what the dispatcher does with them, in any order and as late as a test wants.

Whatever is asked of the store is done in one step and its answer told in another, unless it fails. No loop, no clock:
time is a number. What must hold after each step is in `lane_checks`; what must hold of a start or a burial is here.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from core.lane_builders import Asked, Flight, finish, may_start
from hookwright.core.backlog import Bury
from hookwright.core.lane import Lane
from hookwright.core.lane_queue import Totals
from hookwright.core.lane_steps import Rules
from hookwright.core.lifecycle import RouteState
from hookwright.core.outcome import Outcome
from hookwright.core.records import Action, DeadReason, Delivery, Finish, RouteCounts, Wanted
from hookwright.core.retry import RetryPolicy
from hookwright.limits import DELETED_WEBHOOK_SECONDS, KEY_COUNTER_BITS
from hookwright.store.port import NewDelivery, NewEvent, ReplaySelector, Store

RULES = {
    "team/one": Rules(RetryPolicy((1.0, 30.0), 3600.0, 3600.0), 2),
    "team/two": Rules(RetryPolicy((5.0, 60.0, 300.0), 3600.0, 86_400.0), 1, (3, 10.0)),
    "team/three": Rules(RetryPolicy((0.002, 5.0, 5.0, 5.0), 60.0, 600.0), 4),
}
_FAR = 2**60
_ALL = Wanted(1_000_000, 2**40)
NONE = RouteCounts(0, 0, 0)


@dataclass
class Hook:
    """A webhook's configuration."""

    mark: str
    held: str | None = None


@dataclass
class World:
    """`run` carries a coroutine of the store to its end."""

    store: Store
    run: Callable[[Coroutine[Any, Any, Any]], Any]
    now_ms: int = 1_700_000_000_000
    config: dict[str, Hook] = field(default_factory=dict)
    removed_at: dict[str, float] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    flights: list[Flight] = field(default_factory=list)
    accepted: dict[int, str] = field(default_factory=dict)
    """Every delivery that was acknowledged: its webhook."""
    unsure: set[str] = field(default_factory=set)
    """Webhooks of which events were stored without anybody being told: a sweep finds them and sets counters right."""
    ended: set[int] = field(default_factory=set)
    """Delivered, or dead letters."""
    sent: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=8)))
    """When requests were sent."""
    unsent: dict[int, str] = field(default_factory=dict)
    """Attempts under way that were not sent yet: their webhooks."""
    openings: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        self.last_key = 0
        self.start_lanes()

    @property
    def now(self) -> float:
        """Seconds."""
        return self.now_ms / 1000

    # --- lanes -----------------------------------------------------------------------------------

    def start_lanes(self) -> None:
        """The process starts: all that lanes know comes from the store."""
        self.totals = Totals()
        self.lanes = {route: Lane(route, self.totals) for route in RULES}
        self.timers: dict[str, float] = {}
        self.in_turn: set[str] = set()
        self.asked, self.flights = [], []
        self.sent.clear()
        self.unsent.clear()
        self.unsure.clear()
        counts, remembered, *_ = self.run(self.store.history.recovered())
        for route, lane in self.lanes.items():
            lane.taken(remembered.get(route), counts.get(route), self.now)
        for route, lane in self.lanes.items():
            self._apply(lane, self.config.get(route))

    def configure(self, route: str, hook: Hook | None) -> None:
        """The configuration has a webhook like this, or (None) no more."""
        if hook is None and route in self.config:
            del self.config[route]
            self.removed_at[route] = self.now
        elif hook is not None:
            self.config[route] = hook
        self._apply(self.lanes[route], hook)

    def _apply(self, lane: Lane, hook: Hook | None) -> None:
        if hook is None:
            lane.standing.removed(self.now)
        else:
            lane.configured(RULES[lane.key], mark=hook.mark, held=hook.held)
        self.settle(lane)

    def settle(self, lane: Lane) -> None:
        """What `dispatcher.delivery.lanes` does when something about a lane changed."""
        if lane.standing.hurry:
            self.run(self.store.upkeep.remember([lane.standing.save(lane.key)]))
        if lane.key in self.in_turn:
            return
        turn, ask, wake_at = lane.settle(self.now)
        if isinstance(ask, Bury):
            self._bury(lane, ask)
        elif ask is not None:
            self._claim(lane, ask)
        if turn:
            self.in_turn.add(lane.key)
            self.asked.append(
                Asked("turn", _nothing, lambda _: self.turn(lane), lambda: self.turn(lane), True)
            )
        elif wake_at is not None:
            assert wake_at > self.now, "a lane that is settled at once again never rests"
            self.timers[lane.key] = min(wake_at, self.timers.get(lane.key, wake_at))

    def turn(self, lane: Lane) -> None:
        """Start what may start."""
        self.in_turn.discard(lane.key)
        while may_start(lane, self.now):
            self._start(lane)
        self.settle(lane)

    def _start(self, lane: Lane) -> None:
        was_open = lane.circuit.open
        delivery, probe, given_up = lane.start(self.now)
        assert delivery.key not in self.ended, "it was finished already"
        assert delivery.key not in self.under_way(lane), "it is under way already"
        if given_up is not None:
            self._write(lane, delivery, given_up)
            return
        rules = RULES[lane.key]
        assert lane.in_flight <= rules.max_in_flight
        if rules.rate is not None:
            requests, seconds = rules.rate
            taken = sum(one > self.now - seconds for one in self.sent[lane.key])
            taken += sum(route == lane.key for route in self.unsent.values())
            assert taken < requests, "over the rate limit"
        self.unsent[delivery.key] = lane.key
        opening = self.openings[lane.key]
        if was_open:
            assert probe
            assert not any(
                one.probe and one.lane is lane and one.opening == opening for one in self.flights
            ), "one probe at a time"
        self.flights.append(Flight(lane, delivery, probe, self.config[lane.key].mark, opening))
        if delivery.key % 4 == 1:
            self.send(self.flights[-1])

    def under_way(self, lane: Lane) -> list[int]:
        """Keys of a lane's attempts, of which none comes twice."""
        return [one.delivery.key for one in self.flights if one.lane is lane]

    def send(self, flight: Flight) -> None:
        """The request of an attempt is on its way."""
        if self.unsent.pop(flight.delivery.key, None) is not None:
            self.sent[flight.lane.key].append(self.now)
            flight.lane.sent(flight.delivery.key, self.now)

    def end(self, flight: Flight, outcome: Outcome) -> None:
        """An attempt came to an outcome, sent at the latest just before."""
        self.send(flight)
        self.flights.remove(flight)
        lane, delivery = flight.lane, flight.delivery
        was_open = lane.circuit.open
        decision = lane.ended(
            delivery, outcome, tried=True, probe=flight.probe, mark=flight.mark, now=self.now, jitter=0.0
        )
        if lane.circuit.open and not was_open:
            self.openings[lane.key] += 1
        self._write(lane, delivery, finish(delivery, decision, self.now))
        self.settle(lane)

    def abandon(self, flight: Flight) -> None:
        """An attempt ended without an outcome."""
        self.flights.remove(flight)
        self.unsent.pop(flight.delivery.key, None)
        flight.lane.abandoned(flight.delivery, probe=flight.probe)
        self.settle(flight.lane)

    # --- what is asked of the store ---------------------------------------------------------------

    def accept(self, route: str, count: int = 1, *, size: int = 2) -> None:
        """Events for a webhook come."""
        lane = self.lanes[route]
        if route not in self.config:
            return
        dead = DeadReason.GONE if lane.standing.state is RouteState.GONE else None
        events = []
        for _ in range(count):
            key = self.last_key = max(self.last_key + 2, self.now_ms << KEY_COUNTER_BITS)
            new = NewDelivery(key + 1, route, dead)
            events.append(NewEvent(key, "RequestCreated", None, b"x" * size, self.now_ms, (new,)))
            lane.reserve(size)

        def tell(_: object) -> None:
            for event in events:
                self.accepted[event.key + 1] = route
                if dead is None:
                    lane.accepted(
                        Delivery(
                            event.key + 1, event.key, route, event.event_type, None, event.raw, event.received,
                            sole=True,
                        )
                    )  # fmt: skip
                else:
                    self.ended.add(event.key + 1)
                    lane.dead_at_once(size)
            self.settle(lane)

        def fail() -> None:
            for _ in events:
                lane.release(size)
            self.settle(lane)

        self.asked.append(Asked("accept", lambda: self.store.work.accept(events), tell, fail))

    def _write(self, lane: Lane, delivery: Delivery, result: Finish) -> None:
        def do() -> Coroutine[Any, Any, Any]:
            if result.action is not Action.DELAY:
                self.ended.add(delivery.key)
            return self.store.work.finish([result])

        def tell(_: object) -> None:
            lane.written(delivery, result)
            self.settle(lane)

        def fail() -> None:
            lane.refused(delivery, self.now)
            self.settle(lane)

        self.asked.append(Asked("finish", do, tell, fail))

    def _claim(self, lane: Lane, wanted: Wanted) -> None:
        def tell(found: dict[str, Any]) -> None:
            lane.claimed(found[lane.key])
            self.settle(lane)

        self.asked.append(
            Asked(
                "claim", lambda: self.store.work.claim({lane.key: wanted}, now=self.now_ms), tell,
                lambda: self._unanswered(lane),
            )
        )  # fmt: skip

    def _unanswered(self, lane: Lane) -> None:
        lane.unanswered(self.now)
        self.settle(lane)

    def _bury(self, lane: Lane, asked: Bury) -> None:
        if asked.reason is DeadReason.WEBHOOK_DELETED:
            assert lane.key not in self.config, "it came back"
            assert self.now >= self.removed_at[lane.key] + DELETED_WEBHOOK_SECONDS - 0.002
        else:
            assert asked.reason is not DeadReason.GONE or lane.standing.state is RouteState.GONE

        async def do() -> Any:
            before = await self._waiting(lane.key)
            done = await self.store.work.bury(
                lane.key, asked.reason, asked.message, now=self.now_ms, exclude=asked.exclude,
                received_before=asked.received_before, after=asked.after,
            )  # fmt: skip
            buried = before.keys() - (await self._waiting(lane.key)).keys()
            self.ended |= buried
            return done

        def tell(done: Any) -> None:
            following = lane.buried(done)
            if following is None:
                self.settle(lane)
            else:
                self._bury(lane, following)

        self.asked.append(Asked("bury", do, tell, lambda: self._unanswered(lane), route=lane.key))

    def replay(self, route: str) -> None:
        """All dead letters of a webhook wait again."""
        lane = self.lanes[route]

        async def do() -> Any:
            replayed = await self.store.work.replay(ReplaySelector(route=route), now=self.now_ms, limit=1000)
            self.ended.difference_update(one.key for one in replayed)
            return replayed

        def tell(replayed: Any) -> None:
            if replayed:
                self.removed_at[route] = self.now
                lane.replayed(len(replayed), sum(one.size for one in replayed), self.now)
            self.settle(lane)

        self.asked.append(Asked("replay", do, tell, lambda: None))

    def prune(self) -> None:
        """What is too old leaves the store."""

        def tell(pruned: Any) -> None:
            for route, count in pruned.dead_letters.items():
                self.lanes[route].pruned(count)

        self.asked.append(
            Asked("prune", lambda: self.store.upkeep.prune(now=self.now_ms), tell, lambda: None)
        )

    def sweep(self) -> None:
        """Compare lanes and store."""

        def tell(counts: dict[str, RouteCounts]) -> None:
            for route, lane in self.lanes.items():
                strays = lane.counted(counts.get(route, NONE))
                assert not strays or route in self.unsure, "nobody looked for what waits"
                self.settle(lane)

        self.asked.append(Asked("sweep", lambda: self.store.history.counts([*RULES]), tell, lambda: None))

    # --- steps -----------------------------------------------------------------------------------

    def step(self, number: int, *, fails: bool = False, lost: bool = False) -> None:
        """One of what is asked is done or told. `fails`: it is not done; `lost`: done, but the caller is not told."""
        one = self.asked[number % len(self.asked)]
        if one.done:
            self._tell(one)
        elif fails:
            self.asked.remove(one)
            one.fail()
        elif lost:
            self.run(one.do())
            self.asked.remove(one)
            self.unsure |= {*RULES}
            one.fail()
        else:
            one.answer, one.done = self.run(one.do()), True

    def _tell(self, one: Asked) -> None:
        if one.kind == "claim":  # a store answers in the order of its commits
            for earlier in [each for each in self.asked if each.kind == "accept" and each.done]:
                self._tell(earlier)
        self.asked.remove(one)
        one.tell(one.answer)

    def pass_time(self, seconds: float) -> None:
        """Timers ring and lanes have their turns; nothing else happens."""
        until = self.now_ms + round(seconds * 1000)
        self._turns()
        while self.timers:
            route = min(self.timers, key=self.timers.__getitem__)
            at = math.ceil(self.timers[route] * 1000)
            if at > until:
                break
            self.now_ms = max(self.now_ms, at)
            del self.timers[route]
            self.settle(self.lanes[route])
            self._turns()
        self.now_ms = until

    def _turns(self) -> None:
        for one in [each for each in self.asked if each.kind == "turn"]:
            self._tell(one)

    def work(self, seconds: float, outcome: Outcome) -> None:
        """Everything goes as it should for a while, the target answering everything alike."""
        until = self.now_ms + round(seconds * 1000)
        while True:
            if self.asked:
                self.now_ms += 1
                self.step(0)
            elif self.flights:
                self.now_ms += 1
                self.end(self.flights[0], outcome)
            else:
                at = min(self.timers.values(), default=math.inf)
                if at * 1000 > until:
                    break
                self.pass_time(max(0.0, at - self.now + 0.0005))
        self.now_ms = max(self.now_ms, until)

    # --- what the store holds ----------------------------------------------------------------------

    def waiting(self, route: str) -> dict[int, Delivery]:
        """All that waits in the store."""
        found: dict[int, Delivery] = self.run(self._waiting(route))
        return found

    async def _waiting(self, route: str) -> dict[int, Delivery]:
        found = await self.store.work.claim({route: _ALL}, now=_FAR)
        return {one.key: one for one in found[route].deliveries}


async def _nothing() -> None:
    """A turn asks nothing of the store."""
