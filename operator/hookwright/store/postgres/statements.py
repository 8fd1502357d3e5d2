"""SQL statements by name, from the `.sql` files beside this module, for a schema of any name.

The files say `hookwright.`, the usual name: so what stands there can be run as it is. Must not: build SQL from values.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from hookwright.store.statements import named


@cache
def load(file: str, schema: str) -> dict[str, str]:
    """The statements of one file: name → SQL without its semicolon."""
    return named(text(file, schema))


def text(file: str, schema: str) -> str:
    """A whole file, for `schema.sql` and `functions.sql`. `schema` is a plain name (`Settings`)."""
    return files(__package__).joinpath(file).read_text("utf-8").replace("hookwright.", f'"{schema}".')
