"""The details of one attempt, made once and handed to all that tell of it: metrics, log line, terminal.

Everything in it has passed redaction. Siblings do not import each other, so the stored record is described
here by what is read of it (`store.port.AttemptRecord` fits). Must not: hold a request, an answer or a secret.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Record(Protocol):
    """What is read of the record that the history keeps."""

    @property
    def delivery_key(self) -> int: ...
    @property
    def event_key(self) -> int: ...
    @property
    def attempt(self) -> int: ...
    @property
    def route(self) -> str: ...
    @property
    def trigger(self) -> str | None: ...
    @property
    def result(self) -> str: ...
    @property
    def status(self) -> int | None: ...
    @property
    def cause(self) -> str | None: ...
    @property
    def duration(self) -> float: ...
    @property
    def friendly_id(self) -> str | None: ...


class AttemptDetails(NamedTuple):
    """One attempt that has ended. A named tuple, made per delivery: a third of the cost of a dataclass."""

    record: Record
    tag: str
    """Installation tag of ids."""
    host: str | None
    """The target's host."""
    received_ms: int
    """When the event was accepted, epoch milliseconds."""
    ended_ms: int
    """When the attempt ended, epoch milliseconds."""
    message: str
    """One sentence: what happened."""
    handshake: bool = False
    """Whether a new TLS connection was made for it."""
