"""The store on PostgreSQL behind a pooler in transaction mode: no transaction finds the session of the one before."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator

import pytest

import postgres_server
from hookwright.errors import StoreAway
from hookwright.store.database import Database
from hookwright.store.opening import open_store
from hookwright.store.port import AttemptSelector, New, Repeat, ReplaySelector, Retention
from ports import kept_port
from postgres_server import PASSWORD, Postgres
from store.builders import HOOK, NOW, OTHER, ack, attempt, bury, claim, event, keys

PROGRAM = "/usr/sbin/pgbouncer"


@pytest.fixture
def pooler(postgres: Postgres, database: Database) -> Iterator[Postgres]:
    """The URL leads to a pooler with three connections to the server for all."""
    if shutil.which(PROGRAM) is None:
        if os.environ.get("CI") == "true":
            pytest.fail(
                "There is no pgbouncer on this machine: install it (Debian: apt-get install pgbouncer)."
            )
        pytest.skip("no pgbouncer (Debian: apt-get install pgbouncer)")
    port = kept_port()
    with postgres_server.folder() as folder:
        users, settings = folder / "users", folder / "pgbouncer.ini"
        users.write_text(f'"app" "{PASSWORD}"\n')
        settings.write_text(
            f"[databases]\npostgres = host=127.0.0.1 port={postgres.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {port}\nunix_socket_dir =\nauth_type = plain\nauth_file = {users}\npool_mode = transaction\n"
            "default_pool_size = 3\nmax_client_conn = 50\n"
        )
        user = {} if os.geteuid() else {"user": pwd.getpwnam("postgres").pw_uid}
        with subprocess.Popen([PROGRAM, "-q", settings], **user, stderr=subprocess.DEVNULL) as process:  # type: ignore[call-overload]
            database.url_file.write_text(f"postgresql://app:{PASSWORD}@127.0.0.1:{port}/postgres")
            yield postgres
            process.send_signal(signal.SIGKILL)


async def test_everything_works_behind_a_pooler(pooler: Postgres, database: Database) -> None:
    """More calls at once than there are connections; and the next dispatcher finds all."""
    while True:
        try:
            store = await open_store(database, retention=Retention())
            break
        except StoreAway:  # it is starting
            await asyncio.sleep(0.05)
    work, upkeep, history = store
    answers = await asyncio.gather(
        *(work.accept([event(100 * key, HOOK, OTHER, identity=b"%d" % key)]) for key in range(1, 40))
    )
    assert answers == [[New()]] * 39
    assert await work.accept([event(9_000, HOOK, identity=b"7")]) == [Repeat(700, (HOOK, OTHER))]
    first, second, *rest = await claim(work)
    await asyncio.gather(
        work.finish([ack(first, attempt(first.key))]), work.finish([bury(second)]),
        *(work.finish([ack(one, attempt(one.key))]) for one in rest),
    )  # fmt: skip
    found = await asyncio.gather(
        *(history.invocations(AttemptSelector(route=HOOK), limit=9) for _ in range(9))
    )
    assert [len(each) for each in found] == [9] * 9
    assert len(await work.replay(ReplaySelector(), now=NOW, limit=9)) == 1
    await upkeep.prune(now=NOW)
    await history.close()
    await work.close()
    again = await open_store(database, retention=Retention())
    assert await keys(again.work) == [second.key]
    await again.history.close()
    await again.work.close()
