"""The details of one attempt, made once and handed to all that tell of it: metrics, log line, terminal.

Everything in it has passed redaction. Must not: hold a request, an answer or a secret.
"""

from __future__ import annotations

from typing import NamedTuple

from hookwright.core.records import AttemptRecord


class AttemptDetails(NamedTuple):
    """One attempt that has ended. A named tuple, made per delivery: a third of the cost of a dataclass."""

    record: AttemptRecord
    delivery_id: str
    event_id: str
    host: str | None
    """The target's host."""
    received_ms: int
    """When the event was accepted, epoch milliseconds as the wall clock counts them now."""
    ended_ms: int
    """When the attempt ended, epoch milliseconds."""
    message: str
    """One sentence: what happened."""
    handshake: bool = False
    """Whether a new TLS connection was made for it."""
