"""One process's way to the disk: a writer that is late, full, slow, refuses, or dies in between.

Every call of the port waits for the writer, which takes all that waits in one group, carries it out, and answers later,
in order, as `store.sqlite` does. A kill shuts the door: what was not carried out never is, what was is never answered.
Must not: know lanes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from hookwright.core.records import Claimed, Finish
from hookwright.errors import StoreBroken, StoreError, StoreFull
from hookwright.store.alone import OneOwner

from .disk import Disk

RETRY_SECONDS = 0.25  # between two tries of what waits for space


class Weather(Protocol):
    """What the world decides about the store."""

    full: bool
    broken: bool

    def commit_seconds(self) -> float:
        """Until the next group is carried out."""

    def answer_seconds(self) -> float:
        """From then until it is answered."""

    def dies(self) -> bool:
        """Whether the process is killed at this very moment."""

    def fails(self, name: str) -> bool:
        """Whether a call fails: `accept` after it was carried out, `prune` half way, all others before."""

    def refuses(self, finish: Finish) -> bool:
        """Whether a result cannot be stored for what it holds: always the same answer for the same result."""


class Watch(Protocol):
    """Is told of every change."""

    def asked(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """It was asked for just now."""

    def change(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """It is about to be carried out."""

    def claimed(self, found: Mapping[str, Claimed]) -> None:
        """A claim brings this."""

    def in_doubt(self, name: str, args: Sequence[Any]) -> None:
        """It was carried out, and whoever asked for it is not told so."""

    def refused(self, finish: Finish) -> None:
        """A result is not stored."""


@dataclass(slots=True)
class _Call:
    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None


CALLS = ("accept", "stored", "finish", "claim", "bury", "replay", "ping", "remember", "clamp", "prune")
REFUSED_WHEN_FULL = frozenset({"accept", "replay", "bury", "prune", "clamp"})
PATIENT = frozenset({"finish", "remember"})
TOLD = {"claim": "claim", "bury": "bury", "remember": "remember", "prune": "prune", "counts": "sweep"}
"""By what name a call's failure is told."""


class Door(OneOwner):
    """Work and Upkeep of one process, and History by `counts`, `dead_count` and `recovered`.

    `killed` is called when the weather says that it dies.
    """

    def __init__(self, disk: Disk, weather: Weather, watch: Watch, killed: Callable[[], None]) -> None:
        self.tag = disk.tag
        self._disk, self._weather, self._watch, self._killed = disk, weather, watch, killed
        self._loop = asyncio.get_running_loop()
        self._waiting: list[_Call] = []
        self._held: list[_Call] = []
        self._busy = False
        self.under_way = 0
        """Calls that are not answered yet."""
        self.of_lanes: Counter[str] = Counter()
        """Claims and burials under way, by webhook."""
        self.raised: Counter[str] = Counter()
        """Errors answered, by the name under which they must be told."""
        self.shut = self.broke = False
        for name in CALLS:
            setattr(self, name, partial(self._submit, name))
        for name in ("counts", "recovered", "dead_count"):
            setattr(self, name, partial(self._read, name))
        self.stats = disk.stats

    async def close(self) -> None:
        """See the port: what waits for space is given up."""
        if not self.shut and not self._weather.full:
            for call in self._held + self._waiting:
                self._carry_out(call)
        self.shut = True
        for call in self._held + self._waiting:
            call.future.done() or call.future.set_exception(StoreError("The store is closed."))

    # --- reading ---------------------------------------------------------------------------------

    async def _read(self, name: str, *args: Any) -> Any:
        self.under_way += 1
        try:
            result = _run(getattr(self._disk, name)(*args))
            await asyncio.sleep(self._weather.answer_seconds())
        finally:
            self.under_way -= 1
        if name == "counts" and self._weather.fails(name):
            self.raised["sweep"] += 1
            raise StoreError("Reading the history took longer than 2.0 s: ask for less.")
        return result

    # --- writing ---------------------------------------------------------------------------------

    def _submit(self, name: str, *args: Any, **kwargs: Any) -> asyncio.Future[Any]:
        self._watch.asked(name, args, kwargs)
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append(_Call(name, args, kwargs, future))
        self.under_way += 1
        self.of_lanes.update(_lanes(name, args))
        if not self._busy:
            self._begin()
        return future

    def _begin(self) -> None:
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
        name = call.name
        if self._weather.broken:
            self.broke = True
            call.error = StoreBroken("What is on disk is not known any more.")
            return True
        if self._weather.full:
            if name in PATIENT:
                self._held.append(call)
                if len(self._held) == 1:
                    self._loop.call_later(RETRY_SECONDS, self._try_again)
                return False
            if name in REFUSED_WHEN_FULL:
                call.error = StoreFull("free space is under the reserve")
                return True
        if name == "finish" and any(map(self._weather.refuses, call.args[0])):
            call.error = StoreError("A result cannot be stored: text that is none.")
            return True
        fails = self._weather.fails(name)
        if fails and name not in ("accept", "prune"):
            call.error = StoreError(f"It could not {name}.")
            return True
        self._watch.change(name, call.args, call.kwargs)
        try:
            done = "prune_half" if fails and name == "prune" else name
            call.result = _run(getattr(self._disk, done)(*call.args, **call.kwargs))
        except StoreError as error:
            call.error = error
        if name == "claim" and call.result is not None:
            self._watch.claimed(call.result)
        if fails and name == "accept":
            self._watch.in_doubt(name, call.args)
            call.error = StoreError("It is stored, and an error all the same.")
        elif name == "accept" and call.future.cancelled():
            self._watch.in_doubt(name, call.args)
        return True

    def _try_again(self) -> None:
        if self.shut:
            return
        self._waiting, self._held = self._held + self._waiting, []
        if not self._busy:
            self._begin()

    def _answer(self, group: list[_Call]) -> None:
        if self.shut:
            return
        for call in group:
            self.under_way -= 1
            self.of_lanes.subtract(_lanes(call.name, call.args))
            self._answer_one(call)
        self._busy = False
        if self._waiting:
            self._begin()

    def _answer_one(self, call: _Call) -> None:
        future, error = call.future, call.error
        if future.cancelled():
            if call.name == "accept" and error is None:
                self._watch.in_doubt("accept", call.args)
        elif error is None:
            future.set_result(call.result)
        else:
            if call.name in TOLD:
                self.raised[TOLD[call.name]] += 1
            elif call.name == "finish" and len(call.args[0]) == 1:
                self._refused(call.args[0][0])
            future.set_exception(error)

    def _refused(self, finish: Finish) -> None:
        self.raised[
            "record" if finish.record is not None and finish.record.kind == "Manual" else "results"
        ] += 1
        if finish.record is None:
            self._watch.refused(finish)


class Reader:
    """History of one process."""

    def __init__(self, door: Door) -> None:
        self.counts, self.recovered = door.counts, door.recovered  # type: ignore[attr-defined]
        self.dead_count = door.dead_count  # type: ignore[attr-defined]

    async def close(self) -> None:
        """See the port."""


def _lanes(name: str, args: Sequence[Any]) -> Sequence[str]:
    if name == "claim":
        return tuple(args[0])
    return (args[0],) if name == "bury" else ()


def _run(work: Any) -> Any:
    """The result of a coroutine that never waits."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("the memory store waited")
