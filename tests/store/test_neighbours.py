"""A database of the first release is read, and what this release added serves that one as well after a rollback."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from hookwright.core.event import delivery_id, event_id
from hookwright.core.records import DeadReason
from hookwright.limits import DEAD_LETTER_ROW_BYTES, HISTORY_ROW_BYTES
from hookwright.store.opening import open_store
from hookwright.store.port import AttemptSelector, DeadGroup, Repeat, Retention
from hookwright.store.sqlite import statements
from hookwright.store.sqlite.database import APPLICATION_ID
from store.builders import FAR, HOOK, NOW, OTHER, claim, event

TAG = "0a1b2c"
EVENT = (
    "INSERT INTO events (key, event_type, trigger, deliveries, raw) VALUES (?, 'RequestGranted', NULL, ?, ?)"
)
DEAD = """INSERT INTO dead (key, event_key, route_id, reason, message, attempts, at, received, bytes)
          VALUES (?, ?, ?, 'Rejected', 'no', 1, ?, ?, ?)"""
ATTEMPT = """INSERT INTO attempts (delivery_key, attempt, event_key, route_id, kind, trigger, result, status, cause,
                                   time, duration, friendly_id, begins, detail)
             VALUES (?, 1, ?, ?, 'Delivery', NULL, 'Delivered', 200, NULL, ?, 1.0, NULL, 0, ?)"""
IDENTITY = "INSERT OR REPLACE INTO identities (identity, digest, at, answer) VALUES (?, ?, ?, ?)"
WAITING = "INSERT INTO waiting (route_id, key, event_key, received, attempts, steps, bytes) VALUES (?, ?, ?, ?, 0, 0, ?)"
"""What the first release wrote with."""


def first_release(folder: Path) -> sqlite3.Connection:
    """An empty database of the first release."""
    connection = sqlite3.connect(folder / "store.db", isolation_level=None)
    connection.executescript(
        f"{statements.text('schema.sql')} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1;"
    )
    connection.execute("INSERT INTO owner (one, tag, epoch, high_key) VALUES (1, ?, 3, 900)", (TAG,))
    connection.executemany("INSERT INTO routes (route) VALUES (?)", [(HOOK,), (OTHER,), (FAR,)])
    return connection


def answer(key: int, *routes: str) -> bytes:
    """What the first release kept of an identity."""
    deliveries = [{"id": delivery_id(key + at, TAG), "webhook": route} for at, route in enumerate(routes, 1)]
    return json.dumps({"id": event_id(key, TAG), "deliveries": deliveries}).encode()


def write(connection: sqlite3.Connection, key: int) -> None:
    """An event that is dead for two webhooks and waits for a third, an attempt, and an identity."""
    connection.execute(EVENT, (key, 3, b"x" * 50))
    connection.execute("INSERT INTO fanout (event_key, held) VALUES (?, 3)", (key,))
    for at, route in ((1, 1), (2, 2)):
        connection.execute(DEAD, (key + at, key, route, NOW, NOW, 50))
    connection.execute(WAITING, (3, key + 3, key, NOW, 50))
    connection.execute(ATTEMPT, (key + 1, key, 1, NOW, b'{"message": "well"}'))
    connection.execute(IDENTITY, (b"%d" % key, b"body", NOW, answer(key, HOOK, OTHER, FAR)))


async def test_a_database_of_the_first_release_is_used_as_it_is(tmp_path: Path) -> None:
    """Shares, the last invocations and repeats are right at once, with what it wrote."""
    with closing(first_release(tmp_path)) as connection:
        write(connection, 100)
    store = await open_store(tmp_path, retention=Retention())
    await store.upkeep.prune(now=NOW)
    groups = await store.history.dead_groups(limit=9)
    assert [group for _, group in groups] == [
        DeadGroup(route, DeadReason.REJECTED, 1, "no", NOW, NOW) for route in (OTHER, HOOK)
    ]
    stats = store.upkeep.stats()
    assert stats.kept["dead_letters"].namespaces == {"team": 50 + 2 * DEAD_LETTER_ROW_BYTES}
    assert stats.kept["history"].namespaces == {"team": 19 + HISTORY_ROW_BYTES}
    assert {*await store.history.last_invocations()} == {HOOK}
    assert len(await store.history.invocations(AttemptSelector(delivery=101), limit=9)) == 1
    shares = (await store.history.recovered()).shares
    assert (shares.of("elsewhere").waiting, shares.all.bytes) == (1, 50)
    assert [one.hops for one in await claim(store.work, FAR)] == [0]
    again = await store.work.accept([event(500, HOOK, identity=b"100")])
    assert again == [Repeat(100, (HOOK, OTHER, FAR))]
    await store.history.close()
    await store.work.close()


async def test_what_the_first_release_writes_after_a_rollback_is_counted(tmp_path: Path) -> None:
    """And what it drops; it can read what stands there, and finds the event of a repeat in what is kept of it."""
    first_release(tmp_path).close()
    store = await open_store(tmp_path, retention=Retention())
    await store.work.accept([event(500, HOOK, OTHER, identity=b"ours", raw=b"y" * 70)])
    await store.history.close()
    await store.work.close()
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as connection:
        kept = connection.execute("SELECT answer FROM identities WHERE identity = ?", (b"ours",)).fetchone()[
            0
        ]
        assert json.loads(kept)["id"] == event_id(500, TAG)
        write(connection, 100)
        write(connection, 200)
        connection.execute("DELETE FROM dead WHERE position = 1 RETURNING key").fetchall()
        connection.execute("DELETE FROM attempts WHERE position IN (SELECT position FROM attempts LIMIT 1)")
        rows = connection.execute(
            "SELECT * FROM dead_letters WHERE position < 9 ORDER BY position"
        ).fetchall()
        assert [row[1] for row in rows] == [102, 201, 202]
        assert len(connection.execute("SELECT * FROM invocations WHERE route_id = 1").fetchall()) == 1
    store = await open_store(tmp_path, retention=Retention())
    await store.upkeep.prune(now=NOW)
    stats = store.upkeep.stats()
    assert stats.kept["dead_letters"].total == 2 * 50 + 3 * DEAD_LETTER_ROW_BYTES
    groups = await store.history.dead_groups(limit=9)
    assert [(group.route, group.letters) for _, group in groups] == [(OTHER, 2), (HOOK, 1)]
    assert stats.kept["history"].total == 19 + HISTORY_ROW_BYTES
    assert await store.work.accept([event(900, identity=b"ours")]) == [Repeat(500, (HOOK, OTHER))]
    assert await store.work.accept([event(901, identity=b"200")]) == [Repeat(200, (HOOK, OTHER, FAR))]
    await store.history.close()
    await store.work.close()
