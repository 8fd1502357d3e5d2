"""Reading beside the writer: bounded in time, never writing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hookwright.core.records import DeadReason, Delivery
from hookwright.errors import StoreError
from hookwright.store.port import AttemptSelector, ReplaySelector
from hookwright.store.sqlite import SqliteHistory, SqliteStore
from hookwright.store.sqlite.database import open_reader
from store.builders import HOOK, NOW, OTHER, ack, attempt, event


async def test_a_query_that_takes_too_long_ends(tmp_path: Path) -> None:
    """One sentence that says what to do; the next query works."""
    store, history = SqliteStore.open(tmp_path), SqliteHistory(tmp_path, seconds=0.0)
    nobody = Delivery(1, 0, HOOK, "AccessRequestGranted", None, b"", NOW)
    await store.finish([ack(nobody, attempt(key)) for key in range(60_000)])
    with pytest.raises(StoreError, match=r"Reading the history took longer than 0\.0 s: ask for less"):
        await history.invocations(limit=100_000)
    assert (await history.recovered())[0] == {}
    await history.close()
    await store.close()


async def test_a_reader_cannot_write(tmp_path: Path) -> None:
    """Not even by a mistake in a statement."""
    store = SqliteStore.open(tmp_path)
    with (
        closing(open_reader(tmp_path / "store.db")) as connection,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        connection.execute("DELETE FROM routes")
    await store.close()


async def test_reading_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    """While another connection holds the write lock, the history answers from what was committed."""
    store, history = SqliteStore.open(tmp_path), SqliteHistory(tmp_path)
    await store.accept([event(100, HOOK)])
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM waiting")
        assert (await history.counts([HOOK]))[HOOK].waiting == 1
        writer.execute("ROLLBACK")
    await history.close()
    await store.close()


async def test_damage_is_told_in_one_sentence(tmp_path: Path) -> None:
    """The admin port shows it; the writer decides what to do about it."""
    store, history = SqliteStore.open(tmp_path), SqliteHistory(tmp_path)
    with closing(sqlite3.connect(tmp_path / "store.db")) as other:
        other.execute("DROP VIEW invocations")
    with pytest.raises(StoreError, match="The history cannot be read"):
        await history.invocations(limit=10)
    await history.close()
    await store.close()


async def test_counting_too_long_ends(tmp_path: Path) -> None:
    """One sentence; the next, smaller question works."""
    store, history = SqliteStore.open(tmp_path), SqliteHistory(tmp_path, seconds=0.0)
    await store.accept([event(1, HOOK), event(10, OTHER)])
    with closing(sqlite3.connect(tmp_path / "store.db")) as other:
        other.execute(
            "WITH RECURSIVE keys (key) AS (SELECT 100 UNION ALL SELECT key + 1 FROM keys LIMIT 200000)"
            " INSERT INTO waiting SELECT 1, key, key, 0, 0, 0, 10 FROM keys"
        )
        other.commit()
    with pytest.raises(StoreError, match=r"Reading the history took longer than 0\.0 s"):
        await history.counts([HOOK, OTHER])
    assert (await history.counts([OTHER]))[OTHER].waiting == 1
    assert (await history.recovered())[0][HOOK].waiting == 200_001
    await history.close()
    await store.close()


async def test_what_cannot_be_asked_or_opened_is_told_in_our_words(tmp_path: Path) -> None:
    """No error of SQLite or of Python's values comes out of a question."""
    store, history = SqliteStore.open(tmp_path), SqliteHistory(tmp_path)
    with pytest.raises(StoreError, match="The history cannot be asked for that"):
        await history.invocations(limit=2**70)
    with pytest.raises(StoreError, match="The history cannot be asked for that"):
        await history.invocations(AttemptSelector(friendly_id="\ud800"), limit=10)
    await history.close()
    with pytest.raises(StoreError, match="The history is closed"):
        await history.counts([HOOK])
    await store.close()
    nowhere = SqliteHistory(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="The history cannot be read"):
        await nowhere.counts([HOOK])
    await nowhere.close()


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (AttemptSelector(), None),
        (AttemptSelector(route=HOOK), "attempts_route"),
        (AttemptSelector(result="Rejected"), "attempts_result"),
        (AttemptSelector(route=HOOK, result="Rejected"), "attempts_route_result"),
        (AttemptSelector(failed=True), "attempts_result"),
        (AttemptSelector(route=HOOK, failed=True), "attempts_route_result"),
        (AttemptSelector(statuses=(500, 599)), "attempts_status"),
        (AttemptSelector(route=HOOK, statuses=(503, 503)), "attempts_route_result"),
        (AttemptSelector(kind="Manual"), "attempts_kind"),
        (AttemptSelector(friendly_id="AR-1"), "attempts_friendly_id"),
        (AttemptSelector(delivery=101), "attempts_delivery"),
        (AttemptSelector(since=NOW, until=NOW + 1), None),
    ],
)
async def test_every_question_has_its_index(
    tmp_path: Path, question: AttemptSelector, index: str | None
) -> None:
    """No question of the admin port reads the whole history or sorts it."""
    store = SqliteStore.open(tmp_path)
    nobody = Delivery(1, 0, HOOK, "AccessRequestGranted", None, b"", NOW)
    await store.finish([ack(nobody, attempt(101))])
    history = ExplainedHistory(tmp_path)
    await history.invocations(question, limit=10)
    plan = "\n".join(history.plans)
    assert "TEMP B-TREE" not in plan
    assert index is None or f"INDEX {index} " in plan, plan
    assert not [line for line in history.plans if line in ("SCAN attempts", "SCAN invocations")], plan
    await history.close()
    await store.close()


