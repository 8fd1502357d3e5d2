"""How the writing thread works: groups, steps, requests that cannot be stored, the reserve, figures."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import uvloop
from watchfiles import awatch

from hookwright.core.records import DeadReason, Delivery, Pruned, StoredRoute
from hookwright.errors import StoreBroken, StoreError, StoreFull
from hookwright.limits import GIB, MIB, STORE_STEP_ROWS
from hookwright.store.port import New, NewEvent, Retention
from hookwright.store.sqlite import SqliteHistory, SqliteStore
from hookwright.store.sqlite.failures import Failure, Judge, judge
from store.builders import (
    DAY,
    HOOK,
    NONE,
    NOW,
    ack,
    attempt,
    bury,
    claim,
    dead_keys,
    event,
    keys,
    small_among_large,
)

PLENTY = (50 * GIB, 100 * GIB)


async def test_what_waits_is_committed_together(tmp_path: Path) -> None:
    """A hundred calls at once take a few commits, not a hundred."""
    store = SqliteStore.open(tmp_path)
    await asyncio.gather(*(store.accept([event(key, HOOK)]) for key in range(100, 10_100, 100)))
    stats = store.stats()
    assert stats.rows == 100
    assert stats.commits <= 5
    assert stats.commit_seconds >= stats.slowest_commit_seconds > 0
    assert stats.wal_bytes > 0
    assert store.stats().slowest_commit_seconds == 0
    await store.close()


async def test_a_small_event_does_not_wait_behind_many(tmp_path: Path) -> None:
    """One batch may be under way; the next goes after what is small."""
    store = SqliteStore.open(tmp_path)
    assert (await small_among_large(store))[-1] == "large"
    await store.close()


def test_it_works_on_uvloop(tmp_path: Path) -> None:
    """The event loop that the dispatcher runs on."""

    async def work() -> list[int]:
        store, history = SqliteStore.open(tmp_path), SqliteHistory(tmp_path)
        await asyncio.gather(*(store.accept([event(key, HOOK)]) for key in (100, 200, 300)))
        first, *_ = await claim(store)
        await store.finish([ack(first, attempt(101))])
        assert await history.invocation(101, 1) == attempt(101)
        found = await keys(store)
        await history.close()
        await store.close()
        return found

    assert uvloop.run(work()) == [201, 301]


async def test_a_request_that_cannot_be_stored_fails_alone(tmp_path: Path) -> None:
    """A key used twice is refused; what was to be committed together with it is stored."""
    store, history = SqliteStore.open(tmp_path), SqliteHistory(tmp_path)
    await store.accept([event(100, HOOK)])
    answers = await asyncio.gather(
        store.accept([event(200, HOOK)]),
        store.accept([event(300, "team/new")]),
        store.accept([event(100, HOOK)]),
        store.remember([StoredRoute(HOOK, gone="mark")]),
        return_exceptions=True,
    )
    assert [isinstance(answer, StoreError) for answer in answers] == [False, False, True, False]
    assert "SQLITE_CONSTRAINT" in str(answers[2])
    counts, memory, *_ = await history.recovered()
    assert (counts[HOOK].waiting, counts["team/new"].waiting, memory[HOOK].gone) == (2, 1, "mark")
    await history.close()
    await store.close()


@pytest.mark.parametrize(
    "bad", [{"time": 2**70}, {"duration": None}, {"trigger": "\ud800"}, {"detail": [b""]}]
)
async def test_a_result_that_cannot_be_stored_costs_its_call_alone(
    tmp_path: Path, bad: dict[str, Any]
) -> None:
    """Nothing of the call is stored, and all of the others that were committed with it."""
    store, history = SqliteStore.open(tmp_path), SqliteHistory(tmp_path)
    await store.accept([event(100, HOOK), event(200, HOOK), event(300, HOOK), event(400, HOOK)])
    first, second, third, fourth = await claim(store)
    answers = await asyncio.gather(
        store.finish([ack(first, attempt(101))]),
        store.finish([ack(second, attempt(201)), ack(third, attempt(301)._replace(**bad))]),
        store.finish([ack(fourth, attempt(401))]),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [type(None), StoreError, type(None)]
    assert await keys(store) == [201, 301]
    assert [one.delivery_key for _, one in await history.invocations(limit=10)] == [401, 101]
    await history.close()
    await store.close()


async def test_results_that_wait_for_space_are_answered_when_the_store_ends(tmp_path: Path) -> None:
    """Whatever waits when something worse is found: an error, never silence."""
    store = SqliteStore.open(tmp_path, on_broken=lambda why: None)
    await store.accept([event(100, HOOK)])
    [delivery] = await claim(store)
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        finishing = asyncio.ensure_future(store.finish([ack(delivery)]))
        with pytest.raises(StoreFull):
            await store.accept([event(200, HOOK)])
        other.execute("UPDATE owner SET epoch = epoch + 1")
        other.execute("COMMIT")
        with pytest.raises(StoreBroken, match="another process took it over"):
            await asyncio.wait_for(finishing, 30)


async def test_every_call_beside_the_end_is_answered(tmp_path: Path) -> None:
    """What came before it is carried out, or told that the store is closed like what comes after it."""
    store = SqliteStore.open(tmp_path)
    before = [
        asyncio.ensure_future(call)
        for call in (
            store.accept([event(100, HOOK)]),
            store.prune(now=NOW),
            store.prune(now=NOW),
            store.ping(),
        )
    ]
    ending = asyncio.ensure_future(store.close())
    after = asyncio.ensure_future(store.ping())
    answers = await asyncio.wait_for(asyncio.gather(*before, ending, after, return_exceptions=True), 30)
    assert answers[0] == [New()]
    assert answers[4] is None
    errors = [answer for answer in answers if isinstance(answer, BaseException)]
    assert errors, "not all steps of pruning fit in"
    assert {(type(error), str(error)) for error in errors} == {(StoreError, "The store is closed.")}


async def test_a_caller_that_gave_up_stops_nothing(tmp_path: Path) -> None:
    """A cancelled call may be stored; others go on."""
    store = SqliteStore.open(tmp_path)
    lost = asyncio.ensure_future(store.accept([event(100, HOOK)]))
    kept = asyncio.ensure_future(store.accept([event(200, HOOK)]))
    await asyncio.wait([lost, kept], timeout=0)
    lost.cancel()
    await kept
    assert 201 in await keys(store)
    await store.close()


async def test_a_claim_sees_what_came_before_it(tmp_path: Path) -> None:
    """Reading jobs run after the commit of what was called earlier, even without waiting for its answer."""
    store = SqliteStore.open(tmp_path)
    accepting = asyncio.ensure_future(store.accept([event(100, HOOK)]))
    claiming = asyncio.ensure_future(claim(store))
    assert [one.key for one in await claiming] == [101]
    assert accepting.done()
    await store.close()


async def test_big_work_lets_accepted_events_pass(tmp_path: Path) -> None:
    """Pruning takes steps; an event that comes meanwhile is stored before they are done."""
    store = SqliteStore.open(tmp_path, retention=Retention(history_bytes=0))
    number = 10 * STORE_STEP_ROWS
    nobody = Delivery(1, 0, HOOK, "AccessRequestGranted", None, b"", NOW)
    await store.finish([ack(nobody, attempt(key)) for key in range(number)])
    pruning = asyncio.ensure_future(store.prune(now=NOW))
    await store.accept([event(2_000_000, "team/other")])
    assert not pruning.done()
    assert (await pruning).history == number
    await store.close()


async def test_pruning_that_fails_is_told_by_the_next(tmp_path: Path) -> None:
    """What earlier steps dropped is not lost: the call that succeeds tells it."""
    store = SqliteStore.open(tmp_path)
    nobody = Delivery(1, 0, HOOK, "AccessRequestGranted", None, b"", NOW)
    await store.accept([event(100, HOOK, identity=b"one")])
    await store.finish([ack(nobody, attempt(key)) for key in range(STORE_STEP_ROWS + 10)])
    await store.finish([bury(one) for one in await claim(store)])
    refusing = "BEFORE DELETE ON dead BEGIN SELECT RAISE(ABORT, 'not now'); END"
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute(f"CREATE TRIGGER refusing {refusing}")
        with pytest.raises(StoreError, match="not now"):
            await store.prune(now=NOW + 30 * DAY)
        other.execute("DROP TRIGGER refusing")
    assert await store.prune(now=NOW + 30 * DAY) == Pruned(1, STORE_STEP_ROWS + 10, {HOOK: 1}, 1)
    assert await store.prune(now=NOW + 30 * DAY) == Pruned(0, 0, {}, 0)
    await store.close()


async def test_a_step_without_space_fails_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Its caller is told StoreFull; other calls go on, and the next one works."""
    store = SqliteStore.open(tmp_path)
    nobody = Delivery(1, 0, HOOK, "AccessRequestGranted", None, b"", NOW)
    await store.accept([event(100, HOOK)])
    await store.finish([ack(nobody, attempt(900))])
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for step in (
            store.prune(now=NOW + 7 * DAY),
            store.bury(HOOK, DeadReason.GONE, "it is gone", now=NOW, exclude=NONE),
        ):
            with pytest.raises(StoreFull, match="database is locked"):
                await step
        assert await keys(store) == [101]
        other.execute("ROLLBACK")
    assert await store.prune(now=NOW + 7 * DAY) == Pruned(0, 1, {}, 0)
    assert (await store.bury(HOOK, DeadReason.GONE, "it is gone", now=NOW, exclude=NONE)).count == 1
    await store.close()


