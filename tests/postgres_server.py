"""A PostgreSQL of the machine's own packages, for tests: as an unprivileged user, on a port of loopback, with fsync on.

Its data are in a folder of their own; it can be killed, stopped, started again, and be given a synchronous standby.
"""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ports import kept_port

_CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = on
synchronous_commit = on
full_page_writes = on
shared_buffers = 64MB
max_connections = 60
max_wal_senders = 4
hot_standby = on
log_min_messages = warning
"""
PASSWORD = "let-me-in"
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}


def installed() -> Path | None:
    """Where its programs are, if they are."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


def programs() -> Path:
    """Where they are; without them a test is left out, but not where all tests must run."""
    if (found := installed()) is not None:
        return found
    if os.environ.get("CI") == "true":
        pytest.fail(
            "There is no PostgreSQL on this machine: install it (Debian: apt-get install postgresql-15)."
        )
    pytest.skip("no PostgreSQL (Debian: apt-get install postgresql-15)")


def _unprivileged() -> tuple[int, int] | None:
    """User and group that it runs as, as root may not; None: as who runs the tests."""
    if os.geteuid() != 0:
        return None
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        user = pwd.getpwnam("nobody")
    return user.pw_uid, user.pw_gid


def as_unprivileged() -> list[str]:
    """What `setpriv` is told for that."""
    if (who := _unprivileged()) is None:
        return []
    return [f"--reuid={who[0]}", f"--regid={who[1]}", "--clear-groups"]


def takes_connections(port: int) -> bool:
    """Whether a server, or a pooler before one, does."""
    asks = [programs() / "pg_isready", "-q", "-t", "60", "-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(asks, env=_ENVIRONMENT, check=False).returncode == 0


class Postgres:
    """One server in a folder."""

    def __init__(self, folder: Path) -> None:
        self._programs, self._user = programs(), _unprivileged()
        self.folder = folder
        self.port = kept_port()
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, *others: Postgres) -> str:
        """Of its database; with others: whichever of them takes writes."""
        hosts = ",".join(f"127.0.0.1:{each.port}" for each in (self, *others))
        return f"postgresql://app:{PASSWORD}@{hosts}/postgres"

    def run(self, program: str, *arguments: str | Path) -> None:
        """One of its programs, as its user."""
        self._command([self._programs / program, *arguments], check=True)

    def make(self) -> None:
        """Make the data folder, with a role that may make a schema."""
        self._give(self.folder)
        word = self.folder.with_name(f"{self.folder.name}.word")
        word.write_text(PASSWORD)
        self._give(word)
        self.run(
            "initdb",
            "-D",
            self.folder,
            "-U",
            "hookwright",
            "-A",
            "scram-sha-256",
            "--pwfile",
            word,
            "--no-sync",
        )
        self.configure(_CONFIGURATION, f"port = {self.port}")

    @property
    def pid(self) -> int:
        """Of the process that started all others."""
        assert self._process is not None
        return self._process.pid

    def configure(self, *lines: str) -> None:
        """Add to its settings; for those that say so, until the next start."""
        with (self.folder / "postgresql.conf").open("a") as stream:
            stream.write("\n".join(["", *lines, ""]))

    def start(self) -> None:
        """Until it takes connections. It dies with the test."""
        program = [self._programs / "postgres", "-D", self.folder]
        command = ["setpriv", "--pdeathsig", "KILL", *as_unprivileged(), *program]
        log = self.folder.with_name(f"{self.folder.name}.log")
        with log.open("ab") as said:
            self._process = subprocess.Popen(
                command, stdout=said, stderr=said, stdin=subprocess.DEVNULL, cwd="/", env=_ENVIRONMENT
            )
        while not self.runs():
            assert self._process.poll() is None, log.read_text()

    def stop(self, mode: str = "fast") -> None:
        """As an operator would."""
        self._command([self._programs / "pg_ctl", "-D", self.folder, "-m", mode, "-w", "stop"], check=False)
        self._reap()

    def _reap(self) -> None:
        if self._process is not None:
            self._process.wait()
            self._process = None

    def runs(self) -> bool:
        """Whether it takes connections."""
        return takes_connections(self.port)

    def kill(self) -> None:
        """All its processes at once, as when the machine dies."""
        assert self._process is not None
        leader = self._process.pid
        children = [*map(int, Path(f"/proc/{leader}/task/{leader}/children").read_text().split())]
        for pid in (leader, *children):
            os.kill(pid, signal.SIGKILL)
        self._reap()
        while any(Path(f"/proc/{pid}").exists() for pid in children):
            os.sched_yield()

    def reload(self) -> None:
        """Read the settings again."""
        self.run("pg_ctl", "-D", self.folder, "reload")

    def promote(self) -> None:
        """A standby takes writes from here on."""
        self.run("pg_ctl", "-D", self.folder, "-w", "promote")

    def sql(self, statement: str) -> str:
        """What a statement answers, as an operator asks."""
        environment = {**os.environ, "PGPASSWORD": PASSWORD}
        command = [
            str(self._programs / "psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "hookwright", "-d", "postgres",
            "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement,
        ]  # fmt: skip
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout.strip()

    def standby(self, folder: Path) -> Postgres:
        """A standby of it, started; each commit waits for it from here on."""
        other = Postgres(folder)
        other._give(folder)
        source = (
            f"host=127.0.0.1 port={self.port} user=hookwright password={PASSWORD} application_name=standby"
        )
        other.run("pg_basebackup", "-D", folder, "-R", "-X", "stream", "--no-sync", "-d", source)
        other.configure(f"port = {other.port}")
        other.start()
        self.configure("synchronous_standby_names = 'standby'")
        self.reload()
        return other

    def _give(self, path: Path) -> None:
        if not path.exists():
            path.mkdir(mode=0o700)
        if self._user is not None:
            os.chown(path, *self._user)

    def _command(self, command: Sequence[str | Path], *, check: bool) -> int:
        user, group = self._user or (None, None)
        done = subprocess.run(
            command, user=user, group=group, extra_groups=() if user is not None else None, capture_output=True, text=True,
            timeout=120, check=False, cwd="/", stdin=subprocess.DEVNULL, env=_ENVIRONMENT,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"
        return done.returncode


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that another user may enter, other than those that pytest makes for root."""
    with TemporaryDirectory(prefix="hookwright-postgres-") as found:
        Path(found).chmod(0o711)
        yield Path(found)


@contextmanager
def serving(folder: Path) -> Iterator[Postgres]:
    """A server in a folder, stopped at the end; with a role that may do no more than make a schema."""
    server = Postgres(folder / "data")
    server.make()
    server.start()
    try:
        server.sql(f"CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'")
        server.sql("GRANT CREATE ON DATABASE postgres TO app")
        yield server
    finally:
        server.stop("immediate")
