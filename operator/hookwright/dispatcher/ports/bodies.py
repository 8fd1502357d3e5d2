"""Bodies of requests as they come: counted, and weighed where they are large, before anything of them is parsed.

What a body weighs shows from its signs, so one that is too heavy is refused at the piece that makes it so, and the rest
is never kept. In each round of the event loop one piece of one large body is weighed: however many come, ordinary events
go in between, and what waits stays with its sender. Must not: parse, know what is asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from hookwright.core.jsontext import weight
from hookwright.errors import EventError
from hookwright.limits import INGEST_LARGE_BYTES, INGEST_PARSED_BYTES

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Disconnected(Exception):  # noqa: N818 - not an error of ours
    """The client went away before its request was complete."""


class Bodies:
    """Of one port."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        """Of the large body that something is done with."""

    async def read(self, headers: Mapping[str, str], receive: Receive, limit: int) -> tuple[bytes, int]:
        """A body, and what it weighs if it is large (0: it is not). Raises EventError 413, Disconnected."""
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > limit:
            raise _too_large(limit)
        body = bytearray()  # pieces by themselves would leave gaps in the memory
        weighed = weighs = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise Disconnected
            body += message["body"]
            if len(body) > limit:
                raise _too_large(limit)
            if len(body) > INGEST_LARGE_BYTES:
                weighs += await self._weigh(body, weighed)
                weighed = len(body)
                if weighs > INGEST_PARSED_BYTES:
                    raise _too_heavy(weighed)
            if not message.get("more_body"):
                return bytes(body), weighs

    async def _weigh(self, body: bytearray, start: int) -> int:
        async with self.turn:
            weighs = weight(bytes(body[start:]))
            await asyncio.sleep(0)  # with the turn in hand: nobody else weighs in this round
            return weighs


def _too_large(limit: int) -> EventError:
    return EventError(
        f"The body is larger than {limit // 1024 // 1024} MiB; send smaller batches.", status=413
    )


def _too_heavy(size: int) -> EventError:
    return EventError(
        f"The values in the first {size:,} bytes of this request would take more than "
        f"{INGEST_PARSED_BYTES >> 20} MiB of memory; send it in smaller parts.",
        status=413,
    )
