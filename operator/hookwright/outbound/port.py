"""The sender's port: what goes in, what comes out. The one way out of the process is `outbound.sender`.

A request is sent with `Sender.send`; whatever prevents a complete answer is a SendError that says how far it
came. Must not: know how anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

OnSent = Callable[[], object] | None
"""Called when a request was handed to its connection; again if it is sent once more."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Trust and identity of one webhook, as PEM texts.

    `ca` None: the system's roots and the administrator's; else nothing but these. `cert` and `key` go
    together.
    """

    ca: str | None = None
    cert: str | None = None
    key: str | None = None


class StandIn(NamedTuple):
    """A receiver on this machine that every connection is led to, whatever its host.

    `ca`: PEM of the authority of its certificates; it is trusted in place of all others.
    """

    address: str
    port: int
    ca: str


@dataclass(slots=True)
class Phases:
    """Milliseconds of each phase; None: did not happen (a kept connection)."""

    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None  # since the request was written


@dataclass(slots=True)
class Answer:
    """An answer: its head is complete.

    The body is expanded if it was gzip or deflate, and cut at `limits.ANSWER_BYTES`. `cut`: why it is not what the
    target meant, a phrase that follows `the answer` (`was cut at 64 KiB`); None: it is. `headers` are in order,
    their names in lower case, and as they came (content-encoding included).
    """

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    cut: str | None = None
    phases: Phases = field(default_factory=Phases)


class Pool(Protocol):
    """Kept connections of one webhook, isolated from all others; closed when the webhook changes."""

    @property
    def size(self) -> int:
        """Connections that are open, busy ones too."""

    def close(self) -> None:
        """Close idle connections now, busy ones when they end."""


class Sender(Protocol):
    """Sends one request over a pool."""

    def pool(self, tls: TlsSettings, webhook: str) -> Pool:
        """A new pool for a webhook (`namespace/name`), in any thread.

        Raises SendError(TLS, not sent) with one sentence for unusable PEM texts.
        """

    async def send(
        self,
        pool: Pool,
        method: str,
        url: str,
        headers: tuple[tuple[str, str], ...],
        body: bytes,
        *,
        timeout: float,
        sent: OnSent = None,
    ) -> Answer:
        """Send and read the answer within `timeout` seconds in all.

        Raises SendError, and nothing else. Cancelling aborts the socket at once and leaves the pool usable.
        """

    async def close(self) -> None:
        """Close everything."""
