"""The store on PostgreSQL: `open_postgres` gives Work, Upkeep and History on one schema of a database."""

from hookwright.store.postgres.opening import open_postgres

__all__ = ["open_postgres"]
