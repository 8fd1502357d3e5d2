"""What dead letters and history take, read from what the database counts of them. Must not: change anything."""

from __future__ import annotations

from hookwright.core.records import Use
from hookwright.store.kept import Kept, attempts_size, letters_size
from hookwright.store.port import Retention
from hookwright.store.sqlite import statements
from hookwright.store.sqlite.tables import Tables

_SQL = statements.load("upkeep.sql")


def kept_dead_letters(tables: Tables) -> Kept:
    """The dead letters."""
    execute = tables.connection.execute
    namespaces = {name: letters_size(*counts) for name, *counts in execute(_SQL["dead_namespaces"])}

    def webhooks(namespace: str) -> dict[str, int]:
        rows = execute(_SQL["dead_sizes"], (f"{namespace}/", f"{namespace}0"))  # 0 comes after /
        return {route: letters_size(*counts) for route, *counts in rows}

    return Kept(namespaces, namespaces.pop("", 0), webhooks)


def kept_history(tables: Tables) -> Kept:
    """The history of attempts."""
    rows = tables.connection.execute(_SQL["history_sizes"])
    return Kept.of_webhooks((route, attempts_size(number, size)) for route, number, size in rows)


def uses(tables: Tables, keep: Retention) -> dict[str, Use]:
    """For metrics (`StoreStats.kept`)."""
    return {
        "dead_letters": kept_dead_letters(tables).use(keep.dead_letter_bytes),
        "history": kept_history(tables).use(keep.history_bytes),
    }