@pytest.mark.parametrize(
    ("selector", "index"),
    [
        (ReplaySelector(), "dead USING INTEGER PRIMARY KEY"),
        (ReplaySelector(route=HOOK), "dead USING INDEX dead_route "),
        (
            ReplaySelector(route=HOOK, reason=DeadReason.GONE, since=NOW, until=NOW),
            "dead USING INDEX dead_group ",
        ),
    ],
)
async def test_a_page_of_dead_letters_is_found_and_not_sorted(
    tmp_path: Path, selector: ReplaySelector, index: str
) -> None:
    """However many there are."""
    store = SqliteStore.open(tmp_path)
    history = ExplainedHistory(tmp_path)
    await history.dead_letters(selector, limit=10)
    plan = "\n".join(history.plans)
    assert f"SEARCH {index}" in plan
    assert "TEMP B-TREE" not in plan
    await history.close()
    await store.close()


async def test_groups_and_counts_read_what_is_kept_of_them(tmp_path: Path) -> None:
    """Without reading the dead letters one by one, but for those of a time."""
    store = SqliteStore.open(tmp_path)
    history = ExplainedHistory(tmp_path)
    await history.dead_groups(limit=10)
    await history.dead_count(ReplaySelector(until=NOW))
    await history.dead_count(ReplaySelector(route=HOOK, reason=DeadReason.GONE, since=NOW))
    plan = "\n".join(history.plans)
    assert "SCAN dead\n" not in plan
    assert "INDEX dead_at (at>? AND at<?)" in plan
    assert "INDEX dead_group_at (route_id=? AND reason=? AND at>? AND at<?)" in plan
    await history.close()
    await store.close()


class ExplainedHistory(SqliteHistory):
    """Collects SQLite's plans of the statements that it runs."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.plans: list[str] = []

    def _connection(self) -> sqlite3.Connection:
        connection = super()._connection()
        plans = self.plans

        class Explaining:
            """Explains, then runs."""

            set_progress_handler = connection.set_progress_handler
            rollback = connection.rollback

            def execute(self, sql: str, values: object = ()) -> sqlite3.Cursor:
                rows = connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)  # type: ignore[arg-type]
                plans.extend(row[3] for row in rows)
                return connection.execute(sql, values)  # type: ignore[arg-type]

        return Explaining()  # type: ignore[return-value]
