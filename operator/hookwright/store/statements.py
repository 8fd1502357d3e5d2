"""SQL statements by name, from the text of a `.sql` file.

A statement begins with the line `-- name: purpose` and ends with a semicolon. Must not: build SQL from values.
"""

from __future__ import annotations

import re

_HEAD = re.compile(r"^-- (\w+): .+$", re.MULTILINE)


def named(text: str) -> dict[str, str]:
    """The statements of a file: name → SQL without its semicolon."""
    parts = _HEAD.split(text)
    return {name: sql.strip().removesuffix(";") for name, sql in zip(parts[1::2], parts[2::2], strict=True)}
