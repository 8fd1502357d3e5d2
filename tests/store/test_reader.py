"""Reading beside the writer: bounded in time, never writing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hookwright.core.records import DeadReason, Delivery
from hookwright.errors import StoreError
from hookwright.store.port import AttemptSelector, ReplaySelector
from hookwright.store.sqlite import SqliteHistory, SqliteStore
from hookwright.store.sqlite.database import open_reader
from store.builders import HOOK, MINUTE, NOW, OTHER, ack, attempt, dead_event, event


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


REJECTED = {"result": "Rejected", "status": 422}


@pytest.mark.parametrize(
    ("selector", "usual", "rare"),
    [
        (AttemptSelector(statuses=(202, 202)), {}, {"status": 202}),
        (AttemptSelector(route=HOOK, statuses=(202, 202)), {}, {"status": 202}),
        (AttemptSelector(result="Delivered"), REJECTED, {}),
        (AttemptSelector(route=HOOK, kind="Delivery"), {"kind": "Manual"}, {}),
        (
            AttemptSelector(friendly_id="A", result="Rejected"),
            {"friendly_id": "A"},
            {**REJECTED, "friendly_id": "A"},
        ),
        (
            AttemptSelector(result="Rejected", kind="Manual"),
            {"kind": "Manual"},
            {**REJECTED, "kind": "Manual"},
        ),
        (AttemptSelector(failed=True, statuses=(202, 202)), REJECTED, {**REJECTED, "status": 202}),
        (AttemptSelector(route=HOOK, failed=True, kind="Delivery"), {**REJECTED, "kind": "Manual"}, REJECTED),
        (AttemptSelector(statuses=(422, 422), kind="Delivery"), {**REJECTED, "kind": "Manual"}, REJECTED),
    ],
)
async def test_what_is_rare_is_found_page_by_page(
    tmp_path: Path, selector: AttemptSelector, usual: dict[str, Any], rare: dict[str, Any]
) -> None:
    """A page ends where so many attempts were looked at; the pages together find what there is, once."""
    store, history = SqliteStore.open(tmp_path), SqliteHistory(tmp_path, looks=10)
    nobody = Delivery(1, 0, HOOK, "AccessRequestGranted", None, b"", NOW)
    fields = {key: rare if key in (103, 104, 128) else usual for key in range(101, 151)}
    await store.finish([ack(nobody, attempt(key)._replace(**each)) for key, each in fields.items()])
    found, ends = [], [51]
    while ends[-1] is not None:
        end = await history.horizon(selector, before=ends[-1])
        after = None if end is None else end - 1
        page = await history.invocations(selector, before=ends[-1], after=after, limit=10)
        found += [one.delivery_key for _, one in page]
        ends.append(end)
    assert found == [128, 104, 103]
    assert [before - end for before, end in pairwise(ends[:-1])] == [11] * (len(ends) - 2)
    assert len(ends) > 2
    await history.close()
    await store.close()


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (AttemptSelector(), None),
        (AttemptSelector(route=HOOK, since=NOW), None),
        (AttemptSelector(route=HOOK, result="Rejected"), None),
        (AttemptSelector(failed=True, until=NOW + 1), None),
        (AttemptSelector(statuses=(500, 599)), None),
        (AttemptSelector(route="team/never", statuses=(202, 202)), None),
        (AttemptSelector(statuses=(202, 202)), 40),
        (AttemptSelector(statuses=(202, 202), since=NOW + 1), 40),
    ],
)
async def test_a_page_has_an_end_only_where_nothing_leads_to_what_fits(
    tmp_path: Path, selector: AttemptSelector, expected: int | None
) -> None:
    """An index knows all that is asked for, or every attempt may have to be looked at."""
    store, history = SqliteStore.open(tmp_path), SqliteHistory(tmp_path, looks=10)
    nobody = Delivery(1, 0, HOOK, "AccessRequestGranted", None, b"", NOW)
    await store.finish([ack(nobody, attempt(key)) for key in range(101, 151)])
    assert await history.horizon(selector) == expected
    await history.close()
    await store.close()


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
        (ReplaySelector(reason=DeadReason.GONE, until=NOW), "dead USING INDEX dead_reason "),
        (
            ReplaySelector(route=HOOK, reason=DeadReason.GONE, since=NOW, until=NOW),
            "dead USING INDEX dead_group ",
        ),
    ],
)
async def test_a_page_of_dead_letters_is_found_and_not_sorted(
    tmp_path: Path, selector: ReplaySelector, index: str
) -> None:
    """However many there are, and so is where it ends."""
    store = SqliteStore.open(tmp_path)
    history = ExplainedHistory(tmp_path)
    await history.horizon(selector)
    await history.dead_letters(selector, limit=10)
    plan = "\n".join(history.plans)
    assert not [line for line in history.plans if line.startswith("SCAN dead")], plan
    assert f"SEARCH {index}" in plan
    assert "TEMP B-TREE" not in plan
    await history.close()
    await store.close()


@pytest.mark.parametrize(
    "selector",
    [
        ReplaySelector(until=NOW),
        ReplaySelector(route=HOOK, until=NOW),
        ReplaySelector(reason=DeadReason.GONE, until=NOW),
        ReplaySelector(route=HOOK, reason=DeadReason.GONE, until=NOW),
    ],
)
async def test_dead_letters_of_the_past_are_found_without_those_since(
    tmp_path: Path, selector: ReplaySelector
) -> None:
    """Where they begin is looked up by time; `before` of a page counts where it is older."""
    store = SqliteStore.open(tmp_path)
    for key, minutes in ((100, -60), (200, 5), (300, -2), (400, 540)):
        received = NOW + minutes * MINUTE
        await store.accept([dead_event(key, HOOK, DeadReason.GONE, received=received)])
    history = ExplainedHistory(tmp_path)
    found = await history.dead_letters(selector, limit=10)
    assert [row.key for _, row in found] == [301, 101]
    assert history.plans[0] == "SEARCH dead USING COVERING INDEX dead_at (at>?)"
    assert await history.dead_letters(selector, before=found[0][0], limit=10) == found[1:]
    await history.close()
    await store.close()


async def test_what_is_counted_is_the_smaller_part(tmp_path: Path) -> None:
    """Those of a time, or all that are kept without those before and after it."""
    store = SqliteStore.open(tmp_path)
    for n in range(10):
        await store.accept([dead_event(100 * (n + 1), HOOK, DeadReason.GONE, received=NOW + n * MINUTE)])
    history = ExplainedHistory(tmp_path)
    for (since, until), number, reads in [
        ((None, 2), 2, 1), ((None, 8), 8, 1), ((8, None), 2, 1), ((2, None), 8, 1), ((4, 6), 2, 1), ((1, 9), 8, 2),
        ((None, None), 10, 0),
    ]:  # fmt: skip
        history.plans.clear()
        times = [None if each is None else NOW + each * MINUTE for each in (since, until)]
        assert await history.dead_count(ReplaySelector(since=times[0], until=times[1])) == number
        assert sum("dead_at (at>? AND at<?)" in line for line in history.plans) == reads
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
