"""The process ends or stands still: kill -9 at every kind of moment, SIGTERM, SIGSTOP, a large backlog at a start."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from pathlib import Path

import httpx

from faults.bench import Bench
from faults.scenario import scenario
from rig import until

DELAYS = (0, 5, 50, 300)  # ms of the target's answers: nothing waits, something does, much does
LOSES_NOTHING = "nothing acknowledged is lost; duplicates ≤ 2 × in flight a kill; back by itself"


@scenario("kill -9 under load", LOSES_NOTHING)
def kill_under_load(bench: Bench) -> None:
    bench.webhook("one")
    killed_under_load(bench)


def killed_under_load(bench: Bench) -> None:
    """The dispatcher, with the webhook `one`, again and again."""
    bench.start()
    bench.load()
    for _ in range(bench.size.kills):
        bench.target_does("/one", "delay", bench.chance.choice(DELAYS))
        bench.back()
        time.sleep(bench.chance.uniform(0.05, 1.0))
        bench.kill()
        bench.start()
    bench.back()
    bench.pause()


@scenario("kill -9 during a start", LOSES_NOTHING)
def kill_during_start(bench: Bench) -> None:
    bench.webhook("one")
    bench.start()
    bench.load()
    took = bench.back()
    for _ in range(bench.size.kills):
        bench.target_does("/one", "delay", bench.chance.choice(DELAYS))
        time.sleep(bench.chance.uniform(0, 0.2))
        bench.kill()
        bench.launch()
        time.sleep(bench.chance.uniform(0, took))
        bench.kill()
        bench.start()
        took = bench.back()
    bench.pause()


@scenario("kill -9 during a replay of dead letters", LOSES_NOTHING)
def kill_during_replay(bench: Bench) -> None:
    bench.webhook("one")
    bench.target_does("/one", "status", 400)
    bench.start()
    bench.under_load(batch=50, rate=2 * bench.size.rate)
    until(lambda: not bench.pending())
    bench.target_does("/one", "ok")
    for _ in range(bench.size.kills):
        replay = threading.Thread(target=_replay, args=(bench,))
        replay.start()
        time.sleep(bench.chance.uniform(0, 0.1))
        bench.kill()
        replay.join()
        bench.start()
    while bench.dead():
        _replay(bench)
    bench.check(bench.delivered("one"), "a replayed delivery did not arrive")


def _replay(bench: Bench) -> None:
    with contextlib.suppress(httpx.HTTPError):
        bench.http.post("/admin/v1/replays", json={"webhook": "one/one"})


@scenario("kill -9 while the log is written back (checkpoint)", LOSES_NOTHING)
def kill_at_checkpoint(bench: Bench) -> None:
    bench.webhook("one")
    bench.start()
    bench.load(bytes=20_000)
    for _ in range(bench.size.kills):
        bench.target_does("/one", "delay", bench.chance.choice(DELAYS))
        bench.back()
        _written_back(bench.data)
        time.sleep(bench.chance.uniform(0, 0.01))
        bench.kill()
        bench.start()
    bench.back()
    bench.pause()


def _written_back(data: Path) -> None:
    """Wait until the database itself is written; between two checkpoints that is its log alone."""
    [database] = data.glob("*.db")
    before = database.stat().st_mtime_ns
    end = time.monotonic() + 30
    while database.stat().st_mtime_ns == before and time.monotonic() < end:
        time.sleep(0.001)


@scenario("kill -9 during a drain", LOSES_NOTHING)
def kill_during_drain(bench: Bench) -> None:
    bench.webhook("one")
    bench.target_does("/one", "delay", 1_000)
    bench.start()
    bench.load(rate=50)
    for _ in range(bench.size.kills):
        bench.back()
        time.sleep(bench.chance.uniform(0.1, 0.5))
        bench.signal(signal.SIGTERM)
        if bench.exit_code(bench.chance.uniform(0, 0.8)) is None:
            bench.kill()
        bench.start()
    bench.back()
    bench.pause()


@scenario("SIGTERM under load", "ends with 0; nothing acknowledged is lost, nothing is delivered twice")
def sigterm_under_load(bench: Bench) -> None:
    bench.webhook("one")
    bench.target_does("/one", "delay", 20)
    bench.start()
    bench.load()
    for _ in range(bench.size.kills):
        bench.back()
        time.sleep(bench.chance.uniform(0.05, 1.0))
        bench.stop()
        bench.start()
    bench.back()
    bench.pause()


@scenario("SIGSTOP, then SIGCONT", "goes on by itself; nothing acknowledged is lost")
def stopped(bench: Bench) -> None:
    bench.webhook("one")
    bench.start()
    bench.load()
    bench.back()
    time.sleep(bench.chance.uniform(0.2, 1.0))
    bench.signal(signal.SIGSTOP)
    time.sleep(bench.size.stop)
    bench.signal(signal.SIGCONT)
    bench.verdict.allowed += bench.in_flight  # attempts whose time ran out meanwhile
    bench.back(time.monotonic())
    bench.pause()


@scenario("kill -9 and a start with a large backlog", "every delivery is still there; back in under 5 s")
def backlog_at_restart(bench: Bench) -> None:
    bench.webhook("one", rateLimit={"requests": 1, "per": "Hour"})
    bench.webhook("two")
    bench.start()
    bench.load(to="one", batch=1_000, rate=1_000_000)
    until(lambda: len(bench.ledger.read().acknowledged) >= bench.size.waiting, 300)
    bench.pause()
    waiting = bench.pending()
    bench.kill()
    bench.load(to="two", rate=50)
    bench.start()
    bench.back()
    bench.pause()
    bench.check(bench.delivered("two"), "another webhook waits behind the backlog")
    counted = bench.pending()
    bench.check(counted >= waiting - 1, f"{waiting} waited before, {counted} after")
    bench.webhook("one")
