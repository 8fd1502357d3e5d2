"""Lanes and a store under any sequence of what can happen to them: nothing accepted is lost, doubled or forgotten."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.lane_builders import DELIVERED, GONE, REJECTED, RETRY, SLOW
from core.lane_checks import check
from core.lane_world import RULES, Hook, World
from hookwright.limits import DEAD_LETTER_SECONDS
from hookwright.store.memory import MemoryStore
from hookwright.store.opening import open_store
from hookwright.store.port import Retention, Store

ROUTES = st.sampled_from([*RULES])
OUTCOMES = st.sampled_from([DELIVERED, RETRY, SLOW, REJECTED, GONE])
MARKS = st.sampled_from(["first", "second"])
NUMBERS = st.integers(0, 1000)
DAY = 86_400.0


def at_once(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits for something")


class LaneMachine(RuleBasedStateMachine):
    """Over the store in memory. `most`: deliveries from which on no more come in floods."""

    most = 600

    def __init__(self) -> None:
        super().__init__()
        self.world = World(*self.opened())

    def opened(self) -> tuple[Store, Any]:
        """A store, and what carries its coroutines to their end."""
        store = MemoryStore(retention=Retention(dead_letter_seconds=DEAD_LETTER_SECONDS))
        return Store(store, store, store), at_once

    @initialize(count=st.integers(1, len(RULES)), mark=MARKS)
    def begin(self, count: int, mark: str) -> None:
        for route in [*RULES][:count]:
            self.world.configure(route, Hook(mark))

    # --- what happens -----------------------------------------------------------------------------

    @rule(route=ROUTES, count=st.integers(1, 5))
    def accept(self, route: str, count: int) -> None:
        self.world.accept(route, count)

    def flood(self, route: str) -> None:
        """More than a step of a burial, large enough that not all of it is queued."""
        if len(self.world.accepted) < self.most:
            self.world.accept(route, 300, size=20_000)
            while self.world.asked and self.world.asked[-1].kind == "accept":
                self.world.step(-1)

    @precondition(lambda self: self.world.asked)
    @rule(number=NUMBERS, times=st.integers(1, 4))
    def step(self, number: int, times: int) -> None:
        for _ in range(times):
            if self.world.asked:
                self.world.step(number)

    @precondition(lambda self: self.world.asked)
    @rule(number=NUMBERS)
    def fail(self, number: int) -> None:
        self.world.step(number, fails=True)

    @precondition(lambda self: any(one.kind == "accept" for one in self.world.asked))
    @rule()
    def lose_the_answer(self) -> None:
        """The caller of an acceptance is gone before it is answered."""
        number = next(at for at, one in enumerate(self.world.asked) if one.kind == "accept")
        self.world.step(number, lost=True)

    @precondition(lambda self: self.world.flights)
    @rule(number=NUMBERS, outcome=OUTCOMES)
    def end(self, number: int, outcome: Any) -> None:
        self.world.end(self.world.flights[number % len(self.world.flights)], outcome)

    @precondition(lambda self: self.world.flights)
    @rule(number=NUMBERS)
    def abandon(self, number: int) -> None:
        self.world.abandon(self.world.flights[number % len(self.world.flights)])

    @rule(seconds=st.sampled_from([0.001, 0.003, 0.5, 1.0, 4.9, 30.0, 300.0, 599.0]))
    def pass_time(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @rule(seconds=st.sampled_from([0.1, 10.0, 120.0]), outcome=OUTCOMES)
    def work(self, seconds: float, outcome: Any) -> None:
        self.world.work(seconds, outcome)

    @rule(route=ROUTES, mark=MARKS, held=st.sampled_from([None, None, "its Secret is away"]))
    def configure(self, route: str, mark: str, held: str | None) -> None:
        self.world.configure(route, Hook(mark, held))

    @rule(route=ROUTES)
    def remove(self, route: str) -> None:
        self.world.configure(route, None)

    @rule(route=ROUTES)
    def stay_away(self, route: str) -> None:
        """Deleted for so long that what waits is to be buried, of which there is a lot."""
        self.flood(route)
        self.world.configure(route, None)
        self.world.pass_time(600.5)

    @rule(route=st.sampled_from(["team/one", "team/three"]))
    def grow_old(self, route: str) -> None:
        """Held for so long that what waits is too old."""
        self.world.configure(route, Hook("first", "its Secret is away"))
        self.world.pass_time(RULES[route].retry.max_age + 0.5)

    @precondition(lambda self: any(one.kind == "bury" for one in self.world.asked))
    @rule()
    def bury(self) -> None:
        """A step of a burial is done, or told."""
        kinds = [one.kind for one in self.world.asked]
        self.world.step(kinds.index("bury"))

    @precondition(lambda self: any(one.kind == "bury" for one in self.world.asked))
    @rule(mark=MARKS, held=st.sampled_from([None, "its Secret is away"]))
    def come_back(self, mark: str, held: str | None) -> None:
        """A webhook is in the configuration again while it is buried, and gets an event."""
        (route, *_) = [one.route for one in self.world.asked if one.kind == "bury"]
        self.world.configure(route, Hook(mark, held))
        self.world.accept(route)

    @rule(route=ROUTES)
    def replay(self, route: str) -> None:
        self.world.replay(route)

    @rule()
    def prune(self) -> None:
        self.world.prune()

    @rule()
    def sweep(self) -> None:
        self.world.sweep()

    @rule()
    def restart(self) -> None:
        self.world.start_lanes()

    # --- what holds -------------------------------------------------------------------------------

    @invariant()
    def nothing_is_lost(self) -> None:
        check(self.world)

    def teardown(self) -> None:
        """In the end the webhooks that can be sent get all that waits, and what cannot be sent dies of age."""
        try:
            self.finish()
        finally:
            self.close()

    def finish(self) -> None:
        world = self.world
        for route, hook in [*world.config.items()]:
            if hook.held is None and world.lanes[route].standing.state.value == "gone":
                world.configure(route, Hook("third"))
        for _ in range(
            3
        ):  # sweeps find what nobody was told of, of held webhooks when their queues have died
            world.work(DAY, DELIVERED)
            check(world)
            for _ in range(2):
                world.sweep()
                world.work(60.0, DELIVERED)
        world.unsure.clear()
        check(world)
        running = [route for route, hook in world.config.items() if hook.held is None]
        assert not any(world.waiting(route) for route in running), "it should have been delivered"
        assert not any(world.waiting(route) for route in RULES), "it should have died of age"

    def close(self) -> None:
        pass


class SqliteMachine(LaneMachine):
    """Over SQLite, where each step is a transaction."""

    most = 0

    def opened(self) -> tuple[Store, Any]:
        """A store in a file of its own."""
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        store = self.runner.run(open_store(Path(self.folder.name), retention=Retention()))
        return store, self.runner.run

    def close(self) -> None:
        self.runner.run(self.world.store.history.close())
        self.runner.run(self.world.store.work.close())
        self.runner.close()
        self.folder.cleanup()


TestLaneMachine = LaneMachine.TestCase
TestLaneMachine.settings = settings(
    derandomize=True, deadline=None, max_examples=500, stateful_step_count=40, report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
TestSqliteMachine = SqliteMachine.TestCase
TestSqliteMachine.settings = settings(TestLaneMachine.settings, max_examples=20, stateful_step_count=25)
