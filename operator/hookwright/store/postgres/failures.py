"""What an error of the database means for the store: wait, try again at once, blame one request, or end the process.

A failed fsync is none of ours: PostgreSQL ends all sessions and recovers, which is "away". Must not: act on what it finds,
let anything of the URL into a sentence.
"""

from __future__ import annotations

import ssl
from enum import Enum, auto
from typing import Final

import asyncpg
from asyncpg import exceptions

from hookwright.errors import StoreAway, StoreBroken, StoreError, StoreFull, StoreWaits

IDENTITY_CAME: Final = "HW001"
NOT_OURS: Final = "HW002"
ROUTE_FORGOTTEN: Final = "HW003"
_AGAIN: Final = {IDENTITY_CAME, ROUTE_FORGOTTEN, "40P01", "40001"}
_AWAY_CLASSES: Final = {"08", "28", "3D", "53", "55", "57", "58"}
"""Connection, authorization, no such database, resources, locks, operators, the system: it heals or is cured."""
_READ_ONLY: Final = "25006"
_FULL: Final = "53100"
_NO_RIGHT: Final = "42501"
_OTHER_NAME: Final = {62, 64}
"""What OpenSSL says of a certificate for another host or address; its text quotes that."""


class Failure(Enum):
    """What to do about an error."""

    AWAY = auto()
    """The database cannot be used; what was under way may have been stored."""
    FULL = auto()
    """No space: nothing was stored."""
    AGAIN = auto()
    """Something changed meanwhile: nothing was stored, it may succeed now."""
    REQUEST = auto()
    """One request cannot be stored; the others can."""
    BROKEN = auto()
    """The store is another's now."""


def judge(error: Exception) -> Failure:
    """What an exception of a connection or statement means."""
    if isinstance(error, StoreWaits):
        return Failure.FULL if isinstance(error, StoreFull) else Failure.AWAY
    if isinstance(error, asyncpg.PostgresError):
        return _by_state(error.sqlstate or "")
    lost = (OSError, asyncpg.InterfaceError, exceptions.InternalClientError)
    return Failure.AWAY if isinstance(error, lost) and not _ours(error) else Failure.REQUEST


def _ours(error: Exception) -> bool:
    """A value that cannot be sent, which asyncpg takes for a misuse of its interface. A certificate is no such value."""
    return isinstance(error, exceptions.DataError | ValueError) and not isinstance(error, OSError)


def _by_state(state: str) -> Failure:
    if state == _FULL:
        return Failure.FULL
    if state == NOT_OURS:
        return Failure.BROKEN
    if state in _AGAIN:
        return Failure.AGAIN
    return Failure.AWAY if state == _READ_ONLY or state[:2] in _AWAY_CLASSES else Failure.REQUEST


def is_doubtful(error: Exception) -> bool:
    """Whether what was sent may have been stored: nothing was without a connection, or where no writes are taken."""
    if isinstance(error, StoreError):
        return error.in_doubt
    return judge(error) is Failure.AWAY and getattr(error, "sqlstate", None) != _READ_ONLY


def as_store_error(error: Exception) -> StoreError:
    """The exception for the caller whose request it was."""
    if isinstance(error, StoreError):
        return error
    failure = judge(error)
    if failure is Failure.AWAY:
        return away(error)
    if failure is Failure.FULL:
        return StoreFull("The database has no space left: give it some; it goes on by itself then.")
    if failure is Failure.BROKEN:
        return taken_over()
    if getattr(error, "sqlstate", None) == _NO_RIGHT:
        return StoreError(f"The database's role lacks a right ({error}): let it own the schema, or make one.")
    return StoreError(f"The store refused a request ({_named(error)}); nothing of it was stored.")


def away(error: Exception) -> StoreAway:
    """The exception while the database cannot be used."""
    return StoreAway(
        f"The database cannot be used ({_named(error)}): it is waited for, and goes on by itself."
    )


def unusable(error: Exception) -> StoreError:
    """The exception for a command, which does not wait."""
    if not isinstance(error, StoreError) and judge(error) is Failure.AWAY:
        return StoreError(
            f"The database cannot be used ({_named(error)}): run the command again when it can."
        )
    return as_store_error(error)


def taken_over() -> StoreBroken:
    """The exception after which the process must end."""
    return StoreBroken("Another dispatcher took the store over: the process ends, start it again.")


def _of_certificate(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in _OTHER_NAME:
        return "its certificate is for another name than that in the URL"
    reason = error.verify_message
    return (
        f"its certificate is not trusted, {reason}; name its authority in HOOKWRIGHT_STORE_POSTGRES_CA_FILE"
    )


def _named(error: Exception) -> str:
    """In few words. The texts of connection errors are the driver's, and may quote what it was given."""
    if isinstance(error, asyncpg.PostgresError):
        return f"{type(error).__name__}, {error.sqlstate}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return _of_certificate(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
