"""What the store does when the disk fails: it waits for space, and ends at once after anything worse."""

from __future__ import annotations

import errno
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hookwright.limits import GIB
from hookwright.store.sqlite.ownership import Ownership
from store.process import Victim
from store.test_crash import reopened


@dataclass(frozen=True)
class Disk:
    """The disk of a victim, with switches."""

    folder: Path
    environment: dict[str, str]
    fault: Path
    free: Path

    def fails(self, call: str, file: str, number: int) -> None:
        """Calls of a kind on one of the database's files fail from now on."""
        _replace(self.fault, f"{call} {file} {number}")

    def has_free(self, number: int) -> None:
        """So many bytes are free from now on."""
        _replace(self.free, str(number))

    def heals(self) -> None:
        """Calls succeed again."""
        self.fault.unlink()


def _replace(file: Path, text: str) -> None:
    """The victim reads these files at any time: never half of one."""
    aside = file.with_suffix(".new")
    aside.write_text(text)
    aside.rename(file)


@pytest.fixture
def disk(tmp_path: Path, faults: Path) -> Disk:
    """A disk that works, with 50 GiB free."""
    fault, free = tmp_path / "fault", tmp_path / "free"
    free.write_text(str(50 * GIB))
    environment = {"LD_PRELOAD": str(faults), "HW_FAULT": str(fault), "HW_FREE": str(free)}
    return Disk(tmp_path / "data", environment, fault, free)


@pytest.fixture
def victim(disk: Disk) -> Iterator[Victim]:
    """A store on that disk that has accepted event 100."""
    with Victim(disk.folder, environment=disk.environment) as victim:
        assert victim.ask("accept", 100) == "accepted 100"
        yield victim


@pytest.mark.parametrize(
    ("call", "file"),
    [("sync", "store.db-wal"), ("pwrite", "store.db-wal"), ("sync", "store.db"), ("pwrite", "store.db")],
)
async def test_a_failed_write_or_sync_ends_the_process(
    disk: Disk, victim: Victim, call: str, file: str
) -> None:
    """Commit or checkpoint: exit code 70, one line that says why, no answer; what was acknowledged is there."""
    disk.fails(call, file, errno.EIO)
    if file == "store.db-wal":
        victim.tell("accept", 200)
    assert victim.ended() == 70
    assert victim.answers() == []
    [line] = victim.errors().splitlines()
    assert line.startswith(f"hookwright: The store in {disk.folder} failed (SQLITE_IOERR")
    disk.heals()
    assert 100 in await reopened(disk.folder)


async def test_without_space_events_are_refused_and_results_wait(disk: Disk, victim: Victim) -> None:
    """A full disk: nothing is acknowledged, a result is written when there is space again, without a restart."""
    disk.fails("pwrite", "store.db-wal", errno.ENOSPC)
    victim.tell("finish", 100)
    assert victim.ask("accept", 200) == "refused 200 StoreFull"
    assert victim.ask("accept", 300) == "refused 300 StoreFull"
    disk.heals()
    assert victim.answer() == "finished 100"
    assert victim.ask("accept", 400) == "accepted 400"
    victim.kill()
    assert await reopened(disk.folder) == {400}


async def test_a_disk_that_becomes_read_only_is_waited_out(disk: Disk, victim: Victim) -> None:
    """The same for a read-only file system, on which nothing counts as free."""
    disk.has_free(0)
    disk.fails("pwrite", "store.db-wal", errno.EROFS)
    victim.tell("finish", 100)
    assert victim.ask("accept", 200) == "refused 200 StoreFull"
    disk.heals()
    disk.has_free(50 * GIB)
    assert victim.answer() == "finished 100"
    assert victim.ask("accept", 300) == "accepted 300"


async def test_closing_without_space_ends_and_loses_no_event(disk: Disk, victim: Victim) -> None:
    """A result that could not be written is given up: its delivery is there and goes out once more."""
    disk.fails("pwrite", "store.db-wal", errno.ENOSPC)
    victim.tell("finish", 100)
    assert victim.ask("close") == "closed"
    victim.kill()
    disk.heals()
    assert await reopened(disk.folder) == {100}


_SMALL = 'mount -t tmpfs -o size=24m tmpfs "$0" && exec "$@"'


