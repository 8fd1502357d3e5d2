"""What several dispatchers on one PostgreSQL cost: CPU of both, at a fixed rate. Printed, not judged.

    python benchmarks/sharing.py [--quick]

The figures of the sizing table in docs/operations.md: one dispatcher on SQLite and one on PostgreSQL, then several, with
events for one webhook and for many. All share the cores of this machine, so what they cost counts, and not how fast it is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import httpx
import uvloop

sys.path[:0] = [str(Path(__file__).parent.parent / name) for name in ("tools", "tests")]

import postgres_server
from bench import HOST, webhook
from faults import configuration
from load import Load, percentile, target
from ports import kept_port
from postgres_server import Postgres
from rig import TICK, Process, throwaway_ca, until

RATE = 150
MANY = 8
"""Webhooks of an event for many."""


class Cost(NamedTuple):
    """CPU µs an event: of all dispatchers together, and of the database."""

    dispatchers: float
    database: float


def tree(pid: int) -> float:
    """CPU seconds of a process, its children, and those of them that have ended."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(")")
        except OSError:
            continue
        fields = rest.split()
        own = int(name.split(" ", 1)[0]) == pid
        if own or int(fields[1]) == pid:
            total += (int(fields[11]) + int(fields[12])) / TICK
        if own:
            total += (int(fields[13]) + int(fields[14])) / TICK
    return total


def ready(admin: str) -> bool:
    """Whether the dispatcher with this admin port says that it takes events."""
    try:
        return httpx.get(f"http://{admin}/readyz").is_success
    except httpx.TransportError:
        return False


def environment(
    folder: Path, number: int, ca_file: Path, door: int, server: Postgres | None
) -> dict[str, str]:
    """Of one dispatcher; without a server its store is on SQLite."""
    home = folder / f"{number}"
    (home / "last").mkdir(parents=True)
    store = {}
    if server is not None:
        (folder / "url").write_text(server.url())
        store = {
            "HOOKWRIGHT_STORE_KIND": "postgres",
            "HOOKWRIGHT_STORE_POSTGRES_URL_FILE": str(folder / "url"),
        }
    return store | {
        "HOOKWRIGHT_LISTEN": f"127.0.0.1:{kept_port()}", "HOOKWRIGHT_ADMIN": f"127.0.0.1:{kept_port()}",
        "HOOKWRIGHT_INGEST_AUTH": "none", "HOOKWRIGHT_DATA": str(home / "data"), "HOOKWRIGHT_LAST_GOOD": str(home / "last"),
        "HOOKWRIGHT_CONFIG": str(folder / "config"), "HOOKWRIGHT_EGRESS_CA_FILE": str(ca_file),
        "HOOKWRIGHT_EGRESS_CONNECT_TO": f"{HOST}:443:127.0.0.1:{door}",
    }  # fmt: skip


async def measured(
    folder: Path, ca_file: Path, door: int, many: int, count: int, seconds: float, kind: str
) -> Cost:
    """So many dispatchers, and events for so many webhooks."""
    (folder / "manifests").mkdir(parents=True)
    (folder / "manifests" / "all.yaml").write_text("".join(webhook(f"w{number}") for number in range(many)))
    configuration.write(folder / "manifests", folder / "config")
    with ExitStack() as resources:
        server = None
        if kind == "postgres":
            place = resources.enter_context(postgres_server.folder())
            server = resources.enter_context(postgres_server.serving(place))
        processes, ports = [], []
        for number in range(count):
            environ = environment(folder, number, ca_file, door, server)
            command = [sys.executable, "-m", "hookwright", "dispatcher"]
            one = Process(command, folder / f"{number}.log", core=None, env=environ)
            resources.callback(one.end)
            until(lambda admin=environ["HOOKWRIGHT_ADMIN"]: ready(admin))
            processes.append(one)
            ports.append(int(environ["HOOKWRIGHT_LISTEN"].rpartition(":")[2]))
        load = Load(ports[0], others=ports[1:])
        await load.fixed(RATE, 4.0, many)  # each has its webhooks by then
        began = sum(each.cpu() for each in processes), 0.0 if server is None else tree(server.pid)
        run = await load.fixed(RATE, seconds, many)
        ended = sum(each.cpu() for each in processes), 0.0 if server is None else tree(server.pid)
    events = len(run.acks)
    cost = Cost(*((after - before) / events * 1e6 for before, after in zip(began, ended, strict=True)))
    p50, p99 = (percentile(run.deliveries, share) for share in (0.5, 0.99))
    print(
        f"{count} on {kind:8} {many} webhooks an event: dispatchers {cost.dispatchers:5.0f} µs, database "
        f"{cost.database:5.0f} µs an event; end to end p50 {p50:.1f} p99 {p99:.1f} ms; {run.refused} refused, "
        f"{run.undelivered} not delivered"
    )
    return cost


async def main(arguments: Sequence[str]) -> None:
    """All of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    seconds = 5.0 if parser.parse_args(arguments).quick else 20.0
    folder = Path(tempfile.mkdtemp(prefix="hookwright-sharing-"))
    ca_file, cert = throwaway_ca(folder, HOST)
    print(f"{RATE} events a second of 1 KiB, {os.cpu_count()} cores for all of it")
    try:
        async with target(cert) as door:
            for kind, count in (("sqlite", 1), ("postgres", 1), ("postgres", 3)):
                for many in (1, MANY):
                    place = folder / f"{kind}-{count}-{many}"
                    await measured(place, ca_file, door, many, count, seconds, kind)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
