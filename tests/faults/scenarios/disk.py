"""The disk fails: full, read-only, slow, with errors; the database is damaged, or large and slow to read."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from faults.bench import Bench
from faults.processes import NotPossibleError
from faults.scenario import scenario
from faults.shim import Switch
from rig import until

WAITS = "503 while nothing can be stored; nothing acknowledged is lost; goes on by itself"
REFUSES = "the start is refused with a sentence and touches nothing; with the file put back nothing is lost"
MINUTE = 65.0  # the rounds of upkeep come once in 60 s: a fault that lasts longer meets them


def small_disk(bench: Bench, folder: Path | None = None) -> Path:
    """Put a folder (the data) on a file system of 192 MiB; the file with which another program can fill it."""
    folder = folder or bench.data
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=192m", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True).returncode:
        raise NotPossibleError("mounting a file system is not allowed")
    bench.resources.callback(subprocess.run, ["umount", "-l", folder], check=True)
    return folder / "ballast"


def fill(ballast: Path) -> None:
    """Another program takes all that is left."""
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as opened:
        while opened.write(bytes(65_536)):
            pass


@scenario("disk filled up by another program, for longer than a minute", WAITS)
def disk_full(bench: Bench) -> None:
    ballast = small_disk(bench)
    bench.environment["HOOKWRIGHT_HISTORY_AGE"] = "1s"  # so that there is something to prune
    bench.webhook("one")
    bench.start()
    began = time.monotonic()
    bench.load(rate=50)
    bench.back()
    time.sleep(bench.chance.uniform(0.1, bench.size.seconds))
    fill(ballast)
    until(lambda: bench.ledger.read().refused[503] or bench.ended())
    while time.monotonic() < began + MINUTE and not bench.ended():
        time.sleep(0.1)
    bench.check(bench.status("/readyz") == 503, "while the disk is full readyz does not say so")
    bench.check("shutting down" not in bench.said_ready(), "a full disk made it shut down")
    ballast.unlink()
    bench.back(time.monotonic())
    bench.pause()


@scenario("start on a full disk", "waits until there is space, or answers 503; nothing is lost")
def start_on_full_disk(bench: Bench) -> None:
    ballast = small_disk(bench)
    bench.webhook("one")
    bench.start()
    bench.load(rate=50)
    bench.back()
    bench.kill()
    fill(ballast)
    bench.launch()
    time.sleep(5)
    ballast.unlink()
    bench.back(time.monotonic())
    bench.pause()


@scenario("disk becomes read-only", WAITS)
def read_only(bench: Bench) -> None:
    bench.switch(Switch.READ_ONLY, 0)
    bench.webhook("one")
    bench.start()
    bench.load()
    bench.back()
    time.sleep(bench.chance.uniform(0.1, bench.size.seconds))
    bench.switch(Switch.READ_ONLY, 1)
    until(lambda: bench.ledger.read().refused[503] or bench.ended())
    time.sleep(bench.size.seconds)
    bench.switch(Switch.READ_ONLY, 0)
    bench.back(time.monotonic())
    bench.pause()


@scenario("an fsync takes half a second", "acknowledgements wait for it; nothing is lost or delivered twice")
def slow_fsync(bench: Bench) -> None:
    bench.switch(Switch.SYNC_MS, 0)
    bench.webhook("one")
    bench.start()
    bench.load()
    bench.back()
    bench.switch(Switch.SYNC_MS, 500)
    time.sleep(2 * bench.size.seconds)
    bench.pause()
    bench.check(bench.delivered("one"), "a delivery stands still behind a slow fsync")


@scenario("an fsync fails", "the process ends at once and starts again from what is surely on disk")
def failing_fsync(bench: Bench) -> None:
    bench.switch(Switch.SYNC_ERRNO, 0)
    bench.webhook("one")
    bench.start()
    bench.load()
    for _ in range(bench.size.kills):
        bench.back()
        time.sleep(bench.chance.uniform(0.1, 0.5))
        bench.switch(Switch.SYNC_ERRNO, errno.EIO)
        code = bench.exit_code()
        bench.check(code not in (0, None), f"after a failed fsync the exit code is {code}")
        bench.verdict.allowed += 2 * bench.in_flight
        bench.switch(Switch.SYNC_ERRNO, 0)
        bench.start()
    bench.back()
    bench.pause()


@scenario("truncated database", REFUSES)
def truncated_database(bench: Bench) -> None:
    def harm(database: Path) -> None:
        os.truncate(database, bench.chance.randrange(1, database.stat().st_size))

    _damaged(bench, harm)


@scenario("corrupted database", REFUSES)
def corrupted_database(bench: Bench) -> None:
    def harm(database: Path) -> None:
        whole = bytearray(database.read_bytes())
        for page in range(len(whole) // 4096):
            if bench.chance.random() < 0.3 or page == 1:
                whole[page * 4096 : page * 4096 + 4096] = bench.chance.randbytes(4096)
        database.write_bytes(whole)

    _damaged(bench, harm)


def _damaged(bench: Bench, harm: Callable[[Path], None]) -> None:
    """With deliveries waiting in it."""
    bench.webhook("one")
    bench.target_does("/one", "status", 503)
    bench.start()
    bench.under_load()
    bench.stop()
    [database] = bench.data.glob("*.db")
    kept = bench.folder / "kept"
    shutil.copyfile(database, kept)
    harm(database)
    before, said = _contents(bench.data), len(bench.said())
    bench.launch()
    code = bench.exit_code()
    bench.check(code not in (0, None), f"with a damaged database the exit code is {code}")
    sentence = bench.said()[said:]
    bench.check(str(database) in sentence, f"the refusal does not name the file: {sentence}")
    bench.check("Traceback" not in sentence, "the refusal is a traceback")
    after = _contents(bench.data)
    touched = [name for name, digest in before.items() if after.get(name) != digest]
    bench.check(not touched, f"the refused start changed {touched}")
    if code is None:
        bench.kill()
    shutil.copyfile(kept, database)
    bench.target_does("/one", "ok")
    bench.start()


def _contents(data: Path) -> dict[str, str]:
    """Of the database, its log included."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in data.glob("*.db*")}


@scenario(
    "a count of the whole store takes seconds (large store, slow reads)", "told, survived; others go on"
)
def slow_count(bench: Bench) -> None:
    bench.switch(Switch.READ_US, 0)
    bench.webhook("one", rateLimit={"requests": 1, "per": "Hour"})
    bench.webhook("two")
    bench.start()
    began = time.monotonic()
    bench.load(to="one", batch=1_000, rate=1_000_000)
    until(lambda: len(bench.ledger.read().acknowledged) >= bench.size.waiting, 300)
    bench.load(to="two", rate=50)
    while time.monotonic() < began + MINUTE - 10:
        time.sleep(0.1)
    bench.switch(Switch.READ_US, 20_000)
    while time.monotonic() < began + MINUTE + 5 and not bench.ended():
        time.sleep(0.1)
    bench.switch(Switch.READ_US, 0)
    bench.check(not bench.ended(), "a slow count ended the process")
    bench.webhook("one")
    bench.pause()
