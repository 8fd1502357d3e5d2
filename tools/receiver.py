"""An HTTPS receiver for demo, tests and benchmarks: takes any request, writes what came, answers as the path says.

    python tools/receiver.py --cert server.pem [--log FILE] [--port 0]

Prints one line of JSON with its port when it listens. `--log` gets one JSON line a request (method, host, path,
headers, body). The answer is 200 `{"ok":true}`, unless the path holds one of:

    /-/status/503     that status              /-/delay/100     after so many milliseconds
    /-/hang           never                    /-/reset         the connection is reset
    /-/hold           when /-/release comes    /-/release       the same, to all that are held
    /-/echo           the request's body      /-/mirror       what came, also in a header (needs --log)

`/-/mirror/404/NAME` answers with that status. It gives away all it knows: headers and body of this request and of the
one before under that name, credentials alone as `error`. A form that asks for client credentials (OAuth 2.0) gets a
token on any other path.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import ssl
import sys
from typing import IO, ClassVar, cast

import httptools
import uvloop

_ORDER = re.compile(r"/-/(status|delay|hang|hold|release|reset|echo|mirror)(?:/([0-9]+))?")
_OK = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"ok":true}'

_TOKEN = b'{"access_token":"demo-access-token","token_type":"Bearer","expires_in":3600}'


def answer(status: int, body: bytes, headers: bytes = b"") -> bytes:
    """A whole answer. `headers`: more lines, each with its end."""
    return b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\n%bcontent-length: %d\r\n\r\n%b" % (
        status,
        headers,
        len(body),
        body,
    )


class Receiver(asyncio.Protocol):
    """One connection; one request at a time."""

    handshakes = 0
    open: ClassVar[set[Receiver]] = set()
    held: ClassVar[list[asyncio.Transport]] = []
    mirrored: ClassVar[dict[str, object]] = {}

    def __init__(self, log: IO[str] | None) -> None:
        self.log = log
        self.loop = asyncio.get_running_loop()
        self.parser = httptools.HttpRequestParser(self)
        self.transport: asyncio.Transport
        self.url = b""
        self.headers: dict[str, str] = {}
        self.body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        Receiver.handshakes += 1
        Receiver.open.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        Receiver.open.discard(self)

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.abort()

    def on_message_begin(self) -> None:
        self.url, self.headers, self.body = b"", {}, b""

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.log is not None:
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        path = self.url.decode("latin-1")
        if self.log is not None:
            record = {
                "method": self.parser.get_method().decode(),
                "host": self.headers.get("host", ""),
                "path": path,
                "headers": self.headers,
                "body": self.body.decode("utf-8", "replace"),
            }
            self.log.write(json.dumps(record) + "\n")
            self.log.flush()
        order = _ORDER.search(path) if "/-/" in path else None
        if b"grant_type=client_credentials" in self.body and (order is None or order[1] != "mirror"):
            self.transport.write(answer(200, _TOKEN))
            return
        if order is None:
            self.transport.write(_OK)
            return
        verb, number = order[1], int(order[2] or 0)
        if verb == "status":
            self.transport.write(answer(number, b'{"ok":false}'))
        elif verb == "delay":
            self.loop.call_later(number / 1000, self.transport.write, _OK)
        elif verb == "hold":
            Receiver.held.append(self.transport)
        elif verb == "release":
            for transport in (*Receiver.held, self.transport):
                transport.write(_OK)
            Receiver.held.clear()
        elif verb == "reset":
            self.transport.abort()
        elif verb == "echo":
            self.transport.write(answer(200, self.body))
        elif verb == "mirror":
            name = re.split("[/?]", path[order.end() :].lstrip("/"))[0]
            self.transport.write(self.mirror(path, number or 200, name))

    def mirror(self, path: str, status: int, name: str) -> bytes:
        """The answer of /-/mirror."""
        came = {"headers": self.headers, "body": self.body.decode("utf-8", "replace")}
        told = {
            "error": self.headers.get("authorization", "").rpartition(" ")[2],
            "path": path,
            **came,
            "before": Receiver.mirrored.get(name),
        }
        Receiver.mirrored[name] = came
        text = json.dumps(told)
        return answer(status, text.encode(), f"x-mirror: {text}\r\n".encode())


async def serve(arguments: argparse.Namespace) -> None:
    """Until the process is ended."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(arguments.cert)
    log = open(arguments.log, "a", encoding="utf-8") if arguments.log else None  # noqa: SIM115 - lives as long as we do
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Receiver(log), arguments.host, arguments.port, ssl=context, backlog=2048
    )
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


def main() -> None:
    """Parse, serve."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cert", required=True, help="PEM with key and certificate chain")
    parser.add_argument("--log", help="file for one JSON line a request")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0)
    try:
        uvloop.run(serve(parser.parse_args()))
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
