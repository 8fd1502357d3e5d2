"""The store is PostgreSQL, and that goes away: killed, stopped, read-only, failed over; or the dispatcher is killed."""

from __future__ import annotations

import time
from pathlib import Path

from faults import postgres
from faults.bench import Bench
from faults.scenario import ONE_ON_POSTGRES, scenario
from faults.scenarios.disk import fill, small_disk
from faults.scenarios.kills import DELAYS, LOSES_NOTHING, killed_under_load
from postgres_server import Postgres
from rig import until

HEALS = "nothing acknowledged is lost or sent twice; events wait or get 503; the dispatcher goes on by itself"


def _on_postgres(bench: Bench, wait: str = "8s", *, small: bool = False) -> tuple[Postgres, Path]:
    """A server of the round's own, led to by a file, and its folder; `small`: on a file system of 192 MiB."""
    folder = postgres.folder(bench)
    if small:
        small_disk(bench, folder / "data")
    server, environment = postgres.serving(bench, folder, wait)
    bench.environment |= environment
    bench.webhook("one")
    return server, folder


def _pid(bench: Bench) -> int:
    assert bench.process is not None
    return bench.process.pid


@scenario("kill -9 of the dispatcher on PostgreSQL", LOSES_NOTHING, ONE_ON_POSTGRES)
def kill_on_postgres(bench: Bench) -> None:
    _on_postgres(bench)
    killed_under_load(bench)


@scenario("PostgreSQL: all its processes killed under load, started again", HEALS, ONE_ON_POSTGRES)
def database_killed(bench: Bench) -> None:
    server, _ = _on_postgres(bench)
    bench.start()
    bench.load()
    bench.back()
    for _ in range(bench.size.kills):
        bench.target_does("/one", "delay", bench.chance.choice(DELAYS))
        time.sleep(bench.chance.uniform(0.05, 1.0))
        server.kill()
        time.sleep(bench.chance.uniform(0, 1.0))
        server.start()
        bench.back(time.monotonic())
    bench.pause()


@scenario("PostgreSQL stopped, for longer than an event waits", HEALS, ONE_ON_POSTGRES)
def database_stopped(bench: Bench) -> None:
    server, _ = _on_postgres(bench, wait="500ms")
    bench.target_does("/one", "delay", 50)
    bench.start()
    bench.load()
    bench.back()
    before, refused = _pid(bench), bench.ledger.refused[503]
    server.stop()
    until(lambda: bench.ledger.read().refused[503] > refused + 10)
    bench.check("cannot be used" in bench.said_ready(), "while the database is away readyz does not say so")
    bench.check(
        bench.ready(), "while the database is away it is not ready: the Service would refuse all connections"
    )
    server.start()
    bench.back(time.monotonic())
    bench.pause()
    bench.check(_pid(bench) == before and not bench.ended(), "the dispatcher ended")


@scenario("PostgreSQL takes no writes for a while (read-only)", HEALS, ONE_ON_POSTGRES)
def database_read_only(bench: Bench) -> None:
    server, _ = _on_postgres(bench)
    bench.start()
    bench.load()
    bench.back()
    server.configure("default_transaction_read_only = on")
    server.reload()
    until(lambda: "cannot be used" in bench.said_ready())
    acknowledged = len(bench.ledger.read().accepted)
    time.sleep(1)
    bench.check(len(bench.ledger.read().accepted) == acknowledged, "events were acknowledged and not stored")
    server.configure("default_transaction_read_only = off")
    server.reload()
    bench.back(time.monotonic())
    bench.pause()


@scenario("PostgreSQL fails over to its synchronous standby", HEALS, ONE_ON_POSTGRES)
def database_failed_over(bench: Bench) -> None:
    server, folder = _on_postgres(bench)
    standby = server.standby(folder / "standby")
    bench.resources.callback(standby.stop, "immediate")
    (bench.folder / "url").write_text(server.url(standby))
    bench.start()
    bench.load()
    bench.back()
    time.sleep(bench.chance.uniform(0.5, 2.0))
    server.kill()
    standby.promote()
    bench.back(time.monotonic())
    bench.pause()


@scenario("PostgreSQL's disk filled up by another program", HEALS, ONE_ON_POSTGRES)
def database_full(bench: Bench) -> None:
    server, folder = _on_postgres(bench, wait="500ms", small=True)
    server.configure("max_wal_size = 32MB")
    server.reload()
    ballast = folder / "data" / "ballast"
    bench.start()
    bench.load(bytes=4_000)
    bench.back()
    time.sleep(bench.chance.uniform(0.1, bench.size.seconds))
    refused = bench.ledger.refused[503]
    fill(ballast)
    until(lambda: bench.ledger.read().refused[503] > refused + 10)
    ballast.unlink()
    if not server.runs():  # without room for its log it ends, and an operator starts it
        server.start()
    bench.back(time.monotonic())
    bench.pause()
