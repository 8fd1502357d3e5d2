"""The store on SQLite: `SqliteStore` (Work) and `SqliteHistory` (History), in one data folder."""

from hookwright.store.sqlite.reader import SqliteHistory
from hookwright.store.sqlite.writer import SqliteStore

__all__ = ["SqliteHistory", "SqliteStore"]
