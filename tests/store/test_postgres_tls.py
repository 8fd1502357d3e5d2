"""A database behind TLS: with a certificate authority named, its certificate and its name are checked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

import postgres_server
from hookwright.errors import StoreAway
from hookwright.store.database import Database
from hookwright.store.opening import open_store
from hookwright.store.port import Retention
from postgres_server import Postgres
from store.builders import opened

AUTHORITY = trustme.CA()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A server with a certificate of the authority for its address."""
    with postgres_server.folder() as folder, postgres_server.serving(folder) as server:
        certificate = AUTHORITY.issue_cert("127.0.0.1")
        owner = server.folder.stat()
        for name, pem in (
            ("server.crt", certificate.cert_chain_pems[0]),
            ("server.key", certificate.private_key_pem),
        ):
            path = server.folder / name
            path.write_bytes(pem.bytes())
            path.chmod(0o600)
            os.chown(path, owner.st_uid, owner.st_gid)
        server.configure("ssl = on")
        server.reload()
        yield server


@pytest.fixture
def database(postgres: Postgres, tmp_path: Path) -> Database:
    """With that authority; the URL says nothing of TLS."""
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca")
    (tmp_path / "url").write_text(postgres.url())
    return Database(tmp_path / "url", ca_file=tmp_path / "ca")


async def test_a_server_under_the_authority_is_used(database: Database, postgres: Postgres) -> None:
    """All connections are encrypted."""
    async with opened(database) as (work, _, _):
        await work.ping()
        statement = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'app' AND NOT ssl"
        assert postgres.sql(statement) == "0"


async def test_a_server_under_another_authority_is_waited_for(database: Database, tmp_path: Path) -> None:
    """What is wrong is said; a file with the right authority is taken up."""
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca")
    with pytest.raises(
        StoreAway, match=r"its certificate is not trusted, .*; name its authority in .*_CA_FILE"
    ):
        await open_store(database, retention=Retention())
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca")
    async with opened(database) as (work, _, _):
        await work.ping()


async def test_a_server_by_another_name_is_waited_for(database: Database, postgres: Postgres) -> None:
    """The name stands in the URL, of which nothing is told."""
    database.url_file.write_text(postgres.url().replace("127.0.0.1", "localhost"))
    with pytest.raises(StoreAway, match="its certificate is for another name") as error:
        await open_store(database, retention=Retention())
    assert "localhost" not in str(error.value)
