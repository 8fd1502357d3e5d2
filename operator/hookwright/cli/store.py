"""`hookwright store copy`: everything of a store goes to one of the other kind, by whoever runs a dispatcher.

Must not: know how a store keeps anything, run beside a dispatcher.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Final

import click

from hookwright.cli.hardening import forbid_core_dumps
from hookwright.cli.show import note
from hookwright.errors import UsageError
from hookwright.store.database import Database

_FOLDER: Final = click.Path(path_type=Path, file_okay=False)
_FILE: Final = click.Path(path_type=Path, dir_okay=False)
_SCHEMA: Final = re.compile("[a-z_][a-z0-9_]{0,62}")  # as HOOKWRIGHT_STORE_POSTGRES_SCHEMA


@click.group("store")
def command() -> None:
    """Move what a dispatcher stores to a database, and back."""


@command.command("copy")
@click.option("--from", "source", type=_FOLDER, metavar="DIR", help="Data folder that is copied.")
@click.option("--from-url-file", type=_FILE, metavar="FILE", help="Its URL: database that is copied.")
@click.option("--to", "target", type=_FOLDER, metavar="DIR", help="Data folder that is filled.")
@click.option("--to-url-file", type=_FILE, metavar="FILE", help="Its URL: database that is filled.")
@click.option("--schema", default="hookwright", show_default=True, help="Schema in the database.")
@click.option("--ca-file", type=_FILE, metavar="FILE", help="Certificate authority of the database.")
def copy(
    source: Path | None,
    from_url_file: Path | None,
    target: Path | None,
    to_url_file: Path | None,
    schema: str,
    ca_file: Path | None,
) -> None:
    """Copy a data folder (SQLite) into a PostgreSQL database, or the other way.

    No dispatcher may run on either. Ids stay as they are. Broken off, it is run again; at the end the source is put away, so
    that nothing is delivered from both.
    """
    from hookwright.store.copying import copy_to_database, copy_to_folder

    forbid_core_dumps()
    if not _SCHEMA.fullmatch(schema):
        raise UsageError("--schema: begin with a letter, and use lower case letters, digits and _ alone.")
    given = [each is not None for each in (source, to_url_file, from_url_file, target)]
    if source is not None and to_url_file is not None and sum(given) == 2:
        done = asyncio.run(copy_to_database(source, Database(to_url_file, ca_file, schema), _told))
    elif from_url_file is not None and target is not None and sum(given) == 2:
        done = asyncio.run(copy_to_folder(Database(from_url_file, ca_file, schema), target, _told))
    else:
        raise UsageError(
            "Name --from with --to-url-file, or --from-url-file with --to: one store of each kind."
        )
    note("All is copied." if done else "All was copied before; nothing is left to do.")


def _told(what: str, number: int) -> None:
    note(f"{number:,} {what}")
