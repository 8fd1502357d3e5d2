"""A pooler (pgbouncer) in transaction mode before a PostgreSQL of the tests: as an unprivileged user, on a port of loopback.

It can be killed and started again. Must not: be what a test needs where no pooler is installed.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ports import kept_port
from postgres_server import PASSWORD, Postgres, as_unprivileged, takes_connections

PROGRAM = "/usr/sbin/pgbouncer"
HINT = "There is no pgbouncer on this machine (Debian: apt-get install pgbouncer)."


def installed() -> bool:
    """Whether it is."""
    return shutil.which(PROGRAM) is not None


class Pooler:
    """One before a server, with so many connections to it for all; its files are in a folder that others may enter.

    `resets`: nothing of a session is left for the next transaction on its connection.
    """

    def __init__(self, folder: Path, server: Postgres, connections: int, *, resets: bool) -> None:
        self._port = kept_port()
        self._users, self._settings = folder / "users", folder / "pgbouncer.ini"
        self._process: subprocess.Popen[bytes] | None = None
        self._users.write_text(f'"app" "{PASSWORD}"\n')
        self._settings.write_text(
            f"[databases]\npostgres = host=127.0.0.1 port={server.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {self._port}\nunix_socket_dir =\nauth_type = plain\nauth_file = {self._users}\n"
            f"pool_mode = transaction\ndefault_pool_size = {connections}\nmax_client_conn = 100\nserver_login_retry = 1\n"
            f"server_reset_query_always = {int(resets)}\n"
        )
        self.url = f"postgresql://app:{PASSWORD}@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Until it takes connections. It dies with the test."""
        command = ["setpriv", "--pdeathsig", "KILL", *as_unprivileged(), PROGRAM, "-q", self._settings]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        while not takes_connections(self._port):
            assert self._process.poll() is None, f"{PROGRAM} ended"

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


@contextmanager
def pooling(folder: Path, server: Postgres, connections: int, *, resets: bool = False) -> Iterator[Pooler]:
    """One that is started, and killed at the end."""
    pooler = Pooler(folder, server, connections, resets=resets)
    pooler.start()
    try:
        yield pooler
    finally:
        pooler.kill()
