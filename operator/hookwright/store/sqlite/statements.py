"""SQL statements by name, from the `.sql` files beside this module.

A statement begins with the line `-- name: purpose` and ends with a semicolon. Must not: build SQL from
values.
"""

from __future__ import annotations

import re
from importlib.resources import files

_HEAD = re.compile(r"^-- (\w+): .+$", re.MULTILINE)


def load(file: str) -> dict[str, str]:
    """The statements of one file: name → SQL without its semicolon."""
    parts = _HEAD.split(text(file))
    return {name: sql.strip().removesuffix(";") for name, sql in zip(parts[1::2], parts[2::2], strict=True)}


def text(file: str) -> str:
    """A whole file, for `schema.sql`."""
    return files(__package__).joinpath(file).read_text("utf-8")
