"""How many files the process may have open, and how they are shared out among its connections.

Containers often begin with a soft limit of 1,024: it is raised to the hard one. Where that is low too, each kind of
connection gets less, so that neither senders nor targets can take the files that the store and the probes need.
"""

from __future__ import annotations

import resource
from contextlib import suppress
from dataclasses import dataclass

from hookwright.errors import UsageError
from hookwright.limits import (
    ADMIN_CONNECTIONS,
    INGEST_CONNECTIONS,
    LEAST_FILES,
    LISTEN_BACKLOG,
    LISTEN_BACKLOG_LEAST,
    OUTGOING_CONNECTIONS,
    RESERVED_FILES,
)


@dataclass(frozen=True, slots=True)
class FileBudget:
    """Connections at once: `ingest` and `admin` at the two ports, `outgoing` to targets, token endpoints and resolvers.

    `backlog`: connections that a port may take in at once before those that they replace are closed.
    """

    ingest: int
    admin: int
    outgoing: int
    backlog: int


def open_files() -> FileBudget:
    """Raise the soft limit of open files to the hard one, and share it out. UsageError if it is too low for any work."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # more than the system allows: the soft limit stays
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return shared(soft)


def shared(limit: int) -> FileBudget:
    """A limit of open files, shared out; RLIM_INFINITY is no limit."""
    most = INGEST_CONNECTIONS + ADMIN_CONNECTIONS + OUTGOING_CONNECTIONS
    if limit == resource.RLIM_INFINITY or limit >= RESERVED_FILES + 2 * LISTEN_BACKLOG + most:
        return FileBudget(INGEST_CONNECTIONS, ADMIN_CONNECTIONS, OUTGOING_CONNECTIONS, LISTEN_BACKLOG)
    if limit < LEAST_FILES:
        raise UsageError(
            f"Only {limit} files may be open at once; allow at least {LEAST_FILES} (ulimit -n), 16,384 for full use."
        )
    part = (limit - RESERVED_FILES - 2 * LISTEN_BACKLOG_LEAST) / most
    return FileBudget(
        ingest=min(INGEST_CONNECTIONS, int(INGEST_CONNECTIONS * part)),
        admin=min(ADMIN_CONNECTIONS, int(ADMIN_CONNECTIONS * part)),
        outgoing=min(OUTGOING_CONNECTIONS, int(OUTGOING_CONNECTIONS * part)),
        backlog=LISTEN_BACKLOG_LEAST,
    )
