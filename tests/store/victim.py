"""A process with a store, told what to do by lines on its standard input; its answers are lines on standard output.

`accept KEY`, `wave KEY COUNT` (COUNT calls at once, each key 10 apart), `finish KEY`, `flood` (accept and finish
without end), `fill` and `empty` (take all space of the disk and give it back), `close` and `open`, which it begins
with; a refused opening tells how many descriptors are open then.
Run as `python victim.py FOLDER`; HW_FREE may name a file that holds the free bytes of the disk.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path

import uvloop

from hookwright.core.records import Action, AttemptRecord, Finish
from hookwright.errors import StoreError
from hookwright.limits import GIB
from hookwright.store.port import NewDelivery, NewEvent, Store, Work
from hookwright.store.sqlite import SqliteHistory, SqliteStore

ROUTE = "team/hook"
NOW = 1_700_000_000_000
RAW = b'{"event_type":"AccessRequestGranted","data":"' + b"x" * 1_000 + b'"}'


def say(*words: object) -> None:
    """One answer, in one system call."""
    os.write(1, " ".join(map(str, words)).encode() + b"\n")


async def accept(work: Work, key: int) -> None:
    """Store an event with one delivery."""
    event = NewEvent(key, "AccessRequestGranted", "RequestGranted", RAW, NOW, (NewDelivery(key + 1, ROUTE),))
    try:
        await work.accept([event])
    except StoreError as error:
        say("refused", key, type(error).__name__)
    else:
        say("accepted", key)


async def finish(work: Work, key: int) -> None:
    """Acknowledge its delivery."""
    record = AttemptRecord(key + 1, 1, key, ROUTE, "Delivery", None, "Delivered", 200, None, NOW, 1.0, b"{}")
    await work.finish([Finish(key + 1, ROUTE, Action.ACK, record, sole=True)])
    say("finished", key)


async def flood(work: Work, key: int) -> None:
    """Accept and finish without end; every third event is left waiting."""
    while True:
        await accept(work, key)
        if key % 3:
            say("finishing", key)
            await finish(work, key)
        key += 1_000


def fill(ballast: Path) -> None:
    """Take all space of the disk."""
    with ballast.open("wb", buffering=0) as stream, suppress(OSError):
        while stream.write(bytes(4_096)):
            pass
    say("filled")


async def opened(folder: Path, free: Path | None) -> Store | None:
    """Open the store, if that is possible now."""
    free_space = None if free is None else lambda: (int(free.read_text()), 100 * GIB)
    try:
        work = await asyncio.to_thread(SqliteStore.open, folder, free_space=free_space)
    except StoreError as error:
        say("refused", type(error).__name__, len(os.listdir("/proc/self/fd")))
        return None
    say("open", work.tag)
    return Store(work, work, SqliteHistory(folder))


async def serve(folder: Path, free: Path | None) -> None:
    """Carry out commands until the end of standard input."""
    tasks: set[asyncio.Task[None]] = set()

    def start(work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    line = [b"open"]
    store: Store | None = None
    while line:
        command, numbers = line[0].decode(), [int(word) for word in line[1:]]
        if command == "open":
            store = await opened(folder, free)
        elif command == "fill":
            fill(folder / "ballast")
        elif command == "empty":
            (folder / "ballast").unlink()
            say("emptied")
        elif store is None:
            say("nothing is open")
        elif command == "accept":
            start(accept(store.work, numbers[0]))
        elif command == "wave":
            for number in range(numbers[1]):
                start(accept(store.work, numbers[0] + 10 * number))
        elif command == "finish":
            start(finish(store.work, numbers[0]))
        elif command == "flood":
            for number in range(16):
                start(flood(store.work, 10 * number))
        else:
            await store.history.close()
            await store.work.close()
            say("closed")
        line = (await reader.readline()).split()


if __name__ == "__main__":
    free_file = os.environ.get("HW_FREE")
    uvloop.run(serve(Path(sys.argv[1]), Path(free_file) if free_file else None))
