"""A process with a store, told what to do by lines on its standard input; its answers are lines on standard output.

`accept KEY`, `wave KEY COUNT` (COUNT calls at once, each key 10 apart), `finish KEY`, `flood` (accept and finish
without end), `fill` and `empty` (take all space of the disk and give it back) and `close`.
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
from hookwright.store.port import NewDelivery, NewEvent
from hookwright.store.sqlite import SqliteStore

ROUTE = "team/hook"
NOW = 1_700_000_000_000
RAW = b'{"event_type":"AccessRequestGranted","data":"' + b"x" * 1_000 + b'"}'


def say(*words: object) -> None:
    """One answer, in one system call."""
    os.write(1, " ".join(map(str, words)).encode() + b"\n")


async def accept(store: SqliteStore, key: int) -> None:
    """Store an event with one delivery."""
    event = NewEvent(key, "AccessRequestGranted", "RequestGranted", RAW, NOW, (NewDelivery(key + 1, ROUTE),))
    try:
        await store.accept([event])
    except StoreError as error:
        say("refused", key, type(error).__name__)
    else:
        say("accepted", key)


async def finish(store: SqliteStore, key: int) -> None:
    """Acknowledge its delivery."""
    record = AttemptRecord(key + 1, 1, key, ROUTE, "Delivery", None, "Delivered", 200, None, NOW, 1.0, b"{}")
    await store.finish([Finish(key + 1, ROUTE, Action.ACK, record, sole=True)])
    say("finished", key)


async def flood(store: SqliteStore, key: int) -> None:
    """Accept and finish without end; every third event is left waiting."""
    while True:
        await accept(store, key)
        if key % 3:
            say("finishing", key)
            await finish(store, key)
        key += 1_000


def fill(ballast: Path) -> None:
    """Take all space of the disk."""
    with ballast.open("wb", buffering=0) as stream, suppress(OSError):
        while stream.write(bytes(4_096)):
            pass
    say("filled")


async def serve(folder: Path, free: Path | None) -> None:
    """Carry out commands until the end of standard input."""
    options = {} if free is None else {"free_space": lambda: (int(free.read_text()), 100 * GIB)}
    store = SqliteStore.open(folder, **options)  # type: ignore[arg-type]
    say("open", store.tag)
    tasks: set[asyncio.Task[None]] = set()

    def start(work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := (await reader.readline()).split():
        command, numbers = line[0].decode(), [int(word) for word in line[1:]]
        if command == "accept":
            start(accept(store, numbers[0]))
        elif command == "wave":
            for number in range(numbers[1]):
                start(accept(store, numbers[0] + 10 * number))
        elif command == "finish":
            start(finish(store, numbers[0]))
        elif command == "flood":
            for number in range(16):
                start(flood(store, 10 * number))
        elif command == "fill":
            fill(folder / "ballast")
        elif command == "empty":
            (folder / "ballast").unlink()
            say("emptied")
        else:
            await store.close()
            say("closed")


if __name__ == "__main__":
    free_file = os.environ.get("HW_FREE")
    uvloop.run(serve(Path(sys.argv[1]), Path(free_file) if free_file else None))
