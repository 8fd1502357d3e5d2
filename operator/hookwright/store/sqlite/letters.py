"""Pages and counts of dead letters, however many there are and however few of them fit.

Positions nearly grow with time, so a time is looked up as a position between which and others a page goes down along an
index; what lies there and died at another time after all is passed over, so many for a page.
Must not: open connections, limit time (`reader`).
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any, Final

from hookwright.limits import DEAD_DISORDER_MS
from hookwright.store.choosing import chosen, to_count
from hookwright.store.port import ReplaySelector
from hookwright.store.sqlite import statements
from hookwright.store.sqlite.choosing import values

_SQL = statements.load("reading.sql")
_NEWEST: Final = 2**63 - 1


def dead_letters(
    connection: sqlite3.Connection,
    selector: ReplaySelector,
    *,
    before: int | None,
    after: int | None,
    limit: int,
) -> list[tuple[Any, ...]]:
    """Rows of the view `dead_letters`, newest first; see `store.port.History.dead_letters`."""
    low, high = _between(connection, selector, before)
    asked = values(selector) | {"after": max(low, after or 0), "before": high, "limit": limit}
    found = connection.execute(_SQL[f"letters_{chosen(selector)}"], asked)
    positions = json.dumps([position for (position,) in found])
    return connection.execute(_SQL["letters_shown"], (positions,)).fetchall()


def dead_horizon(
    connection: sqlite3.Connection, selector: ReplaySelector, before: int | None, looks: int
) -> int | None:
    """See `store.port.History.horizon`."""
    if selector.since is None and selector.until is None:
        return None
    low, high = _between(connection, selector, before)
    asked = values(selector) | {"after": low, "before": high, "looks": looks}
    end = connection.execute(_SQL[f"end_{chosen(selector)}"], asked).fetchone()
    return None if end is None else end[0]


def dead_count(connection: sqlite3.Connection, selector: ReplaySelector) -> int:
    """See `store.port.History.dead_count`."""

    def count(name: str, selector: ReplaySelector) -> int:
        found: int = connection.execute(_SQL[name], values(selector)).fetchone()[0]
        return found

    form = f"count_{chosen(selector)}"
    if selector.keys:
        return count(form, selector)
    oldest, newest = connection.execute(_SQL["dead_times"]).fetchone()
    others, parts = to_count(selector, oldest or 0, newest or 0)
    number = sum(count(form, part) for part in parts)
    return count("group_letters", selector) - number if others else number


def _between(connection: sqlite3.Connection, selector: ReplaySelector, before: int | None) -> tuple[int, int]:
    """Positions between which all are that died in the selector's time, below `before`."""
    low, high = 0, _NEWEST if before is None else before
    if selector.since is not None:
        row = connection.execute(_SQL["last_letter_before"], (selector.since - DEAD_DISORDER_MS,)).fetchone()
        low = low if row is None else row[0]
    if selector.until is not None:
        row = connection.execute(_SQL["first_letter_since"], (selector.until + DEAD_DISORDER_MS,)).fetchone()
        high = high if row is None else min(high, row[0])
    return low, high
