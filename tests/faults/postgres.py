"""A PostgreSQL of a round's own, and what leads dispatchers to it."""

from __future__ import annotations

from pathlib import Path

import postgres_server
from faults.ground import Ground
from faults.processes import NotPossibleError
from postgres_server import Postgres


def folder(ground: Ground) -> Path:
    """Where a server may be, gone after the round. NotPossibleError where none is installed."""
    if postgres_server.installed() is None:
        raise NotPossibleError("there is no PostgreSQL (Debian: apt-get install postgresql-15)")
    return ground.resources.enter_context(postgres_server.folder())


def serving(ground: Ground, folder: Path, wait: str = "8s") -> tuple[Postgres, dict[str, str]]:
    """A server in a folder, and the environment of a dispatcher whose events wait for it so long.

    Its URL is in the file `url` of the round.
    """
    server = ground.resources.enter_context(postgres_server.serving(folder))
    url = ground.folder / "url"
    url.write_text(server.url())
    return server, {
        "HOOKWRIGHT_STORE_KIND": "postgres",
        "HOOKWRIGHT_STORE_POSTGRES_URL_FILE": str(url),
        "HOOKWRIGHT_STORE_POSTGRES_WAIT": wait,
    }