async def test_the_log_is_written_back_when_nothing_is_to_do(tmp_path: Path) -> None:
    """Then the database holds everything, and the log begins anew."""
    store = SqliteStore.open(tmp_path)
    await store.accept([event(100, HOOK, raw=b"x" * 100)])
    async for _ in awatch(tmp_path, step=10, rust_timeout=100, yield_on_timeout=True):
        if store.stats().checkpoints:
            break
    assert b"x" * 100 in (tmp_path / "store.db").read_bytes()
    await store.close()


async def test_a_large_log_is_written_back_under_load(tmp_path: Path) -> None:
    """It does not grow without bound while there is no pause."""
    store = SqliteStore.open(tmp_path)
    raw = b"x" * 100_000
    for key in range(100, 40_100, 100):
        await store.accept([event(key, HOOK, raw=raw)])
        await store.finish([ack(one) for one in await claim(store)])
    assert store.stats().checkpoints >= 4
    assert store.stats().wal_bytes < 24 * MIB
    await store.close()


# --- space -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("free", "total", "accepted"),
    [
        (64 * MIB, 1 * GIB, True),
        (64 * MIB - 1, 1 * GIB, False),
        (500 * MIB, 10 * GIB, False),
        (512 * MIB, 10 * GIB, True),
        (1 * GIB, 1_000 * GIB, True),
        (1 * GIB - 1, 1_000 * GIB, False),
        (0, 0, False),
    ],
)
async def test_events_are_refused_under_the_reserve(
    tmp_path: Path, free: int, total: int, accepted: bool
) -> None:
    """5 % of the disk, at least 64 MiB and at most 1 GiB stay free; ping says the same."""
    store = SqliteStore.open(tmp_path, free_space=lambda: (free, total))
    calls = (store.accept([event(100, HOOK)]), store.ping())
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [not isinstance(answer, StoreFull) for answer in answers] == [accepted, accepted]
    await store.close()