def small_disk(folder: Path) -> list[str]:
    """What to put before a command so that it sees a file system of 24 MiB in a folder; [] if that is not allowed."""
    for unshare in (["unshare", "--mount", "--map-root-user"], ["unshare", "--mount"]):
        prefix = [*unshare, "sh", "-c", _SMALL, str(folder)]
        if subprocess.run([*prefix, "true"], capture_output=True).returncode == 0:
            return prefix
    return []


async def test_a_full_file_system_is_waited_out(disk: Disk, tmp_path: Path) -> None:
    """A real small file system, filled up and emptied again (where mounting is not allowed, calls that fail)."""
    disk.folder.mkdir()
    prefix = small_disk(disk.folder)
    with Victim(disk.folder, environment=disk.environment, prefix=prefix) as victim:
        assert victim.ask("accept", 100) == "accepted 100"
        if prefix:
            assert victim.ask("fill") == "filled"
        else:
            disk.fails("pwrite", "store.db-wal", errno.ENOSPC)
        accepted = set()
        key = 1_000
        while (
            answer := victim.ask("accept", key)
        ) == f"accepted {key}":  # until the log needs more than it had
            accepted.add(key)
            key += 10
        assert answer == f"refused {key} StoreFull"
        victim.tell("finish", 100)  # may find room in the log once it is written back
        if prefix:
            victim.tell("empty")
            assert {victim.answer(), victim.answer()} == {"emptied", "finished 100"}
        else:
            disk.heals()
            assert victim.answer() == "finished 100"
        assert victim.ask("accept", 910_000) == "accepted 910000"
        seen = victim.root / disk.folder.relative_to("/")
        shutil.copytree(seen, tmp_path / "copy", ignore=shutil.ignore_patterns("*-shm", "ballast"))
    assert await reopened(tmp_path / "copy") == accepted | {910_000}


# --- a start ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "existing"),
    [
        ("store.db.new", False),
        ("store.db-wal", False),
        ("store.db-shm", False),
        ("store.db-wal", True),
        ("store.db-shm", True),
    ],
)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
async def test_a_start_without_space_can_be_tried_again(
    disk: Disk, file: str, existing: bool, number: int
) -> None:
    """The first start and a later one: nothing stays open, locked or half made; with space the same process opens."""
    if existing:
        with Victim(disk.folder, environment=disk.environment) as victim:
            assert victim.ask("accept", 100) == "accepted 100"
    disk.fails("pwrite", file, number)
    if number != errno.ENOSPC:
        disk.has_free(0)
    with Victim(disk.folder, environment=disk.environment, first="refused") as victim:
        refused = victim.ask("open")
        assert refused.startswith("refused StoreFull ")
        assert victim.ask("open") == refused, "descriptors stayed open"
        Ownership(disk.folder).release()
        assert not (disk.folder / "store.db.new").exists()
        disk.heals()
        disk.has_free(50 * GIB)
        assert victim.ask("open").startswith("open ")
        assert victim.ask("accept", 200) == "accepted 200"
        victim.kill()
    assert await reopened(disk.folder) == ({100, 200} if existing else {200})


_FULL = _SMALL.replace("&&", '&& { cat /dev/zero > "$0/ballast"; } 2>/dev/null;')


async def test_starts_on_a_full_file_system_are_waited_out(tmp_path: Path) -> None:
    """A real small file system: the first start while it is full, and a later one."""
    folder = tmp_path / "data"
    folder.mkdir()
    prefix = [_FULL if word == _SMALL else word for word in small_disk(folder)]
    if not prefix:
        pytest.skip("mounting is not allowed here; the test above covers the calls")
    with Victim(folder, prefix=prefix, first="refused") as victim:
        refused = victim.ask("open")
        assert refused.startswith("refused StoreFull ")
        assert victim.ask("open") == refused
        assert victim.ask("empty") == "emptied"
        assert victim.ask("open").startswith("open ")
        assert victim.ask("accept", 100) == "accepted 100"
        assert victim.ask("close") == "closed"
        assert victim.ask("fill") == "filled"
        refused = victim.ask("open")
        assert refused.startswith("refused StoreFull ")
        assert victim.ask("open") == refused
        assert victim.ask("empty") == "emptied"
        assert victim.ask("open").startswith("open ")
        assert victim.ask("finish", 100) == "finished 100"
