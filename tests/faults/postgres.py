"""A PostgreSQL of a round's own, a pooler before it if wanted, and what leads dispatchers to it."""

from __future__ import annotations

from pathlib import Path

import postgres_pooler
import postgres_server
from faults.ground import Ground
from faults.processes import NotPossibleError
from postgres_pooler import Pooler
from postgres_server import Postgres

POOLED = 8  # connections of a pooler to the server, for the nine of each dispatcher


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


def pooling(ground: Ground, folder: Path, server: Postgres) -> Pooler:
    """A pooler before a server, to which the URL leads from here on. NotPossibleError where none is installed."""
    if not postgres_pooler.installed():
        raise NotPossibleError(postgres_pooler.HINT)
    pooler = ground.resources.enter_context(postgres_pooler.pooling(folder, server, POOLED))
    (ground.folder / "url").write_text(pooler.url)
    return pooler
