"""The store double: the memory store with indexes, behind a writer that is late, full, slow, or dies in between.

`Disk` is what survives a process. `Door` is one process's way to it: every call of the port waits for the writer,
which takes all that waits in one group, carries it out, and answers later, in order, as `store.sqlite` does. A kill
shuts the door: what was not carried out never is, what was is never answered. Must not: know lanes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from hookwright.errors import StoreError, StoreFull
from hookwright.store.memory import MemoryStore
from hookwright.store.port import AttemptRecord, Delivery, RouteCounts

from .virtual import Moment

RETRY_SECONDS = 0.25  # between two tries of what waits for space


class ByRoute(dict[int, Delivery]):
    """Waiting deliveries, also by route, with the bytes of their events."""

    def __init__(self) -> None:
        super().__init__()
        self.routes: dict[str, dict[int, Delivery]] = {}
        self.bytes: dict[str, int] = {}

    def __setitem__(self, key: int, delivery: Delivery) -> None:
        super().__setitem__(key, delivery)
        route = delivery.route
        of_route = self.routes.get(route)
        if of_route is None:
            of_route = self.routes[route] = {}
            self.bytes[route] = 0
        of_route[key] = delivery
        self.bytes[route] += len(delivery.raw)

    def __delitem__(self, key: int) -> None:
        delivery = self.pop(key)
        del self.routes[delivery.route][key]
        self.bytes[delivery.route] -= len(delivery.raw)


class DeadByRoute(dict[int, tuple[int, Any, Delivery]]):
    """Dead letters, also counted by route."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}

    def __setitem__(self, key: int, entry: tuple[int, Any, Delivery]) -> None:
        assert key not in self
        super().__setitem__(key, entry)
        route = entry[2].route
        self.counts[route] = self.counts.get(route, 0) + 1

    def __delitem__(self, key: int) -> None:
        self.counts[self.pop(key)[2].route] -= 1


class Disk(MemoryStore):
    """What is stored, whatever becomes of the process."""

    def __init__(self, *, prunes: bool, **options: Any) -> None:
        super().__init__("simula", **options)
        self._prunes = prunes
        self.waiting = ByRoute()
        self.dead = DeadByRoute()
        self._waiting = self.waiting
        self._dead = self.dead
        self._history = _Nothing()
        self.memory = self._memory
        self.dropped: set[int] = set()
        """Dead letters past their time."""

    def _of(self, route: str, exclude: frozenset[int]) -> Iterator[Delivery]:
        found = self.waiting.routes.get(route, {})
        return (one for key, one in found.items() if key not in exclude)

    async def counts(self) -> dict[str, RouteCounts]:
        waiting, dead = self.waiting, self.dead
        routes = dict.fromkeys([*waiting.routes, *dead.counts])
        counts = {route: self.count(route) for route in routes}
        return {route: count for route, count in counts.items() if count.waiting or count.dead}

    def count(self, route: str) -> RouteCounts:
        """Of one webhook."""
        waiting = self.waiting
        return RouteCounts(
            len(waiting.routes.get(route, ())), waiting.bytes.get(route, 0), self.dead.counts.get(route, 0)
        )

    async def prune(self, *, now: int) -> dict[str, int]:
        if not self._prunes:  # nothing gets that old in a life
            return {"identities": 0, "history": 0, "dead_letters": 0, "events": 0}
        before = set(self.dead)
        dropped = await super().prune(now=now)
        self.dropped |= before - self.dead.keys()
        return dropped


class _Nothing(list[tuple[int, AttemptRecord]]):
    """The history: nobody reads it here."""

    def append(self, entry: tuple[int, AttemptRecord]) -> None:
        pass


class Weather(Protocol):
    """What the world decides about the store."""

    full: bool

    def commit_seconds(self) -> float:
        """Until the next group is carried out."""

    def answer_seconds(self) -> float:
        """From then until it is answered."""

    def dies(self) -> bool:
        """Whether the process is killed at this very moment."""

    def read_fails(self) -> bool:
        """Whether a reader takes longer than it may."""

    def step_rows(self) -> int:
        """Rows of the next step of a burial."""


