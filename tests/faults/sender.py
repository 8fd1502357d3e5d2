"""The sender of the bench, a process: posts numbered events until each is answered, writes down every answer.

    python sender.py LEDGER

One order a line on standard input: `{"ports": [8080], "paths": ["/v1/events"], "rate": 300}`, and if wanted padding of
each event (`bytes`), events in a request (`batch`), `connections`, a `token`, seconds of `patience` with an answer. With
`"rate": 0` it ends what is under way and says in a line what is still `open`. One line in the ledger an answer, or a
delivery of it: `STATUS SECONDS NUMBER DELIVERY WEBHOOK PORT STEP`; status 0 is a connection that was refused or broke.
Each request has its number as identity: one whose answer did not come is sent again, to the next port, as a careful
source does. A STEP is a short sleep and a sync of the ledger to the disk: a busy machine makes it as much longer as all
else. Must not: know what became of a delivery.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

CONNECTIONS = 16
PAUSE_SECONDS = 10.0  # that what is under way may take when told to end
AGAIN_SECONDS = 0.02  # after a broken connection or a 503
STEP_SECONDS = 0.05
_LENGTH = re.compile(rb"content-length: ([0-9]+)", re.IGNORECASE)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Sender:
    """Follows its orders over kept connections."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger.open("w", buffering=1)
        self._order: dict[str, Any] = {"rate": 0}
        self._number = self._tries = self._steps = 0
        self._busy = 0
        self._go = asyncio.Event()

    async def follow(self, orders: asyncio.StreamReader) -> None:
        """Until there are no more."""
        connections = [asyncio.create_task(self._connection(number)) for number in range(CONNECTIONS)]
        stepping = asyncio.create_task(self._step())
        while line := await orders.readline():
            self._order = json.loads(line)
            if self._order["rate"]:
                self._go.set()
                continue
            self._go.clear()
            end = time.monotonic() + PAUSE_SECONDS
            while self._busy and time.monotonic() < end:
                await asyncio.sleep(0.005)
            print(json.dumps({"open": self._busy}), flush=True)
        for task in (*connections, stepping):
            task.cancel()

    async def _step(self) -> None:
        while True:
            await asyncio.sleep(STEP_SECONDS)
            await asyncio.to_thread(os.fdatasync, self._ledger.fileno())
            self._steps += 1

    async def _connection(self, place: int) -> None:
        kept: dict[int, Streams] = {}
        while True:
            await self._go.wait()
            connections = self._order.get("connections", CONNECTIONS)
            if place >= connections:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            began = time.monotonic()
            self._busy += 1
            order, self._number = self._order, self._number + self._order.get("batch", 1)
            await self._until_answered(kept, order, self._number)
            self._busy -= 1
            gap = connections * order.get("batch", 1) / order["rate"]
            await asyncio.sleep(max(0.0, began + gap - time.monotonic()))

    async def _until_answered(self, kept: dict[int, Streams], order: dict[str, Any], number: int) -> None:
        """Post it again and again, each time to the next port; streams are kept by their port."""
        while True:
            self._tries += 1
            port = order["ports"][self._tries % len(order["ports"])]
            try:
                async with asyncio.timeout(order.get("patience")):
                    if port not in kept or _over(*kept[port]):
                        kept[port] = await asyncio.open_connection("127.0.0.1", port)
                    status, answer = await _post(*kept[port], order, number)
            except (OSError, asyncio.IncompleteReadError):
                if port in kept:
                    kept.pop(port)[1].close()
                self._write(0, number, port)
            else:
                if status == 202:
                    for each in json.loads(answer)["events"]:
                        for delivery in each["deliveries"]:
                            self._write(status, number, port, delivery["id"], delivery["webhook"])
                    return
                self._write(status, number, port)
                if status not in (429, 503):
                    return
            await asyncio.sleep(AGAIN_SECONDS)

    def _write(self, status: int, number: int, port: int, delivery: str = "-", webhook: str = "-") -> None:
        self._ledger.write(
            f"{status} {time.monotonic():.6f} {number} {delivery} {webhook} {port} {self._steps}\n"
        )


def _over(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Whether the other end has closed a connection that was kept."""
    return reader.at_eof() or writer.is_closing()


async def _post(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, order: dict[str, Any], number: int
) -> tuple[int, bytes]:
    """Status and body of the answer. Each path has as many events of each port as the next."""
    batch = order.get("batch", 1)
    path = order["paths"][number // (batch * len(order["ports"])) % len(order["paths"])]
    token = f"authorization: Bearer {order['token']}\r\n" if "token" in order else ""
    padding = "x" * order.get("bytes", 0)
    events = [
        {"event_type": "AccessRequestGranted", "data": {"id": f"n-{number - index}", "padding": padding}}
        for index in range(batch)
    ]
    body = json.dumps(events if batch > 1 else events[0]).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n{token}"
        f"idempotency-key: {number}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    found = _LENGTH.search(answer)
    return int(answer[9:12]), await reader.readexactly(int(found[1]) if found else 0)


async def main() -> None:
    """Orders from standard input."""
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    await Sender(Path(sys.argv[1])).follow(orders)


if __name__ == "__main__":
    asyncio.run(main())
