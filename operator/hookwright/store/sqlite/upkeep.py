"""Bigger changes in bounded steps: replaying and burying, and dropping what is past its time or size.

Each function is one step: it runs in the writer's thread inside a transaction that `writer` begins and
commits, and is called again until it says that nothing is left. Must not: commit, or take longer than about
10 ms.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from itertools import islice

from hookwright.limits import STORE_STEP_ROWS
from hookwright.store.port import Action, DeadReason, Finish, ReplaySelector, Retention
from hookwright.store.sqlite import statements
from hookwright.store.sqlite.tables import Tables

_SQL = statements.load("upkeep.sql")


def replay(tables: Tables, selector: ReplaySelector, now: int, limit: int) -> list[tuple[int, str, int]]:
    """Dead letters back to waiting; see `store.port.Work.replay`. One step, bounded by `limit`."""
    replayed = []
    names = tables.route_names()
    for position in _selected(tables, selector, limit):
        key, event_key, route, attempts, size = tables.take_dead(position)
        tables.insert_waiting((route, key, event_key, now, attempts, 0, size))
        replayed.append((key, names[route], size))
    return replayed


def _selected(tables: Tables, selector: ReplaySelector, limit: int) -> list[int]:
    """Positions of the dead letters that a selector means."""
    route = None if selector.route is None else tables.route_id(selector.route)
    since = 0 if selector.since is None else selector.since
    until = 2**63 - 1 if selector.until is None else selector.until
    if selector.keys:
        rows = tables.connection.execute(_SQL["dead_with_keys"], (json.dumps(selector.keys),))
    elif route is not None:
        rows = tables.connection.execute(_SQL["dead_of_route"], (route,))
    else:
        rows = tables.connection.execute(_SQL["dead_since"], (since,))
    fitting = (
        position
        for position, of_route, at in rows
        if since <= at < until and (route is None or of_route == route)
    )
    return list(islice(fitting, limit))


@dataclass(slots=True)
class Burial:
    """Burying a route's waiting deliveries, step by step."""

    route: str
    reason: DeadReason
    message: str
    now: int
    exclude: frozenset[int]
    received_before: int | None
    count: int = 0
    size: int = 0
    _table: str = "some_waiting"
    _after: int = -1

    def step(self, tables: Tables) -> bool:
        """Bury some; True if there may be more."""
        values = (tables.route_id(self.route), self._after, STORE_STEP_ROWS)
        rows = tables.connection.execute(_SQL[self._table], values).fetchall()
        if not rows:
            more = self._table == "some_waiting"
            self._table, self._after = "some_delayed", -1
            return more
        self._after = rows[-1][0]
        before = self.received_before
        for key, received in rows:
            if key not in self.exclude and (before is None or received < before):
                finish = Finish(
                    key, self.route, Action.BURY, reason=self.reason, message=self.message, at=self.now
                )
                self.size += tables.bury(values[0], finish) or 0
                self.count += 1
        return True


class Pruning:
    """Dropping what is past its time or size, step by step; `dropped` counts it."""

    def __init__(self, retention: Retention, now: int) -> None:
        self._retention, self._now = retention, now
        self.dropped = {"identities": 0, "history": 0, "dead_letters": 0, "events": 0}
        self._stages = [self._identities, self._history, self._dead_letters, self._routes]

    def step(self, tables: Tables) -> bool:
        """Drop some; True if there may be more."""
        if not self._stages[0](tables):
            self._stages.pop(0)
        return bool(self._stages)

    def _past(self, seconds: int) -> int:
        return self._now - seconds * 1000

    def _identities(self, tables: Tables) -> bool:
        last = tables.connection.execute(_SQL["last_identity"]).fetchone()
        if last is None:
            return False
        keep = self._retention
        values = (self._past(keep.identity_seconds), last[0] - keep.identity_count, STORE_STEP_ROWS)
        dropped = tables.connection.execute(_SQL["prune_identities"], values).rowcount
        tables.measure_identities()
        return self._count("identities", dropped)

    def _history(self, tables: Tables) -> bool:
        keep = self._retention
        values = (self._past(keep.history_seconds), tables.history_end - keep.history_bytes, STORE_STEP_ROWS)
        return self._count("history", tables.connection.execute(_SQL["prune_history"], values).rowcount)

    def _dead_letters(self, tables: Tables) -> bool:
        keep = self._retention
        past = self._past(keep.dead_letter_seconds)
        released: Counter[int] = Counter()
        for position, at in tables.connection.execute(_SQL["oldest_dead"], (STORE_STEP_ROWS,)).fetchall():
            if at > past and tables.dead_bytes <= keep.dead_letter_bytes:
                break
            released[tables.take_dead(position)[1]] += 1
        self.dropped["events"] += tables.release(released)
        return self._count("dead_letters", released.total())

    def _routes(self, tables: Tables) -> bool:
        values = (self._past(self._retention.history_seconds), STORE_STEP_ROWS)
        gone = tables.connection.execute(_SQL["prune_routes"], values).fetchall()
        tables.forget_routes(route for (route,) in gone)
        return len(gone) == STORE_STEP_ROWS

    def _count(self, what: str, number: int) -> bool:
        self.dropped[what] += number
        return number == STORE_STEP_ROWS
