"""What survives when the process is killed, and that nothing is acknowledged before it would survive a power cut."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from hookwright.store.sqlite import SqliteStore
from store.builders import claim
from store.process import Victim
from store.victim import RAW, ROUTE


async def reopened(folder: Path) -> set[int]:
    """Keys of the events whose delivery waits after a new start; each with its bytes."""
    store = SqliteStore.open(folder)
    try:
        found = await claim(store, ROUTE, limit=100_000, max_bytes=1_000_000_000)
        assert {one.raw for one in found} <= {RAW}
        return {one.event_key for one in found}
    finally:
        await store.close()


@pytest.mark.parametrize("seed", range(10))
async def test_kill_loses_nothing_that_was_acknowledged(tmp_path: Path, seed: int) -> None:
    """Killed at a random moment under load: each accepted event waits, unless a result for it was under way."""
    with Victim(tmp_path) as victim:
        victim.tell("flood")
        seen = [victim.answer() for _ in range(random.Random(seed).randrange(1, 3_000))]
        victim.kill()
        seen += victim.answers()
    told = [line.split() for line in seen]
    accepted = {int(words[1]) for words in told if words[0] == "accepted"}
    finishing = {int(words[1]) for words in told if words[0] == "finishing"}
    finished = {int(words[1]) for words in told if words[0] == "finished"}
    waiting = await reopened(tmp_path)
    assert accepted - finishing <= waiting
    assert not finished & waiting


def test_no_answer_leaves_before_the_sync_that_covers_it(tmp_path: Path, faults: Path) -> None:
    """Between a request and its answer stands a sync of the log after the last write to it."""
    trace = tmp_path / "trace"
    environment = {"LD_PRELOAD": str(faults), "HW_TRACE": str(trace)}
    with Victim(tmp_path / "data", environment=environment) as victim:
        for wave in range(20):
            victim.tell("wave", 10_000 * (wave + 1), 16)
            assert {victim.answer().split()[0] for _ in range(16)} == {"accepted"}
        for number in range(16):
            assert victim.ask("finish", 10_000 + 10 * number) == f"finished {10_000 + 10 * number}"
    calls = [line.split() for line in trace.read_text().splitlines()]
    unsynced = covered = answers = 0
    for call in calls:
        if call[:2] == ["pwrite", "store.db-wal"]:
            unsynced += 1
        elif call[:2] == ["sync", "store.db-wal"]:
            covered, unsynced = covered + unsynced, 0
        elif call[0] == "say" and call[1] in ("accepted", "finished"):
            answers += 1
            assert unsynced == 0, f"answer {answers} left with {unsynced} writes not synced"
            assert covered > 0
    assert answers == 20 * 16 + 16


def test_each_answer_has_a_sync_of_its_own_when_calls_come_one_by_one(tmp_path: Path, faults: Path) -> None:
    """No answer lives on the sync of an earlier one."""
    trace = tmp_path / "trace"
    environment = {"LD_PRELOAD": str(faults), "HW_TRACE": str(trace)}
    with Victim(tmp_path / "data", environment=environment) as victim:
        for key in range(100, 1_100, 10):
            assert victim.ask("accept", key) == f"accepted {key}"
    text = trace.read_text()
    parts = text[text.index("say open") :].split("say accepted")[:-1]
    assert len(parts) == 100
    for part in parts:
        calls = [line for line in part.splitlines() if line.endswith("store.db-wal")]
        assert "pwrite store.db-wal" in calls
        assert calls[-1] == "sync store.db-wal"
