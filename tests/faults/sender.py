"""The sender of the bench, a process: posts numbered events until each is answered, writes down every answer.

    python sender.py LEDGER

One order a line on standard input: `{"port": 8080, "path": "/v1/events", "rate": 300}`, and if wanted padding of each
event (`bytes`), events in a request (`batch`), `connections`. With `"rate": 0` it ends what is under way and says in a
line what is still `open`. One line in the ledger an answer, or a delivery of it: `STATUS SECONDS NUMBER DELIVERY WEBHOOK`;
status 0 is a connection that broke. Each request has its number as identity: one whose answer did not come is sent again,
as a careful source does. Must not: know what became of a delivery.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

CONNECTIONS = 16
PAUSE_SECONDS = 10.0  # that what is under way may take when told to end
AGAIN_SECONDS = 0.02  # after a broken connection or a 503
_LENGTH = re.compile(rb"content-length: ([0-9]+)", re.IGNORECASE)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Sender:
    """Follows its orders over kept connections."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger.open("w", buffering=1)
        self._order: dict[str, Any] = {"rate": 0}
        self._number = 0
        self._busy = 0
        self._go = asyncio.Event()

    async def follow(self, orders: asyncio.StreamReader) -> None:
        """Until there are no more."""
        connections = [asyncio.create_task(self._connection(number)) for number in range(CONNECTIONS)]
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
        for connection in connections:
            connection.cancel()

    async def _connection(self, place: int) -> None:
        streams: Streams | None = None
        while True:
            await self._go.wait()
            connections = self._order.get("connections", CONNECTIONS)
            if place >= connections:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            began = time.monotonic()
            self._busy += 1
            order, self._number = self._order, self._number + self._order.get("batch", 1)
            streams = await self._until_answered(streams, order, self._number)
            self._busy -= 1
            gap = connections * order.get("batch", 1) / order["rate"]
            await asyncio.sleep(max(0.0, began + gap - time.monotonic()))

    async def _until_answered(
        self, streams: Streams | None, order: dict[str, Any], number: int
    ) -> Streams | None:
        """Post it again and again, over these streams or new ones; the streams to go on with."""
        while True:
            try:
                streams = streams or await asyncio.open_connection("127.0.0.1", order["port"])
                status, answer = await _post(*streams, order, number)
            except (OSError, asyncio.IncompleteReadError):
                if streams:
                    streams[1].close()
                streams = None
                self._write(0, number)
            else:
                if status == 202:
                    for each in json.loads(answer)["events"]:
                        for delivery in each["deliveries"]:
                            self._write(status, number, delivery["id"], delivery["webhook"])
                    return streams
                self._write(status, number)
                if status not in (429, 503):
                    return streams
            await asyncio.sleep(AGAIN_SECONDS)

    def _write(self, status: int, number: int, delivery: str = "-", webhook: str = "-") -> None:
        self._ledger.write(f"{status} {time.monotonic():.6f} {number} {delivery} {webhook}\n")


async def _post(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, order: dict[str, Any], number: int
) -> tuple[int, bytes]:
    """Status and body of the answer."""
    batch = order.get("batch", 1)
    padding = "x" * order.get("bytes", 0)
    events = [
        {"event_type": "AccessRequestGranted", "data": {"id": f"n-{number - index}", "padding": padding}}
        for index in range(batch)
    ]
    body = json.dumps(events if batch > 1 else events[0]).encode()
    head = (
        f"POST {order['path']} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
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
