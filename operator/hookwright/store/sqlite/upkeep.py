"""Bigger changes in bounded steps: replaying and burying, and dropping what is past its time or size.

Each function is one step: it runs in the writer's thread inside a transaction that `committer` begins and
commits, and is called again while it says that there may be more. Must not: commit, or take longer than about
10 ms.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from itertools import islice

from hookwright.core.records import Buried, Finish, Pruned
from hookwright.limits import KEY_COUNTER_BITS, STORE_STEP_ROWS
from hookwright.store.port import Replay, ReplaySelector, Retention
from hookwright.store.sqlite import statements
from hookwright.store.sqlite.tables import Tables

_SQL = statements.load("upkeep.sql")
_HIGHEST = 2**63 - 1
NOTHING = Pruned(0, 0, {}, 0)


def replay(tables: Tables, selector: ReplaySelector, now: int, limit: int) -> list[Replay]:
    """Dead letters back to waiting; see `store.port.Work.replay`. Bounded by `limit`."""
    replayed = []
    names = tables.route_names()
    for position in _selected(tables, selector, limit):
        key, event_key, route, attempts, size = tables.take_dead(position)
        tables.insert_waiting((route, key, event_key, now, attempts, 0, size))
        replayed.append(Replay(key, names[route], size))
    return replayed


def _selected(tables: Tables, selector: ReplaySelector, limit: int) -> list[int]:
    """Positions of the dead letters that a selector means."""
    route = None if selector.route is None else tables.known_route(selector.route)
    since = 0 if selector.since is None else selector.since
    until = _HIGHEST if selector.until is None else selector.until
    if selector.keys:
        rows = tables.connection.execute(_SQL["dead_with_keys"], (json.dumps(selector.keys),))
    elif selector.route is not None:
        rows = tables.connection.execute(_SQL["dead_of_route"], (route,))
    else:
        rows = tables.connection.execute(_SQL["dead_since"], (since,))
    fitting = (
        position
        for position, of_route, at in rows
        if since <= at < until and (selector.route is None or of_route == route)
    )
    return list(islice(fitting, limit))


def bury(
    tables: Tables,
    finish: Finish,
    exclude: frozenset[int],
    received_before: int | None,
    after: int,
) -> Buried:
    """Bury what waits of a webhook, each as `finish` says (but for its key); see `store.port.Work.bury`."""
    route = tables.known_route(finish.route)
    if route is None:
        return Buried(0, 0, None, None)
    end = _HIGHEST if received_before is None else received_before
    values = (route, after, min(_HIGHEST, end << KEY_COUNTER_BITS), STORE_STEP_ROWS)
    keys = tables.connection.execute(_SQL["some_waiting"], values).fetchall()
    old = [key for key, received in keys if received < end and key not in exclude]
    size = sum(tables.bury(route, finish._replace(key=key)) or 0 for key in old)
    if len(keys) == STORE_STEP_ROWS:
        return Buried(len(old), size, keys[-1][0], None)
    return Buried(len(old), size, None, _oldest(tables.connection, route))


def _oldest(connection: sqlite3.Connection, route: int) -> int | None:
    """By the first that wait, and the time of the last key among them if there are more: see `Buried`."""
    row: tuple[int, int | None, int] = connection.execute(
        _SQL["first_waiting"], (route, STORE_STEP_ROWS)
    ).fetchone()
    count, received, last = row
    return (
        received if count < STORE_STEP_ROWS or received is None else min(received, last >> KEY_COUNTER_BITS)
    )


# --- dropping --------------------------------------------------------------------------------------


def _identities(tables: Tables, keep: Retention, now: int) -> tuple[Pruned, bool]:
    last = tables.connection.execute(_SQL["last_identity"]).fetchone()
    if last is None:
        return NOTHING, False
    values = (now - keep.identity_seconds * 1000, last[0] - keep.identity_count, STORE_STEP_ROWS)
    dropped = tables.connection.execute(_SQL["prune_identities"], values).rowcount
    tables.measure_identities()
    return NOTHING._replace(identities=dropped), dropped == STORE_STEP_ROWS


def _history(tables: Tables, keep: Retention, now: int) -> tuple[Pruned, bool]:
    values = (now - keep.history_seconds * 1000, tables.history_end - keep.history_bytes, STORE_STEP_ROWS)
    dropped = tables.connection.execute(_SQL["prune_history"], values).rowcount
    return NOTHING._replace(history=dropped), dropped == STORE_STEP_ROWS


def _dead_letters(tables: Tables, keep: Retention, now: int) -> tuple[Pruned, bool]:
    past = now - keep.dead_letter_seconds * 1000
    released: Counter[int] = Counter()
    routes: Counter[int] = Counter()
    for position, at in tables.connection.execute(_SQL["oldest_dead"], (STORE_STEP_ROWS,)).fetchall():
        if at > past and tables.dead_bytes <= keep.dead_letter_bytes:
            break
        _, event_key, route, _, _ = tables.take_dead(position)
        released[event_key] += 1
        routes[route] += 1
    events = tables.release(released)
    names = tables.route_names() if routes else {}
    dead_letters = {names[route]: count for route, count in routes.items()}
    return Pruned(0, 0, dead_letters, events), released.total() == STORE_STEP_ROWS


def _routes(tables: Tables, keep: Retention, now: int) -> tuple[Pruned, bool]:
    values = (now - keep.history_seconds * 1000, STORE_STEP_ROWS)
    gone = tables.connection.execute(_SQL["prune_routes"], values).fetchall()
    tables.forget_routes(route for (route,) in gone)
    return NOTHING, len(gone) == STORE_STEP_ROWS


PRUNING = (_identities, _history, _dead_letters, _routes)
"""What is dropped, in this order: steps that answer what they dropped and whether there may be more."""


def together(one: Pruned, other: Pruned) -> Pruned:
    """What two steps dropped."""
    return Pruned(
        one.identities + other.identities,
        one.history + other.history,
        dict(Counter(one.dead_letters) + Counter(other.dead_letters)),
        one.events + other.events,
    )
