"""The sender as an httpx transport, so that an httpx client (token endpoints) goes the same way out.

Egress policy, limits, deadline and errors are the sender's: an httpx client over it raises SendError, not
httpx errors, and httpx's own timeouts do not apply. Must not: be used for deliveries (the client alone costs
90 µs).
"""

from __future__ import annotations

import httpx

from hookwright.outbound.port import Pool, Sender

# The sender sets the first four itself, and its answer's body is whole and expanded.
_NOT_SENT = frozenset({"host", "content-length", "accept-encoding", "connection", "transfer-encoding"})
_NOT_TRUE_ANY_MORE = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class SenderTransport(httpx.AsyncBaseTransport):
    """Sends over one pool of `sender`, each request within `timeout` seconds. Closing it leaves both open."""

    def __init__(self, sender: Sender, pool: Pool, *, timeout: float) -> None:
        self._sender = sender
        self._pool = pool
        self._timeout = timeout

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises SendError. A cut body is given as it was cut."""
        body = await request.aread()
        headers = tuple((name, value) for name, value in request.headers.items() if name not in _NOT_SENT)
        answer = await self._sender.send(
            self._pool, request.method, str(request.url), headers, body, timeout=self._timeout
        )
        kept = [(name, value) for name, value in answer.headers if name not in _NOT_TRUE_ANY_MORE]
        return httpx.Response(answer.status, headers=kept, content=answer.body, request=request)
