"""What a port answers before there is anything to serve: alive, not ready, and why.

Must not: know what is waited for.
"""

from __future__ import annotations

from typing import Any

import orjson

from hookwright.limits import INGEST_RETRY_AFTER_SECONDS


class Waiting:
    """The ASGI application of a port until `app` is set, then that one, on open connections too."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        """One sentence."""
        self.app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.app is not None:
            await self.app(scope, receive, send)
            return
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
