"""The event loop is watched: how long it stands still, and on what."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref

from structlog.testing import capture_logs

from hookwright.telemetry.loop_watch import LoopWatch


def hold_the_loop(watch: LoopWatch) -> None:
    """Stands still until the thread has seen it."""
    while not watch.noticed:
        time.sleep(0.001)


def thread_of_watch() -> threading.Thread:
    """The one that looks."""
    return next(each for each in threading.enumerate() if each.name == "loop-watch")


class Stops:
    """Counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1

    async def reach(self, count: int) -> None:
        """Wait until there were so many."""
        while self.count < count:
            await asyncio.sleep(0)


async def test_a_stop_is_measured_and_its_function_named_once() -> None:
    """The next stop so soon after is counted only; values are nowhere in the line."""
    stops = Stops()
    watch = LoopWatch(stops)
    with capture_logs() as lines:
        watch.start()
        await asyncio.sleep(0)
        for count in (1, 2):
            hold_the_loop(watch)
            await stops.reach(count)
    watch.close()
    (line,) = lines
    assert (line["event"], line["log_level"], line["more"]) == ("loop.stopped", "warning", 0)
    assert line["seconds"] >= 0.05
    assert line["ran"][0].startswith("hold_the_loop (telemetry/test_loop_watch.py:")
    assert "< test_a_stop_is_measured" in line["ran"][0]


async def test_the_longest_stop_is_that_since_the_last_look() -> None:
    """A second look finds less; what only waited cost no CPU time."""
    stops = Stops()
    watch = LoopWatch(stops)
    watch.start()
    hold_the_loop(watch)
    await stops.reach(1)
    first, second = watch.slowest(), watch.slowest()
    watch.close()
    assert first.wall >= 0.05
    assert 0 < first.cpu <= first.wall
    assert (second.wall, second.cpu) == (0.0, 0.0)


async def test_what_another_thread_computes_is_not_the_loops() -> None:
    """The loop waits for it, so the stop is as long by the clock."""
    stops = Stops()
    watch = LoopWatch(stops)
    watch.start()
    await asyncio.sleep(0)
    computed: list[float] = []
    thread = threading.Thread(target=compute, args=(watch, computed))
    thread.start()
    thread.join()
    await stops.reach(1)
    watch.close()
    found = watch.slowest()
    assert found.wall >= 0.05
    assert found.cpu < computed[0] / 2


def compute(watch: LoopWatch, computed: list[float]) -> None:
    """Until the watch has seen the stop; how long, in CPU seconds."""
    while not watch.noticed:
        sum(range(1000))
    computed.append(time.thread_time())


async def test_nothing_of_what_ran_is_kept() -> None:
    """Where it stood was looked at; what it held is free when it ends, without a collection."""
    watch = LoopWatch(Stops())
    gc.disable()
    try:
        watch.start()
        held = weakref.ref(hold_something(watch))
        watch.close()
        await asyncio.to_thread(thread_of_watch().join)
        assert held() is None
    finally:
        gc.enable()


def hold_something(watch: LoopWatch) -> Stops:
    """Stands still as above, and gives what it held meanwhile."""
    something = Stops()
    hold_the_loop(watch)
    return something


async def test_a_watch_that_was_closed_leaves_no_thread() -> None:
    """A process may start and end several dispatchers."""
    watch = LoopWatch(Stops())
    watch.start()
    thread = thread_of_watch()
    watch.close()
    await asyncio.to_thread(thread.join)
    assert not thread.is_alive()


async def test_a_stop_without_an_end_is_told_of_while_it_lasts() -> None:
    """Once: whoever kills the process finds in the log what held it."""
    watch = LoopWatch(Stops())
    with capture_logs() as lines:
        watch.start()
        await asyncio.sleep(0)
        while not lines:
            time.sleep(0.001)
    watch.close()
    assert (lines[0]["event"], lines[0]["log_level"]) == ("loop.hangs", "error")
    assert "test_a_stop_without_an_end" in lines[0]["ran"][0]