class Watch(Protocol):
    """Is told of every change when it is carried out, before it is."""

    def change(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """A call of the port."""


@dataclass(slots=True)
class _Call:
    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None
    buried: list[int] = field(default_factory=lambda: [0, 0])


REFUSED_WHEN_FULL = frozenset({"accept", "replay", "bury_waiting", "prune", "clamp"})
PATIENT = frozenset({"finish", "remember"})
READERS = frozenset({"counts", "recovered"})


class Door:
    """Work and History of one process. `killed` is called when the weather says that it dies."""

    def __init__(
        self, disk: Disk, weather: Weather, watch: Watch, moment: Moment, killed: Callable[[], None]
    ) -> None:
        self.tag = disk.tag
        self._disk, self._weather, self._watch, self._moment = disk, weather, watch, moment
        self._killed = killed
        self._loop = asyncio.get_running_loop()
        self._waiting: list[_Call] = []
        self._held: list[_Call] = []
        self._busy = False
        self.under_way = 0
        """Calls that are not answered yet."""
        self.shut = False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        call = partial(self._read if name in READERS else self._submit, name)
        setattr(self, name, call)
        return call

    def stats(self) -> Any:
        """See the port."""
        return self._disk.stats()

    async def close(self) -> None:
        """See the port."""
        self.shut = True
        for call in self._held:
            call.future.cancelled() or call.future.set_exception(StoreError("The store is closed."))

    # --- reading ---------------------------------------------------------------------------------

    async def _read(self, name: str) -> Any:
        self.under_way += 1
        try:
            result = _run(getattr(self._disk, name)())
            await asyncio.sleep(self._weather.answer_seconds())
        finally:
            self.under_way -= 1
        if name == "counts" and self._weather.read_fails():
            raise StoreError("Reading the history took longer than 2.0 s: ask for less.")
        return result

    # --- writing ---------------------------------------------------------------------------------

    def _submit(self, name: str, *args: Any, **kwargs: Any) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append(_Call(name, args, kwargs, future))
        self.under_way += 1
        self._begin()
        return future

    def _begin(self) -> None:
        if not self._busy:
            self._busy = True
            self._after(self._weather.commit_seconds(), self._commit)

    def _after(self, seconds: float, what: Callable[..., None], *args: Any) -> None:
        if seconds > 0:
            self._loop.call_later(seconds, what, *args)
        else:
            self._loop.call_soon(what, *args)

    def _commit(self) -> None:
        if self.shut:
            return
        if self._weather.dies():
            self._killed()
            return
        group, self._waiting = self._waiting, []
        done = [call for call in group if self._carry_out(call)]
        if self._weather.dies():
            self._killed()
            return
        self._after(self._weather.answer_seconds(), self._answer, done)

    def _carry_out(self, call: _Call) -> bool:
        """Whether it is done."""
        if self._weather.full:
            if call.name in PATIENT:
                self._held.append(call)
                if len(self._held) == 1:
                    self._loop.call_later(RETRY_SECONDS, self._try_again)
                return False
            if call.name in REFUSED_WHEN_FULL:
                call.error = StoreFull("free space is under the reserve")
                return True
        if call.name == "bury_waiting":
            return self._bury_some(call)
        self._watch.change(call.name, call.args, call.kwargs)
        call.result = _run(getattr(self._disk, call.name)(*call.args, **call.kwargs))
        return True

    def _bury_some(self, call: _Call) -> bool:
        """One step of a burial; between two others go first."""
        route, exclude = call.args[0], call.kwargs["exclude"]
        before = call.kwargs["received_before"]
        rows = self._disk.waiting.routes.get(route, {})
        chosen = [
            key
            for key, one in rows.items()
            if key not in exclude and (before is None or one.received < before)
        ]
        some = frozenset(chosen[: self._weather.step_rows()])
        if not some:
            call.result = tuple(call.buried)
            return True
        kwargs = {**call.kwargs, "exclude": frozenset(rows) - some}
        self._watch.change(call.name, call.args, kwargs)
        count, size = _run(self._disk.bury_waiting(*call.args, **kwargs))
        call.buried[0] += count
        call.buried[1] += size
        self._waiting.append(call)
        return False

    def _try_again(self) -> None:
        if self.shut:
            return
        self._waiting, self._held = self._held + self._waiting, []
        self._begin()

    def _answer(self, group: list[_Call]) -> None:
        if self.shut:
            return
        for call in group:
            self.under_way -= 1
            if call.future.done():
                continue
            if call.error is None:
                call.future.set_result(call.result)
            else:
                call.future.set_exception(call.error)
        self._busy = False
        if self._waiting:
            self._begin()


def _run(work: Any) -> Any:
    """The result of a coroutine that never waits."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("the memory store waited")
