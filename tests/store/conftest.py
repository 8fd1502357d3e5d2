"""Fixtures of the store's tests."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

import postgres_server
from hookwright.store.database import Database
from postgres_server import Postgres

_schemas = count(1)

pytest.register_assert_rewrite(
    "store.suite", "store.work_suite", "store.dead_letter_suite", "store.history_suite", "store.shares_suite"
)


@pytest.fixture(scope="session")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library of `faults.c`, compiled."""
    library = tmp_path_factory.mktemp("faults") / "faults.so"
    source = Path(__file__).with_name("faults.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    return library


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server that nobody stops; each test has a schema of its own in it."""
    with postgres_server.folder() as folder, postgres_server.serving(folder) as server:
        yield server


@pytest.fixture
def database(postgres: Postgres, tmp_path: Path) -> Database:
    """An empty schema."""
    url = tmp_path / "url"
    url.write_text(f"{postgres.url()}\n")
    return Database(url, schema=f"hookwright_{next(_schemas)}")
