"""What runs beside the events fails: the table of errors, row by row."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable

import pytest
from structlog.testing import capture_logs

from hookwright.dispatcher.background import Background
from hookwright.errors import StoreAway, StoreBroken, StoreError, StoreFull, StoreWaits


class World:
    """Background with what it tells."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.ended: list[BaseException] = []
        self.background = Background(failed=self.failed.append, end=self.ended.append)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """With nothing under way."""
    world = World()
    yield world
    await world.background.close()


async def raising(error: BaseException | None) -> None:
    """What it does once."""
    if error is not None:
        raise error


async def guarded(world: World, *errors: BaseException | None) -> list[tuple[str, str]]:
    """The lines of the log when a round goes like this, by level."""
    with capture_logs() as lines:
        for error in errors:
            assert await world.background.guard("prune", raising(error)) is (error is None)
    return [(line["event"], line["log_level"]) for line in lines]


async def test_a_store_that_is_broken_ends_the_process(world: World) -> None:
    """It alone: what is on disk is not known any more."""
    assert await guarded(world, StoreBroken("fsync failed")) == [("round.failed", "error")]
    assert [str(error) for error in world.ended] == ["fsync failed"]
    assert world.failed == ["prune"]


@pytest.mark.parametrize(
    "error",
    [
        StoreFull("full"),
        StoreError("It took longer than 2 s."),
        OSError("no inotify"),
        MemoryError(),
        KeyError("x"),
    ],
)
async def test_nothing_else_ends_it(world: World, error: Exception) -> None:
    """It is told and tried again."""
    await guarded(world, error, error)
    assert world.ended == []
    assert world.failed == ["prune", "prune"]


@pytest.mark.parametrize("state", [StoreFull("The disk is full."), StoreAway("The database is away.")])
async def test_a_store_that_waits_is_said_once_and_when_it_is_over(world: World, state: StoreWaits) -> None:
    """As a warning, since it heals by itself; every time counts in the metric, and nothing ends."""
    assert await guarded(world, state, state, state, None, None) == [
        ("round.waits", "warning"),
        ("round.resumed", "info"),
    ]
    assert (world.failed, world.ended) == (["prune"] * 3, [])


async def test_another_failure_is_said_anew(world: World) -> None:
    """What changed is news; the same again is not."""
    slow, locked = StoreError("It took too long."), StoreError("It is locked.")
    assert await guarded(world, slow, slow, locked, locked, None, slow) == [
        ("round.failed", "error"),
        ("round.failed", "error"),
        ("round.resumed", "info"),
        ("round.failed", "error"),
    ]


async def test_what_goes_well_says_nothing(world: World) -> None:
    """No line and no count."""
    assert await guarded(world, None, None) == []
    assert world.failed == []


async def test_a_round_goes_on_after_it_failed(world: World) -> None:
    """However often it fails, each time after its pause."""
    rounds: asyncio.Queue[int] = asyncio.Queue()
    count = 0

    async def fails() -> None:
        nonlocal count
        count += 1
        rounds.put_nowait(count)
        raise StoreError("It took too long.")

    world.background.every("sweep", 0, fails)
    assert [await rounds.get() for _ in range(3)] == [1, 2, 3]
    assert world.failed[:2] == ["sweep", "sweep"]


async def test_one_that_fails_does_not_stop_another(world: World) -> None:
    """Each has a task of its own."""
    done: asyncio.Queue[None] = asyncio.Queue()

    async def works() -> None:
        done.put_nowait(None)

    world.background.every("sweep", 0, lambda: raising(ValueError("counting failed")))
    world.background.every("prune", 0, works)
    for _ in range(3):
        await done.get()
    assert "sweep" in world.failed
    assert "prune" not in world.failed


async def test_what_is_done_once_in_the_background_is_told_when_it_fails(world: World) -> None:
    """No task ends with an error that nobody sees."""
    ended = asyncio.Event()

    async def fails() -> None:
        ended.set()
        raise ValueError("a mistake")

    world.background.spawn("record", fails())
    await ended.wait()
    await asyncio.sleep(0)
    assert world.failed == ["record"]


async def test_at_the_end_nothing_is_left(world: World) -> None:
    """What was just begun has begun; what waits is ended."""
    begun: list[str] = []

    async def waits() -> None:
        begun.append("it")
        await asyncio.Event().wait()

    before: Callable[[], int] = lambda: len(asyncio.all_tasks())  # noqa: E731
    count = before()
    world.background.spawn("record", waits())
    await world.background.close()
    assert begun == ["it"]
    assert before() == count


async def test_what_is_ended_before_it_began_is_closed(world: World) -> None:
    """Else the interpreter says of it, whenever it comes upon it, that it was never awaited."""
    work = raising(None)
    world.background.spawn("prune", work)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert inspect.getcoroutinestate(work) == inspect.CORO_CLOSED
