"""Answers of the admin API on their way out: compressed where somebody takes that, and known again by a tag.

Who asks again with the tag of an answer he holds (If-None-Match, RFC 9110 13.1.2) is told 304 if it is still the same.
An answer that does not fit into a tag's bound goes out as it comes. Must not: touch metrics and probes, which are
asked for by machines all day, or keep an answer.
"""

from __future__ import annotations

from hashlib import blake2b

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hookwright.limits import ADMIN_GZIP_BYTES, ADMIN_GZIP_LEVEL, ADMIN_TAGGED_BYTES


class Unchanged:
    """Around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._packing = GZipMiddleware(
            self._tag, minimum_size=ADMIN_GZIP_BYTES, compresslevel=ADMIN_GZIP_LEVEL
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        data = scope["path"].startswith("/admin/")
        await (self._packing if data else self._app)(scope, receive, send)

    async def _tag(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "GET":
            send = _Tagging(send, Headers(scope=scope).get("if-none-match", "")).send
        await self._app(scope, receive, send)


class _Tagging:
    """Holds one answer back until it is whole or too long for a tag."""

    def __init__(self, send: Send, known: str) -> None:
        self._send, self._known = send, known
        self._start: Message | None = None
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        """As ASGI has it."""
        if message["type"] == "http.response.start" and message["status"] == 200:
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            more: bool = message.get("more_body", False)
            if not more or len(self._body) > ADMIN_TAGGED_BYTES:
                await self._go(self._start, more)

    async def _go(self, start: Message, more: bool) -> None:
        self._start = None
        headers = MutableHeaders(raw=list(start["headers"]))
        if not more:
            tag = f'W/"{blake2b(self._body, digest_size=12).hexdigest()}"'
            headers["etag"] = tag
            if tag in self._known:
                start, self._body = {**start, "status": 304}, bytearray()
                del headers["content-length"]
        await self._send({**start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": bytes(self._body), "more_body": more})
