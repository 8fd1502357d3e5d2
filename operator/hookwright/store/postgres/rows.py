"""Rows as the arrays that a statement takes, one a column. Must not: know tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload


def columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """The columns of rows, each so wide; of no rows as many empty ones."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


@overload
def plain(text: str) -> str: ...
@overload
def plain(text: None) -> None: ...
@overload
def plain(text: str | None) -> str | None: ...
def plain(text: str | None) -> str | None:
    """As the database takes it: its text has no NUL."""
    return text if text is None or "\0" not in text else text.replace("\0", "\ufffd")
