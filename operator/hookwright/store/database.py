"""Where a store in a database is: what is told about it before it is opened. Must not: read the file of the URL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Database:
    """A PostgreSQL database, and what is asked of it."""

    url_file: Path
    """File with the URL, which holds a password: read at each connection, so that it can be exchanged."""
    ca_file: Path | None = None
    """PEM file of the certificate authority; with it the server's name and certificate are checked."""
    schema: str = "hookwright"
    """Everything is in this schema."""
    wait: float = 8.0
    """Seconds for which an event waits for a database that is away."""
    allow_unsafe: bool = False
    """Work on a server that may lose what it said is stored."""
