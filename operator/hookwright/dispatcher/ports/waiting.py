"""What a port answers before there is anything to serve: alive, not ready, and why.

Must not: know what is waited for.
"""

from __future__ import annotations

from typing import Any

import orjson

from hookwright.limits import INGEST_RETRY_AFTER_SECONDS


class Waiting:
    """An ASGI application; `reason` is one sentence."""

    def __init__(self) -> None:
        self.reason = "The dispatcher is starting."

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/healthz":
            await _answer(send, 200, b"ok\n", b"text/plain")
            return
        problem = {"title": "Service Unavailable", "status": 503, "detail": self.reason}
        await _answer(send, 503, orjson.dumps(problem), b"application/problem+json")


async def _answer(send: Any, status: int, body: bytes, kind: bytes) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    if status == 503:
        headers.append((b"retry-after", str(INGEST_RETRY_AFTER_SECONDS).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
