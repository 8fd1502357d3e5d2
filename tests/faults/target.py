"""The receiver of the bench, a process: TLS, answers each path as it is told, writes down what came.

    python target.py CERT LEDGER [HOST:PORT]…

Listens on a free port (said in a line of JSON) and on what is given. One order a line on standard input,
`{"path": "/one", "does": "status", "value": 503}`, each answered by a line: `ok`, `status`, `later` (429 with Retry-After
of so many seconds), `reset`, `hang`, `drip` (a byte a second), `delay` (ms), `token` (401 unless x-token is this). One
line in the ledger a request: `STATUS SECONDS DELIVERY ATTEMPT PATH TIMESTAMP TOKEN PORT`; status 0: it gets no whole
answer, 102: it has come and is answered later, by a 201 in a line of its own.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from pathlib import Path
from typing import IO, Any, ClassVar

import uvloop

from receiver import Receiver, answer

_DRIPPED = b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n" + b" " * 60_000


class Target(Receiver):
    """One connection."""

    orders: ClassVar[dict[str, tuple[str, Any]]] = {}
    ledger: ClassVar[IO[str]]

    def __init__(self) -> None:
        super().__init__(None)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode().lower()] = value.decode("latin-1")

    def on_message_complete(self) -> None:
        path = self.url.decode()
        does, value = Target.orders.get(path, ("ok", None))
        if does == "token":
            does, value = ("ok", None) if self.headers.get("x-token") == value else ("status", 401)
        if does == "later":
            self._answer(429, f"retry-after: {value}\r\n".encode())
        elif does == "status":
            self._answer(value)
        elif does == "delay":
            self._write(102)
            self.loop.call_later(value / 1000, self._answer, 201)
        elif does == "ok":
            self._answer(200)
        else:
            self._write(0)
            if does == "reset":
                self.transport.abort()
            elif does == "drip":
                self._drip(0)

    def _answer(self, status: int, headers: bytes = b"") -> None:
        if not self.transport.is_closing():
            self._write(status)
            self.transport.write(answer(status, b"{}", headers))

    def _drip(self, at: int) -> None:
        if not self.transport.is_closing():
            self.transport.write(_DRIPPED[at : at + 1])
            self.loop.call_later(1, self._drip, at + 1)

    def _write(self, status: int) -> None:
        told = self.headers
        words = (told.get("webhook-id", "-"), told.get("webhook-attempt", "0"), self.url.decode())
        more = (told.get("webhook-timestamp", "0"), told.get("x-token", "-"))
        door = self.transport.get_extra_info("sockname")[1]
        Target.ledger.write(f"{status} {time.monotonic():.6f} {' '.join(words + more)} {door}\n")


async def main() -> None:
    """Listen, and take orders from standard input until there are no more."""
    Target.ledger = Path(sys.argv[2]).open("w", buffering=1)  # noqa: SIM115 - lives as long as we do
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    loop = asyncio.get_running_loop()
    places = [("127.0.0.1", 0)]
    for place in sys.argv[3:]:
        host, _, port = place.rpartition(":")
        places.append((host, int(port)))
    servers = [await loop.create_server(Target, *place, ssl=context, backlog=2048) for place in places]
    print(json.dumps({"port": servers[0].sockets[0].getsockname()[1]}), flush=True)
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        order = json.loads(line)
        Target.orders[order["path"]] = (order["does"], order.get("value"))
        print("{}", flush=True)


if __name__ == "__main__":
    uvloop.run(main())
