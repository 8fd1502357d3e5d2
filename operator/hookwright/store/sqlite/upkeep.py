"""Bigger changes in bounded steps: replaying and burying, and dropping what is past its time or size.

Each function is one step: it runs in the writer's thread inside a transaction that `committer` begins and
commits, and is called again while it says that there may be more. Must not: commit, or take longer than about
10 ms.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence

from hookwright.core.records import Buried, Finish, Pruned
from hookwright.core.shares import namespace_of
from hookwright.limits import KEY_COUNTER_BITS, STORE_STEP_ROWS
from hookwright.store.choosing import chosen
from hookwright.store.kept import Kept, attempts_size, letters_size
from hookwright.store.port import Replay, ReplaySelector, Retention
from hookwright.store.sqlite import statements
from hookwright.store.sqlite.choosing import values
from hookwright.store.sqlite.measuring import kept_dead_letters, kept_history
from hookwright.store.sqlite.tables import Tables, TakenLetter

_SQL = statements.load("upkeep.sql")
_HIGHEST = 2**63 - 1
NOTHING = Pruned(0, 0, {}, 0)


def replay(tables: Tables, selector: ReplaySelector, now: int, limit: int) -> list[Replay]:
    """Dead letters back to waiting; see `store.port.Work.replay`. Bounded by `limit`."""
    replayed = []
    for position in _selected(tables, selector, limit):
        letter = tables.take_dead(position)
        tables.insert_waiting(
            (letter.route, letter.key, letter.event_key, now, letter.attempts, 0, letter.size)
        )
        replayed.append(Replay(letter.key, tables.names[letter.route], letter.event_key, letter.size))
    return replayed


def _selected(tables: Tables, selector: ReplaySelector, limit: int) -> list[int]:
    """Positions of the dead letters that a selector means."""
    rows = tables.connection.execute(_SQL[f"dead_{chosen(selector)}"], {**values(selector), "limit": limit})
    return [position for (position,) in rows.fetchall()]


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
    buried = (tables.bury(route, finish._replace(key=key)) for key in old)
    events = tuple(event for event in buried if event is not None)
    size = sum(size for _, size in events)
    if len(keys) == STORE_STEP_ROWS:
        return Buried(len(old), size, keys[-1][0], None, events)
    return Buried(len(old), size, None, _oldest(tables.connection, route), events)


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
    past, number = now - keep.identity_seconds * 1000, last[0] - keep.identity_count
    values = (past, number, tables.identity_end - keep.identity_bytes, STORE_STEP_ROWS)
    dropped = tables.connection.execute(_SQL["prune_identities"], values).rowcount
    tables.measure_identities()
    return NOTHING._replace(identities=dropped), dropped == STORE_STEP_ROWS


def _old_history(tables: Tables, keep: Retention, now: int) -> tuple[Pruned, bool]:
    values = (now - keep.history_seconds * 1000, STORE_STEP_ROWS)
    dropped = tables.connection.execute(_SQL["prune_history"], values).rowcount
    return NOTHING._replace(history=dropped), dropped == STORE_STEP_ROWS


class _MuchHistory:
    """What is kept is measured once, as that takes as long as a step: until the last one it only becomes more."""

    def __init__(self) -> None:
        self._kept: Kept | None = None

    def __call__(self, tables: Tables, keep: Retention, now: int) -> tuple[Pruned, bool]:
        execute = tables.connection.execute
        if attempts_size(*execute(_SQL["history_size"]).fetchone()) <= keep.history_bytes:
            return NOTHING, False
        if self._kept is None:
            self._kept = kept_history(tables)
            return NOTHING, True
        kept, dropped = self._kept, 0
        while kept.total > keep.history_bytes and dropped < STORE_STEP_ROWS:
            ((detail,),) = execute(_SQL["drop_attempt"], (tables.route_id(kept.loser()),)).fetchall()
            lost = attempts_size(1, detail)
            kept.lost(lost, lost, lost)
            dropped += 1
        return NOTHING._replace(history=dropped), dropped == STORE_STEP_ROWS


def _old_dead_letters(tables: Tables, keep: Retention, now: int) -> tuple[Pruned, bool]:
    values = (now - keep.dead_letter_seconds * 1000, STORE_STEP_ROWS)
    old = tables.connection.execute(_SQL["old_dead"], values).fetchall()
    return _told(tables, [tables.take_dead(position) for (position,) in old])


def _much_dead(tables: Tables, keep: Retention, now: int) -> tuple[Pruned, bool]:
    execute = tables.connection.execute
    if letters_size(*execute(_SQL["dead_size"]).fetchone()) <= keep.dead_letter_bytes:
        return NOTHING, False
    kept = kept_dead_letters(tables)
    dropped: list[TakenLetter] = []
    while kept.total > keep.dead_letter_bytes and len(dropped) < STORE_STEP_ROWS:
        route = kept.loser()
        (position,) = execute(_SQL["oldest_dead"], (tables.route_id(route),)).fetchone()
        letter = tables.take_dead(position)
        left = {name for (name,) in execute(_SQL["dead_event"], (letter.event_key, namespace_of(route)))}
        kept.lost(
            letters_size(1, letter.size),
            letters_size(1, 0 if namespace_of(route) in left else letter.size),
            letters_size(1, 0 if "" in left else letter.size),
        )
        dropped.append(letter)
    return _told(tables, dropped)


def _told(tables: Tables, dropped: Sequence[TakenLetter]) -> tuple[Pruned, bool]:
    """Dead letters that a step dropped: their events go as well, if nothing else needs them."""
    events = tables.release(Counter(letter.event_key for letter in dropped))
    routes = Counter(tables.names[letter.route] for letter in dropped)
    return Pruned(0, 0, dict(routes), events), len(dropped) == STORE_STEP_ROWS


def _routes(tables: Tables, keep: Retention, now: int) -> tuple[Pruned, bool]:
    seconds = max(
        keep.history_seconds, keep.identity_seconds
    )  # an identity knows its webhooks by their numbers
    values = (now - seconds * 1000, STORE_STEP_ROWS)
    gone = tables.connection.execute(_SQL["prune_routes"], values).fetchall()
    tables.forget_routes(route for (route,) in gone)
    return NOTHING, len(gone) == STORE_STEP_ROWS


Step = Callable[[Tables, Retention, int], tuple[Pruned, bool]]


def pruning() -> tuple[Step, ...]:
    """What is dropped, in this order: steps that answer what they dropped and whether there may be more."""
    return (_identities, _old_history, _MuchHistory(), _old_dead_letters, _much_dead, _routes)


def together(one: Pruned, other: Pruned) -> Pruned:
    """What two steps dropped."""
    return Pruned(
        one.identities + other.identities,
        one.history + other.history,
        dict(Counter(one.dead_letters) + Counter(other.dead_letters)),
        one.events + other.events,
    )
