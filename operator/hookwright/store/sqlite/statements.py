"""SQL statements by name, from the `.sql` files beside this module. Must not: build SQL from values."""

from __future__ import annotations

from importlib.resources import files

from hookwright.store.statements import named


def load(file: str) -> dict[str, str]:
    """The statements of one file: name → SQL without its semicolon."""
    return named(text(file))


def text(file: str) -> str:
    """A whole file, for `schema.sql`."""
    return files(__package__).joinpath(file).read_text("utf-8")