async def test_under_the_reserve_results_and_pruning_go_on(tmp_path: Path) -> None:
    """That is what the reserve is for; with space again events are taken again."""
    free = [PLENTY]
    store = SqliteStore.open(tmp_path, free_space=lambda: free[0])
    await store.accept([event(100, HOOK), event(200, HOOK)])
    free[0] = (0, 100 * GIB)
    with pytest.raises(StoreFull, match="free space is under the reserve"):
        await store.accept([event(300, HOOK)])
    first, _ = await claim(store)
    await store.finish([ack(first, attempt(101))])
    assert (await store.prune(now=NOW + 7 * DAY)).history == 1
    free[0] = PLENTY
    await store.accept([event(400, HOOK)])
    assert await keys(store) == [201, 401]
    await store.close()


async def test_room_inside_the_database_counts(tmp_path: Path) -> None:
    """The file does not shrink: after a backlog has gone, what it took is used again before the disk is."""
    free = [PLENTY]
    store = SqliteStore.open(tmp_path, free_space=lambda: free[0])
    await store.accept([event(key, HOOK, raw=b"x" * MIB) for key in range(100, 6_100, 100)])
    free[0] = (40 * MIB, 1 * GIB)
    with pytest.raises(StoreFull):
        await store.accept([event(10_000, HOOK)])
    await store.finish([ack(one) for one in await claim(store, max_bytes=GIB)])
    await store.accept([event(20_000, HOOK)])
    free[0] = (30 * MIB, 1 * GIB)  # the log needs half the reserve
    with pytest.raises(StoreFull):
        await store.accept([event(30_000, HOOK)])
    await store.close()


