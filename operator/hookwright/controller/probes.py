"""A small port for kubelet and Prometheus: /healthz, /readyz, /metrics. Must not: take a body, or decide health."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Final

from hookwright.limits import INGEST_HEADER_BYTES

_SECONDS: Final = 5.0
_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
Answer = tuple[int, bytes]


class Probes:
    """`health`, `ready`: None is well, otherwise the reason; `troubles`: what else `/readyz` tells of.

    `metrics`: Prometheus text.
    """

    def __init__(
        self,
        health: Callable[[], str | None],
        ready: Callable[[], str | None],
        troubles: Callable[[], Sequence[str]],
        metrics: Callable[[], bytes],
    ) -> None:
        self._pages: dict[bytes, Callable[[], Answer]] = {
            b"/healthz": lambda: _state(health(), ()),
            b"/readyz": lambda: _state(ready(), troubles()),
            b"/metrics": lambda: (200, metrics()),
        }
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; the port, which 0 leaves open. OSError when the address cannot be had."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=INGEST_HEADER_BYTES)
        chosen: int = self._server.sockets[0].getsockname()[1]
        return chosen

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        with contextlib.suppress(
            TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError
        ):
            async with asyncio.timeout(_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                status, body = self._answer(head.split(b"\r\n", 1)[0].split(b" "))
                writer.write(
                    f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: {_TEXT}\r\n"
                    f"content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        writer.close()

    def _answer(self, request: list[bytes]) -> Answer:
        if len(request) != 3 or request[0] != b"GET":
            return 405, b"GET only\n"
        page = self._pages.get(request[1].partition(b"?")[0])
        return page() if page is not None else (404, b"/healthz, /readyz or /metrics\n")


_REASONS: Final = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


def _state(reason: str | None, troubles: Sequence[str]) -> Answer:
    lines = ["ok" if reason is None else reason, *(each for each in troubles if each != reason)]
    return (200 if reason is None else 503), "".join(f"{each}\n" for each in lines).encode()