async def test_a_lock_of_another_program_is_waited_out(tmp_path: Path) -> None:
    """Somebody looks into the file with a tool and holds it: results wait, as on a full disk."""
    store, history = SqliteStore.open(tmp_path), SqliteHistory(tmp_path)
    await store.accept([event(100, HOOK)])
    [delivery] = await claim(store)
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        finishing = asyncio.ensure_future(store.finish([ack(delivery, attempt(101))]))
        with pytest.raises(StoreFull, match="database is locked"):
            await store.accept([event(200, HOOK)])
        assert not finishing.done()
        other.execute("ROLLBACK")
    await finishing
    assert (await keys(store), await dead_keys(history)) == ([], [])
    await history.close()
    await store.close()


def failed(code: int) -> sqlite3.OperationalError:
    """An error as SQLite raises it."""
    error = sqlite3.OperationalError("an error")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "free", "meaning"),
    [
        (sqlite3.SQLITE_FULL, PLENTY, Failure.WAIT),
        (sqlite3.SQLITE_READONLY, PLENTY, Failure.WAIT),
        (sqlite3.SQLITE_READONLY_DBMOVED, PLENTY, Failure.BROKEN),
        (sqlite3.SQLITE_BUSY, PLENTY, Failure.WAIT),
        (sqlite3.SQLITE_IOERR_WRITE, PLENTY, Failure.BROKEN),
        (sqlite3.SQLITE_IOERR_WRITE, (0, 0), Failure.WAIT),
        (sqlite3.SQLITE_IOERR_FSYNC, (0, 0), Failure.BROKEN),
        (sqlite3.SQLITE_IOERR_SHMSIZE, PLENTY, Failure.WAIT),
        (sqlite3.SQLITE_IOERR_READ, PLENTY, Failure.BROKEN),
        (sqlite3.SQLITE_CORRUPT, PLENTY, Failure.BROKEN),
        (sqlite3.SQLITE_NOTADB, PLENTY, Failure.BROKEN),
        (sqlite3.SQLITE_CANTOPEN, PLENTY, Failure.BROKEN),
        (sqlite3.SQLITE_NOMEM, PLENTY, Failure.BROKEN),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, PLENTY, Failure.REQUEST),
        (sqlite3.SQLITE_TOOBIG, PLENTY, Failure.REQUEST),
        (sqlite3.SQLITE_INTERNAL, PLENTY, Failure.BROKEN),
    ],
)
def test_what_an_error_means(code: int, free: tuple[int, int], meaning: Failure) -> None:
    """Only what surely stored nothing is waited out; a failed sync never is, whatever is free."""
    assert judge(failed(code), lambda: free) is meaning


def test_a_disk_that_takes_writes_again_before_it_is_looked_at_is_believed_once() -> None:
    """A write was refused as it was read-only; a second that fails, or one after others went well, is a broken disk."""
    free = [(0, 0)]
    judge_of = Judge(lambda: free[0])
    write = failed(sqlite3.SQLITE_IOERR_WRITE)
    assert judge_of(write) is Failure.WAIT
    free[0] = PLENTY
    assert [judge_of(write), judge_of(write)] == [Failure.WAIT, Failure.BROKEN]
    free[0] = (0, 0)
    assert judge_of(write) is Failure.WAIT
    free[0] = PLENTY
    judge_of.works()
    assert judge_of(write) is Failure.BROKEN


def test_an_error_that_is_not_of_the_database_is_blamed_on_the_request() -> None:
    """A value that cannot be stored must not end the process."""
    assert judge(OverflowError("int too large"), lambda: PLENTY) is Failure.REQUEST


async def test_corruption_found_while_running_ends_the_store(tmp_path: Path) -> None:
    """What is read from a damaged page is not delivered: the process ends."""
    broken: list[str] = []
    store = SqliteStore.open(tmp_path, on_broken=broken.append)
    events: list[NewEvent] = [event(key, HOOK, raw=b"x" * 900) for key in range(100, 600_100, 100)]
    await store.accept(events)
    await store.close()
    data = bytearray((tmp_path / "store.db").read_bytes())
    assert len(data) < 32 * MIB
    store = SqliteStore.open(tmp_path, on_broken=broken.append)
    with (tmp_path / "store.db").open("r+b") as stream:
        for page in range(1, len(data) // 4096):
            stream.seek(page * 4096)
            stream.write(b"\xff" * 4096)
    with pytest.raises(StoreError, match="SQLITE_CORRUPT"):
        await keys(store, limit=10_000, max_bytes=GIB)
    assert len(broken) == 1
